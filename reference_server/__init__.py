"""A small server that keeps every promise of the contract."""
