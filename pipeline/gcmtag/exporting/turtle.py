"""RDF in Turtle: objectives and clusters as a SKOS concept scheme, and the tags as annotations on it.

Sources of the vocabularies: SKOS Reference, W3C Recommendation of 18 August 2009; Web Annotation Vocabulary, W3C
Recommendation of 23 February 2017.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa

from gcmtag.exporting.annotations import Annotation, annotations, urn
from gcmtag.exporting.options import PLAIN, Options
from gcmtag.exporting.rows import titles_of
from gcmtag.listing import as_turtle

PREFIXES: Final = """@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix dctypes: <http://purl.org/dc/dcmitype/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix gcmtag: <urn:gcmtag:vocabulary:> .
"""


def to_turtle(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """The concept scheme, then documents, then for each passage and each of its evidence spans an annotation."""
    titles = titles_of(documents)
    parts = [as_turtle(), PREFIXES]
    parts += [
        f"<{urn('document', name)}> a dctypes:Text ;\n    dcterms:title {_literal(title)} .\n"
        for name, title in titles.items()
    ]
    parts += map(_annotation, annotations(tags))
    return "\n".join(parts).encode("utf-8")


def _annotation(annotation: Annotation) -> str:
    statements = [
        "a oa:Annotation",
        f"oa:motivatedBy oa:{'classifying' if annotation.is_passage else 'highlighting'}",
        f"dcterms:creator <{urn('model', annotation.model)}>",
        *(f"oa:hasBody <{concept}>" for concept in _concepts(annotation)),
        *_scores(annotation),
        f"oa:hasTarget {_target(annotation)}",
    ]
    return f"<{annotation.iri}> " + " ;\n    ".join(statements) + " .\n"


def _concepts(annotation: Annotation) -> list[str]:
    objectives = [urn("objective", number) for number in annotation.objectives]
    return [*objectives, *(urn("cluster", number) for number in annotation.clusters)]


def _scores(annotation: Annotation) -> Iterator[str]:
    if not annotation.is_passage:
        yield f"gcmtag:score {_doubles(annotation.scores)}"
        return
    yield f"gcmtag:scores ({_doubles(annotation.scores)})"
    yield f"gcmtag:clusterScores ({_doubles(annotation.cluster_scores)})"
    yield f"gcmtag:role {_literal(annotation.role)}"
    yield f"gcmtag:roleScore {_doubles([annotation.role_score])}"
    yield f"gcmtag:locator {_literal(annotation.locator)}"


def _target(annotation: Annotation) -> str:
    quoted = annotation.quote
    return (
        f"[ a oa:SpecificResource ; oa:hasSource <{urn('document', annotation.document)}> ;\n"
        f"        oa:hasSelector [ a oa:TextQuoteSelector ; oa:exact {_literal(quoted.exact)} ;\n"
        f"            oa:prefix {_literal(quoted.prefix)} ; oa:suffix {_literal(quoted.suffix)} ] ,\n"
        f"            [ a oa:TextPositionSelector ; oa:start {quoted.start} ; oa:end {quoted.end} ] ]"
    )


def _doubles(values: Sequence[float | None]) -> str:
    return " ".join(f'"{"NaN" if value is None else value}"^^xsd:double' for value in values)


def _literal(text: str) -> str:
    """A Turtle string; its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)
