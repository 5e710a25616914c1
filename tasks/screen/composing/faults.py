"""Why something cannot be shown, told once for all formats of a row. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tasks.screen.formats import listed

_SHOWN = 60  # characters of a value


@dataclass(frozen=True)
class ScreenFault:
    """Why something cannot be shown: the column it comes from, its value, the rule, the way out.

    Attributes:
        column: of the manifest.
        value: of the cell, or the file's name.
        rule: that is broken, as far as it is the same in all formats.
        way_out: likewise.
        layout: in which it cannot be shown; empty: layouts and formats do not matter.
        formats: in which it cannot be shown, as ``1080x1920``.
        most: how many characters would fit, in each of these; empty: that is not what is wrong.
    """

    column: str
    value: str
    rule: str
    way_out: str
    layout: str = ""
    formats: tuple[str, ...] = ()
    most: tuple[int, ...] = ()

    @property
    def told_rule(self) -> str:
        """The rule, with the layout and the formats in which it is broken."""
        if not self.layout:
            return self.rule
        formats = self.formats
        if len(self.most) > 1:
            told = zip(self.formats, self.most, strict=True)
            formats = tuple(f"{name} (at most {most})" for name, most in told)
        return f"{self.rule} in the layout {self.layout} at {listed(formats)}"

    @property
    def told_way_out(self) -> str:
        """What to do, so that it can be shown in all of these formats."""
        return f"write at most {min(self.most)} characters" if self.most else self.way_out

    def __str__(self) -> str:
        value = self.value if len(self.value) <= _SHOWN else f"{self.value[: _SHOWN - 1]}…"
        return f'{self.column} "{value}": {self.told_rule}; {self.told_way_out}'


def told_once(faults: Iterable[ScreenFault]) -> tuple[ScreenFault, ...]:
    """Each fault once, with all formats that have it, in the order of the first of each."""
    found: dict[ScreenFault, ScreenFault] = {}
    for fault in faults:
        same = replace(fault, formats=())
        if fault.most:
            same = replace(same, way_out="", most=(0,))
        known = found.get(same)
        if known is None:
            found[same] = fault
        elif not set(fault.formats) <= set(known.formats):
            formats, most = known.formats + fault.formats, known.most + fault.most
            found[same] = replace(known, formats=formats, most=most)
    return tuple(found.values())
