"""What panoptic and semantic benchmarks share: PNG maps, joint tables, the loop over videos."""
