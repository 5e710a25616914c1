"""Cells whose own quotes were not doubled: read as other programs read them, and told."""

import pytest

from tasks.tables.table import Table, read_table

KNOWN = ("video_id", "script")
TOLD = (
    "line {}: text stands behind the closing quote of a cell, whose quotes may be read wrongly; "
    'double the quotes inside it: ""like this""'
)


def table(text: str) -> Table:
    return read_table(text.encode(), KNOWN)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('video_id,script\na,"Say "hi" to Lumo."\n', 2),
        ('video_id;script\na;"One."\nb;"Say "hi" to Lumo."\n', 3),
        ('video_id,script\na,"Line\ntwo."\nb,"Say "hi"."\n', 4),
        ('sep=;\nvideo_id;script\na;"A "b" c"\n', 3),
        ('video_id\tscript\na\t"Buy now" is what they say\n', 2),
    ],
)
def test_the_first_cell_with_quotes_that_are_not_doubled_is_told(text: str, line: int) -> None:
    assert table(text).notices == (TOLD.format(line),)


@pytest.mark.parametrize(
    "text",
    [
        'video_id,script\na,"Say ""hi"" to Lumo."\n',
        'video_id,script\na,Say "hi" to Lumo.\n',
        'video_id,script\na, "Hello." \n',
        'video_id,script\n"a" ,"Hello, there." , \n',
        'video_id,script\na,"She said ""no"" , and left."\n',
        "video_id,script\na,Hello.\n",
        'video_id;script\n"a";""\n',
    ],
)
def test_nothing_is_told_of_quotes_that_are_right(text: str) -> None:
    assert table(text).notices == ()
