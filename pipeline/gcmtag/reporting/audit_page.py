"""The page of an audit: what receives attention and what does not, with intervals, quotes and the tool's own limits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gcmtag.errors import CorpusMismatch
from gcmtag.objectives import CLUSTERS, OBJECTIVES, ROLES, Objective
from gcmtag.reporting import audit_plots, plots
from gcmtag.reporting.citing import Citation, cite
from gcmtag.reporting.figures import DocumentFigures, Entry, Figures, count
from gcmtag.reporting.findings import (
    ALL,
    Difference,
    Findings,
    Share,
    Spoken,
    attention_title,
    headline,
    interval,
    named,
    quality_title,
    read_findings,
    roles_title,
    short_percent,
)
from gcmtag.reporting.page import Quote, pieces
from gcmtag.reporting.plots import Spec
from gcmtag.reporting.rendering import environment, panels, sheets, two_widths

if TYPE_CHECKING:
    import pandas as pd

GAPS_SHOWN: Final = 25  # of each objective
OPEN_UP_TO: Final = 4  # so many documents have their sections open
FIGURES: Final = "figures"
PNG_WIDTH: Final = 860
FILE_COLUMNS: Final = 50  # documents in a file of its own, which need not fit on a sheet of paper


@dataclass(frozen=True, slots=True)
class GapSection:
    """The gaps named of one objective: those shown, and how many there are."""

    objective: Objective
    quotes: tuple[Quote, ...]
    count: int
    documents: int


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """What the page shows of one document; ``position`` is its place in the documents table."""

    position: int
    figures: DocumentFigures
    shares: tuple[Share, ...]
    most: float
    gaps: tuple[tuple[Objective, int], ...]

    @property
    def known(self) -> bool:
        """Whether anything can be said of the attention in this document."""
        return any(share.estimate is not None for share in self.shares)

    def of(self, verdict: str) -> tuple[Share, ...]:
        """Shares with the verdict."""
        return tuple(share for share in self.shares if share.verdict == verdict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Groups of one column side by side."""

    column: str
    title: str
    values: tuple[str, ...]
    shares: tuple[tuple[Share, ...], ...]
    clear: tuple[Difference, ...]


def write_audit_page(report: Mapping[str, Any], tags: "pd.DataFrame", documents: "pd.DataFrame", path: Path) -> None:
    """Writes the page of an audit as one HTML file, and its plots into the folder ``figures`` beside it.

    Args:
        report: The dictionary of ``report.json``.
        tags: The tags table that was audited.
        documents: The documents table that belongs to it.
        path: File to write; an existing one is replaced.

    Raises:
        UsageError: The report lacks a key, or a table a column.
        CorpusMismatch: The report or the tags name a document that the documents table does not list.
    """
    findings = read_findings(report)
    figures = count(tags, documents)
    order = _order(findings, figures)
    path.write_text(_page(findings, figures, order, _entries(tags, figures)), encoding="utf-8")
    folder = path.parent / FIGURES
    folder.mkdir(exist_ok=True)
    for name, title, spec in _files(findings, [figures.documents[at] for at in order]):
        plots.render(plots.titled(spec, title), folder / f"{name}.svg", folder / f"{name}.png")


