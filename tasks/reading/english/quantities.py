"""Numbers that count something: money, measures, percentages, their ranges and dimensions."""

import re
from dataclasses import dataclass
from fractions import Fraction

from tasks.reading.english.nouns import is_noun_next_to
from tasks.reading.english.numbers import (
    NUMBER,
    Number,
    cardinal,
    parse_number,
    year,
)
from tasks.reading.english.rates import with_rate
from tasks.reading.english.rules import (
    LatePattern,
    Rule,
    near,
    stop_ends_sentence,
    token,
    word_after,
    word_before,
    word_set,
)
from tasks.reading.english.times.calendar import is_year
from tasks.reading.english.units import (
    CURRENCIES,
    GLUED_ONLY,
    PERIODS,
    PREFIX_ONLY,
    UNITS,
    Currency,
    Unit,
)
from tasks.reading.tokens import Kind, Token

_SCALES = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "mm": "million",
    "mil": "million",
    "b": "billion",
    "bn": "billion",
    "t": "trillion",
    "tn": "trillion",
    "mio": "million",
    "mrd": "billion",
}
_COUNTED = (
    r"(?:\+?[ \u00a0](?:(?:happy|active|monthly|daily|weekly|paying|registered|unique|more|new)"
    r"[ \u00a0])?"
    r"(?:users?|views?|downloads?|followers?|subscribers?|people|customers?|likes?|orders?|members?|"
    r"visitors?|units?|sales|plays|streams?|reviews?|fans?|items|records?|rows|tokens?|parameters?|"
    r"years?|shares?|jobs|homes|households|lines|words|steps|pixels|copies|meals|children|students|"
    r"families|patients|workers|employees|listeners|readers|players|clicks|searches|installs|"
    r"accounts|messages|songs|doses|votes|tonnes|tons|barrels|passengers|guests|travell?ers|drivers|"
    r"riders|rides|trips|miles|businesses|companies|developers|creators|parcels|deliveries))"
)
_SCALE = (
    r"[ \u00a0]?(?:hundred|thousand|million|billion|trillion|lakh|crore|bn|mn|tn|Mio\.?"
    r"|Mrd\.?)(?![A-Za-z])"
    rf"|[ \u00a0][kK](?={_COUNTED})"
    rf"|[mMbB](?=[ \u00a0](?:to|and|or)[ \u00a0]\d[\d.]*[mMbB]{_COUNTED})"
    rf"|k(?![A-Za-z])|K(?![A-Za-z])|[mMbB](?={_COUNTED})|(?<=\.\d)[MB](?![A-Za-z])"
    r"|M\+?(?![A-Za-z])"
)
_MONEY_SCALE = r"|[ \u00a0]?(?:m|M|mm|MM|b|B|mil|T)(?![A-Za-z/])"
_S = "[ \u00a0]?"


_WORD_END = r"(?![A-Za-z0-9²³&])"


def _alternatives(names: list[str], word_end: str = _WORD_END) -> str:
    parts = [
        re.escape(name).replace(r"\ ", "[ \u00a0]") + (word_end if name[-1].isalnum() else "")
        for name in sorted(names, key=len, reverse=True)
    ]
    return "(?:" + "|".join(parts) + ")"


_PREFIX = _alternatives([name for name in CURRENCIES if name != "¢"], word_end="")
_SPACED = _alternatives([name for name in UNITS if name not in GLUED_ONLY])
_GLUED = _alternatives(list(UNITS))
_SUFFIX = _alternatives([name for name in CURRENCIES if name not in PREFIX_ONLY])
_LENGTH = (
    r"(?=[,;)]|[ \u00a0]=|"
    r"[ \u00a0](?:wide|tall|long|deep|high|thick|across|screen|display|monitor|tv|TV|x"
    r"|×|by|in (?:total|all|length|width|height|depth|diameter))\b)"
)
UNIT = rf"[ \u00a0-]{_SPACED}|{_GLUED}|[ \u00a0]in(?:{_LENGTH}|\.(?=[ \u00a0,;)]|$))"
_THOUSANDS = rf"\d{{1,3}}(?: \d{{3}})+(?:[.,]\d{{1,2}})?(?={_S}(?:{_SUFFIX}|{_SPACED}))"


