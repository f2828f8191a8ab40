"""Orchestration and input/output; the only room that imports dagster. Nothing is imported here."""
