"""Short words in their contexts: the list of their beginnings leaves none of them out."""

import re
from pathlib import Path

from tasks.reading.english.rules import one_spelling
from tasks.reading.english.short.contexts import CONTEXTS, every_context

_HERE = Path(__file__).parent
_TABLES = ("english_trials.tsv", "english_cases.tsv", "english_siblings.tsv")
_LEAST_SEEN = 0.7


def _found(pattern: re.Pattern[str], text: str) -> list[tuple[str | None, tuple[int, int]]]:
    return [(match.lastgroup, match.span()) for match in pattern.finditer(text)]


def test_the_list_of_beginnings_leaves_out_no_word() -> None:
    slow = re.compile(every_context())
    tables = [(_HERE / name).read_text(encoding="utf-8") for name in _TABLES]
    lines = [one_spelling(line) for table in tables for line in table.splitlines()]
    found = {line: _found(slow, line) for line in lines}

    assert {line: _found(CONTEXTS, line) for line in lines} == found
    seen = {group for each in found.values() for group, _ in each}
    assert len(seen) >= _LEAST_SEEN * slow.groups
