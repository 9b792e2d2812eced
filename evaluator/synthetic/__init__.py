"""Synthetic benchmarks: videos whose ground truth is exact, and predictions that fail as real methods do."""
