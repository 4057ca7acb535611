"""Small tables made by hand, as a run would write them, and what has to come back from every format."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from gcmtag.document import Document, Evidence, Passage, Tags
from gcmtag.objectives import clusters_of
from gcmtag.tables import TaggedDocument, documents_table, tags_table

MODEL = "small-0.1-abc"
FEES = "Marovia cut the fee on remittances. The ministry opened accounts; it trained \u201cguards\u201d \U0001f600 too."


def made(
    objectives: tuple[int, ...] = (), evidence: tuple[Evidence, ...] = (), role: str = "action", seed: int = 7
) -> Tags:
    draw = np.random.default_rng(seed)
    return Tags(
        objectives=objectives,
        scores=tuple(map(float, draw.random(23, dtype=np.float32))),
        clusters=clusters_of(objectives),
        cluster_scores=tuple(map(float, draw.random(4, dtype=np.float32))),
        role=role,
        role_score=float(draw.random(dtype=np.float32)),
        evidence=evidence,
    )


def tagged(*texts: str, name: str = "marovia", extra: Mapping[str, object] | None = None) -> TaggedDocument:
    """A document of untagged passages."""
    passages = tuple(Passage(name, i, text, extra=extra or {}) for i, text in enumerate(texts, start=1))
    document = Document(name, f"in/{name}.pdf", f"Review of {name}", "pdf", "en", 3, passages)
    return TaggedDocument(document, tuple(made(seed=i) for i in range(len(texts))), MODEL)


def both(*documents: TaggedDocument) -> tuple[pa.Table, pa.Table]:
    return tags_table(documents), documents_table(documents)


def marovia() -> tuple[pa.Table, pa.Table]:
    """Two documents: several objectives, none, evidence after a character outside the basic plane, a carried column."""
    start = FEES.index("\u201cguards")
    first = Document(
        "marovia",
        "in/marovia.pdf",
        'Review of "Marovia"',
        "pdf",
        "en",
        3,
        (
            Passage("marovia", 1, FEES, "para. 1", 2, "Money / Fees", "3", "a", declared=(20,), extra={"year": 2020}),
            Passage("marovia", 2, "The weather was mild.\nIt rained \\ twice.", "para. 2", extra={"year": 2021}),
        ),
        declared_priorities=(11, 20),
        warnings=("a warning",),
    )
    found = made(
        (11, 20),
        (Evidence(11, start, len(FEES), 0.625), Evidence(20, 0, 35, 0.987654), Evidence(20, 36, start, 0.5)),
        seed=1,
    )
    crossing = Passage("t/e s", 1, "R\u00e9glages de fronti\u00e8re.", language="fr")
    second = Document("t/e s", "in/tess\u00e4ly <1>.txt", "", "txt", "fr", None, (crossing,))
    border = made((11,), (Evidence(11, 0, 8, 0.75),), role="gap", seed=3)
    return both(
        TaggedDocument(first, (found, made(role="context", seed=2)), MODEL), TaggedDocument(second, (border,), MODEL)
    )


def essence(table: pa.Table) -> dict[str, dict[str, Any]]:
    """By passage what every full round trip has to give back; scores are float32."""
    return {
        row["passage_id"]: {
            "text": row["text"],
            "objectives": row["objectives"],
            "scores": float32s(row["scores"]),
            "clusters": row["clusters"],
            "cluster_scores": float32s(row["cluster_scores"]),
            "role": row["role"],
            "role_score": float32s([row["role_score"]]),
            "evidence": sorted(
                (item["objective"], item["start"], item["end"], *float32s([item["score"]])) for item in row["evidence"]
            ),
        }
        for row in table.to_pylist()
    }


def float32s(values: Any) -> list[float]:
    return [float(np.float32(value)) for value in values]


def numbers(cell: str | None) -> list[int]:
    """A list as CSV and Excel have it."""
    return [int(piece) for piece in (cell or "").split(" | ") if piece]
