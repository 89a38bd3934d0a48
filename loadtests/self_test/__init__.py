"""Proves the instrument: three little servers that are wrong in a known way, and a load test that has to see it."""
