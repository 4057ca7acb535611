"""The plots of the report: Vega-Lite specifications as plain dictionaries, rendered without a network.

A plot is made once with fixed colours, for files; on the page every colour of the palette becomes a variable of the
style sheet (``--step-3``), so that the same plot suits light, dark and paper.
"""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final, Literal

import vl_convert

from gcmtag.errors import UsageError
from gcmtag.objectives import CLUSTERS, OBJECTIVES
from gcmtag.reporting.figures import DocumentFigures, Figures

Spec = dict[str, Any]

# Lightness falls from step to step, so that the order survives greyscale print and every kind of colour blindness.
STEPS: Final = ("#f3f1eb", "#d9e7f4", "#aacdea", "#6fa8d6", "#2a72b0", "#0e406f")
STEP_INKS: Final = ("#6b7581", "#10233d", "#10233e", "#10233f", "#fffffe", "#fffffd")
STEP_FROM: Final = (0.0, 0.0, 0.05, 0.10, 0.20, 0.40)
STEP_NAMES: Final = ("none", "under 5 %", "5 to under 10 %", "10 to under 20 %", "20 to under 40 %", "40 % or more")
INK: Final = "#1b2430"
MUTED: Final = "#5d6875"
BAR: Final = "#2a72b1"
FAINT: Final = "#a2a9b1"
LINE: Final = "#e4e0d7"
FLAG: Final = "#a8480c"
PAPER: Final = "#fffffc"
VARIABLES: Final = {
    **{colour: f"--step-{step}" for step, colour in enumerate(STEPS)},
    **{colour: f"--step-ink-{step}" for step, colour in enumerate(STEP_INKS)},
    INK: "--ink",
    MUTED: "--muted",
    BAR: "--bar",
    FAINT: "--faint",
    LINE: "--line",
    FLAG: "--flag",
    PAPER: "--paper",
}

ROW: Final = 25  # height of a row of the heat map, in pixels
AXIS_WIDTH: Final = 158
PANEL: Final = 16  # documents side by side on a sheet of A4
WIDE_PANEL: Final = 4  # up to so many documents have room for a written-out title
_CONFIG: Final[Spec] = {
    "aria": False,
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "text": {"fontSize": 12},
}


def step_of(count: int, share: float) -> int:
    """Step of the scale for a number of passages and its share: 0 for no passage, then 1 to 5.

    >>> step_of(0, 0.0), step_of(1, 0.01), step_of(3, 0.05), step_of(9, 0.9)
    (0, 1, 2, 5)
    """
    if not count:
        return 0
    return max(step for step in range(1, len(STEPS)) if share >= STEP_FROM[step])


def bars(figures: Figures, width: int) -> Spec:
    """Bars of the number of passages per objective, longest first, those without a passage last."""
    order = sorted(OBJECTIVES, key=lambda item: (-figures.counts[item.number - 1], item.number))
    rows = [
        {
            "objective": f"{item.number}  {item.short}",
            "count": figures.counts[item.number - 1],
            "label": _bar_label(figures.counts[item.number - 1], figures.share(item.number)),
        }
        for item in order
    ]
    names = [row["objective"] for row in rows]
    y = {"field": "objective", "type": "nominal", "axis": None, "scale": {"domain": names, "paddingInner": 0.35}}
    room = width - AXIS_WIDTH - 96  # for the longest label
    x = {
        "field": "count",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, max(1, *figures.counts)], "range": [0, room]},
    }
    return {
        **chart(
            rows, width=room, height={"step": 23}, padding={"left": AXIS_WIDTH, "right": 96, "top": 2, "bottom": 2}
        ),
        "encoding": {"y": y, "x": x},
        "layer": [
            {"name": "bars", "mark": {"type": "bar", "color": BAR}},
            {
                "name": "counts",
                "mark": {"type": "text", "align": "left", "dx": 7, "color": MUTED},
                "encoding": {"text": {"field": "label"}},
            },
            {
                "name": "names",
                "mark": {"type": "text", "align": "left", "dx": -AXIS_WIDTH, "color": INK},
                "encoding": {"text": {"field": "objective"}, "x": {"value": 0}},
            },
        ],
    }


