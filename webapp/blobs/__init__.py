"""Stored files, and the room that they have."""
