"""Pages that explain metrics."""
