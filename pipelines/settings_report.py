"""Turns what is wrong with callwright.toml into sentences: line, section, key, nearest known key, what to do.

Belongs here: finding the line of a key, finding the known keys of a section, the wording.
Does not belong here: the settings themselves and their rules (settings.py).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

Loc = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_TYPE_WORDS = {
    "bool": "true or false",
    "date": "a date, written 2026-01-31 without quotes",
    "dict": "a table",
    "float": "a number",
    "int": "a whole number",
    "list": "a list, written [ … ]",
    "model": "a section of its own",
    "string": 'text in quotes "…"',
    "tuple": "a list, written [ … ]",
}
_CONSTRAINT_TYPES = (
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "literal_error",
    "string_too_short",
)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The known word most like `word`, whatever its case, or None when nothing is like it (1 is equal)."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def sentences(errors: Iterable[ErrorDetails], text: str, root: type[BaseModel]) -> list[str]:
    """One sentence per error, in the order of the file.

    Args:
        errors: pydantic's errors; a message may hold several lines, each becomes a sentence.
        text: The TOML text, for line numbers.
        root: The model the text was validated against.
    """
    lines = line_index(text)
    found: list[tuple[int, str]] = []
    for error in errors:
        loc = _as_written(error["loc"], lines)
        number = _line_of(loc, lines)
        # The sentence about an unknown key names it: it is enough to say where it stands.
        named = loc[:-1] if error["type"] == "extra_forbidden" else loc
        where = ", ".join(filter(None, (f"line {number}" if number else "", place(named))))
        found += [(number, f"{where}: {what}" if where else what) for what in _what(error, root).splitlines()]
    return [sentence for _, sentence in sorted(found, key=lambda pair: pair[0])]


def _as_written(loc: Loc, lines: Mapping[Loc, int]) -> Loc:
    """The path of a section that may be one table or a list of them, without the index where it is one."""
    is_one = len(loc) > 1 and loc[1] == 0 and loc[:1] in lines and loc[:2] not in lines
    return (loc[0], *loc[2:]) if is_one else loc


def place(loc: Loc) -> str:
    """Where an error is, as TOML writes it: ("targets", 1, "queue") gives `[[targets]] number 2, queue`."""
    if len(loc) < 2:
        return f"[{loc[0]}]" if loc else ""
    if isinstance(loc[1], int):
        rest = ".".join(str(part) for part in loc[2:])
        return f"[[{loc[0]}]] number {loc[1] + 1}" + (f", {rest}" if rest else "")
    depth = 3 if loc[0] == "tiers" and loc[1] == "treatment" else 2 if loc[0] in ("sources", "models") else 1
    section = ".".join(str(part) for part in loc[:depth])
    rest = ".".join(str(part + 1 if isinstance(part, int) else part) for part in loc[depth:])
    return f"[{section}]" + (f" {rest}" if rest else "")


def line_index(text: str) -> dict[Loc, int]:
    """The line (from 1) of each header and key of a TOML text, by path; a best effort, for messages only."""
    found: dict[Loc, int] = {}
    arrays: dict[Loc, int] = {}
    here: Loc = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            here = _header_path(_parts(header[2]), header[1] == "[[", arrays)
            found.setdefault(here, number)
        elif key := _KEY.match(line):
            path = here + _parts(key[1])
            for depth in range(len(here) + 1, len(path) + 1):
                found.setdefault(path[:depth], number)
    return found


def _header_path(parts: Loc, is_array: bool, arrays: dict[Loc, int]) -> Loc:
    """The path of a header; the name of an array of tables is followed by the index of its last table."""
    path: Loc = ()
    for depth, part in enumerate(parts, start=1):
        path = (*path, part)
        if is_array and depth == len(parts):
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _parts(dotted: str) -> Loc:
    """Splits `a."b.c".d` at the dots outside quotes."""
    return tuple(part.strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted))


def _section(path: Loc) -> str:
    """The header of a section: [centre], [models.churn], [[targets]]."""
    names = ".".join(str(part) for part in path if isinstance(part, str))
    return f"[[{names}]]" if path[-1] == 0 else f"[{names}]"


def _line_of(loc: Loc, lines: Mapping[Loc, int]) -> int:
    """The line of the longest part of `loc` that the text has, or 0."""
    for depth in range(len(loc), 0, -1):
        if loc[:depth] in lines:
            return lines[loc[:depth]]
    return 0


def _what(error: ErrorDetails, root: type[BaseModel]) -> str:
    kind, loc, given = error["type"], error["loc"], error["input"]
    if kind == "extra_forbidden":
        return _unknown_key(str(loc[-1]), given, loc[:-1], root)
    if kind == "missing":
        return "is missing; add it" + _meant_built_in(loc, root)
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "tuple_type" and isinstance(given, dict):
        return f"stands for a list of tables; write [[{loc[-1]}]] with two brackets"
    if kind in _CONSTRAINT_TYPES:
        return f"{error['msg'].replace('Input should', 'should')}, not {_shown(given)}"
    for word, meaning in _TYPE_WORDS.items():
        if kind.startswith(word):
            return f"should be {meaning}, not {_shown(given)}"
    return f"{error['msg']}, given {_shown(given)}"


def _unknown_key(key: str, given: object, section: Loc, root: type[BaseModel]) -> str:
    known = list(_known_keys(section, root))
    what = f'unknown {"section" if isinstance(given, dict) else "key"} "{key}"'
    homes = [_section(path) for path, model in _models(root) if key in model.model_fields]
    # The very key in another section beats a key here that is only somewhat like it.
    if like := nearest(key, known, cutoff=0.75 if homes else 0.5):
        return f'{what}; the nearest known one is "{like}". Rename or remove it'
    if homes:
        return f"{what}; it belongs in {homes[0]}. Move or remove it"
    return f"{what}; known here: {', '.join(sorted(known))}. Rename or remove it"


def _meant_built_in(loc: Loc, root: type[BaseModel]) -> str:
    """A hint where a section that is nearly named like a built-in source was taken for a custom one."""
    if loc[0] != "sources":
        return ""
    built_in = nearest(str(loc[1]), _known_keys(("sources",), root), cutoff=0.8)
    return f', or correct the name: "{built_in}" is a built-in source' if built_in else ""


def _known_keys(section: Loc, root: type[BaseModel]) -> Iterable[str]:
    """The keys that the section at `section` may have."""
    kind: Any = root
    for part in section:
        kind = _step(kind, part)
    return kind.model_fields if _is_model(kind) else ()


def _step(kind: Any, part: str | int) -> Any:
    """The type found under `part` of a value of type `kind`."""
    if _is_model(kind):
        if part in kind.model_fields:
            return _bare(kind.model_fields[part].annotation)
        # A model that takes other keys declares what they are, as SourcesSettings does for custom sources.
        return kind.extra_model() if hasattr(kind, "extra_model") else None
    if get_origin(kind) in (tuple, dict):
        inner = [arg for arg in get_args(kind) if arg is not Ellipsis]
        return _bare(inner[-1])
    return None


def _models(kind: Any, path: Loc = ()) -> Iterator[tuple[Loc, type[BaseModel]]]:
    """Every section below a model with its path; a list of tables stands under index 0."""
    if _is_model(kind):
        if path:
            yield path, kind
        for name, field in kind.model_fields.items():
            yield from _models(_bare(field.annotation), (*path, name))
    elif get_origin(kind) is tuple:
        yield from _models(_step(kind, 0), (*path, 0))


def _bare(annotation: Any) -> Any:
    """The annotation without `| None`."""
    left = [arg for arg in get_args(annotation) if arg is not type(None)]
    is_optional = type(None) in get_args(annotation) and len(left) == 1
    return left[0] if is_optional else annotation


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _shown(value: object) -> str:
    """A value as the user wrote it, near enough, and short."""
    if isinstance(value, bool):
        return str(value).lower()
    shown = f'"{value}"' if isinstance(value, str) else str(list(value) if isinstance(value, tuple) else value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
