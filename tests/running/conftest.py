"""A tagger that counts its calls, and small files of invented States."""

from collections.abc import Callable
from pathlib import Path

import pytest
from running_builders import TAGS, CountingTagger


@pytest.fixture
def tagger() -> CountingTagger:
    return CountingTagger(TAGS)


@pytest.fixture
def documents(tmp_path: Path) -> Callable[..., list[Path]]:
    """Writes text files by name and content into a folder of their own."""

    def write(**contents: str) -> list[Path]:
        folder = tmp_path / "documents"
        folder.mkdir(exist_ok=True)
        paths = []
        for name, content in contents.items():
            path = folder / f"{name}.txt"
            path.write_text(content, encoding="utf-8")
            paths.append(path)
        return paths

    return write
