"""Pages to start and follow runs of the reference model."""