def _page(findings: Findings, figures: Figures, order: Sequence[int], entries: Mapping[str, Entry]) -> str:
    shares = findings.shares(ALL)
    spoken = _spoken(findings)
    documents = [figures.documents[at] for at in order]
    position = {document.document_id: at for at, document in enumerate(figures.documents)}
    gaps = _gaps(findings, figures, position, entries)
    return (
        environment()
        .get_template("audit.html.j2")
        .render(
            headline=headline(findings),
            findings=findings,
            figures=figures,
            documents=documents,
            position=position,
            objectives=OBJECTIVES,
            clusters=CLUSTERS,
            short_percent=short_percent,
            interval=interval,
            named=named,
            shares=shares,
            ranked=audit_plots.ranked(shares),
            little=[share for share in audit_plots.ranked(shares)[::-1] if share.verdict == "little"],
            unclear=[share for share in shares if share.verdict == "unclear"],
            attention_title=attention_title(shares),
            attention_plot=_attention_plot(findings, shares),
            reference=_reference(findings),
            statements=[_statement(row, figures, position) for row in findings.statements],
            map_panels=_map_panels(documents),
            legend=list(enumerate(plots.STEP_NAMES)),
            step_of=plots.step_of,
            priority_panels=_priority_panels(findings, documents),
            priorities_title=_priorities_title(findings),
            gaps=gaps,
            gap_sections={
                cluster.number: [gaps[number - 1] for number in cluster.objectives if gaps[number - 1].count]
                for cluster in CLUSTERS
            },
            gaps_named=len(findings.gaps),
            gaps_shown=GAPS_SHOWN,
            spoken=spoken,
            roles=ROLES,
            role_colours=list(zip(ROLES, audit_plots.ROLE_COLOURS, strict=True)),
            roles_title=roles_title(spoken),
            roles_plot=_roles_plot(spoken),
            comparisons=[_comparison(findings, column, values) for column, values in findings.columns.items()],
            comparison_panels=_comparison_panels,
            change=findings.change,
            change_plot=_change_plot(findings.change),
            change_title=_change_title(findings.change),
            sections=[_document_section(findings, figures, at) for at in order],
            open_up_to=OPEN_UP_TO,
            meta=findings.meta,
            rules=_rules(findings.meta),
            quality=findings.quality,
            quality_title=quality_title(findings.quality),
            more=_more(findings.meta),
            level=_level(findings.meta),
            tabled=tabled,
            citation=_citation(findings, figures),
            settings=[],
        )
    )


# --- order of the documents


def _order(findings: Findings, figures: Figures) -> list[int]:
    """Documents by group where there are groups, and inside a group so that similar ones stand side by side."""
    column = next(iter(findings.columns), "")
    keys = [findings.groups.get(document.document_id, {}).get(column, ()) for document in figures.documents]
    order: list[int] = []
    for key in sorted(set(keys)):
        inside = [at for at, own in enumerate(keys) if own == key]
        order += [inside[at] for at in _by_likeness([figures.documents[at] for at in inside])]
    return order


def _by_likeness(documents: Sequence[DocumentFigures]) -> list[int]:
    """Order in which neighbours differ least; the document with more passages comes first."""
    if len(documents) < 3:
        return list(range(len(documents)))
    # Half a second that a page of tags, which is written from this room too, does not need.
    from scipy.cluster.hierarchy import leaves_list, linkage  # noqa: PLC0415

    profiles = [[document.share(item.number) for item in OBJECTIVES] for document in documents]
    order = [int(at) for at in leaves_list(linkage(profiles, method="average", optimal_ordering=True))]
    return order if documents[order[0]].passages >= documents[order[-1]].passages else order[::-1]


# --- plots


def _attention_plot(findings: Findings, shares: Sequence[Share]) -> dict[str, Any]:
    return two_widths(
        lambda width: audit_plots.attention(shares, width, _reference(findings)),
        attention_title(shares),
        "A row for each of the 23 objectives, largest share first. The dot is the corrected share, the line its "
        "interval, the small upright mark the uncorrected count. The table below holds the same figures.",
    )


def _map_panels(documents: Sequence[DocumentFigures]) -> list[Any]:
    wide = len(documents) <= plots.WIDE_PANEL
    names = plots.distinct_titles([document.title for document in documents])
    return panels(
        len(documents),
        lambda part, shown: plots.heat_map(documents[shown], names[shown], part=part, wide=wide, outlined=True),
        lambda shown: f"Evidence map of the 23 objectives in documents {shown.start + 1} to {shown.stop}",
        "Rows are objectives by cluster, columns are documents. The number is the number of passages tagged, "
        "the stronger the colour the larger their share; a frame marks a declared priority. "
        "The table below holds the same figures.",
    )


