"""Fractions, scores out of a whole, and sums: numbers with a sign between them."""

import re
from fractions import Fraction

from tasks.reading.english.nouns import NOT_NOUNS, is_noun_next_to
from tasks.reading.english.numbers import (
    cardinal,
    fraction_words,
    ordinal,
    pairs,
    parse_number,
)
from tasks.reading.english.quantities import UNIT, end_of, part_of
from tasks.reading.english.rules import LatePattern, Rule, token, word_after, word_before, word_set
from tasks.reading.english.times.calendar import MONTHS
from tasks.reading.english.units import UNITS, Unit
from tasks.reading.tokens import Token

_SLASHED = re.compile(
    r"(?<![\w.,/:$])(?<!\d[ \u00a0-])(\d{1,4}(?:\.\d+)?)/(\d{1,4})(?:st|nd|rds?|ths?)?(?![\w%]"
    r"|[/.,:]\d)"
)
_SPECIAL = {
    "24/7": "twenty-four seven",
    "9/11": "nine eleven",
    "50/50": "fifty fifty",
    "50-50": "fifty fifty",
    "20/20": "twenty twenty",
    "24/7/365": "twenty-four seven three sixty-five",
}
_ALWAYS_OPEN = re.compile(r"(?<![\w/.])(?:24/7/365|24/7|9/11|50/50|50-50|20/20)(?![\w/%-]|[.,]\d)")
_OUT_OF = word_set(
    "scored scores got stars star rating score points rated page step part question slide day"
    " lap stage round lesson match game hole box "
    "image photo week chapter episode level"
)
_OPERATORS = {
    "+": "plus",
    "-": "minus",
    "–": "minus",
    "−": "minus",
    "×": "times",
    "x": "times",
    "*": "times",
    "÷": "divided by",
    "/": "divided by",
    "±": "plus or minus",
}
_TERM = r"-?(?:\d{1,3}(?:,\d{3})+|\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})%?"
_SUM = re.compile(
    rf"(?<![\w.,=+*/-]){_TERM}(?: ?[-−+–×x*÷/±] ?{_TERM})+(?: ?[=≈] ?{_TERM})|"
    rf"(?<![\w.,=+*/-]){_TERM} ?= ?{_TERM}(?: ?[-−+–×x*÷/] ?{_TERM})+(?![\w])"
)


def _special(match: re.Match[str]) -> Token:
    return token(match, "fraction", _SPECIAL[match[0]])


def _fraction(match: re.Match[str]) -> Token | None:
    """A fraction, a score out of a whole, or two numbers with a slash."""
    left, right, text = match[1], match[2], match.string
    following = word_after(text, match.end()).lower()
    before = word_before(text, match.start()).lower().rstrip(".:")
    is_score = "." in left or following in _OUT_OF or before in _OUT_OF
    is_score = is_score or (left == right and left != "1")
    is_whole = left.isdecimal() and int(right) in (10, 100) and int(left) > int(right) // 2
    is_more = "." not in left and int(left) > int(right)  # than a whole has: a date, two speeds
    if (is_score or is_whole) and not is_more:
        return token(match, "fraction", f"{parse_number(left).words} out of {cardinal(int(right))}")
    top, bottom = int(left), int(right)
    if top + bottom == 100 and top > bottom:
        return token(match, "fraction", f"{cardinal(top)} {cardinal(bottom)}")  # a 60/40 split
    if top < bottom and 100 < bottom <= 2000 and bottom % 10 == 0 and top > bottom // 4:
        return token(match, "fraction", f"{cardinal(top)} out of {cardinal(bottom)}")
    is_code = left.startswith("0") or right.startswith("0") or len(right) > 3
    if is_code or (bottom < 2 and top != 1):
        doubt = f'"{match[0]}" is read with its slash'
        return token(match, "fraction", f"{pairs(left)} slash {pairs(right)}", doubt=doubt)
    unit = _unit_after(text, match.end())
    if (
        unit is None
        and not _RATIO_CUE.search(text[: match.start()])
        and (date := _uncertain_date(top, bottom))
    ):
        return token(match, "date", date, doubt=f'"{match[0]}" could be a fraction')
    if top < bottom <= 100:
        words = fraction_words(top, bottom)
        if unit is None and top > 9 and bottom not in _DENOMINATORS:
            words = f"{cardinal(top)} slash {cardinal(bottom)}"
            doubt = f'"{match[0]}" could be a fraction or two values'
            return token(match, "fraction", words, doubt=doubt)
        if unit is None:
            return token(match, "fraction", words)
        return _part_measured(match, Fraction(top, bottom), *unit)
    words = f"{cardinal(top)} over {cardinal(bottom)}"
    if unit is not None:
        return token(match, "measure", f"{words} {unit[1].many}", end=unit[0])
    is_speed = before == "nbn"
    is_pressure = is_speed or (bottom >= _LEAST_PRESSURE and top <= _MOST_PRESSURE)
    doubt = None if is_pressure else f'"{match[0]}" could be a fraction or two values'
    return token(match, "fraction", words, doubt=doubt)


