"""Numbers: how they are written, and the words for them. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
SMALL = tuple(_SMALL.split())
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ("", "thousand", "million", "billion", "trillion")
LIMIT = 10 ** (3 * len(SCALES))
_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
VULGAR = "½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
_MIXED = (
    rf"\d{{1,9}}(?: |\u00a0)?[{VULGAR}]|[{VULGAR}]|\d{{1,9}}[ \u00a0-](?:\d|\d\d(?=/(?:16|32"
    rf"|64)))/\d{{1,2}}(?![\d/])"
)
_GROUPS = "{1,6}"
NUMBER = (
    rf"(?:{_MIXED}"
    rf"|\d{{1,3}}(?:\.\d{{3}}){_GROUPS},\d{{1,2}}"  # 1.299,00
    rf"|\d{{1,3}}(?:'\d{{3}}){_GROUPS}(?:[.,]\d{{1,2}})?"  # 1'299
    rf"|\d{{1,3}}(?:\u00a0\d{{3}}){_GROUPS}(?:[.,]\d{{1,2}})?"  # 1 299, a space that does not break
    rf"|\d{{1,3}}(?:,\d{{3}}){_GROUPS}(?:\.\d{{1,15}})?"
    rf"|\d{{1,2}}(?:,\d{{2}}){_GROUPS},\d{{3}}(?:\.\d{{1,15}})?"  # 1,00,000
    rf"|\d{{1,3}}(?:,\d{{3}}){_GROUPS},\d\d"  # 1,999,99, a slip
    r"|[1-9]\d{0,2}(?:,\d{3}){0,4},\d{4}(?:\.\d{1,2})?"  # 1,0000, a slip too
    r"|\d{1,3}(?:\.\d{3}){2,6}"  # 1.299.000
    r"|\d{1,15},\d{1,2}|\d{0,15}\.\d{1,30}|\d{1,15})(?!\d|[.,]\d)"
)
"""A number as people write it, the European ways too."""


@dataclass(frozen=True)
class Number:
    """A number of a text.

    Attributes:
        whole: the part before the point.
        decimals: the digits behind the point; None without one.
        part: the fraction of a mixed number.
        doubt: why a person should check it.
    """

    whole: int
    decimals: str | None = None
    part: Fraction | None = None
    doubt: str | None = None

    @property
    def is_one(self) -> bool:
        """Whether what it counts is in the singular."""
        return self.whole == 1 and self.decimals is None and self.part is None

    @property
    def words(self) -> str:
        """As it is read aloud."""
        if self.part is not None:
            part = fraction_words(self.part.numerator, self.part.denominator)
            return f"{cardinal(self.whole)} and {part}" if self.whole else part
        if self.decimals is None:
            return cardinal(self.whole)
        return f"{cardinal(self.whole)} point {digits(self.decimals)}"


@dataclass(frozen=True)
class PointNumber(Number):
    """A number that begins with its point, as in ``.5``."""

    @property
    def words(self) -> str:
        """Without the zero that nobody wrote."""
        return f"point {digits(self.decimals or '')}"


def cardinal(value: int) -> str:
    """One hundred twenty; digit by digit from a thousand trillion on."""
    if value < 0:
        return f"minus {cardinal(-value)}"
    if value >= LIMIT:
        return digits(str(value))
    groups: list[str] = []
    for scale in reversed(range(len(SCALES))):
        group = value // 1000**scale % 1000
        if group:
            groups.append(f"{_below_thousand(group)} {SCALES[scale]}".strip())
    return " ".join(groups) or "zero"


def _below_thousand(value: int) -> str:
    hundreds, rest = divmod(value, 100)
    words = [f"{SMALL[hundreds]} hundred"] if hundreds else []
    if rest:
        words.append(_below_hundred(rest))
    return " ".join(words)


def _below_hundred(value: int) -> str:
    if value < 20:
        return SMALL[value]
    tens, ones = divmod(value, 10)
    return f"{TENS[tens]}-{SMALL[ones]}" if ones else TENS[tens]


def ordinal(value: int) -> str:
    """One hundred twenty-first."""
    return ordinal_of(cardinal(value))


def ordinal_of(words: str) -> str:
    """The ordinal of a number in words."""
    head, sign, last = re.fullmatch(r"(?:(.*)([ -]))?([a-z]+)", words, re.DOTALL).groups("")  # type: ignore[union-attr]
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    else:
        last = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return f"{head}{sign}{last}"


def digits(written: str) -> str:
    """Each digit of ``written`` by itself."""
    return " ".join(SMALL[int(digit)] for digit in written if digit.isdecimal())


def plural(words: str) -> str:
    """Twenties, sixes, threes."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def pairs(written: str) -> str:
    """How people say a year, a model or a room: nineteen oh five, forty ninety, two thousand."""
    value = int(written)
    if len(written) < 3 or written.startswith("0"):
        return digits(written) if written.startswith("0") and len(written) > 1 else cardinal(value)
    if len(written) == 3:
        return _split(written[:1], written[1:])
    if len(written) == 4:
        return _split(written[:2], written[2:]) if written[1:3] != "00" else cardinal(value)
    return cardinal(value) if written.endswith("00") and len(written) <= 6 else digits(written)


