"""Judges any target against the contract."""
