"""Files kept once, by their content."""
