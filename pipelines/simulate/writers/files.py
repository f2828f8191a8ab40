"""Landing files as they grow: one per source and day or month, written whole or not at all.

Belongs here: names, periods, drafts, and that a file that was finished is never changed. Does not belong here: what
stands in them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipelines.errors import CallwrightError

COMPARED_BYTES = 1 << 20
# So many pieces of text of a file are held in memory at most.
HELD_PARTS = 5_000


class Draft:
    """A file under way, beside its final place, with a name that landing folders leave alone.

    Args:
        place: Where it will be.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.path = place.with_name(f".{place.name}.part")
        self.parts: list[str] = []
        self._is_begun = False

    def flush(self) -> None:
        """Empties memory onto the disk."""
        if not self.parts:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # What an interrupted simulation left behind is not gone on with.
        with self.path.open("a" if self._is_begun else "w", encoding="utf-8", newline="") as file:
            file.writelines(self.parts)
        self._is_begun = True
        self.parts.clear()

    def finish(self) -> None:
        """Puts the file into its place; one that is there already is left as it is, or grows.

        Raises:
            CallwrightError: There is a file that this simulation would not have written.
        """
        self.flush()
        settle(self.path, self.place)

    def discard(self) -> None:
        """Removes what was not finished."""
        self.parts.clear()
        self.path.unlink(missing_ok=True)


def settle(draft: Path, place: Path, may_change: bool = False) -> None:
    """Moves a draft to its place unless the same is there.

    Args:
        draft: The new file.
        place: Where it belongs.
        may_change: Whether what is there may be something else; otherwise it may only be its beginning.

    Raises:
        CallwrightError: Something else is there.
    """
    if place.exists():
        has, wants = place.stat().st_size, draft.stat().st_size
        is_beginning = has <= wants and _begins_alike(draft, place, has)
        if not (is_beginning or may_change):
            draft.unlink()
            raise CallwrightError(
                f"{place} is not what this simulation wrote: it was changed since, or another version wrote it",
                "Name a new home with --home.",
            )
        if is_beginning and has == wants:
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
        self._root = root
        self._day = date.min
        self._open: dict[tuple[str, str], tuple[str, Draft]] = {}

    def begin_day(self, day: date) -> None:
        """From now on files are those of this day, and of its month; those of others are finished."""
        self._day = day
        for key, (period, draft) in list(self._open.items()):
            if period != self._period(key[1]):
                draft.finish()
                del self._open[key]

    def _period(self, pattern: str) -> str:
        """The name of a file on this day; {day} or {month} stands for the period, without either there is but one."""
        return pattern.format(day=f"{self._day:%Y%m%d}", month=f"{self._day:%Y-%m}")

    def add(self, source: str, pattern: str, text: str, header: str = "") -> None:
        """Adds text to a source's file of the day.

        Args:
            source: The landing folder.
            pattern: The file's name, see `_period`.
            text: What is added.
            header: What a new file begins with.
        """
        found = self._open.get((source, pattern))
        if found is None:
            name = self._period(pattern)
            found = self._open[source, pattern] = (name, Draft(self._root / source / name))
            if header:
                found[1].parts.append(header)
        parts = found[1].parts
        parts.append(text)
        if len(parts) >= HELD_PARTS:
            found[1].flush()

    def end_day(self) -> None:
        """Empties memory."""
        for _, draft in self._open.values():
            draft.flush()

    def close(self) -> None:
        """All files are where they belong."""
        for _, draft in self._open.values():
            draft.finish()
        self._open.clear()

    def discard(self) -> None:
        """Nothing of what was not finished stays."""
        for _, draft in self._open.values():
            draft.discard()
        self._open.clear()
