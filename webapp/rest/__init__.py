"""What every endpoint of the REST API shares: errors, access, limits, repeated requests."""
