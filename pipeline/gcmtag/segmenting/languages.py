"""The language of a document and of its longer passages."""

from collections.abc import Sequence
from typing import Final

DEFAULT: Final = "en"
_SHORTEST: Final = 60
# Natural logarithm of how many times likelier another language must be before it is believed.
_SURE: Final = 12.0


def language_of(text: str, default: str = DEFAULT) -> str:
    """ISO 639-1 code of a text's language; ``default`` where the text is short or the evidence against it thin.

    >>> language_of("Le Gouvernement a adopté une loi sur les travailleurs migrants et leurs familles.")
    'fr'
    """
    if len(text) < _SHORTEST:
        return default
    import py3langid  # noqa: PLC0415 - its model takes a moment to load

    scores = {str(language): float(score) for language, score in py3langid.rank(text) if len(language) == 2}
    best = max(scores, key=lambda language: scores[language])
    return best if best != default and scores[best] - scores.get(default, float("-inf")) >= _SURE else default


def document_language(texts: Sequence[str]) -> str:
    """The language that most of a document's text is in."""
    return language_of(" ".join(texts)[:20_000])
