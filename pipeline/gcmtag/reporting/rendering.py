"""What the pages share: the environment of their templates, and how figures become text and plots markup."""

from collections.abc import Callable
from typing import Final, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gcmtag.reporting import plots
from gcmtag.reporting.plots import Spec

Part = Literal["axis", "cells"]
PLOT_WIDTHS: Final = {"wide": 720, "narrow": 340}


def environment() -> Environment:
    """Templates of this room; whatever is not marked as safe is escaped, and an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("gcmtag.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["percent"] = percent
    made.filters["number"] = lambda value: f"{value:,}".replace(",", "\u202f")
    return made


def percent(share: float) -> str:
    """Share as shown on a page.

    >>> percent(0.0), percent(0.004), percent(0.126)
    ('0 %', '<1 %', '13 %')
    """
    return "<1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"


def markup(spec: Spec, title: str, description: str, *, hidden: bool = False) -> Markup:
    """A plot for the body of a page, see ``plots.inline_svg``."""
    # The renderer escapes the titles of documents that it sets, and inline_svg those that it adds.
    return Markup(plots.inline_svg(spec, title, description, hidden=hidden))  # noqa: S704


def two_widths(make: Callable[[int], Spec], title: str, description: str) -> dict[str, Markup]:
    """A plot for wide and for narrow screens; ``make`` takes the width in pixels."""
    return {name: markup(make(width), title, description) for name, width in PLOT_WIDTHS.items()}


def panels(
    columns: int,
    make: Callable[[Part, slice], Spec],
    title: Callable[[slice], str],
    description: str,
    size: int = plots.PANEL,
) -> list[tuple[Markup, Markup]]:
    """A plot with a column a document, in pieces that fit on a sheet.

    Args:
        columns: Number of documents.
        make: Takes the part, ``axis`` or ``cells``, and the stretch of columns.
        title: Takes the stretch of columns.
        description: How to read the plot.
        size: Most columns of a piece.

    Returns:
        Of each piece the axis and the cells; none where there is no document.
    """
    found = []
    axis = markup(make("axis", slice(0, 0)), "", "", hidden=True) if columns else Markup("")
    for shown in sheets(columns, size):
        found.append((axis, markup(make("cells", shown), title(shown), description)))
    return found


def sheets(columns: int, size: int = plots.PANEL) -> list[slice]:
    """Stretches of columns that fit on a sheet.

    >>> sheets(20)
    [slice(0, 16, None), slice(16, 20, None)]
    """
    return [slice(start, min(start + size, columns)) for start in range(0, columns, size)]
