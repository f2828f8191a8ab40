"""One TOML document laid over another. Nothing else belongs here."""

from __future__ import annotations

from typing import Any


def laid_over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Tables key by key; anything else, lists too, instead of what is below."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = laid_over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def immutable(value: Any) -> Any:
    """What TOML says, with tuples for lists: strict settings take nothing else."""
    if isinstance(value, dict):
        return {key: immutable(inner) for key, inner in value.items()}
    return tuple(map(immutable, value)) if isinstance(value, list) else value
