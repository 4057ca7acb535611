"""Tags to what people look at: a self-contained page, plots, and a short table for the terminal."""

from gcmtag.reporting.audit_page import write_audit_page
from gcmtag.reporting.page import write_report
from gcmtag.reporting.summary import short_table, summary_table

__all__ = ["short_table", "summary_table", "write_audit_page", "write_report"]
