"""Tags to what people look at: a self-contained page, plots, and a short table for the terminal."""

from gcmtag.reporting.audit_page import write_audit_page
from gcmtag.reporting.page import write_figures, write_report
from gcmtag.reporting.summary import short_figures, short_table, summary_table
from gcmtag.reporting.tallying import TALLIED, tally

__all__ = [
    "TALLIED",
    "short_figures",
    "short_table",
    "summary_table",
    "tally",
    "write_audit_page",
    "write_figures",
    "write_report",
]
