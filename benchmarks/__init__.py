"""Benchmarks that compare mockstore with similar tools in one run: `python -m benchmarks`."""
