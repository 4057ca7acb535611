"""Web Annotations and Turtle: a JSON-LD processor and rdflib read them, shapes hold, and both say the same."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from export_builders import both, essence, float32s, tagged
from pyld import jsonld
from pyshacl import validate
from rdflib import RDF, Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.compare import isomorphic
from rdflib.namespace import DCTERMS, FOAF, SKOS

from gcmtag import CLUSTERS, OBJECTIVES
from gcmtag.exporting import export
from gcmtag.exporting.annotations import BETWEEN_PASSAGES

HERE = Path(__file__).parent
OA = Namespace("http://www.w3.org/ns/oa#")
OWN = Namespace("urn:gcmtag:vocabulary:")
TERMS = json.loads((HERE / "annotation_terms.json").read_text(encoding="utf-8"))


def local_loader(address: str, _options: object) -> dict[str, Any]:
    """The terms of the Web Annotation context that are used here; no other address, and no network."""
    assert address == "http://www.w3.org/ns/anno.jsonld"
    return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": address, "document": TERMS}


def as_graph(page: dict) -> Graph:
    triples = jsonld.to_rdf(page, {"documentLoader": local_loader, "format": "application/n-quads"})
    return Graph().parse(data=triples, format="nt")


def page_of(tables: tuple) -> dict:
    return json.loads(export(*tables, "web-annotations"))


def turtle_of(tables: tuple) -> Graph:
    return Graph().parse(data=export(*tables, "ttl"), format="turtle")


def numbers_of(graph: Graph, annotation: URIRef, kind: str) -> list[int]:
    bodies = [graph.value(body, OA.hasSource, default=body) for body in graph.objects(annotation, OA.hasBody)]
    return sorted(int(found[1]) for body in bodies if (found := re.fullmatch(rf"urn:gcmtag:{kind}:(\d+)", str(body))))


def listed(graph: Graph, annotation: URIRef, name: str) -> list[float]:
    return float32s([item.toPython() for item in Collection(graph, graph.value(annotation, OWN[name]))])


def read_back(graph: Graph, texts: dict[str, str]) -> list[dict]:
    """By document and start of the passage what the annotations say, positions looked up in the document's text."""
    found: dict[tuple[str, int], dict] = {}
    spans: list[tuple[str, int, int, int, float]] = []
    for annotation in graph.subjects(RDF.type, OA.Annotation):
        target = graph.value(annotation, OA.hasTarget)
        document = str(graph.value(target, OA.hasSource))
        selectors = {graph.value(s, RDF.type): s for s in graph.objects(target, OA.hasSelector)}
        position, quote = selectors[OA.TextPositionSelector], selectors[OA.TextQuoteSelector]
        start, end = (int(graph.value(position, OA[name])) for name in ("start", "end"))
        exact, before, after = (str(graph.value(quote, OA[name])) for name in ("exact", "prefix", "suffix"))
        text = texts[document]
        assert text[start:end] == exact, "both selectors find the same words"
        assert text[:start].endswith(before)
        assert text[end:].startswith(after)
        objectives = numbers_of(graph, annotation, "objective")
        if graph.value(annotation, OA.motivatedBy) == OA.highlighting:
            score = graph.value(annotation, OWN.score).toPython()
            spans.append((document, start, end, *objectives, *float32s([score])))
            continue
        found[document, start] = {
            "text": exact,
            "objectives": objectives,
            "scores": listed(graph, annotation, "scores"),
            "clusters": numbers_of(graph, annotation, "cluster"),
            "cluster_scores": listed(graph, annotation, "clusterScores"),
            "role": str(graph.value(annotation, OWN.role)),
            "role_score": float32s([graph.value(annotation, OWN.roleScore).toPython()]),
            "evidence": [],
        }
    for document, start, end, objective, score in spans:
        first = max(s for name, s in found if name == document and s <= start)
        found[document, first]["evidence"].append((objective, start - first, end - first, score))
    ordered = [found[key] for key in sorted(found)]
    return [{**item, "evidence": sorted(item["evidence"])} for item in ordered]


def texts_of(tables: tuple) -> dict[str, str]:
    names = {"marovia": "urn:gcmtag:document:marovia", "t/e s": "urn:gcmtag:document:t%2Fe%20s"}
    rows = tables[0].to_pylist()
    return {
        iri: BETWEEN_PASSAGES.join(row["text"] for row in rows if row["document_id"] == name)
        for name, iri in names.items()
    }


@pytest.mark.parametrize("read", [lambda tables: as_graph(page_of(tables)), turtle_of], ids=["json-ld", "turtle"])
def test_the_same_tags_come_back(tables, read: Callable) -> None:
    assert read_back(read(tables), texts_of(tables)) == list(essence(tables[0]).values())


