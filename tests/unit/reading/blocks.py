"""Rows of tables, many to a test: a test for each row took pytest longer than the reader."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

_NUM_ROWS = 50
Row = TypeVar("Row")


def blocks(rows: Sequence[Row]) -> list:
    """What ``parametrize`` takes for one argument: successive rows, named by their numbers."""
    starts = range(0, len(rows), _NUM_ROWS)
    parts = [(start + 1, rows[start : start + _NUM_ROWS]) for start in starts]
    assert parts, "there are no rows"
    return [pytest.param(part, id=f"rows {first}-{first + len(part) - 1}") for first, part in parts]


def read_otherwise(
    rows: Sequence[tuple[str, str]], read: Callable[[str], str]
) -> list[tuple[str, str, str]]:
    """Of the rows that are read otherwise: what is written, what is read, and what is right."""
    found = [(written, read(written), right) for written, right in rows]
    return [each for each in found if each[1] != each[2]]


def with_unspoken(
    texts: Sequence[str], unspoken: Callable[[str], tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """What a voice cannot say of each text, where there is such a thing."""
    found = {text: unspoken(text) for text in texts}
    return {text: parts for text, parts in found.items() if parts != ()}
