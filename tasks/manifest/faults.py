"""What is wrong with a manifest, one thing at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tasks.inputs.addresses import has_scheme
from tasks.redaction import shown_cell, without_secrets

_MAX_VALUE_SHOWN = 60
_MAX_ADDRESS_SHOWN = 200


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a manifest: in which line and column, the value, the rule, the cure.

    ``value`` and ``rule`` show an address without user and query; ``may_heal`` says that trying
    again later, with the same manifest, may succeed.
    """

    line: int
    column: str
    value: str
    rule: str
    way_out: str
    may_heal: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", shown_cell(self.value))
        object.__setattr__(self, "rule", without_secrets(self.rule))  # it may quote the value

    def __str__(self) -> str:
        value = f' "{_shown(self.value)}"' if self.value else ""
        return f"{self.column}{value}: {self.rule}; {self.way_out}"


def on_other_sheets(faults: Sequence[Fault], sheets: Sequence[str]) -> tuple[Fault, ...]:
    """Faults of a header, where the table that is meant may be on another sheet of a workbook."""
    if not sheets:
        return tuple(faults)
    names = ", ".join(f'"{name}"' for name in sheets)
    told = f"or name the sheet that the table is on with --sheet: {names}"
    return tuple(replace(each, way_out=f"{each.way_out}, {told}") for each in faults)


def _shown(value: str) -> str:
    """A value on one line, shortened, with what cannot be seen escaped."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    limit = _MAX_ADDRESS_SHOWN if has_scheme(text) else _MAX_VALUE_SHOWN
    return text if len(text) <= limit else text[: limit - 1] + "…"
