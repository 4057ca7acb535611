"""Gives memory that is no longer used back to the system, where the C library would keep it.

Matrices of many sizes, made and dropped in a thread other than the main one, leave the heaps of glibc in pieces: they
grow for minutes to half as much again as is in use. Fewer or smaller heaps would help, too, but cost time at every
matrix; tidying up now and then costs none that shows.
"""

import ctypes
import time
from functools import cache
from typing import Any, Final

EVERY: Final = 5.0  # seconds

_last = 0.0


def give_back_memory() -> None:
    """Tidies up, if the last time was a while ago; does nothing where the C library is not glibc."""
    global _last  # noqa: PLW0603 (the heap is the process's, too)
    now = time.monotonic()
    trim = _trim()
    if trim is not None and now - _last >= EVERY:
        _last = now
        trim(0)


@cache
def _trim() -> Any:  # noqa: ANN401
    try:
        return ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return None
