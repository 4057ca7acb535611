"""What can be asked of an export besides its format, and what it is told about the run."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gcmtag.errors import ExportWarning


@dataclass(frozen=True, slots=True)
class Options:
    """How to write an export.

    Args:
        hxl: put a row of HXL hashtags below the column names (CSV and XLSX).
        about: the run's run.json, as far as it is known; citations take their date from it.
    """

    hxl: bool = False
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])


PLAIN: Final = Options()


def warn(message: str) -> None:
    """Says that an export had to change something that a reader would otherwise take for the original."""
    warnings.warn(message, ExportWarning, stacklevel=2)