_LEAST_PRESSURE, _MOST_PRESSURE = 40, 260  # of blood, as people have it


def _part_measured(match: re.Match[str], part: Fraction, end: int, unit: Unit) -> Token:
    """3/4 of an inch, a 3/4" bit."""
    text = match.string
    words = fraction_words(part.numerator, part.denominator)
    before = word_before(text, match.start()).lower()
    is_behind_article = before in ("a", "an")
    if is_noun_next_to(text, match.start(), end) or _describes(text, match.end(), end):
        is_eighth = words.startswith("an ") and before == "a"
        words = f"one {words[3:]}" if is_eighth else re.sub(r"^an? ", "", words)
        words = words.replace("three quarters", "three quarter")
        return token(match, "measure", f"{words} {unit.one}", end=end)
    said = part_of(part, words, unit.one)
    said = re.sub(r"^(half) an? |^an? ", r"\1 ", said).strip() if is_behind_article else said
    if before == "every":
        said = re.sub(r"^(half) an? |^an? (?=quarter)", r"\1 ", said).strip()
    return token(match, "measure", said, end=end)


def _describes(text: str, start: int, end: int) -> bool:
    """Whether 1/2-inch, or 3/4" without a space, stands before what it describes: 3/4" plywood."""
    following = word_after(text, end)
    is_close = text[start] in '-"'
    return bool(
        is_close and len(following) > 2 and following.lower() not in _ADJECTIVES | NOT_NOUNS
    )


_ADJECTIVES = word_set(
    "thick thin wide deep long tall high actual apart across square diameter taller longer"
)
_RATIO_CUE = re.compile(r"(?i:ratio|aspect|scale|signature|beat|in)[ \u00a0]$")
_DENOMINATORS = frozenset((2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 25, 32, 50, 64, 100))


def _uncertain_date(left: int, right: int) -> str | None:
    """Month and day, in either order, where the numbers make no usual fraction."""
    if left < right and right in _DENOMINATORS and (left, right) != (12, 25):
        return None
    month, day = (left, right) if left <= 12 else (right, left)
    is_date = 1 <= month <= 12 and 1 <= day <= 31
    return f"{MONTHS[month - 1]} {ordinal(day)}" if is_date else None


_UNIT_BEHIND = LatePattern(UNIT)


def _unit_after(text: str, end: int) -> tuple[int, Unit] | None:
    quotes = re.sub(r"[\d½¼¾⅓⅔⅛⅜⅝⅞]\"", "", text[:end]).count('"')
    if text[end : end + 1] == '"' and quotes % 2 == 0:
        return end + 1, UNITS["in"]
    found = _UNIT_BEHIND.match(text, end)
    if found is None:
        return None
    unit = UNITS[found[0].strip(" \u00a0-").replace("\u00a0", " ")]
    return end_of(found), unit


def _sum(match: re.Match[str]) -> Token:
    parts = re.findall(rf"(?<![\d%])-(?=\d)|{_TERM.removeprefix('-?')}|[-−+–×x*÷/±=≈]", match[0])
    words = [
        _OPERATORS.get(part) or {"=": "equals", "≈": "is about"}.get(part) or _term(part)
        for part in parts
    ]
    return token(match, "sign", " ".join(words))


def _term(written: str) -> str:
    percent = " percent" if written.endswith("%") else ""
    return parse_number(written.rstrip("%")).words + percent


_FACTORIAL = re.compile(r"(?<![\w.,$])(\d{1,3}|n)!(?=[ \u00a0]?[=/*×÷+−)])")


def _factorial(match: re.Match[str]) -> Token:
    """5! = 120."""
    number = cardinal(int(match[1])) if match[1] != "n" else "N"
    return token(match, "cardinal", f"{number} factorial")


