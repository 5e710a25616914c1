"""What a mark wants a part of a text read as, in words of the text's language. Pure.

What a mark leaves to the language (the names of months and currencies, numbers inside an alias) is
read by that language's reader.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tasks.reading.english import numbers as english
from tasks.reading.english.reader import english_tokens
from tasks.reading.languages import Language
from tasks.reading.mandarin import numerals as mandarin
from tasks.reading.mandarin.reader import mandarin_tokens
from tasks.reading.marks import Span
from tasks.reading.tokens import Token, spoken_form

_LARGEST = 10**15
_READERS: Mapping[Language, Callable[[str], tuple[Token, ...]]] = MappingProxyType(
    {"en": english_tokens, "zh": mandarin_tokens}
)
_SIGN_NAMES: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            **{"-": "dash", "_": "underscore", ".": "dot", "/": "slash", "@": "at", "#": "hash"},
            **{"+": "plus", "&": "and", "*": "star", ":": "colon", "%": "percent", "=": "equals"},
            **{"$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "!": "exclamation mark"},
            **{"?": "question mark", "'": "apostrophe", ",": "comma", "\\": "backslash"},
        },
        "zh": {
            **{"-": "杠", "_": "下划线", ".": "点", "/": "斜杠", "@": "艾特", "#": "井号"},
            **{"+": "加号", "&": "和", "*": "星号", ":": "冒号", "%": "百分号", "=": "等号"},
            **{"$": "美元符号", "€": "欧元符号", "£": "英镑符号", "¥": "人民币符号"},
            **{"!": "感叹号", "?": "问号", "'": "撇号", ",": "逗号", "\\": "反斜杠"},
        },
    }
)
_NUMBER = re.compile(r"[-−+]?\d{1,3}(?:[,\u00a0 ]\d{3})+|[-−+]?\d+")
_TELEPHONE = re.compile(r"\+?[\d()\s./-]*\d[\d()\s./-]*(?:(?:ext\.?|x|转)\s*\d+)?", re.IGNORECASE)
_DATE_ORDERS = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "y", "m", "d")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class UnfitWordsError(ValueError):
    """Words that cannot be read as their mark says: the rule, and the way out."""

    def __init__(self, rule: str, way_out: str) -> None:
        super().__init__(rule, way_out)
        self.rule, self.way_out = rule, way_out


def token_of(span: Span, text: str, language: Language) -> Token:
    """The token that a mark makes of ``text[span.start:span.end]``.

    Raises:
        UnfitWordsError: the words are not of the kind that the mark names.
    """
    written = text[span.start : span.end]
    if span.kind == "sub":
        spoken = " ".join(spoken_form(span.value, _READERS[language](span.value)).split())
    else:
        spoken = _SAID[span.kind](written, span.value, language)
    return Token(span.start, span.end, "entry", spoken)


def _characters(written: str, _: str, language: Language) -> str:
    """Letters one by one, digits by their names, signs by theirs."""
    names = _SIGN_NAMES[language]
    words: list[str] = []
    for sign in written:
        if sign.isdecimal():
            words.append(_digits(str(int(sign)), language))
        elif sign.isalpha():
            words.append(sign.upper() if sign.isascii() else sign)
        elif sign in names:
            words.append(names[sign])
        elif not sign.isspace():
            rule = f'holds "{sign}", which has no name to spell'
            raise UnfitWordsError(rule, 'write <sub alias="..."> with the words')
    return " ".join(words)


def _digits(number: str, language: Language, *, one: str = "一") -> str:
    return english.digits(number) if language == "en" else mandarin.digits(number, one=one)


def _each_digit(written: str, _: str, language: Language) -> str:
    if not re.fullmatch(r"[\d\s.,()-]*\d[\d\s.,()-]*", written):
        raise UnfitWordsError("must be digits alone", "use characters for letters and signs")
    groups = re.findall(r"\d+", written)
    return (", " if language == "en" else "，").join(_digits(each, language) for each in groups)


def _telephone(written: str, _: str, language: Language) -> str:
    if not _TELEPHONE.fullmatch(written.strip()):
        raise UnfitWordsError("must be a telephone number", "use characters for letters")
    tokens = _READERS[language](written.strip())
    if len(tokens) == 1 and tokens[0].kind == "phone" and tokens[0].end == len(written.strip()):
        return tokens[0].spoken  # in the groups of its country
    plus = {"en": "plus ", "zh": "加"}[language] if written.strip().startswith("+") else ""
    number, extension = (*re.split(r"(?i)ext\.?|x|转", written, maxsplit=1), "")[:2]
    comma = {"en": ", ", "zh": "，"}[language]
    spoken = plus + comma.join(
        _digits(each, language, one="幺") for each in re.findall(r"\d+", number)
    )
    if extension:
        said = _digits("".join(re.findall(r"\d", extension)), language, one="幺")
        spoken += f", extension {said}" if language == "en" else f"转{said}"
    return spoken


def _whole_number(written: str) -> int:
    if not _NUMBER.fullmatch(written.strip()):
        raise UnfitWordsError("must be a whole number", 'or write <sub alias="..."> with the words')
    number = int(re.sub(r"[,\u00a0 ]", "", written.strip()).replace("−", "-"))
    if abs(number) >= _LARGEST:
        raise UnfitWordsError("is too large to be read as a number", "use digits")
    return number


def _cardinal(written: str, _: str, language: Language) -> str:
    number = _whole_number(written)
    if language == "en":
        return english.cardinal(number)
    return ("负" if number < 0 else "") + mandarin.cardinal(abs(number))


def _ordinal(written: str, _: str, language: Language) -> str:
    number = _whole_number(re.sub(r"(?i)(?<=\d)(?:st|nd|rd|th)$|^第", "", written.strip()))
    if number < 0:
        raise UnfitWordsError("must not be negative", 'or write <sub alias="..."> with the words')
    if language == "en":
        return english.ordinal(number)
    return f"第{mandarin.cardinal(number).replace('两', '二')}"


def _date(written: str, order: str, language: Language) -> str:
    """A date in figures in the order of ``order``; without one, whatever the reader sees in it."""
    order = re.sub(r"[^a-z]", "", order.lower())
    order = re.sub(r"(.)\1+", r"\1", order)
    if not order:
        return _read_whole(written, language, "date")
    if order not in _DATE_ORDERS:
        rule = f'has the format "{order}", which must be one of {", ".join(_DATE_ORDERS)}'
        raise UnfitWordsError(rule, 'or write <sub alias="..."> with the words')
    parts = re.findall(r"\d+", written)
    if len(parts) != len(order) or re.search(r"[A-Za-z]", written):
        rule = f'must be {len(order)} numbers, as its format "{order}" says'
        raise UnfitWordsError(rule, "correct one of them")
    named = {name: int(part) for name, part in zip(order, parts, strict=True)}
    month, day = named.get("m"), named.get("d")
    is_month = month is None or 1 <= month <= len(_MONTHS)
    longest = _LONGEST_MONTHS[month - 1] if month and is_month else 31
    if not is_month or not (day is None or 1 <= day <= longest):
        raise UnfitWordsError(f'is no day in the order "{order}"', "correct the format or the date")
    return _english_date(named) if language == "en" else _mandarin_date(named)


def _english_date(named: dict[str, int]) -> str:
    parts: list[str] = []
    if "m" in named:
        parts.append(_MONTHS[named["m"] - 1])
    if "d" in named:
        parts.append(english.ordinal(named["d"]))
    spoken = " ".join(parts)
    if "y" not in named:
        return spoken
    year = english.year(_whole_year(named["y"]))
    return f"{spoken}, {year}" if "d" in named else f"{spoken} {year}".strip()


def _mandarin_date(named: dict[str, int]) -> str:
    spoken = f"{mandarin.digits(str(_whole_year(named['y'])))}年" if "y" in named else ""
    for name, sign in (("m", "月"), ("d", "日")):
        if name in named:
            spoken += mandarin.cardinal(named[name]) + sign
    return spoken


def _whole_year(year: int) -> int:
    """26 is 2026, and 85 is 1985."""
    return year + (2000 if year < 70 else 1900) if year < 100 else year


def _currency(written: str, _: str, language: Language) -> str:
    return _read_whole(written, language, "money")


def _read_whole(written: str, language: Language, kind: str) -> str:
    """As the reader reads it, where it sees one thing of this kind in all of it."""
    tokens = _READERS[language](written.strip())
    is_whole = len(tokens) == 1 and tokens[0].end - tokens[0].start == len(written.strip())
    if not is_whole or tokens[0].kind != kind:
        named = {"date": "a date", "money": "an amount of money"}[kind]
        rule = f"cannot be read as {named}"
        raise UnfitWordsError(rule, 'write it otherwise, or write <sub alias="..."> with the words')
    return tokens[0].spoken


_SAID: Mapping[str, Callable[[str, str, Language], str]] = MappingProxyType(
    {
        "characters": _characters,
        "spell-out": _characters,
        "digits": _each_digit,
        "telephone": _telephone,
        "cardinal": _cardinal,
        "ordinal": _ordinal,
        "date": _date,
        "currency": _currency,
    }
)
