"""What a spreadsheet shows for a value and its number format (ECMA-376, 18.8.30). Pure.

Thousands are parted by commas and decimals begin with a point, whatever the country of the reader.
Dates in the short format of a country are shown as 2026-11-29, which is read alike everywhere.
"""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | datetime | date | time | timedelta | None

_GENERAL_DIGITS = 11
_COUNTRY_DATES = frozenset({"mm-dd-yy", "m/d/yy", "m/d/yyyy", "d/m/yyyy", "dd/mm/yyyy"})
_COUNTRY_STAMPS = frozenset({"m/d/yy h:mm", "m/d/yyyy h:mm"})
_PIECE = re.compile(
    r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|AM/PM|am/pm|A/P|General|[yYmMdDhHsS]+|\.0+(?=[^0#?]|$)'
    r"|[0#?.,/]+|E[+-]0+|%|@|.",
    re.DOTALL,
)
_DIGITS = re.compile(r"[0#?][0#?,]*(?:\.[0#?]*,*)?|\.[0#?]+,*")
_SYMBOL = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_FRACTION = re.compile(r"(#*)\s*([?#0]+)/([?#0]+|\d+)")
_MONTHS: str = (
    "January February March April May June July August September October November December"
)
_DAYS: str = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


def displayed(value: Value, number_format: str) -> str:
    """The text of a cell as the spreadsheet shows it, without padding."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return value
    if isinstance(value, (datetime, date, time, timedelta)):
        return _moment(value, number_format)
    return _number(value, number_format).strip()


# --- numbers ------------------------------------------------------------------------------------


def _number(value: float, number_format: str) -> str:
    section, value, has_sign = _section(number_format, value)
    bare = _bare(section)
    if "@" in bare or "general" in bare.lower():
        shown = _general(abs(value))
        filled = re.sub(r"(?i)general|@", lambda _: shown, _literal(section))
        return ("-" if value < 0 and has_sign else "") + filled
    sign = "-" if value < 0 and has_sign else ""
    amount = abs(Decimal(repr(value)))
    percents = len(re.findall("%", _bare(section)))
    amount *= Decimal(100) ** percents
    fraction = _FRACTION.search(_bare(section))
    if fraction:
        return sign + _as_fraction(amount, fraction[1], fraction[3])
    exponent = re.search(r"E[+-]0+", _bare(section))
    if exponent:
        digits = len(re.findall("[0#?]", _bare(section)[: exponent.start()].partition(".")[2]))
        return sign + f"{amount:.{digits}E}"
    return sign + _placed(section, amount)


def _section(number_format: str, value: float) -> tuple[str, float, bool]:
    """The part of a format that is for ``value``, and whether a minus must be written."""
    sections = _split(number_format)
    for section in sections:
        condition = _CONDITION.search(section)
        if condition and _holds(value, condition[1], float(condition[2])):
            return section, value, True
    if any(_CONDITION.search(section) for section in sections):
        return sections[-1], value, True
    if value < 0 and len(sections) > 1:
        return sections[1], value, False
    if value == 0 and len(sections) > 2:
        return sections[2], value, True
    return sections[0], value, True


def _holds(value: float, sign: str, limit: float) -> bool:
    return {
        "<": value < limit,
        ">": value > limit,
        "=": value == limit,
        "<=": value <= limit,
        ">=": value >= limit,
        "<>": value != limit,
    }[sign]


def _split(number_format: str) -> list[str]:
    sections = [""]
    for piece in re.findall(r'"[^"]*"|\\.|\[[^\]]*\]|.', number_format, re.DOTALL):
        if piece == ";":
            sections.append("")
        else:
            sections[-1] += piece
    return sections


def _placed(section: str, amount: Decimal) -> str:
    """Digits where the format has its placeholders, everything else as it is written there."""
    bare = _bare(section)
    groups = _DIGITS.findall(bare)
    if not groups:
        return _literal(section)
    if len(groups) > 1 and "." not in "".join(groups):
        return _literal(section, *_grouped(f"{amount:.0f}", [len(group) for group in groups]))
    whole, _, part = groups[0].partition(".")
    scale = len(groups[0]) - len(groups[0].rstrip(","))
    part = part.rstrip(",")
    amount /= Decimal(1000) ** scale
    most, least = len(part), len(part.rstrip("#?"))
    rounded = amount.quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP)
    digits, _, decimals = f"{rounded:f}".partition(".")
    while len(decimals) > least and decimals.endswith("0"):
        decimals = decimals[:-1]
    digits = digits.lstrip("0").rjust(whole.count("0"), "0")
    if "," in whole.rstrip(","):
        digits = f"{int(digits or '0'):,}" if digits else digits
    shown = digits + ("." + decimals if decimals else "")
    return _literal(section, shown or "0")


def _bare(section: str) -> str:
    """The format without quoted words, padding, colours and currencies."""
    return re.sub(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]', "", section)


def _grouped(digits: str, widths: list[int]) -> list[str]:
    """The digits of a telephone number or a code; the first group takes what is left over."""
    digits = digits.rjust(sum(widths), "0")
    groups: list[str] = []
    for width in reversed(widths[1:]):
        groups.append(digits[-width:])
        digits = digits[:-width]
    return [digits, *reversed(groups)]


def _literal(section: str, *digits: str) -> str:
    """What the format writes around its digits, and each group of them in its place."""
    parts: list[str] = []
    left = list(digits)
    for piece in re.finditer(
        rf'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|{_DIGITS.pattern}|.', section, re.DOTALL
    ):
        text = piece[0]
        if text[0] == '"':
            parts.append(text[1:-1])
        elif text[0] == "\\":
            parts.append(text[1:])
        elif text[0] == "_" and len(text) == 2:
            parts.append(" ")
        elif text[0] == "*" and len(text) == 2:
            continue
        elif text[0] == "[":
            symbol = _SYMBOL.fullmatch(text)
            parts.append(symbol[1] if symbol else "")
        elif digits and _DIGITS.fullmatch(text):
            parts.append(left.pop(0) if left else "")
        else:
            parts.append(text)
    return "".join(parts)


def _as_fraction(amount: Decimal, whole: str, denominator: str) -> str:
    exact = Fraction(amount)
    if denominator.isdigit():
        near = Fraction(round(exact * int(denominator)), int(denominator))
    else:
        near = exact.limit_denominator(10 ** len(denominator) - 1)
    units, rest = divmod(near, 1) if whole else (0, near)
    if not rest:
        return str(int(units if whole else near))
    shown = f"{rest.numerator}/{rest.denominator}"
    return f"{int(units)} {shown}" if units else shown


def _general(amount: float) -> str:
    """Up to eleven digits, as a cell without a format shows them."""
    if isinstance(amount, int) or float(amount).is_integer():
        return str(int(amount)) if abs(amount) < 10**_GENERAL_DIGITS else f"{amount:.5E}"
    shown = f"{amount:.{_GENERAL_DIGITS - 1}g}"
    return f"{Decimal(shown):f}" if 1e-9 < abs(amount) < 10**_GENERAL_DIGITS else shown


# --- dates and times ----------------------------------------------------------------------------


def _moment(value: datetime | date | time | timedelta, number_format: str) -> str:
    if isinstance(value, timedelta):
        return _duration(value)
    section = _split(number_format)[0]
    plain = re.sub(r"\[[^\]]*\]|\\|_.", "", section).strip().lower()
    if isinstance(value, time):
        moment = datetime.combine(date(1900, 1, 1), value)
    else:
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    if plain in _COUNTRY_DATES:
        return f"{moment:%Y-%m-%d}"
    if plain in _COUNTRY_STAMPS:
        return f"{moment:%Y-%m-%d %H:%M}"
    if "general" in plain or not re.search("[ymdhs]", plain):
        return moment.isoformat(" ") if moment.time() != time() else f"{moment:%Y-%m-%d}"
    return _stamped(moment, section)


def _duration(value: timedelta) -> str:
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def _stamped(moment: datetime, section: str) -> str:
    """The format's letters, each in the sense of its neighbours: m is minutes beside h and s."""
    pieces = _PIECE.findall(section)
    has_noon = any(piece.lower() in ("am/pm", "a/p") for piece in pieces)
    letters = [p.lower() if re.fullmatch("[yYmMdDhHsS]+", p) else "" for p in pieces]
    parts: list[str] = []
    for index, piece in enumerate(pieces):
        if letters[index]:
            parts.append(_field(moment, letters, index, has_noon))
        elif piece.lower() in ("am/pm", "a/p"):
            parts.append("AM" if moment.hour < 12 else "PM")
        elif re.fullmatch(r"\.0+", piece):
            parts.append(f".{moment.microsecond:06d}"[: len(piece)])
        else:
            parts.append(_literal(piece))
    return "".join(parts).strip()


def _field(moment: datetime, letters: list[str], index: int, has_noon: bool) -> str:
    letter, width = letters[index][0], len(letters[index])
    if letter == "m":
        before = next((each for each in reversed(letters[:index]) if each), "")
        after = next((each for each in letters[index + 1 :] if each), "")
        if width < 3 and (before.startswith("h") or after.startswith("s")):
            return str(moment.minute).zfill(width)
        return _named(moment.month, width, _MONTHS.split(), moment.month - 1)
    if letter == "d":
        return _named(moment.day, width, _DAYS.split(), moment.weekday())
    if letter == "y":
        return str(moment.year) if width > 2 else f"{moment.year % 100:02}"
    hour = (moment.hour % 12 or 12) if has_noon else moment.hour
    return str(hour if letter == "h" else moment.second).zfill(min(width, 2))


def _named(number: int, width: int, names: list[str], index: int) -> str:
    """A number, with a leading zero, or its name, short or whole."""
    if width < 3:
        return str(number).zfill(width)
    return names[index][:3] if width == 3 else names[index]
