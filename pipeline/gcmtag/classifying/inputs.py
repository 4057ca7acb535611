"""What a classifier sees of each passage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gcmtag.document import Passage

CONTEXT_CHARACTERS: Final = 200  # the end of a context is the nearest heading; what lies further up says little


@dataclass(frozen=True, slots=True)
class Inputs:
    """Aligned lists: the texts, the context above each, and the objectives that the document declares for it."""

    texts: Sequence[str]
    contexts: Sequence[str]
    declared: Sequence[tuple[int, ...]]

    def __post_init__(self) -> None:
        if not len(self.texts) == len(self.contexts) == len(self.declared):
            raise ValueError(
                f"{len(self.texts)} texts, {len(self.contexts)} contexts and {len(self.declared)} lists of declared "
                "objectives do not align"
            )

    @classmethod
    def of_passages(cls, passages: Sequence[Passage]) -> "Inputs":
        """Inputs for passages that reading and segmenting made."""
        return cls([p.text for p in passages], [p.context for p in passages], [p.declared for p in passages])

    @classmethod
    def of_texts(cls, texts: Sequence[str], contexts: Sequence[str] | None = None) -> "Inputs":
        """Inputs for bare texts, with the heading or question above each where it is known."""
        return cls(texts, contexts if contexts is not None else [""] * len(texts), [()] * len(texts))

    def nearest_contexts(self) -> list[str]:
        """The last ``CONTEXT_CHARACTERS`` characters of each context."""
        return [context[-CONTEXT_CHARACTERS:] for context in self.contexts]

    def __len__(self) -> int:
        return len(self.texts)
