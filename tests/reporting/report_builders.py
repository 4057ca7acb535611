"""Small frames made by hand, as the tagger would write them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from gcmtag.objectives import NUMBERS, clusters_of


def tag(
    document: str,
    text: str,
    objectives: Sequence[int] = (),
    *,
    score: float = 0.9,
    evidence: Sequence[tuple[int, int, int]] = (),
    **more: Any,
) -> dict[str, Any]:
    """A row of the tags table; ``evidence`` holds (objective, start, end)."""
    return {
        "document_id": document,
        "locator": "para. 1",
        "kind": "paragraph",
        "text": text,
        "context": "",
        "objectives": list(objectives),
        "scores": [score if number in objectives else 0.01 for number in NUMBERS],
        "clusters": list(clusters_of(list(objectives))),
        "role": "action",
        "evidence": [{"objective": o, "start": start, "end": end, "score": 0.9} for o, start, end in evidence],
        **more,
    }


def tags_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(tag("", "")))


def document(name: str, **more: Any) -> dict[str, Any]:
    return {
        "document_id": name,
        "path": f"in/{name}.pdf",
        "title": f"Review of {name}",
        "format": "pdf",
        "language": "en",
        "pages": 3,
        "dropped": '{"page header": 2}',
        "declared_priorities": [],
        "warnings": [],
        **more,
    }


def documents_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(document("")))
