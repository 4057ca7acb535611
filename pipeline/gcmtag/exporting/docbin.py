"""spaCy: the passages as a DocBin, to train on or to look at."""

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from gcmtag.exporting.options import PLAIN, Options
from gcmtag.exporting.rows import named, shortest
from gcmtag.objectives import NUMBERS

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Span

SPANS = "gcmtag"
USER_DATA = "gcmtag"


def to_docbin(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """A Doc a passage: 23 scores in ``doc.cats``, evidence in ``doc.spans["gcmtag"]``, the whole row in
    ``doc.user_data["gcmtag"]``.

    Labels are an objective's number and short title ("20 Remittances"). A span covers whole tokens; the row keeps the
    exact offsets. Docs are tokenised by the blank pipeline of their language.
    """  # noqa: D205
    from spacy.tokens import DocBin  # noqa: PLC0415

    docs = DocBin(store_user_data=True)
    for row in tags.to_pylist():
        doc = _pipeline(row["language"]).make_doc(row["text"])
        doc.cats = {named(number): row["scores"][number - 1] for number in NUMBERS}
        spans = [
            doc.char_span(item["start"], item["end"], label=named(item["objective"]), alignment_mode="expand")
            for item in row["evidence"]
        ]
        doc.spans[SPANS] = cast("list[Span]", spans)  # expanded, offsets inside the text always give a span
        doc.user_data[USER_DATA] = {name: _plain(value) for name, value in row.items() if name != "text"}
        docs.add(doc)
    return docs.to_bytes()


@cache
def _pipeline(language: str) -> "Language":
    import spacy  # noqa: PLC0415

    try:
        return spacy.blank(language)
    except (ImportError, ValueError):  # no such language, or its tokeniser is not installed
        return spacy.blank("xx")


def _plain(value: Any) -> Any:  # noqa: ANN401
    """The value in types that a DocBin can hold; dates of carried columns become text."""
    if isinstance(value, float):
        return shortest(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int) else str(value)
