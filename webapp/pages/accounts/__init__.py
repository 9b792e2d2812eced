"""Pages of an account, and how allauth behaves here."""
