"""Benchmarks: what a run costs, and what the same run costs in the packages that people use today."""
