"""Readers of source formats: bytes in, typed rows and rejects out."""