def _of_first(part: str) -> str:
    """The scales of money for the second number of $145–150mm, where only the first has a sign."""
    return "" if part == "a" else rf"(?:(?(prea)(?:{_SCALE}{_MONEY_SCALE})|(?!)))|"


def _quantity(part: str) -> str:
    return (
        rf"(?P<sign{part}>[-+±]{_S})?(?:(?P<pre{part}>(?<![A-Za-z]){_PREFIX}){_S}"
        rf"(?P<minus{part}>-)?)?"
        rf"(?P<num{part}>(?(pre{part})\d{{1,3}}(?: \d{{3}})+(?:[.,]\d{{1,2}})?(?![\d.])|(?!))"
        rf"|{_THOUSANDS}|{NUMBER})"
        rf"(?P<flat{part}>[.,][-–—]+(?![\d\w]))?"
        rf"(?P<scale{part}>(?(pre{part})(?:{_SCALE}{_MONEY_SCALE})"
        rf"|(?:{_of_first(part)}{_SCALE}{_MONEY_SCALE}(?={_S}{_SUFFIX})|{_SCALE})))?"
        rf"(?P<post{part}>(?(pre{part})(?:(?<=\d)|(?<=\d\d)){_S}(?:USD|CAD|AUD|NZD|SGD|HKD|TWD"
        rf"|MXN|EUR|GBP|CNY|RMB|JPY)(?![A-Za-z0-9])|(?:{_S}{_SUFFIX}|{UNIT})))?"
    )


BEFORE = (
    r"(?<![A-Za-z0-9_#^])(?<![^\s(]=)(?<!^=)(?<!\b[A-Z]\.)(?!(?<=\d[.,:/'])\d)"
    r"(?:(?<![A-Za-z0-9]-)|(?<=[- ]for-))(?<!\d[ \u00a0][-–]\d)"
    r"(?<![*×÷])"
)
_BEHIND = r"(?!(?!(?:pp|pcm|pw|fpm)\b)[A-Za-z0-9_²³⁴⁵⁶⁷⁸⁹⁰¹₀-₉]|[.,:'][0-9]|-[0-9A-Z]|[*×÷^]\d)"
_TO = r"(?:[ \u00a0]?[-–—~][ \u00a0]?|[ \u00a0]?(?:\.\.\.?|…)[ \u00a0]?)"
_RANGE = LatePattern(rf"{BEFORE}{_quantity('a')}(?P<to>{_TO}){_quantity('b')}{_BEHIND}")
_SINGLE = LatePattern(rf"{BEFORE}{_quantity('a')}(?P<plus>\+(?![\w+]))?{_BEHIND}")


@dataclass(frozen=True)
class _Quantity:
    number: Number
    sign: str
    scale: str
    currency: Currency | None
    unit: Unit | None
    name: str

    @property
    def words(self) -> str:
        """Signed, with its scale; without unit."""
        sign = {"-": "minus ", "+": "plus ", "±": "plus or minus "}.get(self.sign, "")
        return f"{sign}{self.number.words} {self.scale}".strip()

    def named(self, *, is_noun_next: bool = False) -> str:
        """With its unit or currency."""
        if self.currency is not None:
            return self._money(self.currency, is_noun_next)
        if self.unit is None:
            return self.words
        part = self.number.part
        if (
            part is not None
            and not is_noun_next
            and not self.number.whole
            and self.unit.one != "percent"
        ):
            return part_of(part, self.words, self.unit.one)
        is_described = is_noun_next and not self.unit.one.startswith("frame")
        is_one = is_described or (self.number.is_one and not self.scale)
        return f"{self.words} {self.unit.one if is_one else self.unit.many}"

    def _money(self, currency: Currency, is_noun_next: bool) -> str:
        number, decimals = self.number, self.number.decimals
        is_cents = decimals is not None and len(decimals) == 2 and not self.scale
        if not is_cents or currency.small_one == currency.one:
            is_one = is_noun_next or (number.is_one and not self.scale)
            return f"{self.words} {currency.one if is_one else currency.many}"
        sign = {"-": "minus ", "+": "plus ", "±": "plus or minus "}.get(self.sign, "")
        cents = int(decimals or 0)
        large = currency.one if is_noun_next or number.whole == 1 else currency.many
        is_penny = currency.small_one == "penny"  # a two pound and fifty pence fee
        is_one = cents == 1 or (is_noun_next and not is_penny)
        small = currency.small_one if is_one else currency.small_many
        parts = [f"{cardinal(number.whole)} {large}"] if number.whole or not cents else []
        parts += [f"{cardinal(cents)} {small}"] if cents else []
        return sign + " and ".join(parts)


