"""Commands, cells of sheets, and English phrases with a figure. Pure."""

import re

from tasks.reading.mandarin.numerals import amount, digits
from tasks.reading.mandarin.rules import Rule, Said, before, rule, sentence_around

_COMMAND = re.compile(
    r"(?<![A-Za-z])(?:pip3?|npm|npx|yarn|pnpm|git|docker|kubectl|sudo|apt|brew|conda|python3?|node|"
    r"curl|ssh|ls|rm|cp|tar|grep|ffmpeg|make|cargo|go)(?: [\w@./:=-]+)* $"
)
_SHEET = re.compile(r"Excel|WPS|表格|公式|单元格|引用|锁定|[Ss]heets?|F4")
_ENGLISH_NUMBERS = {"1": "one", "2": "two", "3": "three", "4": "four", "5": "five"}


def _flag(match: re.Match[str]) -> Said | None:
    """A flag: pip install -U, npm i --save."""
    line = match.string[: match.start()].rpartition("\n")[2]
    return Said("sign", "杠" * len(match[0])) if _COMMAND.search(line) else None


def _cell(match: re.Match[str]) -> Said | None:
    """$A$1 of a sheet."""
    if not _SHEET.search(sentence_around(match)):
        return None
    column, row = match.groups()
    return Said("model", f"{column}{amount(row)}", f"{match[0]} is read without its signs")


def _in_english(match: re.Match[str]) -> Said:
    """Buy 1 Get 1."""
    return Said("cardinal", _ENGLISH_NUMBERS[match[0]])


def _next_protection(match: re.Match[str]) -> Said | None:
    """IP68/69."""
    if not re.search(r"(?<![A-Za-z])IP\d\d$", before(match)):
        return None
    return Said("model", f"、{digits(match[1])}{match[2] or ''}")


RULES: tuple[Rule, ...] = (
    rule(r"(?<= )-{1,2}(?=[A-Za-z])", _flag),
    rule(r"\$([A-Z]{1,2})\$?(\d{1,4})(?![\d.,])", _cell),
    rule(
        r"(?i)(?:(?<=\bbuy )|(?<=\bget )|(?<=\btake ))[1-5](?= (?:get|take|free)| ?[^a-z\d ]|$)",
        _in_english,
    ),
    rule(r"/(?:IP)?(\d\d)(K)?(?![A-Za-z\d])", _next_protection),
    rule(r"(?<=(?<![A-Za-z])[A-D])\*(?=[率级等、，。/和以或]|$)", lambda _: Said("sign", "星")),
)
