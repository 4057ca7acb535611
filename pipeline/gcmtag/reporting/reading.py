"""What reading a document gave: pages, passages, what was left out and why, warnings."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from gcmtag.document import Document, GuidingPrinciple, Passage

_LABEL_WIDTH: Final = 12
_LOCATOR_WIDTH: Final = 26
_ANSWERS: Final[Mapping[bool | None, str]] = {True: "yes", False: "no", None: "not answered"}


def reading_report(document: Document) -> dict[str, Any]:
    """A document as plain data, ready for JSON: its fields, with a record a passage."""
    values = asdict(document)
    values["dropped"] = dict(document.dropped)
    # Keys of JSON objects are text.
    values["unread_pages"] = {str(page): why for page, why in document.unread_pages.items()}
    values["recognised_pages"] = {str(page): sure for page, sure in document.recognised_pages.items()}
    values["passages"] = [{"passage_id": passage.passage_id, **asdict(passage)} for passage in document.passages]
    return values


def reading_json(document: Document) -> str:
    """`reading_report` as JSON."""
    return json.dumps(reading_report(document), indent=1, ensure_ascii=False, default=str) + "\n"


def reading_table(document: Document, width: int = 120) -> str:
    """The same for the terminal: a line a fact, then a line a passage with its locator and first words."""
    lines = [f"{document.path}: {document.title}", *_facts(document), ""]
    lines += [_shown(passage, width) for passage in document.passages]
    return "\n".join(lines) + "\n"


def _facts(document: Document) -> list[str]:
    kinds = Counter[str](passage.kind for passage in document.passages)
    languages = Counter[str](passage.language for passage in document.passages)
    facts = [
        ("format", document.format),
        ("pages", "not known" if document.pages is None else str(document.pages)),
        ("passages", f"{len(document.passages)} ({_counted(kinds)})"),
        ("language", f"{document.language} (passages: {_counted(languages)})"),
        ("dropped", _counted(document.dropped) or "nothing"),
    ]
    if document.recognised_pages:
        sure = sorted(document.recognised_pages.values())
        facts.append(("OCR", f"{len(sure)} pages, confidence {sure[0]:.0%} to {sure[-1]:.0%}"))
    if document.declared_priorities:
        facts.append(("priorities", ", ".join(map(str, document.declared_priorities))))
    facts += [("principle", _principle(item)) for item in document.guiding_principles]
    facts += [("unread", f"page {page}: {why}") for page, why in document.unread_pages.items()]
    facts += [("warning", warning) for warning in document.warnings] or [("warnings", "none")]
    return [f"  {label:<{_LABEL_WIDTH}}{text}" for label, text in facts]


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered)


def _principle(item: GuidingPrinciple) -> str:
    explanation = f" ({item.explanation})" if item.explanation else ""
    return f"{item.principle}: {_ANSWERS[item.integrated]}{explanation}"


def _shown(passage: Passage, width: int) -> str:
    line = f"{passage.ordinal:>5}  {passage.locator[:_LOCATOR_WIDTH]:<{_LOCATOR_WIDTH}}  {passage.text}"
    return line if len(line) <= width else f"{line[: width - 1]}…"
