"""Shared by all endpoints of the REST API: errors, access, limits, repeated requests."""
