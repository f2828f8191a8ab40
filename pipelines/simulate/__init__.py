"""A simulated contact centre whose truth is known."""
