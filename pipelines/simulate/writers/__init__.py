"""What the machines of a centre write, one module per format. Imports nothing."""
