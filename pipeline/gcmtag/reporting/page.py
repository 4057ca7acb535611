"""One self-contained page that shows what was found: no network, no fonts or scripts from elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from gcmtag.objectives import CLUSTERS, OBJECTIVES, Objective
from gcmtag.reporting import plots
from gcmtag.reporting.figures import MOST_DOCUMENTS, TOP, DocumentFigures, Entry, Figures, count, headline
from gcmtag.reporting.rendering import environment, panels, two_widths

if TYPE_CHECKING:
    import pandas as pd

LONGEST: Final = 700  # characters of a passage; a longer one is cut around its evidence
SHORT: Final = 160  # a passage below this many characters needs its heading to be understood


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a passage; ``marked`` where it is evidence."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage as shown under one objective."""

    document: int
    title: str
    locator: str
    context: str
    role: str
    score: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ObjectiveSection:
    """What the page shows of one objective: figures, its best passages, and the best one of every other document."""

    objective: Objective
    count: int
    share: float
    documents: int
    roles: tuple[tuple[str, int], ...]
    top: tuple[Quote, ...]
    others: tuple[Quote, ...]


def write_report(tags: "pd.DataFrame", documents: "pd.DataFrame", path: Path, *, run: Mapping[str, object]) -> None:
    """Writes the report of a run as one HTML file.

    Args:
        tags: The tags table, with the passages' ``context`` where it is known.
        documents: The documents table; its order is kept.
        path: File to write; an existing one is replaced.
        run: What is known of the run, every key optional: ``model`` (its id), ``started`` and ``finished`` (ISO 8601),
            ``failures`` (mappings with ``path``, ``reason``, ``message``); what else it holds is listed at the end.

    Raises:
        UsageError: A table lacks a column.
        CorpusMismatch: The tags name a document that the documents table does not list.
    """
    write_figures(count(tags, documents), path, run=run)


def write_figures(figures: Figures, path: Path, *, run: Mapping[str, object]) -> None:
    """The same from figures that were counted before, see `gcmtag.reporting.tally`."""
    path.write_text(_page(figures, run), encoding="utf-8")


def _page(figures: Figures, run: Mapping[str, object]) -> str:
    too_many = len(figures.documents) > MOST_DOCUMENTS
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            figures=figures,
            headline=headline(figures),
            clusters=_clusters(figures),
            objectives=OBJECTIVES,
            ranked=sorted(OBJECTIVES, key=lambda item: (-figures.counts[item.number - 1], item.number)),
            bars=_bars(figures),
            too_many=too_many,
            panels_of_documents=[] if too_many else _panels(figures.documents),
            legend=list(enumerate(plots.STEP_NAMES)),
            prioritised=[document for document in figures.documents if document.priorities],
            step_of=plots.step_of,
            when=_when(run),
            model=_model(run),
            failures=[_failure(item) for item in _listed(run.get("failures"))],
            settings=_settings(run),
        )
    )


# --- plots


def _bars(figures: Figures) -> dict[str, Markup]:
    description = (
        "A bar for each of the 23 objectives, longest first. The number is the number of passages, "
        "in brackets its share of all passages. The table below holds the same figures."
    )
    return two_widths(lambda width: plots.bars(figures, width), "Passages tagged with each objective", description)


def _panels(documents: Sequence[DocumentFigures]) -> list[tuple[Markup, Markup]]:
    wide = len(documents) <= plots.WIDE_PANEL
    names = plots.distinct_titles([document.title for document in documents])
    return panels(
        len(documents),
        lambda part, shown: plots.heat_map(documents[shown], names[shown], part=part, wide=wide),
        lambda shown: f"Heat map of the 23 objectives in documents {shown.start + 1} to {shown.stop}",
        "Rows are objectives by cluster, columns are documents. The number is the number of passages tagged, "
        "the stronger the colour the larger their share of the document. The table below holds the same figures.",
    )


# --- passages


def _clusters(figures: Figures) -> list[dict[str, Any]]:
    return [
        {
            "cluster": cluster,
            "count": figures.cluster_counts[cluster.number - 1],
            "sections": [_section(figures, OBJECTIVES[number - 1]) for number in cluster.objectives],
        }
        for cluster in CLUSTERS
    ]


