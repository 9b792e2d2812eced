"""Pages to submit a file, follow it, read its result, and list one's own."""
