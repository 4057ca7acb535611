"""A model on disk gives the answers it gave in memory, and nothing that was changed is loaded."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gcmtag.classifying import Inputs, load_classifier, load_unseen, save_classifier
from gcmtag.errors import ModelDamaged, ModelNotFound
from gcmtag.training import Trained

FILES = ("settings.json", "vocabulary.json.gz", "weights.safetensors", "unseen.safetensors", "card.json")


@pytest.fixture
def copy(small_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_model, tmp_path / "model"))


def edit_manifest(folder: Path, change: Callable[[dict], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def refusal(folder: Path) -> str:
    with pytest.raises(ModelDamaged) as refused:
        load_classifier(folder)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_a_model_gives_the_same_scores_after_saving_and_loading(small_trained: Trained, small_model: Path) -> None:
    """Heads on words are stored in half precision; that may move a score by 0.001 and no more."""
    loaded, _ = load_classifier(small_model)
    inputs = Inputs(
        ["Fees on remittances fell.", "Visas for seasonal workers.", ""], ["", "Labour", ""], [(), (5, 6), (1,)]
    )
    before, after = small_trained.model.score(inputs), loaded.score(inputs)
    for name in ("objectives", "clusters", "roles"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=0.001)
    assert loaded.threshold == small_trained.model.threshold


def test_a_model_holds_exactly_the_files_that_its_manifest_names(small_model: Path) -> None:
    manifest = json.loads((small_model / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(manifest["files"]) == sorted(FILES)
    assert sorted(path.name for path in small_model.iterdir()) == sorted([*FILES, "manifest.json"])


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_noticed_and_the_file_is_named(copy: Path, name: str) -> None:
    path = copy / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert name in refusal(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_noticed_and_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert name in refusal(copy)


@pytest.mark.parametrize("name", FILES[:4])
def test_a_file_that_the_manifest_does_not_name_is_not_trusted(copy: Path, name: str) -> None:
    """Else a changed file would be loaded once its line in the manifest was taken out."""
    edit_manifest(copy, lambda manifest: manifest["files"].pop(name))
    assert name in refusal(copy)


def test_a_folder_without_manifest_holds_no_model(copy: Path) -> None:
    (copy / "manifest.json").unlink()
    with pytest.raises(ModelNotFound, match=r"no manifest\.json.*gcmtag train"):
        load_classifier(copy)


@pytest.mark.parametrize("version", [0, 1, 2, 4, "3", None])
def test_an_unknown_format_version_is_refused_with_both_versions(copy: Path, version: object) -> None:
    edit_manifest(copy, lambda manifest: manifest.update(format_version=version))
    message = refusal(copy)
    assert f"format {version}" in message
    assert "reads 3" in message


@pytest.mark.parametrize("name", ["../x", "/etc/hostname", "..", "sub/x"])
def test_a_manifest_that_names_a_file_elsewhere_is_refused(copy: Path, name: str) -> None:
    """Even if the file is there and has the hash: a model must not make us read around on the disk."""
    (copy.parent / "x").write_text("outside")
    (copy / "sub").mkdir()
    (copy / "sub" / "x").write_text("outside")
    digest = hashlib.sha256(b"outside").hexdigest()
    edit_manifest(copy, lambda manifest: manifest["files"].update({name: digest}))
    assert "missing or was changed" in refusal(copy)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"format_version": 1}', '{"format_version": 1, "files": []}'],
    ids=["empty", "cut", "list", "null", "object", "no files", "files a list"],
)
def test_what_is_no_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text, encoding="utf-8")
    assert "manifest" in refusal(copy)


@pytest.mark.parametrize("field", ["name", "version"])
def test_a_manifest_without_the_models_name_is_refused(copy: Path, field: str) -> None:
    edit_manifest(copy, lambda manifest: manifest.pop(field))
    assert "manifest" in refusal(copy)


def test_the_id_changes_with_the_threshold_and_not_with_the_card(small_trained: Trained, tmp_path: Path) -> None:
    model, card, unseen = small_trained.model, small_trained.card, small_trained.unseen
    other = replace(model, threshold=model.threshold + 0.01)
    ids = {}
    for name, classifier, its_card in [
        ("same", model, card),
        ("again", model, card),
        ("card", model, {**card, "training_seconds": 10_000}),
        ("threshold", other, card),
    ]:
        save_classifier(classifier, tmp_path / name, its_card, unseen)
        ids[name] = load_classifier(tmp_path / name)[1]
    assert ids["same"] == ids["again"] == ids["card"]
    assert ids["threshold"] != ids["same"]


def test_the_id_begins_with_name_and_version(small_model: Path) -> None:
    _, found = load_classifier(small_model)
    assert found.startswith("small-0.1-")
    assert len(found) == len("small-0.1-") + 12


def test_the_unseen_passages_travel_with_the_model(small_trained: Trained, small_model: Path) -> None:
    found = load_unseen(small_model)
    np.testing.assert_allclose(found.scores, small_trained.unseen.scores, atol=1e-3)  # kept in float16
    np.testing.assert_array_equal(found.labels, small_trained.unseen.labels)
    np.testing.assert_array_equal(found.documents, small_trained.unseen.documents)
    assert found.labels.dtype == np.bool_


def test_loading_needs_no_pickle(small_model: Path) -> None:
    """A model from elsewhere must not run code: JSON and safetensors only."""
    assert {path.suffix for path in small_model.iterdir()} == {".json", ".gz", ".safetensors"}
