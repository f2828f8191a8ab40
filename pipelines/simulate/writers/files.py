"""Landing files as they grow: one per source and day or month, written whole or not at all.

Belongs here: names, periods, drafts, and that a file that was finished is never changed. Does not belong here: what
stands in them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipelines.errors import CallwrightError

COMPARED_BYTES = 1 << 20


class Drafts:
    """Files under way, each beside its final place, with a name that says so.

    Args:
        root: The folder below which they lie.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._drafts: dict[Path, list[bytes]] = {}
        self._begun: set[Path] = set()

    def add(self, name: str, data: bytes) -> None:
        """Adds to a file; `name` is its path below the root. Nothing is on disk before `flush`."""
        self._drafts.setdefault(Path(name), []).append(data)

    def flush(self) -> None:
        """Empties memory onto the disk."""
        for name, parts in self._drafts.items():
            if parts:
                draft = self.draft(name)
                draft.parent.mkdir(parents=True, exist_ok=True)
                # What an interrupted simulation left behind is not gone on with.
                with draft.open("ab" if name in self._begun else "wb") as file:
                    file.writelines(parts)
                self._begun.add(name)
                parts.clear()

    def draft(self, name: Path) -> Path:
        """Where a file lies while it is written; landing folders leave such names alone."""
        return self._root / name.parent / f".{name.name}.part"

    def finish(self, names: list[Path] | None = None) -> None:
        """Puts files into their place; one that is there already is left as it is, or grows.

        Raises:
            CallwrightError: There is a file that this simulation would not have written.
        """
        self.flush()
        for name in list(self._drafts) if names is None else names:
            del self._drafts[name]
            self._begun.discard(name)
            settle(self.draft(name), self._root / name)

    def discard(self) -> None:
        """Removes what was not finished."""
        for name in self._drafts:
            self.draft(name).unlink(missing_ok=True)
        self._drafts.clear()

    @property
    def names(self) -> list[Path]:
        """Files under way."""
        return list(self._drafts)


def settle(draft: Path, place: Path, may_change: bool = False) -> None:
    """Moves a draft to its place unless the same is there.

    Args:
        draft: The new file.
        place: Where it belongs.
        may_change: Whether what is there may be something else; otherwise it may only be its beginning.

    Raises:
        CallwrightError: Something else is there.
    """
    if place.exists() and not may_change:
        has, wants = place.stat().st_size, draft.stat().st_size
        if has > wants or not _begins_alike(draft, place, has):
            draft.unlink()
            raise CallwrightError(
                f"{place} is not what this simulation wrote: it was changed since, or another version wrote it",
                "Name a new home with --home.",
            )
        if has == wants:
            draft.unlink()
            return
    draft.replace(place)


def _begins_alike(draft: Path, place: Path, length: int) -> bool:
    with draft.open("rb") as new, place.open("rb") as old:
        while length > 0:
            size = min(COMPARED_BYTES, length)
            if new.read(size) != old.read(size):
                return False
            length -= size
    return True


class LandingFiles:
    """The files of all sources, named by the day or the month.

    Args:
        root: The home's landing folder.
    """

    def __init__(self, root: Path) -> None:
        self._drafts = Drafts(root)
        self._day = date.min
        self._periods: dict[Path, str] = {}

    def begin_day(self, day: date) -> None:
        """From now on files are those of this day, and of its month; those of others are finished."""
        over = [n for n in self._drafts.names if self._periods[n] not in (day.isoformat(), f"{day:%Y-%m}", "")]
        self._drafts.finish(over)
        self._day = day

    def add(self, source: str, pattern: str, text: str, header: str = "") -> None:
        """Adds text to a source's file of the day.

        Args:
            source: The landing folder.
            pattern: The file's name; {day} or {month} stands for the period, without either there is but one file.
            text: What is added.
            header: What a new file begins with.
        """
        name = Path(source) / pattern.format(day=f"{self._day:%Y%m%d}", month=f"{self._day:%Y-%m}")
        if name not in self._periods:
            period = self._day.isoformat() if "{day}" in pattern else f"{self._day:%Y-%m}" if "{month}" in pattern else ""
            self._periods[name] = period
            text = header + text
        self._drafts.add(str(name), text.encode())

    def end_day(self) -> None:
        """Empties memory."""
        self._drafts.flush()

    def close(self) -> None:
        """All files are where they belong."""
        self._drafts.finish()

    def discard(self) -> None:
        """Nothing of what was not finished stays."""
        self._drafts.discard()
