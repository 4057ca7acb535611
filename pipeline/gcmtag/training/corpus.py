"""Labelled passages: the records that a model is trained on and measured with."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.classifying import Inputs
from gcmtag.errors import CorpusMismatch
from gcmtag.objectives import NUMBERS, OBJECTIVES, ROLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMPACT_DOCUMENT: Final = "gcm-objectives"  # the Compact's own text, labelled by the objective it stands under


@dataclass(frozen=True, slots=True)
class LabelledPassage:
    """A passage with its labels; ``role`` is None where nobody judged it."""

    id: str
    document: str
    text: str
    context: str
    objectives: tuple[int, ...]
    role: str | None
    declared: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("id", "document", "text", "context"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} is {getattr(self, name)!r}, expected a string")
        for name in ("objectives", "declared"):
            numbers = getattr(self, name)
            # 5.0 and True are equal to numbers of objectives and are none.
            known = all(type(number) is int and number in NUMBERS for number in numbers)
            if not known or list(numbers) != sorted(set(numbers)):
                raise ValueError(f"{name} {list(numbers)} are not ascending numbers from 1 to 23, each once")
        if self.role is not None and self.role not in ROLES:
            raise ValueError(f"unknown role {self.role!r}; known: {', '.join(ROLES)}")
        if not self.text.strip():
            raise ValueError("empty text")


def read_corpus(paths: Iterable[Path]) -> list[LabelledPassage]:
    """All passages of the given JSON Lines files, and of the ``*.jsonl`` files in the given folders, in order of name.

    A row has ``id``, ``text``, ``objectives`` (list of numbers) and ``role``, and may have ``context``, ``declared``
    and ``document`` (the file's name without it). Rows of the Compact's own text have ``objective`` instead.

    Raises:
        CorpusMismatch: a path does not exist, a folder holds no such file, a row breaks the schema, or an id is
            there twice.
    """
    passages = [passage for path in paths for file in corpus_files(path) for passage in _read_file(file)]
    seen: set[str] = set()
    for passage in passages:
        if passage.id in seen:
            raise CorpusMismatch(f"the passage {passage.id!r} is there twice: name each corpus file once")
        seen.add(passage.id)
    return passages


def write_corpus(passages: Sequence[LabelledPassage], path: Path) -> None:
    """Writes passages as JSON Lines that ``read_corpus`` reads."""
    with path.open("w", encoding="utf-8") as file:
        for passage in passages:
            file.write(json.dumps(asdict(passage), ensure_ascii=False) + "\n")


def label_matrix(passages: Sequence[LabelledPassage]) -> "NDArray[np.bool_]":
    """Shape (n, 23), true where the objective applies."""
    labels = np.zeros((len(passages), len(OBJECTIVES)), dtype=np.bool_)
    for row, passage in zip(labels, passages, strict=True):
        row[[number - 1 for number in passage.objectives]] = True
    return labels


def inputs_of(passages: Sequence[LabelledPassage]) -> Inputs:
    """What a classifier sees of labelled passages."""
    return Inputs([p.text for p in passages], [p.context for p in passages], [p.declared for p in passages])


def corpus_files(path: Path) -> list[Path]:
    """The file itself, or the ``*.jsonl`` files of a folder in order of name.

    Raises:
        CorpusMismatch: there is none.
    """
    if path.is_file():
        return [path]
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else []
    if not files:
        raise CorpusMismatch(f"no corpus at {path}: name a .jsonl file, or a folder that holds some")
    return files


def _read_file(path: Path) -> list[LabelledPassage]:
    passages: list[LabelledPassage] = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                passages.append(_passage(json.loads(line.decode()), path.stem))
            except (ValueError, KeyError, TypeError) as error:
                what = f"no field {error}" if isinstance(error, KeyError) else str(error)
                raise CorpusMismatch(f"{path}, line {number}: {what}; see corpus/README.md for the schema") from error
    return passages


def _passage(row: dict[str, Any], stem: str) -> LabelledPassage:
    if "objective" in row:
        return LabelledPassage(row["id"], COMPACT_DOCUMENT, row["text"], "", (row["objective"],), None)
    return LabelledPassage(
        id=row["id"],
        document=row.get("document", stem),
        text=row["text"],
        context=row.get("context", ""),
        objectives=tuple(row["objectives"]),
        role=row["role"],
        declared=tuple(row.get("declared", ())),
    )
