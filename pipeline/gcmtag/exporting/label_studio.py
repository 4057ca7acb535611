"""Label Studio: a task a passage with the tags as a prediction, and the labelling interface that they belong to."""

import json
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree

import pyarrow as pa

from gcmtag.exporting.options import PLAIN, Options
from gcmtag.exporting.rows import named, shortest, titles_of
from gcmtag.objectives import NUMBERS, ROLES

TEXT: Final = "text"
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "objectives": tuple(named(number) for number in NUMBERS),
    "role": ROLES,
}
LABELS: Final = "evidence"


def to_label_studio(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """A JSON list of tasks, to be imported into a project with the interface that ``labelling_interface`` gives.

    Each task's ``data`` has the text, what stands above it, and where it comes from; its prediction names the
    objectives, the role, and the evidence spans (offsets in characters, as Label Studio counts them). The score of a
    prediction is the highest of its objectives' probabilities, so that tasks can be sorted by it.
    """
    titles = titles_of(documents)
    tasks = [_task(row, titles.get(row["document_id"], "")) for row in tags.to_pylist()]
    return json.dumps(tasks, ensure_ascii=False, indent=1).encode("utf-8")


def to_label_studio_interface(
    tags: pa.Table,
    documents: pa.Table,
    options: Options = PLAIN,
) -> bytes:
    """The labelling interface as a file of its own; it is the same for all tables."""
    return labelling_interface().encode("utf-8")


def labelling_interface() -> str:
    """The XML to paste under Settings, Labeling Interface: choices of objectives and role, and labels for evidence."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value="$where")
    ElementTree.SubElement(view, "Header", value="$context", size="5")
    labels = ElementTree.SubElement(view, "Labels", name=LABELS, toName=TEXT)
    for name in CHOICES["objectives"]:
        ElementTree.SubElement(labels, "Label", value=name)
    ElementTree.SubElement(view, "Text", name=TEXT, value="$text")
    for control, values in CHOICES.items():
        how = "single" if control == "role" else "multiple"
        choices = ElementTree.SubElement(view, "Choices", name=control, toName=TEXT, choice=how, showInline="true")
        for value in values:
            ElementTree.SubElement(choices, "Choice", value=value)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _task(row: Mapping[str, Any], title: str) -> dict[str, Any]:
    data = {
        "text": row["text"],
        "context": row["context"],
        "where": ", ".join(piece for piece in (title, row["locator"]) if piece),
        "document_id": row["document_id"],
        "passage_id": row["passage_id"],
        "scores": [shortest(score) for score in row["scores"]],
    }
    result = [
        _chosen("objectives", [named(number) for number in row["objectives"]]),
        {**_chosen("role", [row["role"]]), "score": shortest(row["role_score"])},
        *(_span(row["text"], item, position) for position, item in enumerate(row["evidence"], start=1)),
    ]
    best = max((row["scores"][number - 1] for number in row["objectives"]), default=0.0)
    return {
        "data": data,
        "predictions": [
            {
                "model_version": row["model"],
                "score": shortest(best),
                "result": [item for item in result if item["value"].get("choices") != []],
            }
        ],
    }


def _chosen(control: str, values: list[str]) -> dict[str, Any]:
    return {
        "id": control,
        "from_name": control,
        "to_name": TEXT,
        "type": "choices",
        "value": {"choices": values},
    }


def _span(text: str, item: Mapping[str, Any], position: int) -> dict[str, Any]:
    return {
        "id": f"{LABELS}-{position}",
        "from_name": LABELS,
        "to_name": TEXT,
        "type": "labels",
        "score": shortest(item["score"]),
        "value": {
            "start": item["start"],
            "end": item["end"],
            "text": text[item["start"] : item["end"]],
            "labels": [named(item["objective"])],
        },
    }