def _priority_columns(findings: Findings, documents: Sequence[DocumentFigures]) -> list[tuple[str, Mapping[int, str]]]:
    names = plots.distinct_titles([document.title for document in documents])
    return [
        (name, findings.priorities[document.document_id].pairs)
        for name, document in zip(names, documents, strict=True)
        if document.document_id in findings.priorities
    ]


def _priority_panels(findings: Findings, documents: Sequence[DocumentFigures]) -> list[Any]:
    columns = _priority_columns(findings, documents)
    if not any(pairs for _, pairs in columns):
        return []
    wide = len(columns) <= plots.WIDE_PANEL
    return panels(
        len(columns),
        lambda part, shown: audit_plots.priorities(columns[shown], part=part, wide=wide),
        lambda shown: f"Declared and emphasised objectives in documents {shown.start + 1} to {shown.stop}",
        "Rows are objectives by cluster, columns are documents. A filled circle is declared and emphasised, a hollow "
        "square declared only, a filled triangle emphasised only. The table below holds the same figures.",
    )


def _roles_rows(spoken: Sequence[Spoken]) -> list[tuple[str, Mapping[str, float], int]]:
    return [(f"{row.objective.number}  {row.objective.short}", row.shares, row.passages) for row in spoken]


def _roles_plot(spoken: Sequence[Spoken]) -> dict[str, Any]:
    if not spoken:
        return {}
    return two_widths(
        lambda width: audit_plots.roles(_roles_rows(spoken), width),
        roles_title(spoken),
        "A bar for each objective, divided into the roles of its passages in this order: "
        f"{', '.join(ROLES)}. The table below holds the same figures.",
    )


def _change_plot(change: Sequence[Difference]) -> dict[str, Any]:
    if not change:
        return {}
    return two_widths(
        lambda width: audit_plots.differences(change, width),
        _change_title(change),
        "A row for each objective, largest gain first: the difference of the corrected shares with its interval. "
        "The table below holds the same figures.",
    )


def _comparison_panels(comparison: Comparison) -> list[Any]:
    columns = list(zip(comparison.values, comparison.shares, strict=True))
    clear = _clear(comparison)
    return panels(
        len(columns),
        lambda part, shown: audit_plots.groups(columns[shown], part=part, different=clear, scaled_with=columns),
        lambda shown: f"{comparison.title}: groups {shown.start + 1} to {shown.stop}",
        "Rows are objectives by cluster, columns are groups, all on one scale. Dots are corrected shares, lines their "
        "intervals, hollow diamonds clear differences. The table below holds the same figures.",
        audit_plots.GROUPS_A_SHEET,
    )


def _clear(comparison: Comparison) -> frozenset[tuple[str, int]]:
    return frozenset((item.scope.partition("=")[2], item.objective.number) for item in comparison.clear)


def _files(findings: Findings, documents: Sequence[DocumentFigures]) -> Iterator[tuple[str, str, Spec]]:
    """Plots to write beside the page: name, title and specification."""
    shares = findings.shares(ALL)
    yield "attention", attention_title(shares), audit_plots.attention(shares, PNG_WIDTH, _reference(findings))
    if spoken := _spoken(findings):
        yield "roles", roles_title(spoken), audit_plots.roles(_roles_rows(spoken), PNG_WIDTH)
    names = plots.distinct_titles([document.title for document in documents])
    wide = len(documents) <= plots.WIDE_PANEL
    for number, shown in enumerate(sheets(len(documents), FILE_COLUMNS), start=1):
        spec = plots.heat_map(documents[shown], names[shown], wide=wide, outlined=True)
        yield f"evidence-map-{number}", "Passages by objective and document", spec
    columns = _priority_columns(findings, documents)
    if any(pairs for _, pairs in columns):
        wide = len(columns) <= plots.WIDE_PANEL
        for number, shown in enumerate(sheets(len(columns), FILE_COLUMNS), start=1):
            yield f"priorities-{number}", _priorities_title(findings), audit_plots.priorities(columns[shown], wide=wide)
    for column, values in findings.columns.items():
        comparison = _comparison(findings, column, values)
        groups = list(zip(comparison.values, comparison.shares, strict=True))
        for number, shown in enumerate(sheets(len(groups), audit_plots.GROUPS_A_SHEET), start=1):
            spec = audit_plots.groups(groups[shown], different=_clear(comparison), scaled_with=groups)
            yield f"by-{re.sub(r'[^a-z0-9]+', '-', column.casefold())}-{number}", comparison.title, spec
    if findings.change:
        yield "change", _change_title(findings.change), audit_plots.differences(findings.change, PNG_WIDTH)


