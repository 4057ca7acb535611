"""A tagger that counts its documents, and small files of invented States."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gcmtag import Document, Evidence, TaggedDocument, Tags

TAGS = Tags(
    objectives=(11, 20),
    scores=tuple(round(0.04 * number, 2) for number in range(23)),
    clusters=(2, 3),
    cluster_scores=(0.1, 0.6, 0.7, 0.2),
    role="action",
    role_score=0.123456,
    evidence=(Evidence(11, 0, 9, 0.6), Evidence(20, 3, 10, 0.7)),
)


@dataclass
class CountingTagger:
    """Gives every passage the same tags, remembers the documents, and stops where it is told to."""

    tags: Tags
    stop_at: int | None = None
    names: list[str] = field(default_factory=list)

    def __call__(self) -> "CountingTagger":
        return self

    def tag_document(self, document: Document, _: object = None) -> TaggedDocument:
        if len(self.names) + 1 == self.stop_at:
            raise KeyboardInterrupt
        self.names.append(Path(document.path).name)
        return TaggedDocument(document, (self.tags,) * len(document.passages), "small-0.1-abc")


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