def part_of(part: Fraction, words: str, unit: str) -> str:
    """Half a cup, a quarter teaspoon, three quarters of a mile."""
    article = "an" if unit[0] in "aeio" or unit.startswith("hour") else "a"
    if part == Fraction(1, 2):
        return f"half {article} {unit}"
    return f"{words} {unit}" if part == Fraction(1, 4) else f"{words} of {article} {unit}"


def _parsed(match: re.Match[str], part: str) -> _Quantity:
    before = match[f"pre{part}"] or ""
    behind = (match[f"post{part}"] or "").lstrip(" \u00a0-")
    name = (before if not behind or len(before) > 1 else behind).replace("\u00a0", " ")
    currency, unit = CURRENCIES.get(name), UNITS.get(name)
    if name == "¥" and _JAPAN.search(match.string) and not _CHINA.search(match.string):
        currency = CURRENCIES["JPY"]
    if name == "in.":
        unit = UNITS["in"]
    is_european = name in ("€", "EUR", "₺", "TRY", "₫", "VND", "kr", "R$", "₽", "Rp", "IDR", "zł")
    scale = (match[f"scale{part}"] or "").strip(" \u00a0+").rstrip(".")
    sign = (match[f"sign{part}"] or match[f"minus{part}"] or "").strip(" \u00a0")
    written = match[f"num{part}"]
    if match[f"flat{part}"]:  # 1,999.- and 1.999,-
        written += ".00" if "," in written and "." not in written else ",00"
    return _Quantity(
        parse_number(written, is_european=is_european),
        sign,
        _SCALES.get(scale.lower(), scale),
        currency,
        unit,
        name,
    )


def end_of(match: re.Match[str]) -> int:
    """Where the token ends: the full stop of a unit is left out where it ends the sentence too."""
    text, end = match.string, match.end()
    is_stop = text[end - 1] == "." and match[0][-2:-1].isalpha()
    if is_stop and re.search(r"\d-[a-z]+\.$", match[0]) and re.match(r" \w", text[end:]):
        return end  # a 6-yd. TD
    return end - 1 if is_stop and stop_ends_sentence(text, end - 1) else end


def _single(match: re.Match[str]) -> Token | None:
    text = match.string
    quantity, end = _parsed(match, "a"), end_of(match)
    is_pair = not quantity.name and not quantity.scale and re.match(r"/\d", text[end:])
    if is_pair or _is_not_a_quantity(match, quantity):
        return None
    if quantity.name in ("K", "k"):
        return None
    is_noun_next = is_noun_next_to(text, match.start(), end) or (match["posta"] or "")[:1] == "-"
    is_noun_next = is_noun_next or _is_of_gold(quantity, word_after(text, end))
    words = quantity.named(is_noun_next=is_noun_next)
    if is_noun_next and word_before(text, match.start()).lower() in _ARTICLES:
        words = words.removeprefix("a ")
    if match["plus"]:
        words += " plus"
    if quantity.currency is None and quantity.unit is None:
        return _count(match, quantity, words)
    words, end = with_rate(text, end, words)
    doubt = quantity.number.doubt or _currency_doubt(text, quantity.name)
    return token(match, _kind(quantity), words, end=end, doubt=doubt)