def heat_map(
    documents: Sequence[DocumentFigures],
    names: Sequence[str] | None = None,
    *,
    part: Literal["whole", "axis", "cells"] = "whole",
    wide: bool | None = None,
    outlined: bool = False,
) -> Spec:
    """Heat map of objectives (rows, by cluster) and documents (columns).

    Colour is the share of the document's passages; the number in a cell is the number of passages.

    Args:
        documents: The columns, from left to right.
        names: What to call them; by default what tells their titles apart.
        part: ``axis`` and ``cells`` make two plots of the same height, so that the axis can stay while cells scroll.
        wide: Columns with titles written out above them; by default for a few documents only.
        outlined: Whether the objectives that a document declares as its priorities get a frame.

    Returns:
        A Vega-Lite specification.
    """
    wide = len(documents) <= WIDE_PANEL if wide is None else wide
    top = top_of(wide=wide)
    if part == "axis":
        return axis(top)
    names = distinct_titles([document.title for document in documents]) if names is None else names
    labels = column_labels(names, wide=wide)
    column = column_width(wide=wide)
    padding = {"left": AXIS_WIDTH if part == "whole" else 0, "top": top, "bottom": 2}
    spec = chart(_cell_rows(documents, labels), width=column * len(documents), height={"step": ROW}, padding=padding)
    layers = _cell_layers(labels, wide=wide, outlined=outlined)
    if part == "whole":
        layers["layer"] = [*layers["layer"], names_layer(-AXIS_WIDTH)]
        spec["data"]["values"] += axis_rows()
    return {**spec, **layers}


def axis(top: int) -> Spec:
    """Names of clusters and objectives, to stand beside cells whose rows begin ``top`` pixels below the upper edge."""
    spec = chart(axis_rows(), width=AXIS_WIDTH, height={"step": ROW}, padding={"top": top, "bottom": 2})
    return {**spec, "encoding": {"y": rows_scale()}, "layer": [names_layer(0)]}


def top_of(*, wide: bool) -> int:
    """Room above the rows for the titles of documents, in pixels."""
    return 60 if wide else 196


def column_width(*, wide: bool) -> int:
    """Width of a document's column, in pixels."""
    return 118 if wide else 30


def inline_svg(spec: Spec, title: str, description: str, *, hidden: bool = False) -> str:
    """SVG for the body of an HTML page: named for screen readers, coloured by the page's own variables.

    Args:
        spec: A Vega-Lite specification of this module.
        title: What the plot shows, as read out by a screen reader.
        description: How to read it.
        hidden: Whether screen readers pass it over, because it repeats what stands beside it.

    Returns:
        Markup without any address of the network, name spaces included: HTML needs none.
    """
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", _svg(spec))
    svg = re.sub(r' (font-family|font-size|opacity|aria-\w+|role|version|stroke-miterlimit)="[^"]*"', "", svg)
    svg = re.sub(r'<path class="(?:background|foreground)"[^>]*/>', "", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(f'"{colour}"', f'"var({variable})"')
    named = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    attributes = 'aria-hidden="true"' if hidden else 'role="img"'
    return re.sub(
        r"(<svg)([^>]*>)", rf"\1 {attributes}\2" + ("" if hidden else named.replace("\\", r"\\")), svg, count=1
    )


def titled(spec: Spec, title: str) -> Spec:
    """The plot with a title above it, for a file that stands alone; a long title takes several lines."""
    left, width = spec["padding"]["left"], spec["width"]
    lines = _lines(title, max(28, int((left + width) / 8.5)))
    room = 21 * len(lines) + 12
    heading = {
        "text": lines,
        "anchor": "start",
        "frame": "group",
        "dx": -left,
        "fontSize": 16,
        "fontWeight": "normal",
        "lineHeight": 21,
        "color": INK,
        "offset": 12,
    }
    return {**spec, "title": heading, "padding": {**spec["padding"], "top": spec["padding"]["top"] + room}}


def _lines(text: str, width: int) -> list[str]:
    found = [""]
    for word in text.split():
        if found[-1] and len(found[-1]) + 1 + len(word) > width:
            found.append(word)
        else:
            found[-1] = f"{found[-1]} {word}".strip()
    return found


def render(spec: Spec, *paths: Path) -> None:
    """Writes a plot to files, SVG or PNG by their names.

    Raises:
        UsageError: A name ends in neither .svg nor .png.
    """
    for path in paths:
        if path.suffix not in {".svg", ".png"}:
            raise UsageError(f"{path.name}: plots are written as .svg or .png")
    svg = _svg({**spec, "background": "white"})
    for path in paths:
        if path.suffix == ".svg":
            path.write_text(svg, encoding="utf-8")
        else:
            path.write_bytes(vl_convert.svg_to_png(svg, scale=2))


def _svg(spec: Spec) -> str:
    # No addresses are allowed, so that a plot can never ask the network for anything.
    return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))


