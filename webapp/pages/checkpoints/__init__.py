"""Pages to upload and share checkpoints."""