_ARTICLES = word_set("a an our the your this my that each every one")
_GOLD = word_set("wg yg rg gold diamond diamonds white yellow rose ring rings")


def _is_of_gold(quantity: _Quantity, following: str) -> bool:
    """14ct gold."""
    return bool(quantity.unit and quantity.unit.one == "karat" and following.lower() in _GOLD)


def _is_not_a_quantity(match: re.Match[str], quantity: _Quantity) -> bool:
    """Codes with leading zeros, and the bullet before a number that counts."""
    written = match["numa"]
    if re.match(r"0\d", written):
        return True
    return (
        bool(quantity.sign)
        and match["signa"] is not None
        and len(match["signa"]) > 1
        and (quantity.currency is None)
    )


def _kind(quantity: _Quantity) -> Kind:
    if quantity.currency is not None:
        return "money"
    if quantity.unit is not None:
        return "percent" if quantity.unit.one in ("percent", "per mille") else "measure"
    if quantity.number.part is not None:
        return "fraction"
    return "cardinal" if quantity.number.decimals is None else "decimal"


def _count(match: re.Match[str], quantity: _Quantity, words: str) -> Token | None:
    """A number by itself: a year, a long code or a count."""
    written, text = match["numa"], match.string
    each = re.compile(r"/([a-z]{3,})(?![\w/])").match(text, match.end())
    period = re.compile(r"/(mo|yr|wk|hr|day)\b").match(text, match.end())
    if period and quantity.number.decimals and len(quantity.number.decimals) == 2:
        return token(match, "money", f"{words} {PERIODS[period[1]]}", end=period.end())
    often = _OFTEN.match(text, match.end())
    if often and not match["plus"] and quantity.number.decimals is None:
        return token(match, "measure", f"{words} {PERIODS[often[1]]}", end=often.end())
    if each and not match["plus"] and each[1] not in PERIODS:
        return token(match, "measure", f"{words} per {each[1]}", end=each.end())
    if _has_thousands_point(match):
        words = cardinal(int(written.replace(".", "")))
        doubt = f'the point of "{written}" is read as grouping thousands'
        return token(match, "cardinal", words, doubt=doubt)
    if quantity.scale and (rate := with_rate(text, match.end(), words))[1] > match.end():
        return token(match, "measure", rate[0], end=rate[1])
    if match["flata"]:
        words = cardinal(quantity.number.whole)  # 15,- without a sign of money
    if quantity.scale or match["plus"]:
        return token(match, _kind(quantity), _letter_scale(match, quantity) or words)
    if re.fullmatch(r"\d{4}", written) and is_year(text, match.start(), match.end(), int(written)):
        return token(match, "year", _signed(quantity.sign, year(int(written))))
    if re.fullmatch(r"\d{7,}", written) and not written.endswith("000"):
        return None
    return token(match, _kind(quantity), words, doubt=quantity.number.doubt or _doubt(match))


_OFTEN = re.compile(r"/(min|day|night|week|wk|month|mo|yr|hr)(?![\w/])")
_THREE_ZEROS = re.compile(r"[1-9]\d{0,2}\.(?:000|[1-9]00)")


def _has_thousands_point(match: re.Match[str]) -> bool:
    """10.000 customers: nobody counts people to the thousandth part."""
    following = word_after(match.string, match.end())
    is_counted = following.islower() and following.endswith("s") and len(following) > 3
    is_plain = not (match["scalea"] or match["plus"] or match["posta"])
    return bool(is_plain and is_counted and _THREE_ZEROS.fullmatch(match["numa"]))


def _signed(sign: str, words: str) -> str:
    return {"-": "minus ", "+": "plus ", "±": "plus or minus "}.get(sign, "") + words


