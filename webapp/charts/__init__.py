"""Charts: pure functions from leaderboard rows to a small Plotly figure, with the same numbers as a table."""
