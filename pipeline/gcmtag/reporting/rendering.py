"""What the pages share: the environment of their templates, and how figures become text and plots markup."""

from collections.abc import Callable
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gcmtag.reporting import plots

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


def markup(spec: dict[str, Any], title: str, description: str, *, hidden: bool = False) -> Markup:
    """A plot for the body of a page, see ``plots.inline_svg``."""
    # The renderer escapes the titles of documents that it sets, and inline_svg those that it adds.
    return Markup(plots.inline_svg(spec, title, description, hidden=hidden))  # noqa: S704


def two_widths(make: Callable[[int], dict[str, Any]], title: str, description: str) -> dict[str, Markup]:
    """A plot for wide and for narrow screens; ``make`` takes the width in pixels."""
    return {name: markup(make(width), title, description) for name, width in PLOT_WIDTHS.items()}
