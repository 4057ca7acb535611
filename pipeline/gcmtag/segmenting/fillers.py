"""Texts that stand where an answer could stand and say nothing."""

import re
from typing import Final

EMPTY: Final = "empty answer"
END: Final = "end mark"
LINK: Final = "link"

_EMPTY: Final = re.compile(
    r"^\W*(?:n\s?[/.]\s?a\.?|nil|none|no (?:response|answer|comments?|information(?: available)?)|not applicable|"
    r"see (?:above|below|annex|attach\w*)|"
    r"same as above|as above|idem|ditto|sans objet|néant|ninguna?|no aplica|tbc|tbd)?"
    r"\W*$",
    re.I,
)
_ENDING: Final = re.compile(
    r"^[\W_]*(?:the\s+)?(?:end|fin|ende)(?:\s+of\s+(?:the\s+)?(?:document|questionnaire|survey|report|text))?[\W_]*$",
    re.I,
)
_LINK: Final = re.compile(
    r"^\W*(?:(?:link|see|source|website|available (?:at|from))\W*)?(?:https?://|www\.)\S+\W*$", re.I
)


def filler_reason(text: str) -> str:
    """Why a text says nothing of its own: no answer, an end mark, a bare link; empty where it does.

    >>> filler_reason("N/A"), filler_reason("END"), filler_reason("None of the banks")
    ('empty answer', 'end mark', '')
    """
    if _EMPTY.match(text):
        return EMPTY
    if _ENDING.match(text):
        return END
    if _LINK.match(text):
        return LINK
    return "" if re.search(r"[^\W\d_]{2}", text) else EMPTY
