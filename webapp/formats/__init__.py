"""Formats of times where no template says otherwise, as in the admin (FORMAT_MODULE_PATH)."""
