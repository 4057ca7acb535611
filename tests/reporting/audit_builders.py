"""Reports of audits made by hand, as `gcmtag audit` would write them; only what a test is about has to be said."""

from collections.abc import Mapping, Sequence
from typing import Any

from gcmtag.objectives import NUMBERS

META = {
    "format_version": 1,
    "created": "2024-09-02T09:02:11+00:00",
    "versions": {"gcmtag": "0.1.0"},
    "model": "standard-0.1-0a1b2c3d",
    "method": "Counts are adjusted.",
    "rules": {"reference": "equal", "reference_share": 0.05, "fraction": 0.5, "little_attention": "Below half."},
    "levels": {"interval": 0.9},
    "quality": [{"objective": n, "recall": 0.5 + n / 100, "precision": 0.8, "labelled": 40} for n in NUMBERS],
}


def shares(scope: str, estimates: Mapping[int, float | None], rest: float | None = 0.05) -> list[dict[str, Any]]:
    """The 23 rows of attention of a scope; objectives that are not named get ``rest``."""
    found = []
    for number in NUMBERS:
        value = estimates.get(number, rest)
        low, high = (None, None) if value is None else (value * 0.8, value * 1.2)
        row = {"scope": scope, "objective": number, "naive": 0.04, "estimate": value, "low": low, "high": high}
        found.append({**row, "passages": 2, "words_estimate": value})
    return found


def little(objective: int, reason: str = "Too few.", verdict: str = "little", scope: str = "all") -> dict[str, Any]:
    return {"scope": scope, "objective": objective, "verdict": verdict, "reason": reason}


def gap(document: str, objectives: Sequence[int], quote: str, locator: str = "para. 3") -> dict[str, Any]:
    return {
        "document_id": document,
        "passage_id": f"{document}-1",
        "locator": locator,
        "objectives": list(objectives),
        "quote": quote,
    }


def priorities(document: str, **more: Sequence[int]) -> dict[str, Any]:
    empty = {"declared": [], "emphasised": [], "declared_but_little": [], "emphasised_but_undeclared": []}
    return {"document_id": document, **empty, **more}


def audit_report(**more: Any) -> dict[str, Any]:
    role = {"scope": "all", "objective": 5, "role": "action", "share": 1.0, "passages": 2}
    return {
        "documents": [],
        "attention": shares("all", {6: 0.2, 9: 0.01}),
        "cluster_attention": [],
        "little_attention": [],
        "attention_statements": [],
        "gaps": [],
        "priorities": [],
        "roles": [role],
        "comparison": [],
        "change": [],
        "meta": META,
        **more,
    }
