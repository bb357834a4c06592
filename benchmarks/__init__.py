"""Benchmarks: one module each, run with ``python -m benchmarks <name>``; peers and limits are measured in the same call."""
