"""What the rules of the English reader share: their form, one spelling of signs, sentence ends.

A rule is a pattern and what it makes of a match. Rules are tried in order over the whole text, and
a stretch that one has taken is closed to the later ones.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from tasks.reading.tokens import Kind, Token

Read: TypeAlias = Callable[[re.Match[str]], Token | None]


def word_set(words: str) -> frozenset[str]:
    """The words of a line, to look one up."""
    return frozenset(words.split())


TIME_ZONES = word_set("EST EDT ET CST CDT CT MST MDT MT PST PDT PT GMT UTC BST CET CEST IST")
_ZONES = word_set("Eastern Central Mountain Pacific Atlantic Beijing Greenwich")
_DAYS = word_set(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june "
    "july august september october november december"
)
_SHORT_DATES = word_set("Jan Feb Apr Jun Jul Aug Sep Sept Oct Nov Dec")
_STARTERS = (
    "a after all also an and are as at because before both but buy by call can choose click come "
    "contact did do does each enjoy even every everyone find first for free from get he her "
    "here his "
    "how i if in is it its join just last learn let like look make many more most my new next "
    "no not "
    "now of on once one only open or order our people place please press read save see send she "
    "shop so some start stay still take tell that the their them then there therefore these they "
    "this those to today tomorrow too try turn two use visit was watch we what when where which "
    "while who why will with write you your"
)
STARTERS = word_set(_STARTERS)
"""Words that begin a sentence after an abbreviation and are no part of a name."""
_SAME_SIGNS = {
    **dict.fromkeys("\u202f\u2007\u2008\u2009\u200a\u2002\u2003\u2004\u2005\u2006\u3000", "\u00a0"),
    **dict.fromkeys("‐‑﹣", "-"),
    "‒": "–",
    **dict.fromkeys("’‘ʼ′", "'"),
    **dict.fromkeys("“”″", '"'),
    "∶": ":",
    "⁄": "/",
    "∕": "/",
    "∼": "~",
    "～": "~",
    "〜": "~",
    "µ": "μ",
    "ﬁ": "ﬁ",
    "\t": " ",
}


_MINUS = re.compile(r"(?<![\d)²³A-Za-z%] )(?<![\d)²³])−(?=[ $€£¥]?[\d.])")
"""A minus before its number; between two numbers it keeps its own sign."""
_DASH_FOR_MINUS = re.compile(r"(?<![\d–-] )(?:(?<=[\s(])|(?<=^))–(?=[$€£¥₹]?\d)(?!\d+ [A-Z])")
"""A dash that touches its number alone: –42 dB."""


@dataclass(frozen=True)
class LatePattern:
    """What rules use of ``re.Pattern``, compiled when it is first searched for.

    For patterns of hundreds of words: those of English take a quarter of a second, and most
    processes that import the readers (a worker's runs, ``status``, ``cluster up``) read no text.

    Raises:
        re.error: ``text`` is no pattern; not before it is searched for.
    """

    text: str

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.text)

    def search(self, string: str, start: int = 0) -> re.Match[str] | None:
        """The first match that begins at ``start`` or later."""
        return self._compiled.search(string, start)

    def match(self, string: str, start: int = 0) -> re.Match[str] | None:
        """The match that begins at ``start``."""
        return self._compiled.match(string, start)


_ENDS = re.compile(r"[.!?;][\"')\]]*\s+(?=[A-Z][a-z]+ [a-z])|\n")
REACH = 48
"""Characters on each side of a figure in which a word may tell what it is."""


def near(match: re.Match[str], reach: int = REACH) -> str:
    """The part of a match's sentence that stands beside it, in whole words.

    A word further off is about another figure: in a line of an advertisement each clause has its
    own subject.
    """
    text, start, end = match.string, match.start(), match.end()
    first, last = max(0, start - reach), min(len(text), end + reach)
    if first and not text[first - 1].isspace():
        first = text.find(" ", first, start) + 1 or start
    if last < len(text) and not text[last].isspace():
        last = max(end, text.rfind(" ", end, last))
    for found in _ENDS.finditer(text, first, start):
        first = found.end()
    found = _ENDS.search(text, end, last)
    return text[first : found.start() + 1 if found else last]


@dataclass(frozen=True)
class Rule:
    """What ``read`` makes of a match of ``pattern``; None leaves it to later rules."""

    pattern: re.Pattern[str] | LatePattern
    read: Read


def one_spelling(text: str) -> str:
    """``text`` of the same length, with one form of digits, spaces, hyphens, quotes and widths."""
    if text.isascii():
        return text.replace("\t", " ")
    plain = "".join(_one_spelling(sign) for sign in text)
    return _DASH_FOR_MINUS.sub("-", _MINUS.sub("-", plain))


def _one_spelling(sign: str) -> str:
    if sign.isascii():
        return " " if sign == "\t" else sign
    if sign in _SAME_SIGNS:
        return _SAME_SIGNS[sign]
    if unicodedata.category(sign) == "Nd":
        return str(unicodedata.digit(sign))
    if 0xFF01 <= ord(sign) <= 0xFF5E:
        return chr(ord(sign) - 0xFEE0)
    return {"￥": "¥", "￡": "£", "￠": "¢", "￦": "₩", "。": "."}.get(sign, sign)


def apply(rules: Iterable[Rule], text: str, found: Iterable[Token]) -> tuple[Token, ...]:
    """The tokens ``found`` before, and those that the rules find in the rest, in order."""
    tokens = list(found)
    taken = bytearray(len(text))
    for token in tokens:
        taken[token.start : token.end] = b"\1" * (token.end - token.start)
    for rule in rules:
        place = 0
        while place < len(text) and (match := rule.pattern.search(text, place)):
            is_taken = taken.find(1, *match.span()) >= 0
            token = None if is_taken else rule.read(match)
            if token is None or taken.find(1, token.start, token.end) >= 0:
                place = max(match.start() + 1, place + 1)
                continue
            taken[token.start : token.end] = b"\1" * (token.end - token.start)
            tokens.append(token)
            place = max(token.end, place + 1)
    return tuple(sorted(tokens, key=lambda token: token.start))


def token(
    match: re.Match[str],
    kind: Kind,
    spoken: str,
    *,
    end: int | None = None,
    doubt: str | None = None,
) -> Token:
    """The token of a whole match, or of its beginning up to ``end``."""
    words = " ".join(spoken.split())
    return Token(match.start(), match.end() if end is None else end, kind, words, None, doubt)


def word_after(text: str, end: int) -> str:
    """The word right behind ``end``, behind one space or hyphen; nothing where there is none."""
    found = re.compile(r"[ \u00a0-]([A-Za-z][A-Za-z'-]*)").match(text, end)
    return found[1] if found else ""


def word_before(text: str, start: int) -> str:
    """The word right before ``start``, with its full stop or colon."""
    found = re.search(r"([A-Za-z][A-Za-z'-]*[.:]?)[ \u00a0]*$", text[max(0, start - 40) : start])
    return found[1] if found else ""


def stop_ends_sentence(text: str, stop: int, *, before_name: bool = False) -> bool:
    """Whether the full stop at ``stop``, behind an abbreviation, ends its sentence too.

    Args:
        text: the whole text.
        stop: index of the full stop.
        before_name: whether names follow the abbreviation (``U.S. Army``), so that a capital alone
            says nothing.
    """
    behind = re.compile(r"[\"')\]]*(\s*)[\"'(\[]*([^\W\d_]*)").match(text, stop + 1)
    if behind is None or (behind.end() == len(text) and not behind[2]):
        return True
    if not behind[1]:
        return False
    if "\n" in behind[1] and not behind[2][:1].islower():
        return True
    if not behind[2][:1].isupper():
        return False
    word = behind[2]
    return word.lower() in STARTERS if before_name else not _continues(word)


def _continues(word: str) -> bool:
    return (
        word in TIME_ZONES
        or word in ("YoY", "QoQ", "MoM")
        or word in _ZONES
        or word.lower() in _DAYS
        or word in _SHORT_DATES
    )
