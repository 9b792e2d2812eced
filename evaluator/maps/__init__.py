"""Shared by panoptic and semantic benchmarks: PNG maps, joint tables, the loop over videos."""
