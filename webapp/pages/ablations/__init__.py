"""Ablations on the pages of benchmarks and methods."""
