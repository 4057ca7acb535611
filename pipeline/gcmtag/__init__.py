"""Tags passages of migration policy documents with the objectives of the Global Compact for Migration.

Importing the package is cheap: what needs torch, spaCy or pandas is imported when it is first used.
"""

from typing import TYPE_CHECKING, Any

from gcmtag import errors
from gcmtag.objectives import CLUSTERS, OBJECTIVES, ROLES
from gcmtag.version import __version__

if TYPE_CHECKING:
    from gcmtag.document import Document, Evidence, Passage, Tags
    from gcmtag.integrating.estimator import GcmtagClassifier
    from gcmtag.integrating.frames import tag_frame
    from gcmtag.segmenting import read
    from gcmtag.tables import TaggedDocument
    from gcmtag.tagger import Tagger, load

__all__ = [
    "CLUSTERS",
    "OBJECTIVES",
    "ROLES",
    "Document",
    "Evidence",
    "GcmtagClassifier",
    "Passage",
    "TaggedDocument",
    "Tagger",
    "Tags",
    "__version__",
    "errors",
    "load",
    "read",
    "tag_frame",
]

_HOME_OF = {
    "Document": "gcmtag.document",
    "Evidence": "gcmtag.document",
    "GcmtagClassifier": "gcmtag.integrating.estimator",
    "Passage": "gcmtag.document",
    "Tags": "gcmtag.document",
    "TaggedDocument": "gcmtag.tables",
    "Tagger": "gcmtag.tagger",
    "load": "gcmtag.tagger",
    "read": "gcmtag.segmenting",
    "tag_frame": "gcmtag.integrating.frames",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOME_OF:
        raise AttributeError(f"module 'gcmtag' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_HOME_OF[name]), name)