def chart(rows: list[dict[str, Any]], *, width: int, height: int | dict[str, int], padding: dict[str, int]) -> Spec:
    """What all plots share. Sizes are exact, so that two plots can stand side by side row by row."""
    edges = {"left": 0, "right": 0, "top": 0, "bottom": 0, **padding}
    return {
        "autosize": "none",
        "config": _CONFIG,
        "data": {"values": rows},
        "width": width,
        "height": height,
        "padding": edges,
    }


def _bar_label(count: int, share: float) -> str:
    if not count:
        return "0"
    percent = "<1" if share < 0.005 else f"{share * 100:.0f}"
    return f"{count}  ({percent} %)"


def _row_keys() -> list[str]:
    """Rows from top to bottom: each cluster's heading, then its objectives."""
    return [key for cluster in CLUSTERS for key in (f"C{cluster.number}", *map(str, cluster.objectives))]


def rows_scale() -> Spec:
    """Rows of clusters and objectives, the same in all plots that share an axis."""
    # A band, said aloud: text alone would get a scale of points, and the axis would not meet its rows.
    scale = {"type": "band", "domain": _row_keys(), "paddingInner": 0.08, "paddingOuter": 0}
    return {"field": "row", "type": "nominal", "axis": None, "scale": scale}


def axis_rows() -> list[dict[str, Any]]:
    """Names of clusters and objectives as data."""
    rows: list[dict[str, Any]] = []
    for cluster in CLUSTERS:
        rows.append({"row": f"C{cluster.number}", "name": f"Cluster {cluster.number}", "cluster": True})
        rows += [
            {"row": str(number), "name": f"{number}  {OBJECTIVES[number - 1].short}", "cluster": False}
            for number in cluster.objectives
        ]
    return rows


def names_layer(dx: int) -> Spec:
    """Names of clusters and objectives, ``dx`` pixels from the left edge of the plot."""
    heading = {"test": "datum.cluster"}
    return {
        "name": "names",
        "transform": [{"filter": "isValid(datum.name)"}],
        "mark": {
            "type": "text",
            "align": "left",
            "dx": dx,
            "fontWeight": {"expr": "datum.cluster ? 'bold' : 'normal'"},
        },
        "encoding": {
            "text": {"field": "name"},
            "x": {"value": 0},
            "color": {"condition": {**heading, "value": MUTED}, "value": INK},
        },
    }


def _cell_rows(documents: Sequence[DocumentFigures], labels: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "row": str(item.number),
            "column": label,
            "text": str(document.counts[item.number - 1] or "·"),
            "step": step_of(document.counts[item.number - 1], document.share(item.number)),
            "declared": item.number in document.priorities,
        }
        for document, label in zip(documents, labels, strict=True)
        for item in OBJECTIVES
    ]


