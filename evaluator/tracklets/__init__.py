"""Video instance segmentation: reading, checking, matching and metrics of a results.json."""