def _split(left: str, right: str) -> str:
    if right == "00":
        return f"{cardinal(int(left))} hundred"
    small = f"oh {SMALL[int(right)]}" if right.startswith("0") else _below_hundred(int(right))
    return f"{cardinal(int(left))} {small}"


def year(value: int) -> str:
    """Twenty twenty-six, two thousand five, nineteen hundred."""
    return pairs(str(value))


def fraction_words(numerator: int, denominator: int) -> str:
    """A half, three quarters, five sixteenths."""
    if denominator == 2:
        name = "half" if numerator == 1 else "halves"
    else:
        name = "quarter" if denominator == 4 else ordinal(denominator)
        name += "" if numerator == 1 else "s"
    if numerator != 1:
        return f"{cardinal(numerator)} {name}"
    return f"{'an' if name.startswith('e') else 'a'} {name}"


def parse_number(written: str, *, is_european: bool = False) -> Number:
    """The number that a text matching ``NUMBER`` stands for.

    Args:
        written: the number alone.
        is_european: whether a point before three digits groups thousands (``1.299 €``).
    """
    mixed = _mixed(written)
    if mixed is not None:
        return mixed
    plain = re.sub(r"[ \u00a0']", "", written)
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d{1,2}", plain):
        return _decimal(plain.replace(".", ""), ",")
    if re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}", plain):
        return Number(int(plain.replace(".", "")))
    if is_european and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", plain):
        doubt = f'the point of "{written}" could be a decimal point'
        return Number(int(plain.replace(".", "")), doubt=doubt)
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+,\d\d", plain):
        doubt = f'the last comma of "{written}" is read as a point'
        return Number(int(plain[:-3].replace(",", "")), plain[-2:], doubt=doubt)
    if re.search(r",\d{4}(?!\d)", plain):
        value = int(plain.partition(".")[0].replace(",", ""))
        doubt = f'the commas of "{written}" group no thousands; it is read as {value}'
        return Number(value, plain.partition(".")[2] or None, doubt=doubt)
    if re.fullmatch(r"\d+,\d{1,2}", plain):
        return _decimal(plain, ",")
    return _decimal(plain.replace(",", ""), ".")


def _decimal(plain: str, sign: str) -> Number:
    whole, point, decimals = plain.partition(sign)
    if not point:
        value = int(whole)
        doubt = f'"{whole}" is too long for a number in words' if value >= LIMIT else None
        return Number(value, doubt=doubt)
    return Number(int(whole), decimals) if whole else PointNumber(0, decimals)


def _mixed(written: str) -> Number | None:
    found = re.fullmatch(rf"(\d*)[ \u00a0]?([{VULGAR}])", written)
    if found:
        part = Fraction(unicodedata.numeric(found[2])).limit_denominator(10)
        return Number(int(found[1] or 0), part=part)
    found = re.fullmatch(r"(\d+)[ \u00a0-](\d+)/(\d+)", written)
    if found and int(found[3]):
        return Number(int(found[1]), part=Fraction(int(found[2]), int(found[3])))
    return None
