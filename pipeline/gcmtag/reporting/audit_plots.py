"""The plots of the audit: shares with their intervals, declared against emphasised, roles, groups side by side.

Nothing is told by colour alone: what gets little attention has another shape, roles keep one order and grow lighter
in it, so that every plot survives greyscale print and every kind of colour blindness.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from gcmtag.objectives import OBJECTIVES, ROLES
from gcmtag.reporting import plots
from gcmtag.reporting.findings import Difference, Share, interval, short_percent
from gcmtag.reporting.plots import AXIS_WIDTH, BAR, FAINT, FLAG, INK, LINE, MUTED, PAPER, ROW, Spec

# From dark to light in the order of the roles; the differences in lightness are even.
ROLE_COLOURS: Final = ("#0b2a52", "#1f5590", "#4d82b0", "#83a7b5", "#b3c3a4", "#dccf86", "#f3e9c2")
ROLE_INKS: Final = ("#fffffe", "#fffffd", "#0a1a2b", "#0a1a2c", "#0a1a2d", "#0a1a2e", "#0a1a2f")
PAIR_SHAPES: Final = {"both": "circle", "declared": "square", "emphasised": "triangle-up"}
PAIR_NAMES: Final = {
    "both": "declared and emphasised",
    "declared": "declared only",
    "emphasised": "emphasised only",
}
GROUP_WIDTHS: Final = (132, 240)  # least and most of one group in a comparison, in pixels
GROUPS_A_SHEET: Final = 4
_TOP: Final = 34


def attention(shares: Sequence[Share], width: int, reference: float | None = None) -> Spec:
    """Dots with intervals, largest share first, and the uncorrected share as a faint mark beside them.

    Args:
        shares: One a row; those that nothing can be said of come last.
        width: Of the whole plot, in pixels.
        reference: Share that the others are held against, drawn as a broken line.

    Returns:
        A Vega-Lite specification.
    """
    wide = width > 500
    right = 168 if wide else 48
    room = width - AXIS_WIDTH - right
    most = _most(shares, reference)
    rows = [_attention_row(share, wide=wide) for share in ranked(shares)]
    x = {"type": "quantitative", "scale": {"domain": [0, most], "range": [0, room]}}
    share_axis = {
        "orient": "top",
        "title": None,
        "domain": False,
        "ticks": False,
        "grid": True,
        "gridColor": LINE,
        "labelColor": MUTED,
        "labelPadding": 6,
        "tickCount": 5 if wide else 2,
        "labelExpr": "format(datum.value * 100, '.0f') + ' %'",
    }
    spec = plots.chart(
        rows, width=room, height={"step": 24}, padding={"left": AXIS_WIDTH, "right": right, "top": _TOP, "bottom": 4}
    )
    y = {"field": "objective", "type": "nominal", "axis": None, "sort": None, "scale": {"paddingInner": 0.2}}
    at = {"field": "estimate", **x, "axis": share_axis}
    return {
        **spec,
        "encoding": {"y": y},
        "layer": [
            *_reference(reference, x),
            {
                "name": "naive",
                "mark": {"type": "tick", "orient": "vertical", "color": FAINT, "thickness": 2, "size": 13},
                "encoding": {"x": {"field": "naive", **x, "axis": share_axis}},
            },
            *_interval_layers({"field": "low", **x}, {"field": "high"}, at),
            _row_text("names", "objective", INK, -AXIS_WIDTH),
            {
                "name": "labels",
                "mark": {"type": "text", "align": "left", "dx": 12},
                "encoding": {
                    "text": {"field": "label"},
                    "x": {"value": room},
                    "color": {"condition": {"test": "datum.verdict == 'little'", "value": FLAG}, "value": MUTED},
                },
            },
        ],
    }


def ranked(shares: Sequence[Share]) -> list[Share]:
    """Shares with the largest estimate first; those without an estimate last, in the order of the objectives."""
    return sorted(
        shares,
        key=lambda share: (share.estimate is None, -(share.estimate or 0.0), -share.naive, share.objective.number),
    )


def _most(shares: Sequence[Share], reference: float | None) -> float:
    found = [value for share in shares for value in (share.naive, share.high, share.estimate) if value is not None]
    return max([*found, reference or 0.0, 0.01]) * 1.02


def _attention_row(share: Share, *, wide: bool) -> dict[str, Any]:
    if share.estimate is None:
        label = "cannot say"
    elif wide:
        label = f"{short_percent(share.estimate)}  ({interval(share.low, share.high)})"
        label += {"little": "  little", "unclear": "  cannot say"}.get(share.verdict, "")
    else:
        label = short_percent(share.estimate)
    return {
        "objective": f"{share.objective.number}  {share.objective.short}",
        "naive": share.naive,
        "estimate": share.estimate,
        "low": share.low,
        "high": share.high,
        "verdict": share.verdict,
        "label": label,
    }


def _reference(value: float | None, x: Spec) -> list[Spec]:
    if value is None:
        return []
    line = {
        "name": "reference",
        "mark": {"type": "rule", "color": MUTED, "strokeDash": [4, 3]},
        "encoding": {"x": {"datum": value, **x}, "y": None},
    }
    return [line]


def _interval_layers(low: Spec, high: Spec, at: Spec) -> list[Spec]:
    """The interval as a line and the estimate on it: a dot, a hollow diamond for little, a ring for cannot say."""
    little, unclear = "datum.verdict == 'little'", "datum.verdict == 'unclear'"
    return [
        {
            "name": "intervals",
            "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
            "mark": {"type": "rule", "strokeWidth": 3, "strokeCap": "round"},
            "encoding": {
                "x": low,
                "x2": high,
                "color": {
                    "condition": [{"test": little, "value": FLAG}, {"test": unclear, "value": FAINT}],
                    "value": BAR,
                },
            },
        },
        {
            "name": "estimates",
            "transform": [{"filter": "isValid(datum.estimate)"}],
            "mark": {"type": "point", "filled": True, "strokeWidth": 2, "size": 74, "opacity": 1},
            "encoding": {
                "x": at,
                "shape": {"condition": {"test": little, "value": "diamond"}, "value": "circle"},
                "fill": {"condition": {"test": f"{little} || {unclear}", "value": PAPER}, "value": BAR},
                "stroke": {
                    "condition": [{"test": little, "value": FLAG}, {"test": unclear, "value": MUTED}],
                    "value": BAR,
                },
            },
        },
    ]


def _row_text(name: str, field: str, colour: str, dx: int) -> Spec:
    return {
        "name": name,
        "mark": {"type": "text", "align": "left", "dx": dx, "color": colour},
        "encoding": {"text": {"field": field}, "x": {"value": 0}},
    }


def priorities(
    columns: Sequence[tuple[str, Mapping[int, str]]],
    *,
    part: Literal["whole", "axis", "cells"] = "whole",
    wide: bool,
) -> Spec:
    """Declared and emphasised objectives: objectives by cluster in rows, documents in columns, a shape in a cell.

    Args:
        columns: Of each document its title and, by objective, ``both``, ``declared`` or ``emphasised``.
        part: As of ``plots.heat_map``.
        wide: Columns with titles written out above them.

    Returns:
        A Vega-Lite specification.
    """
    top = plots.top_of(wide=wide)
    if part == "axis":
        return plots.axis(top)
    labels = plots.column_labels([title for title, _ in columns], wide=wide)
    rows = [
        {"row": str(item.number), "column": label, "pair": found.get(item.number, "")}
        for label, (_, found) in zip(labels, columns, strict=True)
        for item in OBJECTIVES
    ]
    whole = part == "whole"
    spec = plots.chart(
        rows + (plots.axis_rows() if whole else []),
        width=plots.column_width(wide=wide) * len(columns),
        height={"step": ROW},
        padding={"left": AXIS_WIDTH if whole else 0, "top": top, "bottom": 2},
    )
    x = plots.columns_scale(labels, wide=wide)
    is_cell = {"filter": "isValid(datum.column)"}
    return {
        **spec,
        "encoding": {"y": plots.rows_scale()},
        "layer": [
            {
                "name": "ground",
                "transform": [is_cell],
                "mark": {"type": "rect", "cornerRadius": 2, "color": plots.STEPS[0]},
                "encoding": {"x": x},
            },
            *(_pair_layer(pair, x, is_cell) for pair in PAIR_SHAPES),
            *([plots.names_layer(-AXIS_WIDTH)] if whole else []),
        ],
    }


def _pair_layer(pair: str, x: Spec, is_cell: Spec) -> Spec:
    hollow = pair == "declared"
    colour = {"both": INK, "declared": FLAG, "emphasised": BAR}[pair]
    return {
        "name": pair,
        "transform": [is_cell, {"filter": f"datum.pair == '{pair}'"}],
        "mark": {
            "type": "point",
            "shape": PAIR_SHAPES[pair],
            "size": 90,
            "strokeWidth": 2,
            "opacity": 1,
            "stroke": colour,
            "fill": PAPER if hollow else colour,
        },
        "encoding": {"x": x},
    }


def roles(rows: Sequence[tuple[str, Mapping[str, float], int]], width: int) -> Spec:
    """Stacked bars: how much of what is said of an objective takes each role.

    Args:
        rows: Of each objective its name, the share of every role and the number of passages, from top to bottom.
        width: Of the whole plot, in pixels.

    Returns:
        A Vega-Lite specification.
    """
    wide = width > 500
    right = 92 if wide else 34
    room = width - AXIS_WIDTH - right
    values: list[dict[str, Any]] = []
    for name, shares, passages in rows:
        count = f"{passages} passage{'' if passages == 1 else 's'}" if wide else str(passages)
        values.append({"objective": name, "label": count})
        at = 0.0
        for order, role in enumerate(ROLES):
            share = shares.get(role, 0.0)
            if share > 0:
                text = f"{share * 100:.0f}" if share * room > 24 else ""
                values.append({"objective": name, "from": at, "to": at + share, "order": order, "text": text})
            at += share
    spec = plots.chart(
        values, width=room, height={"step": 24}, padding={"left": AXIS_WIDTH, "right": right, "top": 2, "bottom": 4}
    )
    scale = {"type": "quantitative", "axis": None, "scale": {"domain": [0, 1], "range": [0, room]}}
    names = [name for name, _, _ in rows]
    part = [{"filter": "isValid(datum.order)"}]
    # Middles are of the data, not of the marks: a text has no width to be centred in.
    middle = [*part, {"calculate": "(datum.from + datum.to) / 2", "as": "middle"}]
    whole = [{"filter": "isValid(datum.label)"}]
    return {
        **spec,
        "encoding": {
            "y": {
                "field": "objective",
                "type": "nominal",
                "axis": None,
                "scale": {"type": "band", "domain": names, "paddingInner": 0.24},
            }
        },
        "resolve": {"scale": {"color": "independent"}},
        "layer": [
            {
                "name": "parts",
                "transform": part,
                "mark": {"type": "bar", "stroke": PAPER, "strokeWidth": 1.5},
                "encoding": {"x": {"field": "from", **scale}, "x2": {"field": "to"}, "color": _by_role(ROLE_COLOURS)},
            },
            {
                "name": "shares",
                "transform": middle,
                "mark": {"type": "text"},
                "encoding": {
                    "x": {"field": "middle", **scale},
                    "text": {"field": "text"},
                    "color": _by_role(ROLE_INKS),
                },
            },
            {**_row_text("names", "objective", INK, -AXIS_WIDTH), "transform": whole},
            {**_row_text("counts", "label", MUTED, room + 10), "transform": whole},
        ],
    }


def _by_role(colours: Sequence[str]) -> Spec:
    scale = {"domain": list(range(len(colours))), "range": list(colours)}
    return {"field": "order", "type": "ordinal", "scale": scale, "legend": None}


def groups(
    columns: Sequence[tuple[str, Sequence[Share]]],
    *,
    part: Literal["whole", "axis", "cells"] = "whole",
    different: frozenset[tuple[str, int]] = frozenset(),
    scaled_with: Sequence[tuple[str, Sequence[Share]]] = (),
) -> Spec:
    """Groups side by side, each with the shares of all objectives as dots with intervals on the same scale.

    Args:
        columns: Of each group its name and its 23 shares.
        part: As of ``plots.heat_map``.
        different: Groups and objectives that differ clearly from the rest; they are drawn as diamonds.
        scaled_with: Further groups that share the scale.

    Returns:
        A Vega-Lite specification.
    """
    top = plots.top_of(wide=True)
    if part == "axis":
        return plots.axis(top)
    whole = part == "whole"
    most = max([_most(shares, None) for _, shares in [*columns, *scaled_with]], default=1.0)
    column = _group_width(len(scaled_with or columns))
    inner = column - 26
    values: list[dict[str, Any]] = []
    for at, (name, shares) in enumerate(columns):
        left = at * column + 8
        for share in shares:
            clear = (name, share.objective.number) in different
            verdict = "little" if clear else "unclear" if share.estimate is None else ""
            place = {key: _placed(getattr(share, key), most, inner, left) for key in ("estimate", "low", "high")}
            values.append({"row": str(share.objective.number), "verdict": verdict, "zero": left, **place})
    spec = plots.chart(
        values + (plots.axis_rows() if whole else []),
        width=column * len(columns),
        height={"step": ROW},
        padding={"left": AXIS_WIDTH if whole else 0, "top": top, "bottom": 22},
    )
    raw = {"type": "quantitative", "scale": None, "axis": None}
    return {
        **spec,
        "encoding": {"y": plots.rows_scale()},
        "layer": [
            *_group_headings([name for name, _ in columns], most, column),
            *_interval_layers({"field": "low", **raw}, {"field": "high"}, {"field": "estimate", **raw}),
            *([plots.names_layer(-AXIS_WIDTH)] if whole else []),
        ],
    }


def _placed(value: float | None, most: float, inner: int, left: int) -> float | None:
    return None if value is None else round(left + value / most * inner, 1)


def _group_width(number: int) -> int:
    least, most = GROUP_WIDTHS
    return max(least, min(most, 540 // max(number, 1)))


def _group_headings(names: Sequence[str], most: float, column: int) -> list[Spec]:
    """Name above each group, and its scale: a line at zero and one at the largest share, named below."""
    found: list[Spec] = []
    for at, name in enumerate(names):
        left = at * column + 8
        right = left + column - 26
        label = plots.column_labels([name], wide=True)[0].split(":", 1)[1].split("\n")
        bottom = {"expr": "height"}
        text = {"type": "text", "fontSize": 12}
        found += [
            {
                "name": f"group_{at}",
                "data": {"values": [{}]},
                "mark": {**text, "align": "left", "baseline": "bottom", "color": INK, "text": label},
                "encoding": {"x": {"value": left}, "y": {"value": -8 - 14 * (len(label) - 1)}},
            },
            *(
                {
                    "data": {"values": [{}]},
                    "mark": {"type": "rule", "color": LINE},
                    "encoding": {"x": {"value": x}, "y": {"value": 0}, "y2": {"value": "height"}},
                }
                for x in (left, right)
            ),
            *(
                {
                    "data": {"values": [{}]},
                    "mark": {**text, "color": MUTED, "baseline": "top", "y": bottom, "dy": 4, "text": value},
                    "encoding": {"x": {"value": x}, "y": {"value": "height"}},
                }
                for x, value in ((left, "0"), (right - 6, short_percent(most)))
            ),
        ]
    return found


def differences(found: Sequence[Difference], width: int) -> Spec:
    """Differences with intervals around a line at zero, largest gain first; clear ones are diamonds.

    Args:
        found: One an objective.
        width: Of the whole plot, in pixels.

    Returns:
        A Vega-Lite specification.
    """
    wide = width > 500
    right = 190 if wide else 64
    room = width - AXIS_WIDTH - right
    order = sorted(found, key=lambda item: (-(item.difference or 0.0), item.objective.number))
    most = max([abs(v) for item in found for v in (item.low, item.high, item.difference) if v is not None] + [0.01])
    rows = [
        {
            "objective": f"{item.objective.number}  {item.objective.short}",
            "estimate": item.difference,
            "low": item.low,
            "high": item.high,
            "verdict": "little" if item.clear else "",
            "label": _difference_label(item, wide=wide),
        }
        for item in order
    ]
    x = {"type": "quantitative", "scale": {"domain": [-most * 1.02, most * 1.02], "range": [0, room]}, "axis": None}
    spec = plots.chart(
        rows, width=room, height={"step": 24}, padding={"left": AXIS_WIDTH, "right": right, "top": 6, "bottom": 4}
    )
    y = {"field": "objective", "type": "nominal", "axis": None, "sort": None, "scale": {"paddingInner": 0.2}}
    return {
        **spec,
        "encoding": {"y": y},
        "layer": [
            {
                "name": "zero",
                "mark": {"type": "rule", "color": MUTED},
                "encoding": {"x": {"datum": 0, **x}, "y": None},
            },
            *_interval_layers({"field": "low", **x}, {"field": "high"}, {"field": "estimate", **x}),
            _row_text("names", "objective", INK, -AXIS_WIDTH),
            _row_text("labels", "label", MUTED, room + 12),
        ],
    }


def _difference_label(item: Difference, *, wide: bool) -> str:
    if item.difference is None:
        return "cannot say"
    points = f"{item.difference * 100:+.1f}".replace("-", "−")
    return f"{points} points{', clear' if item.clear else ''}" if wide else points