_FRACTION_SUM = re.compile(
    r"(?<![\w.,/])\d{1,3}/\d{1,3}(?: [-+−–×x÷] \d{1,3}(?:/\d{1,3})?)+ = \d{1,3}(?:/\d{1,3})?"
    r"(?![\w/]|[.,]\d)"
)


def _fraction_sum(match: re.Match[str]) -> Token:
    """2/3 + 1/6 = 5/6."""
    words: list[str] = []
    for part in match[0].split():
        top, slash, bottom = part.partition("/")
        if slash and int(bottom) > 1:
            words.append(re.sub("^an? ", "one ", fraction_words(int(top), int(bottom))))
        else:
            words.append(_OPERATORS.get(part) or ("equals" if part == "=" else cardinal(int(top))))
    return token(match, "sign", " ".join(words))


_PART_BEHIND_SIGN = re.compile(r"(?<=[=<>≤≥≈])\.(\d{1,6})(?![\w.])")
_JEANS = re.compile(
    r"(?:(?<=[Ww]aist )|(?<=[Ww]aist: )|(?<=W/L )|(?<=[Ss]ize )|(?<=[Ss]izes )|(?<=[Jj]eans ))"
    r"(2[4-9]|3\d|4[0-4])/(2[6-9]|3[0-8])(?![\w/]|[.,]\d)"
    r"|(?<![\w.,/$-])(2[4-9]|3\d|4[0-4])/(2[6-9]|3[0-8])(?= (?:jeans|chinos|trousers|waist"
    r"|inseam)\b)"
)
_SHEETS = re.compile(
    r"(?:(?<=[Pp]g\. )|(?<=\bp\. )|(?<=[Ss]heet )|(?<=[Ss]ht\. ))(\d{1,3})/(\d{1,3})(?![\w/]"
    r"|[.,]\d)"
)


_GENERATIONS = re.compile(
    r"(?:(?<=iPhone )|(?<=Pixel )|(?<=Galaxy )|(?<=iPad )|(?<=Watch ))(\d{1,2})/(\d{1,2})(?![\w/]"
    r"|[.,]\d)"
)


def _generations(match: re.Match[str]) -> Token:
    """IPhone 15/16 cases."""
    first, second = (cardinal(int(number)) for number in match.groups())
    return token(match, "model", f"{first} and {second}")


def _part_behind_sign(match: re.Match[str]) -> Token:
    """p=.03."""
    return token(match, "decimal", parse_number(match[0]).words)


def _jeans(match: re.Match[str]) -> Token:
    """Waist 32/34: waist and leg."""
    waist, leg = (cardinal(int(number)) for number in match.groups() if number)
    return token(match, "digits", f"{waist} {leg}")


def _sheets(match: re.Match[str]) -> Token | None:
    """Pg. 2/9."""
    page, pages = map(int, match.groups())
    if not 0 < page <= pages:
        return None
    return token(match, "fraction", f"{cardinal(page)} of {cardinal(pages)}")


EARLY_RULES = (
    Rule(_SHEETS, _sheets),
    Rule(_JEANS, _jeans),
    Rule(_GENERATIONS, _generations),
    Rule(_PART_BEHIND_SIGN, _part_behind_sign),
    Rule(_FRACTION_SUM, _fraction_sum),
    Rule(_FACTORIAL, _factorial),
    Rule(_SUM, _sum),
    Rule(_ALWAYS_OPEN, _special),
)
_HALF_PRICE = re.compile(
    r"(?<![\w./$])(?:1/2|½)[ \u00a0-](?=(?:price|off|priced|days?|cords?|heads?|hd|board|term"
    r"|rack|cases?|keg|tray|barrels?|pages?|sheets?"
    r"|portions?|size|sized|sleeve|marathon)\b)"
)


def _half_price(match: re.Match[str]) -> Token:
    """½-price drinks, 1/2 off."""
    return token(match, "fraction", "half ")


_POINTS_OF = re.compile(r"(?<![\w.,/$])(\d{1,2}\.\d{1,2})/(\d{1,2}\.\d)(?![\w/%]|\.\d)")


def _points_of(match: re.Match[str]) -> Token:
    """A GPA of 3.2/4.0."""
    left, right = (parse_number(number).words for number in match.groups())
    return token(match, "fraction", f"{left} out of {right}")


RULES = (
    Rule(_POINTS_OF, _points_of),
    Rule(_HALF_PRICE, _half_price),
    Rule(_SLASHED, _fraction),
)
