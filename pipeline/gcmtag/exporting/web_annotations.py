"""W3C Web Annotations: the tags as JSON-LD, for annotation tools and triple stores.

Source of the model: Web Annotation Data Model, W3C Recommendation of 23 February 2017.
"""

import json
from typing import Any, Final

import pyarrow as pa

from gcmtag.exporting.annotations import Annotation, annotations, urn
from gcmtag.exporting.options import PLAIN, Options

ANNOTATION_CONTEXT: Final = "http://www.w3.org/ns/anno.jsonld"
VOCABULARY: Final = "urn:gcmtag:vocabulary:"
DOUBLE: Final = "http://www.w3.org/2001/XMLSchema#double"
OWN_TERMS: Final = {
    "scores": {"@id": f"{VOCABULARY}scores", "@type": DOUBLE, "@container": "@list"},
    "clusterScores": {"@id": f"{VOCABULARY}clusterScores", "@type": DOUBLE, "@container": "@list"},
    "score": {"@id": f"{VOCABULARY}score", "@type": DOUBLE},
    "role": {"@id": f"{VOCABULARY}role"},
    "roleScore": {"@id": f"{VOCABULARY}roleScore", "@type": DOUBLE},
    "locator": {"@id": f"{VOCABULARY}locator"},
}


def to_web_annotations(
    tags: pa.Table,
    documents: pa.Table,
    options: Options = PLAIN,
) -> bytes:
    """An annotation page in JSON-LD: for each passage an annotation, and one for each of its evidence spans.

    The body of an annotation names objectives and clusters as ``urn:gcmtag:objective:N`` and ``urn:gcmtag:cluster:N``
    (the concepts of ``gcmtag objectives --format ttl``); its target names the document and finds the words by a
    TextQuoteSelector and a TextPositionSelector. Positions count the characters of the document's passages in reading
    order with an empty line between them.
    """
    paths = {row["document_id"]: row["path"] for row in documents.select(["document_id", "path"]).to_pylist()}
    items = [_item(item, paths.get(item.document, "")) for item in annotations(tags)]
    page = {
        "@context": [ANNOTATION_CONTEXT, OWN_TERMS],
        "id": urn("annotations"),
        "type": "AnnotationPage",
        "items": items,
    }
    return json.dumps(page, ensure_ascii=False, indent=1).encode("utf-8")


def _item(annotation: Annotation, path: str) -> dict[str, Any]:
    concepts = [urn("objective", number) for number in annotation.objectives]
    concepts += [urn("cluster", number) for number in annotation.clusters]
    item: dict[str, Any] = {
        "id": annotation.iri,
        "type": "Annotation",
        "motivation": "classifying" if annotation.is_passage else "highlighting",
        "creator": {"id": urn("model", annotation.model), "type": "Software", "name": annotation.model},
        "body": [{"type": "SpecificResource", "source": concept, "purpose": "classifying"} for concept in concepts],
        "target": _target(annotation, path),
    }
    if annotation.is_passage:
        item |= {
            "scores": annotation.scores,
            "clusterScores": annotation.cluster_scores,
            "role": annotation.role,
            "roleScore": annotation.role_score,
            "locator": annotation.locator,
        }
    else:
        item["score"] = annotation.scores[0]
    return item


def _target(annotation: Annotation, path: str) -> dict[str, Any]:
    quoted = annotation.quote
    return {
        "type": "SpecificResource",
        "source": {"id": urn("document", annotation.document), "type": "Text", "name": path},
        "selector": [
            {"type": "TextQuoteSelector", "exact": quoted.exact, "prefix": quoted.prefix, "suffix": quoted.suffix},
            {"type": "TextPositionSelector", "start": quoted.start, "end": quoted.end},
        ],
    }
