"""Numbers printed elsewhere, with their sources."""
