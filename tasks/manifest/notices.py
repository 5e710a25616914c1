"""What is worth telling of rows without a fault. Pure."""

from collections.abc import Sequence

from tasks.manifest.row import RowReader

_MOST_LINES_TOLD = 5


def notices_of_rows(readers: Sequence[RowReader]) -> tuple[str, ...]:
    """What is worth telling of each row; the same thing of many scripts is told once."""
    lines_of: dict[str, list[int]] = {}
    for reader in readers:
        for notice in reader.script_notices:
            lines_of.setdefault(notice, []).append(reader.line)
    told = [f"{_lines_told(lines)}: {notice}" for notice, lines in lines_of.items()]
    return (*(notice for reader in readers for notice in reader.notices), *told)


def _lines_told(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:_MOST_LINES_TOLD]))
    more = len(lines) - _MOST_LINES_TOLD
    return f"line{'s' * (len(lines) > 1)} {shown}" + (f" and {more} more" if more > 0 else "")
