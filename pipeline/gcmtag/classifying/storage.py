"""A classifier on disk: JSON and safetensors with a manifest of hashes; loading runs no code from the files.

Format version 3; version 2 had weights on words in float16, one vocabulary less and two members, version 1 adapters in
float16 and no band of doubt. To change the format: raise ``FORMAT_VERSION``, keep reading the former version or say in
the error how to rebuild, and note the change here.

    manifest.json       format version, name, version, SHA-256 of every other file
    settings.json       encoder, calibration, thresholds, sizes
    vocabulary.json.gz  terms of each vocabulary, in column order, and the words that it passes over
    weights.safetensors idf weights, heads on vectors (float32), heads on words, dictionary and adapter (int8 with a
                        float32 scale for each row)
    unseen.safetensors  scores (n, 23; float16) and labels (n, 23) of labelled passages that the members did not see,
                        and the number of each one's document (n): what is known of the classifier's errors; changes
                        no answer
    card.json           what the model was trained on and how (changes no answer)
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.classifying.calibration import Calibration
from gcmtag.classifying.classifier import Classifier, Heads, LinearHead
from gcmtag.classifying.features import Dictionary
from gcmtag.classifying.words import Words
from gcmtag.encoding import Adapter, Encoder, load_encoder
from gcmtag.encoding.adapter import compressed, restored
from gcmtag.errors import ModelDamaged, ModelNotFound

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT_VERSION: Final = 3
VOCABULARY_FILE: Final = "vocabulary.json.gz"
ANSWERING_FILES: Final = ("settings.json", VOCABULARY_FILE, "weights.safetensors")
UNSEEN_FILE: Final = "unseen.safetensors"
SCALES: Final = ".scales"
DICTIONARY: Final = "dictionary"
KINDS: Final = ("objective", "role")


@dataclass(frozen=True, slots=True)
class Unseen:
    """Labelled passages that the classifier's members did not see when they were fitted.

    Attributes:
        scores: calibrated probabilities, shape (n, 23), float32. They calibrated the model themselves.
        labels: shape (n, 23), true where the objective applies.
        documents: shape (n), int64; passages of one document have the same number.
    """

    scores: "NDArray[np.float32]"
    labels: "NDArray[np.bool_]"
    documents: "NDArray[np.int64]"

    def __post_init__(self) -> None:
        if self.scores.shape != self.labels.shape or self.documents.shape != self.scores.shape[:1]:
            raise ValueError("scores, labels and documents do not align")


def save_classifier(classifier: Classifier, folder: Path, card: Mapping[str, Any], unseen: Unseen) -> None:
    """Writes the classifier, its card and its unseen passages into ``folder``, which is made if need be."""
    from safetensors.numpy import save_file  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "settings.json", _settings(classifier))
    vocabularies = {name: _vocabulary(words) for name, words in _all_words(classifier).items()}
    # Without a date inside, the same words give the same bytes.
    (folder / VOCABULARY_FILE).write_bytes(gzip.compress(json.dumps(vocabularies).encode(), mtime=0))
    save_file(_tensors(classifier), folder / "weights.safetensors")
    _write_json(folder / "card.json", card)
    save_file(
        {"scores": unseen.scores.astype(np.float16), "labels": unseen.labels, "documents": unseen.documents},
        folder / UNSEEN_FILE,
    )
    names = (*ANSWERING_FILES, UNSEEN_FILE, "card.json")
    manifest = {
        "format_version": FORMAT_VERSION,
        "name": classifier.name,
        "version": classifier.version,
        "files": {name: _sha256(folder / name) for name in names},
    }
    _write_json(folder / "manifest.json", manifest)


def load_classifier(folder: Path) -> tuple[Classifier, str]:
    """The classifier in ``folder`` and its id: name, version and a hash of everything that changes its answers.

    Raises:
        ModelNotFound: no model in the folder, or its encoder is not installed.
        ModelDamaged: a file is missing or not the one that the manifest names, or the format is not known.
    """
    from safetensors.numpy import load_file  # noqa: PLC0415

    manifest = read_manifest(folder)
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    vocabulary = json.loads(gzip.decompress((folder / VOCABULARY_FILE).read_bytes()))
    tensors = load_file(folder / "weights.safetensors")
    classifier = Classifier(
        name=manifest["name"],
        version=manifest["version"],
        encoder=_encoder(settings["encoder"], tensors),
        words={name: _words(name, own, tensors) for name, own in vocabulary.items() if name != DICTIONARY},
        dictionary=_dictionary(vocabulary, tensors),
        objective_heads=_heads(tensors, "objective"),
        role_heads=_heads(tensors, "role"),
        calibration=_calibration(settings["calibration"]),
        cluster_calibration=_calibration(settings["cluster_calibration"]),
        role_slopes=tuple(settings["role_slopes"]),
        threshold=settings["threshold"],
        doubt=tuple(settings["doubt"]),
    )
    return classifier, model_id(manifest)


def load_unseen(folder: Path) -> Unseen:
    """What is known of the errors of the model in ``folder``.

    Raises:
        ModelNotFound: no model in the folder.
        ModelDamaged: a file is missing or was changed.
    """
    from safetensors.numpy import load_file  # noqa: PLC0415

    read_manifest(folder)
    stored = load_file(folder / UNSEEN_FILE)
    return Unseen(stored["scores"].astype(np.float32), stored["labels"], stored["documents"])


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, after every file it names was found and has the hash it should have.

    Raises:
        ModelNotFound: there is no manifest.
        ModelDamaged: a file is missing, was changed, or the format version is not known.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise ModelNotFound(f"{folder} holds no model (no manifest.json): name a folder that 'gcmtag train' wrote")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version, files = manifest["format_version"], manifest["files"]
        missing = {*ANSWERING_FILES, UNSEEN_FILE} - files.keys()
        _ = manifest["name"], manifest["version"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelDamaged(f"{path} is not a model manifest: fetch the model again") from error
    if version != FORMAT_VERSION:
        raise ModelDamaged(
            f"{folder} has model format {version}, this version reads {FORMAT_VERSION}: train it again or update gcmtag"
        )
    for name in sorted(missing):
        raise ModelDamaged(f"{path} does not name {name}: fetch the model again")
    for name, expected in files.items():
        if Path(name).name != name or not (folder / name).is_file() or _sha256(folder / name) != expected:
            raise ModelDamaged(f"{folder / name} is missing or was changed since the model was made: fetch it again")
    return manifest


def model_id(manifest: Mapping[str, Any]) -> str:
    """Name, version and 12 hex digits over the hashes of the files that change answers."""
    files = manifest["files"]
    text = "\n".join(f"{name}:{files[name]}" for name in ANSWERING_FILES)
    return f"{manifest['name']}-{manifest['version']}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _settings(classifier: Classifier) -> dict[str, Any]:
    encoder = classifier.encoder
    return {
        "encoder": encoder
        and {
            "name": encoder.name,
            "max_tokens": encoder.max_tokens,
            "adapter_scale": encoder.adapter.scale if encoder.adapter else None,
        },
        "calibration": _as_json(classifier.calibration),
        "cluster_calibration": _as_json(classifier.cluster_calibration),
        "role_slopes": list(classifier.role_slopes),
        "threshold": classifier.threshold,
        "doubt": list(classifier.doubt),
    }


def _all_words(classifier: Classifier) -> dict[str, Words]:
    return {**classifier.words, **({DICTIONARY: classifier.dictionary.words} if classifier.dictionary else {})}


def _words(name: str, vocabulary: Mapping[str, Any], tensors: Mapping[str, Any]) -> Words:
    weights = tensors[f"idf.{name}"].astype(np.float32)
    return Words(tuple(vocabulary["terms"]), weights, vocabulary["longest"], frozenset(vocabulary["passed_over"]))


def _dictionary(vocabulary: Mapping[str, Any], tensors: Mapping[str, Any]) -> Dictionary | None:
    if DICTIONARY not in vocabulary:
        return None
    words = _words(DICTIONARY, vocabulary[DICTIONARY], tensors)
    return Dictionary(words, restored(tensors[DICTIONARY], tensors[DICTIONARY + SCALES]))


def _vocabulary(words: Words) -> dict[str, Any]:
    return {"longest": words.longest, "passed_over": sorted(words.passed_over), "terms": list(words.terms)}


def _tensors(classifier: Classifier) -> dict[str, Any]:
    tensors: dict[str, Any] = {f"idf.{name}": words.idf for name, words in _all_words(classifier).items()}
    if classifier.dictionary is not None:
        tensors |= _compressed(DICTIONARY, classifier.dictionary.log_odds)
    for kind, heads in zip(KINDS, (classifier.objective_heads, classifier.role_heads), strict=True):
        tensors |= _compressed(f"{kind}.words.weights", heads.words.weights) | {f"{kind}.words.bias": heads.words.bias}
        if heads.vectors is not None:
            tensors[f"{kind}.vectors.weights"] = np.ascontiguousarray(heads.vectors.weights)
            tensors[f"{kind}.vectors.bias"] = heads.vectors.bias
    if classifier.encoder is not None and classifier.encoder.adapter is not None:
        for half in ("down", "up"):
            for layer, matrix in getattr(classifier.encoder.adapter, half).items():
                tensors |= _compressed(f"adapter.{half}.{layer}", matrix)
    return tensors


def _compressed(name: str, matrix: "NDArray[np.float32]") -> dict[str, Any]:
    numbers, scales = compressed(matrix)
    return {name: np.ascontiguousarray(numbers), name + SCALES: scales}


def _encoder(settings: Mapping[str, Any] | None, tensors: Mapping[str, Any]) -> Encoder | None:
    if settings is None:
        return None
    return load_encoder(settings["name"], settings["max_tokens"], _adapter(tensors, settings["adapter_scale"]))


def _adapter(tensors: Mapping[str, Any], scale: float | None) -> Adapter | None:
    if scale is None:
        return None
    halves = {
        half: {
            name.removeprefix(start): restored(value, tensors[name + SCALES])
            for name, value in tensors.items()
            if name.startswith(start) and not name.endswith(SCALES)
        }
        for half in ("down", "up")
        for start in [f"adapter.{half}."]
    }
    return Adapter(halves["down"], halves["up"], scale)


def _heads(tensors: Mapping[str, Any], kind: str) -> Heads:
    name = f"{kind}.words.weights"
    words = LinearHead(restored(tensors[name], tensors[name + SCALES]), tensors[f"{kind}.words.bias"])
    if f"{kind}.vectors.weights" not in tensors:
        return Heads(words)
    return Heads(words, LinearHead(tensors[f"{kind}.vectors.weights"], tensors[f"{kind}.vectors.bias"]))


def _as_json(calibration: Calibration) -> dict[str, Any]:
    return {"slopes": list(calibration.slopes), "offsets": list(calibration.offsets)}


def _calibration(values: Mapping[str, Any]) -> Calibration:
    return Calibration(tuple(values["slopes"]), tuple(values["offsets"]))


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
