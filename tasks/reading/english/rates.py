"""What stands behind a price or a measure and says for how much of what: /mo, /kg, /100 g."""

import re

from tasks.reading.english.numbers import cardinal
from tasks.reading.english.rules import stop_ends_sentence
from tasks.reading.english.units import PERIODS, UNITS, Unit

_S = "[ \u00a0]?"
_PER = re.compile(
    rf"{_S}/{_S}((?:sq|cu)\.?{_S}(?:ft|in|m|yd)|[A-Za-z]+(?:[²³]|(?=\W|$)))(?:/([A-Za-z]+))?"
    rf"(?![A-Za-z0-9])"
)
_EACH = re.compile(
    rf"{_S}/{_S}(?:ea|pc|pp|pers)\b\.?|[ \u00a0](?:ea\b\.?|each\b)|{_S}(?:pp|p\.p)\b\.?"
    rf"|[ \u00a0]psf\b"
)
_LETTERED = re.compile(rf"{_S}(?:(p/[mwaphn])|pcm|(?<=[\d ])pw)(?![\w/])", re.IGNORECASE)
_OF_RENT = re.compile(
    r"[ \u00a0](?:p\.m\b\.?|(?P<name>pa|pn|pm)(?=[.,;)]|$|[ \u00a0](?!\d)[^\d])(?![\w/])"
    r"|p\.?(?P<heads>h)\b\.?|p/(?P<thing>kg|lb|kWh|km|mile|day|hd|head|l|ltr|litre|unit|item)(?!\w))"
)
_FLOCK = re.compile(
    r"(?i:\b(?:ewes?|lambs?|hoggets?|head|cattle|heifers?|steers?|cows?|calves|bulls?|pigs?|weaners?|goats?|sheep)\b)"
)
_MONEY = re.compile(r"(?:pounds|dollars|euros|rupees|francs|pence|cents|rand|pound|dollar|euro)$")
_OF_LETTER = {"m": "month", "w": "week", "a": "year", "p": "person", "h": "hour", "n": "night"}
_PER_SO_MUCH = re.compile(
    rf"{_S}/{_S}(?:(1|10{{1,3}}){_S}(g|ml|mL|km|kg|L|l|kWh|h)|(\d{{1,2}}){_S}(hrs?|h|days?))"
    r"(?![A-Za-z0-9])"
)
_COURSE = re.compile(
    rf"{_S}/{_S}([2-9]|[1-9]\d){_S}(wks?|weeks?|mos?|months?|d|days)(?![A-Za-z0-9])"
)
_SHORT = {
    "sh": "share",
    "shr": "share",
    "bbl": "barrel",
    "doz": "dozen",
    "appt": "appointment",
    "ppl": "people",
    "pr": "pair",
    "pg": "page",
    "bx": "box",
    "btl": "bottle",
    "cs": "case",
    "ctn": "carton",
    "cust": "customer",
    "pers": "person",
    "pax": "person",
    "ac": "acre",
    "plt": "pallet",
    "rev": "revolution",
    "sht": "sheet",
    "hd": "head",
}
RATE_WORDS = frozenset((*_SHORT, *PERIODS, *UNITS))
"""What may stand behind the slash of a rate."""
_NO_THINGS = frozenset(
    ("until", "till", "til", "or", "and", "to", "then", "if", "when", "after", "from", "with")
)
_UNITS_AND_DAYS = {
    **UNITS,
    **{
        name: Unit(word, f"{word}s")
        for word in ("day", "week", "month")
        for name in (word, f"{word}s")
    },
    "d": Unit("day", "days"),
}


_CONTRACTS = re.compile(
    r"\b(?:broadband|mobile|Mbps|Gbps|GB|SIM|contract|term|plan|data|rent|lease|FTT[CP]|line)\b"
)


def with_rate(text: str, end: int, words: str) -> tuple[str, int]:
    """A price or a rate for each of something: $9.99/mo, $5/kg, 3 GB/day.

    Returns:
        The words with those of the rate, and the index behind it.
    """
    each = _EACH.match(text, end)
    if each:
        is_stop = each[0].endswith(".") and stop_ends_sentence(text, each.end() - 1)
        told = (
            "per square foot"
            if "psf" in each[0]
            else "per person"
            if "pp" in each[0] or "p.p" in each[0]
            else "each"
        )
        return f"{words} {told}", each.end() - is_stop
    rent = _OF_RENT.match(text, end)
    if rent and _MONEY.search(words):
        is_stop = rent[0].endswith(".") and stop_ends_sentence(text, rent.end() - 1)
        return f"{words} per {_of_rent(rent, text)}", rent.end() - is_stop
    month = _LETTERED.match(text, end)
    if month:
        return f"{words} per {_OF_LETTER[month[0].lower()[-1]]}", month.end()
    course = _COURSE.match(text, end)
    if course:
        number, unit = int(course[1]), _UNITS_AND_DAYS[course[2]]
        named = unit.one if number == 1 else unit.many
        return f"{words} for {cardinal(number)} {named}", course.end()
    much = _PER_SO_MUCH.match(text, end)
    if much:
        number, unit = (much[1] or much[3]), _UNITS_AND_DAYS[much[2] or much[4]]
        named = unit.one if number == "1" else unit.many
        return f"{words} per {cardinal(int(number))} {named}", much.end()
    found = _PER.match(text, end)
    if found is None:
        return words, end
    first, second = found[1], found[2]
    if first in _NO_THINGS:
        return words, end  # 1 hr/until doubled
    is_known = first in UNITS or first in PERIODS or first in _SHORT
    if first.isupper() and len(first) > 1 and not is_known:
        return words, end  # RTO 4h/RPO 15m
    period = _period_of(first, words, text)
    if second is None and period is not None:
        return f"{words} {period}", _period_end(text, found.end())
    names = [
        PERIODS[name].split()[1]
        if name in PERIODS
        else UNITS[name].one
        if name in UNITS
        else _SHORT.get(name, name)
        for name in (first, second)
        if name
    ]
    return f"{words} per {' per '.join(names)}", _period_end(text, found.end())


def _of_rent(match: re.Match[str], text: str) -> str:
    """£900 pa, £95 pn, $4 p/kg; £145 p.h. is for each head of sheep, or for an hour."""
    if match["heads"]:
        return "head" if _FLOCK.search(text) else "hour"
    if match["thing"]:
        thing = match["thing"]
        return {"hd": "head", "ltr": "liter", "litre": "liter"}.get(
            thing, UNITS[thing].one if thing in UNITS else thing
        )
    return {"pa": "annum", "pn": "night"}.get(match["name"] or "", "month")


def _period_of(name: str, words: str, text: str) -> str | None:
    """A period that a price is for: £29/m for broadband, but not of fabric."""
    if name == "n" and _MONEY.search(words):
        return "a night"
    if name == "m" and _MONEY.search(words) and _CONTRACTS.search(text):
        return "a month"
    return PERIODS.get(name)


def _period_end(text: str, end: int) -> int:
    is_stop = text[end : end + 1] == "." and text[end - 1].isalpha()
    shortened = re.search(
        r"/(?:mo|yr|wk|hr|min|sec|sh|shr|pg|bbl|doz|qtr|btl|ctn|cust|mth|nt|lb|oz|gal|sht|hd|yd"
        r"|pr)$",
        text[max(0, end - 5) : end],
    )
    return end + 1 if is_stop and shortened and not stop_ends_sentence(text, end) else end
