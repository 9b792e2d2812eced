"""Reads hostile files: archives, members of folders and zips, JSON text."""
