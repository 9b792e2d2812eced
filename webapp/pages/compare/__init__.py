"""The page that compares submissions."""
