"""Tells of a run: while it lasts, and in the end as text, JSON and JUnit, one listener for each."""

from conformance.report.report import Listener, Report, Run

__all__ = ["Listener", "Report", "Run"]
