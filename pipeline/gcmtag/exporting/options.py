"""What can be asked of an export besides its format, and what it is told about the run."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gcmtag.errors import ExportWarning


def warn(message: str) -> None:
    """Says that an export had to change something that a reader would otherwise take for the original."""
    warnings.warn(message, ExportWarning, stacklevel=2)


@dataclass(frozen=True, slots=True)
class Options:
    """How to write an export.

    Args:
        hxl: put a row of HXL hashtags below the column names (CSV and XLSX).
        about: the run's run.json, as far as it is known; citations take their date from it.
        say: told, a line each, what the export had to change; by default an ``ExportWarning``. Warnings are caught for
            a whole process, so what writes exports in several threads gives its own.
    """

    hxl: bool = False
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    say: Callable[[str], None] = warn


PLAIN: Final = Options()
