"""One view of the logs of several programs: each line with the name of who wrote it."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

_MOST_BYTES = 32_000_000


class Tail:
    """What is added to one log from now on, line by line.

    A log that has grown to 32 MB becomes ``NAME.log.1``; its writers append, so they go on.
    """

    def __init__(self, name: str, path: Path, most_bytes: int = _MOST_BYTES) -> None:
        self.name, self._path, self._most_bytes = name, path, most_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self._file: IO[bytes] = path.open("rb")
        self._file.seek(0, 2)
        self._rest = b""

    def lines(self) -> list[str]:
        """Whole lines since the last look."""
        *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
        if self._file.tell() > self._most_bytes:
            self._begin_anew()
        return [line.decode(errors="replace").rstrip() for line in whole]

    def last_words(self) -> list[str]:
        """What is left when the writer has ended, also without an end of line."""
        lines = self.lines()
        rest, self._rest = self._rest.decode(errors="replace").rstrip(), b""
        return [*lines, rest] if rest else lines

    def _begin_anew(self) -> None:
        shutil.copyfile(self._path, self._path.with_name(f"{self._path.name}.1"))
        with self._path.open("r+b") as log:
            log.truncate(0)
        self._file.seek(0)

    def close(self) -> None:
        """Read no more."""
        self._file.close()


class LogView:
    """The lines of all tails, in the order in which they are seen."""

    def __init__(self, show: Callable[[str], None], names: Sequence[str]) -> None:
        self._show, self._width = show, max(map(len, names))
        self._tails: list[Tail] = []

    def add(self, name: str, path: Path) -> None:
        """Show what is added to this log too."""
        self._tails.append(Tail(name, path))

    def say(self, name: str, line: str) -> None:
        """A line of our own."""
        self._show(f"{name:{self._width}} | {line}")

    def look(self, *, is_last: bool = False) -> None:
        """Show what came since the last look; empty lines are left out."""
        for tail in self._tails:
            for line in tail.last_words() if is_last else tail.lines():
                if line.strip():
                    self.say(tail.name, line)

    def close(self) -> None:
        """Show the last words, and read no more."""
        self.look(is_last=True)
        for tail in self._tails:
            tail.close()
