"""The run's report page: one self-contained HTML file; see docs/design.md."""

from reidapt.report.collect import collect, write_report
from reidapt.report.model import Report, gap_closed
from reidapt.report.page import render

__all__ = ["Report", "collect", "gap_closed", "render", "write_report"]