def _section(figures: Figures, objective: Objective) -> ObjectiveSection:
    number = objective.number
    found = [entry for entry in figures.entries if number in entry.objectives]
    found.sort(key=lambda entry: -entry.scores[number - 1])
    top = found[:TOP]
    best = {entry.document: entry for entry in reversed(found)}
    shown = {entry.document for entry in top}
    each = len(figures.documents) <= MOST_DOCUMENTS
    others = [best[document] for document in sorted(set(best) - shown)] if each else []
    return ObjectiveSection(
        objective=objective,
        count=figures.counts[number - 1],
        share=figures.share(number),
        documents=figures.documents_with(number),
        roles=tuple(sorted(figures.roles[number - 1].items(), key=lambda item: -item[1])),
        top=tuple(_quote(figures, entry, number) for entry in top),
        others=tuple(_quote(figures, entry, number) for entry in others),
    )


def _quote(figures: Figures, entry: Entry, number: int) -> Quote:
    return Quote(
        document=entry.document,
        title=figures.documents[entry.document].title,
        locator=entry.locator,
        context=entry.context if len(entry.text) < SHORT else "",
        role=entry.role,
        score=entry.scores[number - 1],
        pieces=pieces(entry.text, entry.spans.get(number, ())),
    )


def pieces(text: str, spans: Sequence[tuple[int, int]], longest: int = LONGEST) -> tuple[Piece, ...]:
    """Cuts a passage at the edges of its evidence, and shortens it around the evidence where it is very long.

    Args:
        text: The passage.
        spans: Evidence as character spans ``[start, end)``; they may overlap or reach beyond the text.
        longest: Most characters to keep, the marks of an omission not counted.

    Returns:
        Pieces that give the passage, or what is kept of it, when joined.

    >>> [(piece.text, piece.marked) for piece in pieces("Fees were banned in 2021.", [(0, 16)])]
    [('Fees were banned', True), (' in 2021.', False)]
    """
    marked = _merged(spans, len(text))
    first, last = _window(text, marked, longest)
    found = [Piece("… ", False)] if first else []
    at = first
    for start, end in marked:
        start, end = max(start, first), min(end, last)  # noqa: PLW2901
        if start < end:
            found += [Piece(text[at:start], False), Piece(text[start:end], True)]
            at = end
    found += [Piece(text[at:last], False), Piece(" …" if last < len(text) else "", False)]
    return tuple(piece for piece in found if piece.text)


def _merged(spans: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        start, end = max(0, start), min(end, length)  # noqa: PLW2901
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _window(text: str, marked: list[tuple[int, int]], longest: int) -> tuple[int, int]:
    """Stretch of the text to show: all of it, or so much that the first evidence stands in it, cut between words."""
    if len(text) <= longest:
        return 0, len(text)
    begin, end = marked[0] if marked else (0, 0)
    spare = max(0, longest - (end - begin))
    first = max(0, min(begin - spare // 2, len(text) - longest))
    last = min(len(text), first + longest)
    if first:
        first = text.find(" ", first, begin) + 1 or first
    if last < len(text):
        cut = text.rfind(" ", first, last)
        last = cut if cut > first else last
    return first, last


# --- the run


def _when(run: Mapping[str, object]) -> str:
    value = run.get("finished") or run.get("started")
    if not value:
        return ""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def _model(run: Mapping[str, object]) -> str:
    model = run.get("model")
    return str(model.get("id", "")) if isinstance(model, Mapping) else str(model or "")


def _failure(item: object) -> dict[str, str]:
    record = item if isinstance(item, Mapping) else {"message": item}
    return {key: str(record.get(key) or "") for key in ("path", "reason", "message")}


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else []


def _settings(run: Mapping[str, object]) -> list[tuple[str, str]]:
    """Everything else that is known of the run, nested names joined by a dot."""
    found: list[tuple[str, str]] = []
    for key, value in run.items():
        if key == "failures":
            continue
        if isinstance(value, Mapping):
            found += [(f"{key}.{name}", text) for name, text in _settings(value)]
        else:
            found.append((str(key), str(value)))
    return found
