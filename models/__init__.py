"""Machine learning and maths in plain Python: no dagster, no duckdb, nothing of ours outside this room."""
