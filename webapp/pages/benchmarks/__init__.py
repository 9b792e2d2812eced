"""Leaderboards and what stands around them."""
