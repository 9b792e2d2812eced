"""Looks further into tracklets: HOTA, IDF1, and the cost of each kind of error."""