_RUN = word_set("a an the my your our his her their first next charity fun")
_RACES = re.compile(r"\b(?:marathons?|relays?|triathlons?|finish line|runners)\b", re.I)
_KINDS_OF_RUN = word_set("fun charity turkey color colour trail road walk virtual jog")
_PARTS_OF_RACE = word_set("cutoff cut-off finishers finisher bib bibs medal medals pb course")
_START_BEHIND = re.compile(r"[ \u00a0]\d{1,2}:\d\d")
_INCHES_BEFORE = re.compile(r"\d[\"”] $")
_AFTER_RUN = word_set("in on and for with this every to at or")


def _letter_scale(match: re.Match[str], quantity: _Quantity) -> str | None:
    """4K video, a 10K run, 2700K light: where the letter is no thousand."""
    scale = (match["scalea"] or "").strip()
    if scale not in ("k", "K") or match["plus"]:
        return None
    value, following = quantity.number.whole, word_after(match.string, match.end()).lower()
    is_screen = value in (2, 3, 4, 5, 6, 8, 12, 16) and (
        following in _SCREENS
        or bool(_INCHES_BEFORE.search(match.string, 0, match.start()))
        or (scale == "K" and following == "" and value != 3)
    )
    before = word_before(match.string, match.start()).lower()
    is_run = value in (3, 5, 10, 15) and before in _RUN and following in ("", *_AFTER_RUN)
    is_run = is_run or (value in (3, 5, 10, 15) and following in _KINDS_OF_RUN)
    is_run = is_run or (value in (3, 5, 10, 15) and following in _PARTS_OF_RACE)
    is_run = is_run or (value in (3, 5, 10, 15) and before in _KINDS_OF_RUN | {"annual"})
    is_run = is_run or (value in (5, 10) and not following and bool(_RACES.search(near(match))))
    is_run = is_run or (value in (5, 10) and bool(_START_BEHIND.match(match.string, match.end())))
    if is_run and scale == "K" and quantity.number.decimals is None:
        return f"{quantity.number.words} K"
    if is_screen or following in ("run", "race", "runs", "races", "runner", "event"):
        return f"{quantity.number.words} K"
    is_gold = following.split("-")[0] in ("gold", "white", "yellow", "rose", "yg", "wg", "rg")
    is_gold = is_gold or (not following and bool(_RING.search(near(match))))
    if is_gold and value in (
        8,
        9,
        10,
        14,
        18,
        21,
        22,
        24,
    ):
        return f"{quantity.number.words} karat"
    if scale == "K" and value >= 1000:
        return f"{quantity.number.words} kelvin"
    return None


_RING = re.compile(r"\b(?:[Rr]ing size|carats?|karats?|[Dd]iamonds?)\b|\d ?ctw?\b")


_SCREENS = word_set(
    "tv tvs video videos display displays screen screens monitor monitors resolution camera "
    "cameras uhd hdr ultra streaming footage projector content at oled recording and gaming "
    "support hdmi webcam movie movies quality output"
)


_COUNTED_WORDS = word_set("dollars euros pounds yuan yen rupees people meters miles grams words")


def _doubt(match: re.Match[str]) -> str | None:
    written, following = match["numa"], word_after(match.string, match.end())
    if re.fullmatch(r"\d+,\d{1,2}", written):
        return f'the comma of "{written}" could separate two numbers'
    plain = written.replace(",", "")
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", written) and following.islower():
        return f'the point of "{written}" could group thousands'
    is_like_a_year = len(plain) == 4 and plain.isdecimal() and 1900 <= int(plain) <= 2099
    if is_like_a_year and not (following and following.islower()):
        return f'"{written}" could be a year'
    if re.fullmatch(r"\d{4}", written) and is_like_a_year and following not in _COUNTED_WORDS:
        return f'"{written}" could be a year'
    return None


_CHINA = re.compile(r"China|Chinese|yuan|RMB|CNY|Beijing|Shanghai")
_JAPAN = re.compile(r"Japan|Tokyo|Osaka|Kyoto|\byen\b|JPY")


