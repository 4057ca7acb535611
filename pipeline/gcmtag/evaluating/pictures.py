"""Pictures of an evaluation, as PNG and SVG files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

INK: Final = "#1b2430"
BAR: Final = "#2a72b1"
SIDE: Final = 320  # pixels


def draw_reliability(bins: Sequence[tuple[float, float, int]], folder: Path) -> None:
    """Writes ``reliability.png`` and ``reliability.svg``: how often a score came true, against the score.

    Args:
        bins: mean score, share of pairs where the objective applies, number of pairs.
        folder: where to.
    """
    import vl_convert  # noqa: PLC0415

    spec = _reliability(bins)
    (folder / "reliability.svg").write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
    (folder / "reliability.png").write_bytes(vl_convert.vegalite_to_png(spec, scale=2))


def _reliability(bins: Sequence[tuple[float, float, int]]) -> dict[str, Any]:
    pairs = sum(count for _, _, count in bins)
    rows = [{"score": score, "share": share, "pairs": count} for score, share, count in bins]
    scale = {"domain": [0, 1], "nice": False}
    x = {"field": "score", "type": "quantitative", "title": "score", "scale": scale}
    y = {"field": "share", "type": "quantitative", "title": "share in which the objective applies", "scale": scale}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {
            "text": "How often a score comes true",
            "subtitle": f"{pairs:,} pairs of passage and objective; the number is that of pairs in the bin",
            "anchor": "start",
            "color": INK,
        },
        "width": SIDE,
        "height": SIDE,
        "config": {"font": "sans-serif", "view": {"stroke": None}},
        "layer": [
            {
                "data": {"values": [{"score": 0, "share": 0}, {"score": 1, "share": 1}]},
                "mark": {"type": "line", "color": INK, "strokeDash": [4, 4], "strokeWidth": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": rows},
                "layer": [
                    {"mark": {"type": "line", "color": BAR, "point": {"filled": True, "size": 60}}},
                    {
                        "mark": {"type": "text", "dx": 10, "dy": 12, "align": "left", "color": INK, "fontSize": 10},
                        "encoding": {"text": {"field": "pairs", "type": "quantitative", "format": ","}},
                    },
                ],
                "encoding": {"x": x, "y": y},
            },
        ],
    }
