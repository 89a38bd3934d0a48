"""Failures as others can see them: what was done, step by step, and what shows the fault."""

from conformance.reproduce.trace import Trace

__all__ = ["Trace"]
