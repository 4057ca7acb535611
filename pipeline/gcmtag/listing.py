"""The 23 objectives as a table, JSON, CSV, or a SKOS concept scheme in Turtle."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from gcmtag.objectives import CLUSTERS, OBJECTIVES


def as_table() -> str:
    """Aligned columns, grouped by cluster."""
    lines = []
    for cluster in CLUSTERS:
        lines.append(f"Cluster {cluster.number}: {cluster.title}")
        lines += [
            f"  {number:>2}  {OBJECTIVES[number - 1].short:<21}{OBJECTIVES[number - 1].title}"
            for number in cluster.objectives
        ]
        lines.append("")
    return "\n".join(lines)


def as_json() -> str:
    """Objects ``objectives`` and ``clusters``."""
    values = {"objectives": [asdict(o) for o in OBJECTIVES], "clusters": [asdict(c) for c in CLUSTERS]}
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def as_csv() -> str:
    """Columns number, title, short, cluster."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "title", "short", "cluster"])
    writer.writerows([o.number, o.title, o.short, o.cluster] for o in OBJECTIVES)
    return text.getvalue()


def as_turtle() -> str:
    """A SKOS concept scheme: clusters are top concepts, objectives narrower ones; identifiers are URNs."""
    lines = [
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .",
        "",
        "<urn:gcmtag:objectives> a skos:ConceptScheme ;",
        '    skos:prefLabel "Objectives of the Global Compact for Safe, Orderly and Regular Migration"@en ;',
        f"    skos:hasTopConcept {', '.join(f'<urn:gcmtag:cluster:{cluster.number}>' for cluster in CLUSTERS)} .",
    ]
    for cluster in CLUSTERS:
        lines += [
            "",
            f"<urn:gcmtag:cluster:{cluster.number}> a skos:Concept ;",
            f"    skos:prefLabel {json.dumps(cluster.title)}@en ;",
            f'    skos:notation "cluster {cluster.number}" ;',
            f"    skos:narrower {', '.join(f'<urn:gcmtag:objective:{number}>' for number in cluster.objectives)} ;",
            "    skos:inScheme <urn:gcmtag:objectives> ;",
            "    skos:topConceptOf <urn:gcmtag:objectives> .",
        ]
    for objective in OBJECTIVES:
        lines += [
            "",
            f"<urn:gcmtag:objective:{objective.number}> a skos:Concept ;",
            f"    skos:prefLabel {json.dumps(objective.title)}@en ;",
            f"    skos:altLabel {json.dumps(objective.short)}@en ;",
            f'    skos:notation "{objective.number}" ;',
            f"    skos:broader <urn:gcmtag:cluster:{objective.cluster}> ;",
            "    skos:inScheme <urn:gcmtag:objectives> .",
        ]
    return "\n".join(lines) + "\n"


STYLES: Final[Mapping[str, Callable[[], str]]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
    "ttl": as_turtle,
}
