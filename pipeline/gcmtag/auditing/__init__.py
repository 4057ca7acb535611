"""Tags to findings: attention with intervals, little attention, gaps, priorities, comparisons.

``audit`` is the way in. ``confusing`` learns the classifier's errors, ``quantifying`` corrects shares by them,
``deciding`` holds the rules, ``statements`` reads what texts say of attention themselves.
"""

from gcmtag.auditing.auditor import Audit, audit
from gcmtag.auditing.writing import schema, write_csv, write_json

__all__ = ["Audit", "audit", "schema", "write_csv", "write_json"]
