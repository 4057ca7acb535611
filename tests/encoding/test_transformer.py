"""The own forward pass gives what sentence-transformers gives from the same files."""

import gc
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from gcmtag.encoding import Adapter, Encoder, load_encoder, transformer
from gcmtag.encoding.encoder import PRECISION, LibraryModel, OwnModel
from gcmtag.encoding.transformer import Tokens, Transformer, is_known
from gcmtag.encoding.weights import encoder_folder

NAMES = ("all-MiniLM-L6-v2", "all-mpnet-base-v2")
TEXTS = [
    "Fees fell.",
    "",
    "The ministry opened four counters; waiting times fell by half, and nobody pays twice. " * 9,
    "Consular staff visit detained nationals within two days. A hotline answers in five languages.",
    "Détention, naïve façade: ÑANDÚ \u4e2d\u6587 x" + "y" * 300,
]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def in_float32(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(PRECISION, "float32")
    yield


def theirs(name: str, longest: int) -> np.ndarray:
    model = SentenceTransformer(str(encoder_folder(name)), device="cpu", local_files_only=True)
    model.max_seq_length = longest
    return model.encode(TEXTS, show_progress_bar=False)


def rows_of(model: OwnModel | LibraryModel, texts: list[str], parts: list) -> list[np.ndarray]:
    found = dict(model.windows(texts, parts))
    return [found[i] / np.linalg.norm(found[i], axis=1, keepdims=True) for i in range(len(texts))]


@pytest.mark.usefixtures("in_float32")
def test_vectors_are_those_of_the_library(name: str) -> None:
    """Long, empty and accented texts among them; relative positions beyond 128 tokens."""
    own = rows_of(OwnModel(encoder_folder(name), 200, None), TEXTS, [()] * len(TEXTS))
    np.testing.assert_allclose(np.concatenate(own), theirs(name, 200), atol=2e-6)


def test_bfloat16_stays_close_to_the_library(name: str) -> None:
    """Holds nothing where the processor has no bfloat16."""
    found = load_encoder(name, 200).encode(TEXTS)
    assert (found * theirs(name, 200)).sum(axis=1).min() > 0.9995


def test_a_text_has_the_same_vector_in_any_company() -> None:
    """Up to the rounding of bfloat16: the padding of a batch and what stands beside a text must not count."""
    encoder = load_encoder("all-mpnet-base-v2")
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    together = encoder.encode(TEXTS * 2 + ["Visas " * 40])[: len(TEXTS)]
    assert (alone * together).sum(axis=1).min() > 0.9998


def test_batches_of_any_size_need_few_sizes_of_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new size makes oneDNN write and keep code, so many sizes would be slow and fill the memory."""
    seen: set[int] = set()
    multiply = transformer._Linear.__call__

    def watched(layer: transformer._Linear, rows: torch.Tensor) -> torch.Tensor:
        seen.add(len(rows))
        return multiply(layer, rows)

    monkeypatch.setattr(transformer._Linear, "__call__", watched)
    model = Transformer(encoder_folder("all-MiniLM-L6-v2"), None, bfloat16=True)
    for texts in range(1, 8):
        for length in range(5, 40, 3):
            model.pooled([Tokens([101] * length, [(0, 0)] * length)] * texts, [()] * texts)
    assert len(seen) < 12


@pytest.mark.usefixtures("in_float32")
def test_in_float32_company_changes_nothing() -> None:
    encoder = load_encoder("all-mpnet-base-v2")
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode([*TEXTS, "Visas " * 40])[: len(TEXTS)], alone, atol=1e-4)


@pytest.mark.usefixtures("in_float32")
def test_windows_of_any_size_give_each_text_its_own_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    model = OwnModel(encoder_folder(NAMES[0]), 64, None)
    expected = rows_of(model, TEXTS, [()] * len(TEXTS))
    monkeypatch.setattr("gcmtag.encoding.encoder.WINDOW", 2)
    found = rows_of(model, TEXTS, [()] * len(TEXTS))
    np.testing.assert_allclose(np.concatenate(found), np.concatenate(expected), atol=1e-5)


@pytest.mark.usefixtures("in_float32")
def test_parts_that_make_up_the_text_average_to_it() -> None:
    """The vector of a whole is the mean over its tokens, two marks aside, however it is cut."""
    model = OwnModel(encoder_folder(NAMES[0]), 64, None)
    text = "Fees fell. Visas were waived for nurses."
    rows = dict(model.windows([text], [[(0, 10), (11, 40), (0, 40)]]))[0]
    tokens = model._tokenizer([text])[0]
    weights = [end - start for start, end in (tokens.within((0, 10)), tokens.within((11, 40)))]
    np.testing.assert_allclose(np.average(rows[1:3], axis=0, weights=weights), rows[3], atol=1e-5)


def test_a_part_beyond_the_longest_length_has_zeros() -> None:
    found = load_encoder(NAMES[0], 8).encode_parts(["visa " * 30 + "north"], [[(150, 155)]])[0]
    assert not found[1].any()
    assert found[0].any()


@pytest.mark.usefixtures("in_float32")
def test_other_encoders_are_run_by_the_library() -> None:
    """Here one that is known, so that both ways can be compared."""
    folder = encoder_folder(NAMES[0])
    parts = [[(0, 4)], [], [], [], []]
    for own, other in zip(
        rows_of(OwnModel(folder, 64, None), TEXTS, parts),
        rows_of(LibraryModel(folder, 64, None), TEXTS, parts),
        strict=True,
    ):
        np.testing.assert_allclose(own[0], other[0], atol=2e-6)
        assert own.shape == other.shape


@pytest.mark.parametrize("change", [{"model_type": "deberta"}, {"hidden_act": "relu"}])
def test_an_encoder_that_would_be_run_wrongly_is_not_known(tmp_path: Path, change: dict[str, str]) -> None:
    folder = encoder_folder(NAMES[0])
    assert is_known(folder)
    for file in (*folder.glob("*.json"), *folder.glob("*.safetensors"), *folder.glob("1_Pooling")):
        (tmp_path / file.name).symlink_to(file)
    assert is_known(tmp_path)
    config = json.loads((folder / "config.json").read_text()) | change
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert not is_known(tmp_path)


def test_loading_needs_neither_of_the_large_libraries() -> None:
    """They take seconds to import."""
    import subprocess
    import sys

    code = (
        "import sys; from gcmtag.encoding import load_encoder; load_encoder('all-MiniLM-L6-v2').encode(['Fees.']); "
        "print([m for m in ('transformers', 'sentence_transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_encoders_by_name_read_parts(name: str) -> None:
    encoder: Encoder = load_encoder(name)
    assert encoder.encode_parts([TEXTS[3]], [[(0, 56), (57, 92)]])[0].shape == (3, encoder.dimension)


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells what a mapped file takes")
def test_of_the_file_only_words_that_were_looked_at_stay_in_memory(name: str) -> None:
    """Weights that an adapter changes where they lie in the file would stay beside what is made of them."""
    folder = encoder_folder(name)
    width = json.loads((folder / "config.json").read_text())["hidden_size"]
    layers = [f"encoder.layer.{n}.output.dense" for n in range(6)]
    change = Adapter(
        dict.fromkeys(layers, np.ones((1, 4 * width), dtype=np.float32)),
        dict.fromkeys(layers, np.ones((width, 1), dtype=np.float32)),
        1.0,
    )
    gc.collect()
    before = {what: mapped_kilobytes(folder, what) for what in ("Size", "Rss", "Anonymous")}
    own = Transformer(folder, change, bfloat16=False)
    own.pooled([Tokens([0, 2], [(0, 0), (0, 0)])], [[]])
    taken = {what: mapped_kilobytes(folder, what) - before[what] for what in before}
    assert taken["Anonymous"] == 0
    assert 0 < taken["Rss"] < own._words.nbytes / 1000
    del own
    assert mapped_kilobytes(folder, "Size") == before["Size"]


def mapped_kilobytes(folder: Path, what: str) -> int:
    """What this process holds of the file of weights, by the field of /proc/self/smaps."""
    within, found = False, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if line.split()[0].endswith(":"):
            found += int(line.split()[1]) if within and line.startswith(f"{what}:") else 0
        else:
            within = line.endswith(str(folder / transformer.WEIGHTS_FILE))
    return found
