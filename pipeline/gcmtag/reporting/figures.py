"""Counts of predicted tags: per document, per objective, always all 23 objectives in their order.

Nothing here is corrected for the errors of the classifier; whoever shows these figures has to say so.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from gcmtag.errors import CorpusMismatch, UsageError
from gcmtag.objectives import CLUSTERS, NUMBERS, OBJECTIVES, ROLES, Objective

if TYPE_CHECKING:
    import pandas as pd

TAGS_COLUMNS: Final = ("document_id", "locator", "kind", "text", "objectives", "scores", "role", "evidence")
DOCUMENTS_COLUMNS: Final = ("document_id", "path", "title", "format", "language", "pages", "dropped", "warnings")

TOP: Final = 5  # passages shown of each objective, over all documents
MOST_DOCUMENTS: Final = 500  # of a run whose documents are shown one by one

NO_COUNTS: Final = (0,) * len(OBJECTIVES)


@dataclass(frozen=True, slots=True)
class Entry:
    """One passage with its tags, as plain Python values.

    ``spans`` holds the evidence: objective -> character spans ``[start, end)`` of ``text``.
    """

    document: int
    text: str
    locator: str
    context: str
    kind: str
    role: str
    objectives: tuple[int, ...]
    scores: tuple[float, ...]
    spans: Mapping[int, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class DocumentFigures:
    """What was found in one document; ``counts`` are passages by objective, objective 1 first."""

    document_id: str
    title: str
    path: str
    format: str
    language: str
    pages: int | None
    passages: int = 0
    tagged: int = 0
    counts: tuple[int, ...] = NO_COUNTS
    priorities: tuple[int, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    warnings: tuple[str, ...] = ()

    def share(self, objective: int) -> float:
        """Share of the document's passages that are tagged with the objective; 0.0 for a document without passages."""
        return self.counts[objective - 1] / self.passages if self.passages else 0.0

    def most_tagged(self, limit: int) -> tuple[Objective, ...]:
        """Objectives with most passages, at most ``limit``, those without a passage left out."""
        found = [item for item in OBJECTIVES if self.counts[item.number - 1]]
        return tuple(sorted(found, key=lambda item: -self.counts[item.number - 1])[:limit])


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the report counts: the passages, the documents in the order of their table, and the totals.

    ``entries`` may be only those passages that a page shows; the counts are those of all. ``roles`` has for each
    objective, objective 1 first, the number of its passages by role.
    """

    entries: tuple[Entry, ...]
    documents: tuple[DocumentFigures, ...]
    counts: tuple[int, ...]
    cluster_counts: tuple[int, ...]
    roles: tuple[Mapping[str, int], ...] = ({},) * len(OBJECTIVES)

    @property
    def passages(self) -> int:
        """Number of passages in all documents."""
        return sum(document.passages for document in self.documents)

    @property
    def tagged(self) -> int:
        """Number of passages with at least one objective."""
        return sum(document.tagged for document in self.documents)

    def share(self, objective: int) -> float:
        """Share of all passages that are tagged with the objective; 0.0 where there are no passages."""
        return self.counts[objective - 1] / self.passages if self.passages else 0.0

    def documents_with(self, objective: int) -> int:
        """Number of documents in which at least one passage is tagged with the objective."""
        return sum(1 for document in self.documents if document.counts[objective - 1])


def count(tags: "pd.DataFrame", documents: "pd.DataFrame") -> Figures:
    """Counts the tags of a table of passages.

    Args:
        tags: The tags table; a ``context`` column is used where there is one.
        documents: The documents table. It decides the order of the documents.

    Returns:
        The figures, with every document and all 23 objectives, those without a passage included.

    Raises:
        UsageError: A table lacks a column.
        CorpusMismatch: The tags name a document that the documents table does not list.
    """
    check_columns("tags", tags.columns, TAGS_COLUMNS)
    check_columns("documents", documents.columns, DOCUMENTS_COLUMNS)
    rows = documents.to_dict("records")
    position = {str(row["document_id"]): at for at, row in enumerate(rows)}
    check_listed(map(str, tags["document_id"]), position)
    entries = tuple(entry_of(row, position) for row in tags.to_dict("records"))
    return Figures(
        entries=entries,
        documents=_documents(rows, entries),
        counts=_count_objectives(entries),
        cluster_counts=tuple(
            sum(1 for entry in entries if set(entry.objectives) & set(cluster.objectives)) for cluster in CLUSTERS
        ),
        roles=tuple(_roles(entry.role for entry in entries if number in entry.objectives) for number in NUMBERS),
    )


def headline(figures: Figures) -> str:
    """One sentence that says what was found.

    >>> from gcmtag.reporting.figures import Figures, headline
    >>> headline(Figures((), (), NO_COUNTS, (0, 0, 0, 0)))
    'No passage was tagged, because no passage was found'
    """
    if not figures.passages:
        return "No passage was tagged, because no passage was found"
    if not any(figures.counts):
        return "No passage is tagged with any of the 23 objectives"
    most = [item.short for item in OBJECTIVES if figures.counts[item.number - 1] == max(figures.counts)]
    first = (
        f"{most[0]} is the objective most often tagged"
        if len(most) == 1
        else f"{_listed(most)} are the objectives most often tagged"
    )
    return f"{first}; {_least(figures)}"


def _least(figures: Figures) -> str:
    none = [item.short for item in OBJECTIVES if not figures.counts[item.number - 1]]
    if none:
        return f"{_listed(none)} {'is' if len(none) == 1 else 'are'} tagged in no passage"
    fewest = min(figures.counts)
    least = [item.short for item in OBJECTIVES if figures.counts[item.number - 1] == fewest]
    return f"{_listed(least)} least often, in {fewest} {'passage' if fewest == 1 else 'passages'}"


def _listed(names: list[str]) -> str:
    """Joins names as in running text; of more than three, two and the number of the rest."""
    if len(names) == 1:
        return names[0]
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} others"]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def check_columns(name: str, columns: Iterable[str], needed: tuple[str, ...]) -> None:
    """Makes sure that a table has what is counted.

    Raises:
        UsageError: It lacks a column.
    """
    missing = [column for column in needed if column not in set(columns)]
    if missing:
        raise UsageError(f"the {name} table has no column {', '.join(missing)}; a table made by `gcmtag tag` has them")


def check_listed(names: Iterable[str], position: Mapping[str, int]) -> None:
    """Makes sure that the documents of some tags are known.

    Raises:
        CorpusMismatch: One is not.
    """
    unknown = sorted(set(names) - set(position))
    if unknown:
        raise CorpusMismatch(
            f"the tags name document {unknown[0]!r}, which the documents table does not list; "
            "tag the documents again with --restart"
        )


def entry_of(row: Mapping[Any, Any], position: Mapping[str, int]) -> Entry:
    """A row of the tags table, with the position of each document in the documents table."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for item in _items(row["evidence"]):
        spans.setdefault(int(item["objective"]), []).append((int(item["start"]), int(item["end"])))
    return Entry(
        document=position[str(row["document_id"])],
        text=str(row["text"]),
        locator=_text(row["locator"]),
        context=_text(row.get("context")),
        kind=_text(row["kind"]),
        role=_text(row["role"]),
        objectives=tuple(int(number) for number in _items(row["objectives"])),
        scores=tuple(float(score) for score in _items(row["scores"])),
        spans={objective: tuple(found) for objective, found in spans.items()},
    )


