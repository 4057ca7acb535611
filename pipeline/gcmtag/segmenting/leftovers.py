"""Warns where little of a document became passages."""

from collections.abc import Iterator, Sequence
from typing import Final

from gcmtag.document import Block, Passage
from gcmtag.segmenting.pieces import Drops

_LEAST: Final = 0.5
# A questionnaire's own words are many, and an answer may be short.
_LEAST_OF_FORM: Final = 0.2
_MOST_REASONS: Final = 3


def much_dropped(blocks: Sequence[Block], passages: Sequence[Passage], drops: Drops, *, is_form: bool) -> Iterator[str]:
    """A warning where less than half of a document's letters, or a fifth of a questionnaire's, stand in passages."""
    whole = sum(len(block.text) for block in blocks)
    kept = sum(len(passage.text) for passage in passages)
    if whole and kept < (_LEAST_OF_FORM if is_form else _LEAST) * whole:
        reasons = ", ".join(f"{reason} {count}" for reason, count in list(drops.as_dict().items())[:_MOST_REASONS])
        why = reasons or "headings"
        yield f"much was left out: only {kept / whole:.0%} of the text became passages (most often: {why})"
