"""Many documents, however large: finds them, tags them batch by batch, keeps what is done, and tells what failed."""

from gcmtag.running.batch import Outcome, run
from gcmtag.running.inputs import find_documents

__all__ = ["Outcome", "find_documents", "run"]
