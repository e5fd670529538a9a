"""Our speed beside that of the peers, measured in one run: `python -m benchmarks`."""