def columns_scale(labels: list[str], *, wide: bool) -> Spec:
    """Columns with the titles of documents above them; a label carries a number in front to be unique."""
    title = {
        "orient": "top",
        "title": None,
        "ticks": False,
        "domain": False,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 400,
        "labelPadding": 8,
        "labelExpr": "split(slice(datum.label, indexof(datum.label, ':') + 1), '\\n')",
        **({"labelAngle": 0, "labelAlign": "center", "labelBaseline": "bottom"} if wide else {"labelAngle": -90}),
    }
    scale = {"type": "band", "domain": labels, "paddingInner": 0.03 if wide else 0.08, "paddingOuter": 0}
    return {"field": "column", "type": "nominal", "scale": scale, "axis": title}


def _cell_layers(labels: list[str], *, wide: bool, outlined: bool) -> Spec:
    column = columns_scale(labels, wide=wide)
    is_cell = [{"filter": "isValid(datum.column)"}]
    cells = {
        "name": "cells",
        "transform": is_cell,
        "mark": {"type": "rect", "cornerRadius": 2},
        "encoding": {"x": column, "color": _steps(STEPS)},
    }
    numbers = {
        "name": "numbers",
        "transform": is_cell,
        "mark": {"type": "text"},
        "encoding": {"x": column, "text": {"field": "text"}, "color": _steps(STEP_INKS)},
    }
    frames = {
        "name": "frames",
        "transform": [{"filter": "datum.declared"}],
        "mark": {"type": "rect", "cornerRadius": 2, "filled": False, "stroke": INK, "strokeWidth": 2},
        "encoding": {"x": column},
    }
    return {
        "encoding": {"y": rows_scale()},
        "resolve": {"scale": {"color": "independent"}},
        "layer": [cells, numbers, *([frames] if outlined else [])],
    }


def _steps(colours: Sequence[str]) -> Spec:
    scale = {"domain": list(range(len(colours))), "range": list(colours)}
    return {"field": "step", "type": "ordinal", "scale": scale, "legend": None}


def column_labels(names: Sequence[str], *, wide: bool) -> list[str]:
    """Titles of documents shortened to fit above their columns, each unique by a number in front."""
    shorten = _wrapped if wide else _cut
    return [f"{at}:{shorten(name)}" for at, name in enumerate(names)]


def distinct_titles(titles: Sequence[str]) -> list[str]:
    """Titles without the words that all of them begin with, which would leave no room for what tells them apart.

    >>> distinct_titles(["Voluntary review: Aland", "Voluntary review: Brevia"])
    ['Aland', 'Brevia']
    >>> distinct_titles(["Review", "Review of 2024"])
    ['Review', 'Review of 2024']
    """
    words = [title.split() for title in titles]
    same = 0
    # The last word of a title always stays.
    while len(words) > 1 and all(len(found) > same + 1 and found[same] == words[0][same] for found in words):
        same += 1
    return [" ".join(found[same:]) for found in words]


def _cut(title: str, limit: int = 25) -> str:
    """Title cut in the middle: reports differ as often in their last words as in their first."""
    if len(title) <= limit:
        return title
    tail = limit // 2 - 1
    return f"{title[: limit - 1 - tail].rstrip()}…{title[-tail:].lstrip()}"


def _wrapped(title: str, width: int = 15, lines: int = 3) -> str:
    """Title on at most three lines, each short enough for its column."""
    found: list[str] = [""]
    for word in title.split():
        joined = f"{found[-1]} {word}".strip()
        if len(joined) <= width:
            found[-1] = joined
        else:
            found.append(word)
    found = [_cut(line, width) for line in found if line]
    if len(found) > lines:
        found = [*found[: lines - 1], f"{found[lines - 1][: width - 2]} …"]
    return "\n".join(found)
