"""The language of a document and of its longer passages."""

from collections.abc import Sequence
from typing import Final

DEFAULT: Final = "en"
_SHORTEST: Final = 60
# Natural logarithm of how many times likelier another language must be before it is believed.
_SURE: Final = 12.0
# Words that no text of a language does without, and that the other languages seldom write.
_COMMON: Final = {
    "en": frozenset(
        [
            "the",
            "of",
            "and",
            "to",
            "in",
            "for",
            "that",
            "with",
            "is",
            "was",
            "are",
            "were",
            "by",
            "from",
            "which",
            "their",
            "has",
            "have",
            "been",
            "this",
            "on",
        ]
    ),
    "fr": frozenset(
        [
            "le",
            "la",
            "les",
            "des",
            "du",
            "et",
            "dans",
            "pour",
            "qui",
            "que",
            "est",
            "sont",
            "par",
            "au",
            "aux",
            "une",
            "sur",
            "avec",
            "leur",
            "ces",
            "été",
            "ont",
        ]
    ),
    "es": frozenset(
        [
            "el",
            "los",
            "las",
            "del",
            "en",
            "y",
            "para",
            "que",
            "es",
            "son",
            "por",
            "una",
            "con",
            "su",
            "sus",
            "ha",
            "han",
            "se",
            "al",
            "más",
            "como",
        ]
    ),
}
_MOSTLY: Final = 0.25


def language_of(text: str, default: str = DEFAULT) -> str:
    """ISO 639-1 code of a text's language; ``default`` where the text is short or the evidence against it thin.

    >>> language_of("Le Gouvernement a adopté une loi sur les travailleurs migrants et leurs familles.")
    'fr'
    """
    if len(text) < _SHORTEST or _is_plainly(text, default):
        return default
    import py3langid  # noqa: PLC0415 - its model takes a moment to load

    scores = {str(language): float(score) for language, score in py3langid.rank(text) if len(language) == 2}
    best = max(scores, key=lambda language: scores[language])
    return best if best != default and scores[best] - scores.get(default, float("-inf")) >= _SURE else default


def _is_plainly(text: str, language: str) -> bool:
    """Whether so many of a text's words are common ones of a language that the slower question need not be asked."""
    common, words = _COMMON.get(language, frozenset()), text.casefold().split()
    return sum(word in common for word in words) >= _MOSTLY * len(words)


def document_language(texts: Sequence[str]) -> str:
    """The language that most of a document's text is in."""
    return language_of(" ".join(texts)[:20_000])