def _currency_doubt(text: str, name: str) -> str | None:
    is_clear = _CHINA.search(text) or _JAPAN.search(text)
    return "¥ could be yen" if name == "¥" and not is_clear else None


def _range(match: re.Match[str]) -> Token | None:
    text, end = match.string, end_of(match)
    left, right = _parsed(match, "a"), _parsed(match, "b")
    if not _is_range(match, left, right):
        return None
    if left.sign == "" and right.sign == "-" and "-" in match["to"]:
        return None
    is_noun_next = is_noun_next_to(text, match.start(), end) or (match["postb"] or "")[:1] == "-"
    is_years = not (left.name or right.name) and _are_years(match["numa"], match["numb"])
    if is_years:
        start, stop = int(match["numa"]), int(match["numb"])
        words = f"{year(start)} to {_last_year(stop)}"
    else:
        words = _kelvin(match, left, right) or _range_words(left, right, is_noun_next)
    if word_before(text, match.start()).lower() == "between":
        words = words.replace(" to ", " and ", 1)
    words, end = with_rate(text, end, words)
    doubt = (
        left.number.doubt or right.number.doubt or _currency_doubt(text, left.name or right.name)
    )
    return token(match, "range", words, end=end, doubt=doubt)


def _kelvin(match: re.Match[str], left: _Quantity, right: _Quantity) -> str | None:
    """2,700K–6,500K and 2700-6500K: light, not millions."""
    if match["scaleb"] != "K" or match["scalea"] not in ("K", None) or left.name or right.name:
        return None
    is_light = left.number.whole >= 1000 and right.number.whole >= 1000
    return f"{left.number.words} to {right.number.words} kelvin" if is_light else None


def _range_words(left: _Quantity, right: _Quantity, is_noun_next: bool) -> str:
    named = (
        right
        if right.name
        else _Quantity(
            right.number, right.sign, right.scale or "", left.currency, left.unit, left.name
        )
    )
    is_same = (
        not left.name
        or not right.name
        or (left.name in ("°", "º") and right.unit is not None and "degree" in right.unit.one)
        or (left.currency, left.unit) == (right.currency, right.unit)
    )
    has_cents = named.currency is not None and (left.number.decimals or right.number.decimals)
    if not is_same or has_cents:
        first = _Quantity(
            left.number,
            left.sign,
            left.scale,
            left.currency or named.currency,
            left.unit,
            left.name,
        )
        return f"{first.named()} to {named.named(is_noun_next=is_noun_next)}"
    unit = named
    if unit.number.is_one and not is_noun_next:
        return f"{left.words} to {unit.named()}"
    return f"{left.words} to {unit.named(is_noun_next=is_noun_next)}"


def _is_range(match: re.Match[str], left: _Quantity, right: _Quantity) -> bool:
    numbers = match["numa"], match["numb"]
    if any(re.match(r"0\d", number) for number in numbers) and not _are_years(*numbers):
        return False
    is_named = bool(left.name or right.name)
    is_tight = not re.search(r"[ \u00a0]", match["to"])
    is_lone_dash = "—" in match["to"] and not is_tight
    if is_lone_dash or (left.currency and right.unit) or (left.unit and right.currency):
        return False
    if re.match(r"[ \u00a0]?(?:[=÷×*+]|/\d)", match.string[match.end() :]):
        return False
    if match["to"].strip() == "-" and not is_tight and not is_named:
        return left.number.whole < right.number.whole
    return True


def _last_year(value: int) -> str:
    if value > 99:
        return year(value)
    return f"oh {cardinal(value)}" if value < 10 else cardinal(value)


def _are_years(left: str, right: str) -> bool:
    if not re.fullmatch(r"1[5-9]\d\d|20\d\d", left):
        return False
    return bool(re.fullmatch(r"1[5-9]\d\d|20\d\d", right)) or (
        len(right) == 2 and right.isdecimal() and int(right) > int(left[2:])
    )


RANGE_RULES = (Rule(_RANGE, _range),)
RULES = (Rule(_SINGLE, _single),)