def test_the_json_ld_processor_knows_every_term(tables) -> None:
    """A term that the context lacks is dropped in expansion; written back, nothing may be missing."""
    page = page_of(tables)
    options = {"documentLoader": local_loader}
    expanded = jsonld.expand(page, options)
    again = jsonld.compact(expanded, page["@context"], options)
    assert sorted(keys_of(again)) == sorted(keys_of(page))


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {key for key in value if key != "@context"}
        return own.union(*(keys_of(item) for key, item in value.items() if key != "@context"))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def test_an_annotation_has_what_the_model_requires(tables) -> None:
    page = page_of(tables)
    assert page["@context"][0] == "http://www.w3.org/ns/anno.jsonld"
    ids = [item["id"] for item in page["items"]]
    assert len(ids) == len(set(ids)) == 3 + 4
    for item in page["items"]:
        assert item["type"] == "Annotation"
        assert item["target"]["source"]["id"]
        assert {s["type"] for s in item["target"]["selector"]} == {"TextQuoteSelector", "TextPositionSelector"}


# Turtle


def test_the_concept_scheme_and_the_annotations_hold_to_their_shapes(tables) -> None:
    shapes = Graph().parse(HERE / "shapes.ttl", format="turtle")
    holds, _, report = validate(turtle_of(tables), shacl_graph=shapes)
    assert holds, report


@pytest.mark.parametrize(
    "removed",
    [
        (URIRef("urn:gcmtag:objective:7"), SKOS.prefLabel, None),
        (URIRef("urn:gcmtag:objective:7"), SKOS.broader, None),
        (URIRef("urn:gcmtag:cluster:2"), SKOS.topConceptOf, None),
        (URIRef("urn:gcmtag:objectives"), SKOS.hasTopConcept, None),
        (None, OA.exact, None),
    ],
)
def test_the_shapes_notice_what_is_missing(tables, removed: tuple) -> None:
    """Else the claim above could not fail."""
    graph = turtle_of(tables)
    graph.remove(removed)
    assert not validate(graph, shacl_graph=Graph().parse(HERE / "shapes.ttl", format="turtle"))[0]


def test_the_objectives_command_gives_the_scheme(gcmtag_command: Callable) -> None:
    status, output, _ = gcmtag_command("objectives", "--format", "ttl")
    graph = Graph().parse(data=output, format="turtle")
    assert status == 0
    for objective in OBJECTIVES:
        concept = URIRef(f"urn:gcmtag:objective:{objective.number}")
        assert str(graph.value(concept, SKOS.prefLabel)) == objective.title
        assert graph.value(concept, SKOS.broader) == URIRef(f"urn:gcmtag:cluster:{objective.cluster}")
    for cluster in CLUSTERS:
        narrower = graph.objects(URIRef(f"urn:gcmtag:cluster:{cluster.number}"), SKOS.narrower)
        assert sorted(int(str(one).rsplit(":", 1)[1]) for one in narrower) == list(cluster.objectives)


def test_turtle_and_json_ld_say_the_same_of_targets(tables) -> None:
    """Only how bodies and creators are described differs between the two."""
    kept = (OA.hasTarget, OA.hasSource, OA.hasSelector, OA.exact, OA.prefix, OA.suffix, OA.start, OA.end, OWN.role)

    def reduced(graph: Graph) -> Graph:
        bodies = set(graph.objects(None, OA.hasBody))
        result = Graph()
        for triple in graph:
            if triple[1] in kept and triple[0] not in bodies:
                result.add(triple)
        return result

    assert isomorphic(reduced(turtle_of(tables)), reduced(as_graph(page_of(tables))))


def test_paths_and_titles_are_named(tables) -> None:
    assert str(turtle_of(tables).value(URIRef("urn:gcmtag:document:marovia"), DCTERMS.title)) == 'Review of "Marovia"'
    graph = as_graph(page_of(tables))
    assert str(graph.value(URIRef("urn:gcmtag:document:t%2Fe%20s"), FOAF.name)) == "in/tess\u00e4ly <1>.txt"


@pytest.mark.parametrize("text", ['"""', "a\\", "\\u0041", "tab\there", "\x7f \x01", "line\u2028end", "<x> . # no"])
def test_any_text_survives_turtle_and_json_ld(text: str) -> None:
    tables = both(tagged(text))
    for graph in (turtle_of(tables), as_graph(page_of(tables))):
        assert [str(found) for found in graph.objects(None, OA.exact)] == [text]
