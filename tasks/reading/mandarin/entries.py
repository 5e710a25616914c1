"""Numbers of list entries: ①, (1), 1. and 1) at the beginning of a line or clause. Pure."""

import re
import unicodedata

from tasks.reading.mandarin.numerals import cardinal
from tasks.reading.mandarin.rules import Rule, Said, after, before, rule

_PAUSE = re.compile(r" ?[，。、；：！？,.;:!?)\n]|$")
_BEGINS = re.compile(r"(?:^|[。！？；;!?：:，,、])\s*$|\s$")
_CIRCLED = "①-⑳㉑-㉟㊱-㊿⓪❶-❿⓫-⓴⓵-⓾➀-➉➊-➓⑴-⒇⒈-⒛㈠-㈩㊀-㊉"


def _spoken(number: int, match: re.Match[str]) -> str:
    return cardinal(number) + ("" if _PAUSE.match(after(match)) else "、")


def _circled(match: re.Match[str]) -> Said:
    return Said("ordinal", _spoken(int(unicodedata.numeric(match[1])), match))


def _listed(match: re.Match[str]) -> Said | None:
    if not _BEGINS.search(before(match)):
        return None
    return Said("ordinal", _spoken(int(match[1]), match))


def _in_brackets(match: re.Match[str]) -> Said | None:
    return Said("ordinal", _spoken(int(match[1]), match))


RULES: tuple[Rule, ...] = (
    rule(f"([{_CIRCLED}])[.、]?", _circled),
    rule("(\\d)\ufe0f?\u20e3", _in_brackets),
    rule(r"\((\d{1,2})\)(?! ?\d)", _in_brackets),
    rule(r"(\d{1,2})[.．](?=[\u3400-\u9fffA-Za-z《“\"【「])(?![A-Za-z]\d)", _listed),
    rule(r"(\d{1,2})[.] (?=\S)", _listed),
    rule(r"(\d{1,2})\)", _listed),
)
