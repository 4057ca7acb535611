"""Documents in many layouts, made by several programs from our own texts, whose passages are known beforehand.

`cases` lists them, `make` makes one in a folder, and `scoring` says how well a reader reads it. No document is kept in
the repository: each is made anew, the same every time.
"""

from layouts.making import Case, MissingProgram, cases, make
from layouts.manuscript import Manuscript

__all__ = ["Case", "Manuscript", "MissingProgram", "cases", "make"]