def _documents(rows: list[dict[Any, Any]], entries: tuple[Entry, ...]) -> tuple[DocumentFigures, ...]:
    inside: list[list[Entry]] = [[] for _ in rows]
    for entry in entries:
        inside[entry.document].append(entry)
    return tuple(_document(row, found) for row, found in zip(rows, inside, strict=True))


def _document(row: Mapping[Any, Any], entries: list[Entry]) -> DocumentFigures:
    tagged = sum(1 for entry in entries if entry.objectives)
    return document_of(row, len(entries), tagged, _count_objectives(entries))


def document_of(row: Mapping[Any, Any], passages: int, tagged: int, counts: tuple[int, ...]) -> DocumentFigures:
    """A row of the documents table with what was counted of its passages, objective 1 first."""
    path = _text(row["path"])
    return DocumentFigures(
        document_id=str(row["document_id"]),
        title=_text(row["title"]) or PurePath(path).name or str(row["document_id"]),
        path=path,
        format=_text(row["format"]),
        language=_text(row["language"]),
        pages=None if _missing(row["pages"]) else int(row["pages"]),
        passages=passages,
        tagged=tagged,
        counts=counts,
        priorities=tuple(int(number) for number in _items(row.get("declared_priorities"))),
        dropped=_mapping(row["dropped"]),
        warnings=tuple(str(warning) for warning in _items(row["warnings"])),
    )


def _roles(found: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {role: counts[role] for role in sorted(counts, key=lambda role: ROLES.index(role) if role in ROLES else -1)}


def _count_objectives(entries: Iterable[Entry]) -> tuple[int, ...]:
    counts = dict.fromkeys(NUMBERS, 0)
    for entry in entries:
        for number in entry.objectives:
            counts[number] += 1
    return tuple(counts.values())


def _missing(value: object) -> bool:
    """Whether a cell of a table is empty: None, NaN (unequal to itself) or NA (of which nobody can say)."""
    if value is None:
        return True
    try:
        return bool(value != value)  # noqa: PLR0124
    except TypeError:
        return True


def _text(value: object) -> str:
    return "" if _missing(value) else str(value)


def _items(value: object) -> list[Any]:
    """Elements of a list column, be they in a list, a numpy array or the JSON that CSV files hold."""
    if isinstance(value, str):
        value = json.loads(value) if value else []
    return list(value) if isinstance(value, Iterable) else []


def _mapping(value: object) -> dict[str, int]:
    if isinstance(value, str):
        value = json.loads(value) if value else {}
    return {str(key): int(number) for key, number in value.items() if number} if isinstance(value, Mapping) else {}
