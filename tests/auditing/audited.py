"""Folders as `gcmtag tag` writes them, with scores that the shipped model gave to passages it had not seen."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gcmtag.classifying.storage import Unseen, load_unseen, model_id, read_manifest

MODEL = Path(__file__).parents[2] / "models" / "standard"
THRESHOLD = json.loads((MODEL / "settings.json").read_text(encoding="utf-8"))["threshold"]


def unseen() -> Unseen:
    return load_unseen(MODEL)


def rows_without(*objectives: int) -> list[int]:
    """Rows of the unseen passages that are about none of some objectives."""
    labels = unseen().labels[:, [number - 1 for number in objectives]]
    return [int(row) for row in np.flatnonzero(~labels.any(axis=1))]


def passages(document: str, rows: Sequence[int], **more: Any) -> list[dict[str, Any]]:
    """Tags of a document whose passages have the scores of the given unseen passages."""
    scores = unseen().scores
    return [
        {
            "document_id": document,
            "passage_id": f"{document}-{at}",
            "ordinal": at,
            "locator": f"para. {at}",
            "page": None,
            "section": "",
            "question": None,
            "part": None,
            "kind": "paragraph",
            "language": "en",
            "declared": [],
            "cluster_scores": [],
            "text": f"Passage {at} of Marovia speaks of migration.",
            "objectives": [int(n) + 1 for n in np.flatnonzero(scores[row] >= THRESHOLD)],
            "scores": [float(score) for score in scores[row]],
            "clusters": [],
            "role": "gap" if at % 7 == 0 else "action",
            "role_score": 0.9,
            "evidence": [],
            "model": model_id(read_manifest(MODEL)),
            **more,
        }
        for at, row in enumerate(rows, start=1)
    ]


def write(folder: Path, tags: Sequence[dict[str, Any]], **documents: Any) -> Path:
    """Writes the two tables; ``documents`` maps a document to more values of its row."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys([*documents, *(row["document_id"] for row in tags)]))
    columns = ["document_id", "passage_id", "locator", "text", "objectives", "scores", "role", "evidence", "model"]
    frame = pd.DataFrame(list(tags)) if tags else pd.DataFrame(columns=columns)
    frame.to_json(folder / "tags.jsonl", orient="records", lines=True)
    empty = {
        "format": "txt",
        "language": "en",
        "pages": None,
        "dropped": "{}",
        "warnings": [],
        "declared_priorities": [],
    }
    about = [
        {**empty, "document_id": name, "path": f"{name}.txt", "title": f"Review of {name}", **documents.get(name, {})}
        for name in names
    ]
    pd.DataFrame(about).to_json(folder / "documents.jsonl", orient="records", lines=True)
    return folder
