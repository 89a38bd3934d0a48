"""What things cost, each beside its peer in the same run: `python -m benchmarks`."""
