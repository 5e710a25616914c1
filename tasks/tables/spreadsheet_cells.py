"""Texts in cells that a spreadsheet opens: none becomes a formula, and each comes back as it was.

A report is separated by commas, but the spreadsheets of many countries split it at semicolons, and
then a semicolon, a tab or a line break inside a text begins a cell too, whatever is quoted.
"""

import re

REPORT_COLUMNS = (
    "status",
    "path",
    "duration_s",
    "frames",
    "segments",
    "seconds",
    "engine_seconds",
    "loudness_lufs",
    "true_peak_dbtp",
    "error",
    "way_out",
    "warnings",
)
"""What a report adds to the columns of its manifest."""
OLDEST_REPORT_COLUMNS = frozenset(REPORT_COLUMNS) - {"loudness_lufs", "true_peak_dbtp"}
"""The same of the first release: by these a report is told from a manifest."""

_SIGNS = "=+@＝＋－＠-"
# where a cell may begin for some spreadsheet, and the apostrophes that the text itself has there
_CELL = r"((?:^|[;\t\r\n])[\s\"]*)"
_FORMULA = re.compile(rf"{_CELL}(?='*[{_SIGNS}])")
_PROTECTED_FORMULA = re.compile(rf"{_CELL}'(?='*[{_SIGNS}])")
_HIDDEN = re.compile(r"^(?='*[\t\r])")  # a tab, after which spreadsheets look for a formula too
_PROTECTED_HIDDEN = re.compile(r"^'(?='*[\t\r])")


def protected(text: str) -> str:
    """``text`` with an apostrophe wherever a spreadsheet would take what follows for a formula."""
    return _HIDDEN.sub("'", _FORMULA.sub(r"\1'", text))


def unprotected(text: str) -> str:
    """The text that :func:`protected` made this of."""
    return _PROTECTED_FORMULA.sub(r"\1", _PROTECTED_HIDDEN.sub("", text))
