"""A script while it is cleaned: its text, and where each character stood in what was written."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Edit = tuple[int, int, str]
"""``text[start:end]`` becomes these characters."""


@dataclass(frozen=True)
class Draft:
    """A text that was made of another by edits.

    Attributes:
        text: as it is now.
        raw: as a person wrote it.
        origins: for each character of ``text`` its index in ``raw``; None while they are equal.
    """

    text: str
    raw: str
    origins: tuple[int, ...] | None = None

    @classmethod
    def of(cls, raw: str) -> "Draft":
        """A text that nobody has edited."""
        return cls(raw, raw)

    def edited(self, edits: Iterable[Edit]) -> "Draft":
        """With ``edits`` made; they are in order and do not overlap."""
        origins = self.origins or tuple(range(len(self.text)))
        parts: list[str] = []
        places: list[int] = []
        at = 0
        for start, end, replacement in edits:
            parts += (self.text[at:start], replacement)
            places += origins[at:start]
            places += [self._origin(start)] * len(replacement)
            at = end
        if not parts:
            return self
        return Draft("".join((*parts, self.text[at:])), self.raw, (*places, *origins[at:]))

    def replaced(
        self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]
    ) -> "Draft":
        """With every match replaced; the same draft where that changes nothing."""
        edits = [
            (match.start(), match.end(), new)
            for match in pattern.finditer(self.text)
            if (new := replacement(match)) != match[0]
        ]
        return self.edited(edits)

    def place(self, index: int) -> str:
        """Where ``text[index]`` stood in what was written, for people."""
        before = self.raw[: self._origin(index)]
        column = len(before) - (before.rfind("\n") + 1) + 1
        if "\n" not in self.raw:
            return f"character {column}"
        return f"line {before.count(chr(10)) + 1}, character {column}"

    def _origin(self, index: int) -> int:
        if self.origins is None:
            return index
        return self.origins[index] if index < len(self.origins) else len(self.raw)