# --- what the sections say


def _reference(findings: Findings) -> float | None:
    rules = findings.meta.get("rules")
    value = rules.get("reference_share") if isinstance(rules, Mapping) else None
    return float(value) if isinstance(value, int | float) else None


def _level(meta: Mapping[str, Any]) -> str:
    levels = meta.get("levels")
    value = levels.get("interval") if isinstance(levels, Mapping) else levels
    return f"{value * 100:.0f}\xa0%" if isinstance(value, float) else ""


def _rules(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rules and levels that were applied, those put in words first."""
    rules = meta.get("rules")
    found = [(str(key), value) for key, value in rules.items()] if isinstance(rules, Mapping) else []
    found.sort(key=lambda item: not isinstance(item[1], str))
    levels = meta.get("levels")
    found += [(str(key), value) for key, value in levels.items()] if isinstance(levels, Mapping) else []
    return [(key.replace("_", " "), _cell(value)) for key, value in found if value is not None]


def _more(meta: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What else the report says of itself."""
    return [
        (str(key).replace("_", " "), tabled(value))
        for key, value in meta.items()
        if key not in {"rules", "levels", "quality", "method"} and value not in (None, [], {})
    ]


def _spoken(findings: Findings) -> list[Spoken]:
    """Objectives that at least one passage is about, those spoken of as gaps first."""
    rows = [row for row in findings.roles.get(ALL, ()) if row.shares]
    return sorted(rows, key=lambda row: (-row.share("gap"), -row.passages, row.objective.number))


def _priorities_title(findings: Findings) -> str:
    contrast: dict[int, int] = {}
    for priorities in findings.priorities.values():
        for number in priorities.declared_but_little:
            contrast[number] = contrast.get(number, 0) + 1
    if contrast:
        names = named([OBJECTIVES[number - 1].short for number in sorted(contrast, key=lambda n: (-contrast[n], n))])
        return f"{names}: declared as a priority, yet with little attention"
    if any(item.declared for item in findings.priorities.values()):
        return "No declared priority can be said to receive little attention"
    return "No document was found to declare priorities"


def _change_title(change: Sequence[Difference]) -> str:
    clear = [item.objective.short for item in change if item.clear]
    return f"{named(clear)} changed clearly" if clear else "No clear change against the other run"


def _statement(row: Mapping[str, Any], figures: Figures, position: Mapping[str, int]) -> dict[str, Any]:
    quote = _quote(row, figures, position, {}, 0)
    return {"quote": quote, "objective": OBJECTIVES[int(row["objective"]) - 1]}


def _entries(tags: "pd.DataFrame", figures: Figures) -> dict[str, Entry]:
    if "passage_id" not in tags.columns:
        return {}
    return dict(zip(map(str, tags["passage_id"]), figures.entries, strict=True))


def _quote(
    row: Mapping[str, Any],
    figures: Figures,
    position: Mapping[str, int],
    entries: Mapping[str, Entry],
    objective: int,
) -> Quote:
    document = _position(str(row["document_id"]), position)
    text = str(row["quote"])
    entry = entries.get(str(row.get("passage_id")))
    spans = entry.spans.get(objective, ()) if entry is not None and entry.text == text else ()
    return Quote(
        document=document,
        title=figures.documents[document].title,
        locator=str(row.get("locator") or ""),
        context="",
        role="",
        score=0.0,
        pieces=pieces(text, spans),
    )


def _position(name: str, position: Mapping[str, int]) -> int:
    if name not in position:
        raise CorpusMismatch(f"the report names document {name!r}, which the documents table does not list")
    return position[name]


def _gaps(
    findings: Findings, figures: Figures, position: Mapping[str, int], entries: Mapping[str, Entry]
) -> list[GapSection]:
    """Gaps of each objective; of many the first of every document, then the second, and so on."""
    found = []
    for item in OBJECTIVES:
        rows = [row for row in findings.gaps if item.number in row["objectives"]]
        seen: dict[str, int] = {}
        turns = []
        for at, row in enumerate(rows):
            name = str(row["document_id"])
            seen[name] = seen.get(name, 0) + 1
            turns.append((seen[name], at))
        shown = sorted(at for _, at in sorted(turns)[:GAPS_SHOWN])
        quotes = tuple(_quote(rows[at], figures, position, entries, item.number) for at in shown)
        found.append(GapSection(item, quotes, len(rows), len(seen)))
    return found


def _comparison(findings: Findings, column: str, values: Sequence[str]) -> Comparison:
    clear = tuple(item for item in findings.comparison if item.clear and item.scope.partition("=")[0] == column)
    if clear:
        names = named(sorted({item.objective.short for item in clear}))
        title = f"{names} {'differ' if len({i.objective.number for i in clear}) > 1 else 'differs'} clearly by {column}"
    else:
        title = f"No clear difference by {column}"
    return Comparison(
        column=column,
        title=title,
        values=tuple(values),
        shares=tuple(findings.shares(f"{column}={value}") for value in values),
        clear=clear,
    )


def _document_section(findings: Findings, figures: Figures, position: int) -> DocumentSection:
    document = figures.documents[position]
    shares = findings.shares(document.document_id)
    gaps: dict[int, int] = {}
    for row in findings.gaps:
        if str(row["document_id"]) == document.document_id:
            for number in row["objectives"]:
                gaps[int(number)] = gaps.get(int(number), 0) + 1
    highs = [value for share in shares for value in (share.high, share.estimate, share.naive) if value is not None]
    return DocumentSection(
        position=position,
        figures=document,
        shares=tuple(audit_plots.ranked(shares)),
        most=max([*highs, 0.01]),
        gaps=tuple((OBJECTIVES[number - 1], gaps[number]) for number in sorted(gaps, key=lambda n: (-gaps[n], n))),
    )


def _citation(findings: Findings, figures: Figures) -> Citation:
    meta = findings.meta
    when = str(meta.get("finished") or meta.get("created") or meta.get("date") or "")
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        moment = None
    versions = meta.get("versions")
    version = versions.get("gcmtag") if isinstance(versions, Mapping) else meta.get("gcmtag")
    return cite(
        version=str(version or ""),
        model=str(meta.get("model") or ""),
        moment=moment,
        documents=len(figures.documents),
        passages=figures.passages,
    )


def tabled(value: object) -> tuple[str, Any]:
    """How a value of the report's ``meta`` is shown, whatever it holds.

    Args:
        value: Anything that JSON holds.

    Returns:
        ``("table", (columns, rows))`` for a list of records, ``("terms", pairs)`` for an object, else
        ``("text", text)``.

    >>> tabled({"least_share": 0.5})
    ('terms', [('least share', 0.5)])
    >>> tabled(["a", "b"])
    ('text', 'a, b')
    """
    if isinstance(value, Mapping):
        return "terms", [(str(key).replace("_", " "), item) for key, item in value.items()]
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        columns = list(dict.fromkeys(str(key) for item in value for key in item))
        rows = [[_cell(item.get(column)) for column in columns] for item in value]
        return "table", ([column.replace("_", " ") for column in columns], rows)
    if isinstance(value, list | tuple):
        return "text", ", ".join(_cell(item) for item in value)
    return "text", _cell(value)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    return str(value)
