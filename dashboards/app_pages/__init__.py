"""One script a page; laid out here, asked in queries.py, drawn in charts.py."""
