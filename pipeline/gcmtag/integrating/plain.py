"""Tags as plain lists and dictionaries, as data frames and JSON hold them."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gcmtag.document import Tags

COLUMNS: Final = (
    "objectives",
    "scores",
    "clusters",
    "cluster_scores",
    "role",
    "role_score",
    "evidence",
    "unsure",
)


def plain(tags: "Tags") -> dict[str, Any]:
    """Tags by the names of the tags table's columns, which are ``COLUMNS``."""
    return {
        "objectives": list(tags.objectives),
        "scores": list(tags.scores),
        "clusters": list(tags.clusters),
        "cluster_scores": list(tags.cluster_scores),
        "role": tags.role,
        "role_score": tags.role_score,
        "evidence": [
            {"objective": item.objective, "start": item.start, "end": item.end, "score": item.score}
            for item in tags.evidence
        ],
        "unsure": list(tags.unsure),
    }
