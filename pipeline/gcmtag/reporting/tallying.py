"""The same figures as `gcmtag.reporting.figures.count`, from tags that come piece by piece and need not be kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from gcmtag.columns import MEMBERSHIP
from gcmtag.objectives import OBJECTIVES, ROLES
from gcmtag.reporting.figures import (
    DOCUMENTS_COLUMNS,
    MOST_DOCUMENTS,
    TAGS_COLUMNS,
    TOP,
    Entry,
    Figures,
    check_columns,
    check_listed,
    document_of,
    entry_of,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

TALLIED: Final = (*TAGS_COLUMNS, "context")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A passage that the page may show; ``row`` is its place among all."""

    row: int
    score: float
    entry: Entry


def tally(tables: Iterable[pa.Table], documents: "pd.DataFrame") -> Figures:
    """Counts the tags of a run of any size.

    Of the passages those are kept that a page shows: of each objective the best ones and, where there are at most
    ``MOST_DOCUMENTS`` documents, the best one of each.

    Args:
        tables: the tags table piece by piece, the columns ``TALLIED`` of it at least.
        documents: the documents table. It decides the order of the documents.

    Raises:
        UsageError: a table lacks a column.
        CorpusMismatch: the tags name a document that the documents table does not list.
    """
    check_columns("documents", documents.columns, DOCUMENTS_COLUMNS)
    counted = _Tally(documents.to_dict("records"))
    for table in tables:
        check_columns("tags", table.column_names, TALLIED)
        if table.num_rows:
            counted.add(table.select(TALLIED).combine_chunks())
    return counted.figures()


class _Tally:
    def __init__(self, rows: list[dict[Any, Any]]) -> None:
        self._rows = rows
        self._position = {str(row["document_id"]): at for at, row in enumerate(rows)}
        self._each = len(rows) <= MOST_DOCUMENTS
        self._seen = 0
        self._counts = np.zeros((len(rows), len(OBJECTIVES)), dtype=np.int64)
        self._passages = np.zeros(len(rows), dtype=np.int64)
        self._tagged = np.zeros(len(rows), dtype=np.int64)
        self._clusters = np.zeros(MEMBERSHIP.shape[1], dtype=np.int64)
        self._roles = np.zeros((len(OBJECTIVES), len(ROLES)), dtype=np.int64)
        self._top: list[list[_Candidate]] = [[] for _ in OBJECTIVES]
        self._best: list[dict[int, _Candidate]] = [{} for _ in OBJECTIVES]

    def add(self, table: pa.Table) -> None:
        document = self._documents(table)
        chosen = _chosen(table.column("objectives"))
        scores = table.column("scores").combine_chunks().flatten().to_numpy().reshape(chosen.shape)
        role = np.array([ROLES.index(name) for name in table.column("role").to_pylist()])
        owners, numbers = np.nonzero(chosen)
        np.add.at(self._counts, (document[owners], numbers), 1)
        np.add.at(self._roles, (numbers, role[owners]), 1)
        self._passages += np.bincount(document, minlength=len(self._rows))
        self._tagged += np.bincount(document[chosen.any(axis=1)], minlength=len(self._rows))
        self._clusters += (chosen @ MEMBERSHIP).sum(axis=0)
        self._keep(table, document, chosen, scores)
        self._seen += table.num_rows

    def figures(self) -> Figures:
        kept = {item.row: item.entry for top in self._top for item in top}
        kept.update({item.row: item.entry for best in self._best for item in best.values()})
        counted = zip(self._rows, self._passages.tolist(), self._tagged.tolist(), self._counts.tolist(), strict=True)
        return Figures(
            entries=tuple(kept[row] for row in sorted(kept)),
            documents=tuple(
                document_of(row, passages, tagged, tuple(counts)) for row, passages, tagged, counts in counted
            ),
            counts=tuple(self._counts.sum(axis=0).tolist()),
            cluster_counts=tuple(self._clusters.tolist()),
            roles=tuple(
                {role: n for role, n in zip(ROLES, counts, strict=True) if n} for counts in self._roles.tolist()
            ),
        )

    def _documents(self, table: pa.Table) -> "NDArray[np.intp]":
        found = table.column("document_id").combine_chunks().dictionary_encode()
        names = found.dictionary.to_pylist()
        check_listed(names, self._position)
        places = np.array([self._position[name] for name in names], dtype=np.intp)
        return np.asarray(places[found.indices.to_numpy()])

    def _keep(
        self,
        table: pa.Table,
        document: "NDArray[np.intp]",
        chosen: "NDArray[np.bool_]",
        scores: "NDArray[np.float32]",
    ) -> None:
        """Takes over the passages that are better than those kept so far; the earlier one of two as good stays."""
        wanted: list[tuple[int, int, bool]] = []
        for number in range(len(OBJECTIVES)):
            rows = np.nonzero(chosen[:, number])[0]
            rows = rows[np.argsort(-scores[rows, number], kind="stable")]
            wanted += [(number, int(row), True) for row in rows[:TOP] if self._is_top(number, scores[row, number])]
            if self._each:
                first_of_each = rows[np.unique(document[rows], return_index=True)[1]]
                wanted += [
                    (number, int(row), False)
                    for row in first_of_each
                    if self._is_best(number, int(document[row]), scores[row, number])
                ]
        places = sorted({row for _, row, _ in wanted})
        records = table.take(pa.array(places, type=pa.int64())).to_pylist()
        entries = {row: entry_of(record, self._position) for row, record in zip(places, records, strict=True)}
        for number, row, is_top in wanted:
            candidate = _Candidate(self._seen + row, float(scores[row, number]), entries[row])
            if is_top:
                self._top[number] = sorted([*self._top[number], candidate], key=lambda item: -item.score)[:TOP]
            else:
                self._best[number][candidate.entry.document] = candidate

    def _is_top(self, number: int, score: float) -> bool:
        kept = self._top[number]
        return len(kept) < TOP or score > kept[-1].score

    def _is_best(self, number: int, document: int, score: float) -> bool:
        kept: Mapping[int, _Candidate] = self._best[number]
        return document not in kept or score > kept[document].score


def _chosen(column: pa.ChunkedArray) -> "NDArray[np.bool_]":
    """Shape (n, 23), true where the list of the row has the objective."""
    lists = column.combine_chunks()
    lengths = lists.value_lengths().to_numpy()
    chosen = np.zeros((len(lists), len(OBJECTIVES)), dtype=bool)
    chosen[np.repeat(np.arange(len(lists)), lengths), lists.flatten().to_numpy() - 1] = True
    return chosen
