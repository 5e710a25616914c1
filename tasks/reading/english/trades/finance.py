"""Quarters, estimates and prices as brokers and agents write them: 1Q26, 2024–2030E, ₹1.85 Cr."""

import re

from tasks.reading.english.numbers import (
    NUMBER,
    cardinal,
    digits,
    ordinal,
    pairs,
    parse_number,
    plural,
    year,
)
from tasks.reading.english.rates import with_rate
from tasks.reading.english.rules import Rule, near, token, word_before, word_set
from tasks.reading.tokens import Token

_KINDS = {"E": "estimated", "F": "forecast", "A": "actual", "P": "projected"}
_QUARTER = re.compile(
    r"(?<![\w.,/-])(?P<number>[1-4])(?P<part>[QH])"
    r"(?:[ \u00a0]?'?(?P<year>(?:20)?\d\d)(?P<kind>[EFA])?)?(?![\w-]|\.\d)"
)


_IN = word_set("in for of from since during by until to through and between vs versus")


def _quarter(match: re.Match[str]) -> Token | None:
    """1Q26, 2H25E; a 2H pencil is none."""
    number = int(match["number"])
    if match["part"] == "H" and (number > 2 or not match["year"]):
        return None
    words = f"{ordinal(number)} {'quarter' if match['part'] == 'Q' else 'half'}"
    is_in = word_before(match.string, match.start()).lower() in _IN
    words = f"the {words}" if is_in else words
    if match["year"]:
        words += f"{' of' if is_in else ''} {year(int(match['year']) % 100 + 2000)}"
    words += f" {_KINDS[match['kind']]}" if match["kind"] else ""
    return token(match, "date", words)


_Y = r"(?:19|20)\d\d"
_ESTIMATE = re.compile(
    rf"(?<![\w.,/$€£¥₹-])(?P<fiscal>FY[ \u00a0]?'?)?"
    rf"(?:(?P<first>{_Y})[AEFP]?[ \u00a0]?[-–][ \u00a0]?)?(?P<year>{_Y}|(?<=FY)\d\d"
    rf"|(?<=FY')\d\d)(?P<kind>[AEFP])(?![\w-])"
)
_OUTLOOK = re.compile(
    r"\b(?:CAGR|EBITDA|EBIT|EPS|revenues?|sales|growth|market|forecasts?|consensus|guidance"
    r"|outlook|earnings|"
    r"P/E|capex|margins?|profit|GDP|estimates?)\b",
    re.IGNORECASE,
)


def _estimate(match: re.Match[str]) -> Token | None:
    """FY2026E, 2024–2030E."""
    if not (match["fiscal"] or match["first"] or _OUTLOOK.search(near(match))):
        return None
    fiscal = "fiscal year " if match["fiscal"] else ""
    first = f"{year(int(match['first']))} to " if match["first"] else ""
    last = int(match["year"]) if len(match["year"]) == 4 else 2000 + int(match["year"])
    words = f"{fiscal}{first}{year(last)} {_KINDS[match['kind']]}"
    return token(match, "year", words)


_RUPEES = re.compile(
    rf"(?:₹|\bRs\.?|\bINR)[ \u00a0]?(?P<low>{NUMBER})(?:[ \u00a0]?[-–][ \u00a0]?(?:₹"
    rf"|Rs\.?)?[ \u00a0]?(?P<high>{NUMBER}))?"
    r"[ \u00a0]?(?:(?P<lakh>L|Lac?s?|lacs?|[Ll]akhs?)|(?P<crore>Cr\.?|cr\.?|CR|Crs"
    r"|[Cc]rores?))(?![A-Za-z])(?P<plus>\+)?"
)


def _rupees(match: re.Match[str]) -> Token:
    """₹85 L, ₹1.85 Cr."""
    words = parse_number(match["low"]).words
    words += f" to {parse_number(match['high']).words}" if match["high"] else ""
    words += f" {'lakh' if match['lakh'] else 'crore'} rupees" + (" plus" if match["plus"] else "")
    is_stop = match[0].endswith(".") and not match.string[match.end() :].strip()
    return token(match, "money", words, end=match.end() - is_stop)


_ADJUSTABLE = re.compile(r"(?<![\w.,/$-])(\d{1,2})/(\d{1,2})(?=[ \u00a0]ARMs?\b)")


def _adjustable(match: re.Match[str]) -> Token:
    """A 5/1 ARM: fixed for five years, then adjusted every year."""
    return token(match, "model", " ".join(cardinal(int(number)) for number in match.groups()))


_DIVIDEND = re.compile(
    r"(?<![\w.])(?P<dividend>[Dd]iv)\.?(?=[ \u00a0]yield)"
    r"|(?<![\w.])(?P<cap>[Mm]kt\.?[ \u00a0]cap)(?!\w)"
)


def _dividend(match: re.Match[str]) -> Token:
    return token(match, "abbreviation", "dividend" if match["dividend"] else "market cap")


_OPERATING = re.compile(
    r"(?<![\w.])[Oo]p\.(?= (?:margins?|income|profit|expenses?|cash|costs?|leverage))"
)
_TENORS = re.compile(r"(?<![\w.,/$])(\d{1,2})s(/|-)(\d{1,2})s(?![\w/])")


def _operating(match: re.Match[str]) -> Token:
    """Op. margin."""
    return token(match, "abbreviation", "operating")


def _tenors(match: re.Match[str]) -> Token:
    """The 2s/10s spread."""
    short, long = (plural(cardinal(int(match[index]))) for index in (1, 3))
    return token(match, "model", f"{short} {long}")


_PENCE = re.compile(
    r"(?<![\w.,$£€¥₹])(?!(?:23\.98|29\.97|47\.95|59\.94)p)(?P<pence>\d{1,2}\.\d{1,2}|\d{3}\.\d|\d{1,3}(?=p/(?:kWh|min|mile|L|litre|text|day|unit)\b))p(?:/(?P<each>kWh|min|mile|L|litre"
    r"|text|day"
    r"|unit))?(?!\w)"
)
_EACH = {"kWh": "kilowatt hour", "min": "minute", "L": "liter"}


def _pence(match: re.Match[str]) -> Token:
    """7.5p/kWh."""
    words = f"{parse_number(match['pence']).words} pence"
    if match["each"] is None:
        words, end = with_rate(match.string, match.end(), words)
        return token(match, "money", words, end=end)
    return token(match, "money", f"{words} per {_EACH.get(match['each'], match['each'])}")


_FORMS = re.compile(
    r"(?:(?P<cue>(?<=[Ff]orm )|(?<=[Ff]orms )|(?<=[Yy]our )|(?<=IRS )|(?<=file a )|(?<=[Ff]ile )"
    r"|(?<=[Aa] ))(?P<one>1040|1065|1098|1099|1120)"
    r"(?P<kind>(?:-[A-Z]{1,4})?)|(?<![\w.,$-])(?P<many>1040|1098|1099|1120)s)(?![\w%]|[.,]\d)"
)


def _forms(match: re.Match[str]) -> Token:
    """Your 1040, 1099s, Form 1099-NEC."""
    if match["many"]:
        return token(match, "model", plural(pairs(match["many"])))
    kind = " ".join(match["kind"].removeprefix("-"))
    return token(match, "model", f"{pairs(match['one'])} {kind}".strip())


_TERMS = re.compile(r"(?<![\w.,/$€£¥₹-])([1-5])/(10|15|20|30)(?=,?[ \u00a0][Nn]et[ \u00a0]\d)")


def _terms(match: re.Match[str]) -> Token:
    """2/10 net 30: two percent off within ten days."""
    return token(match, "model", " ".join(cardinal(int(number)) for number in match.groups()))


_SHORT_ESTIMATE = re.compile(r"(?<!\w)'(\d\d)([EF])(?=[ \u00a0,;.)]|$)")


def _short_estimate(match: re.Match[str]) -> Token:
    """'27E EPS."""
    return token(match, "year", f"{year(2000 + int(match[1]))} {_KINDS[match[2]]}")


_OF_MONTHS = re.compile(r"(?<![\w.,$€£¥₹-])(\d{1,2})M(?=:? [-+]?\d|:? (?:rate|at)\b)")
_INTERBANK = re.compile(r"\b(?:EURIBOR|Euribor|LIBOR|SOFR|SONIA|TIBOR|SHIBOR|T-bills?)\b")
_OF_YEARS = re.compile(
    r"(?<![\w.,$€£¥₹-])(\d{1,2})[yY](?= (?:Bunds?|Treasur(?:y|ies)|gilts?|notes?|bonds?|yields?"
    r"|JGBs?|USTs?|swaps?|BTPs?|OATs?)\b)"
)
_NET = re.compile(r"(?<=[Nn]et )(\d{1,3})d(?!\w)")


def _of_months(match: re.Match[str]) -> Token | None:
    """EURIBOR 3M 3.62%: months, not millions."""
    if not _INTERBANK.search(near(match)):
        return None
    return token(match, "measure", f"{cardinal(int(match[1]))} month")


def _of_years(match: re.Match[str]) -> Token:
    """10y Bund."""
    return token(match, "measure", f"{cardinal(int(match[1]))} year")


def _net(match: re.Match[str]) -> Token:
    """Net 45d."""
    return token(match, "measure", f"{cardinal(int(match[1]))} days")


_TERM = re.compile(
    r"(?<![\w.,$€£¥₹/-])(6|9|12|18|24|36|48)m(?= (?:terms?|contracts?|plans?|min\b|minimum|lease))"
)


def _term(match: re.Match[str]) -> Token:
    """An 18m term."""
    return token(match, "measure", f"{cardinal(int(match[1]))} month")


_FOR_MONTHS = re.compile(r"(?<=pm x )(\d{1,2})m(?!\w)")


def _for_months(match: re.Match[str]) -> Token:
    """£32 pm x 24m."""
    return token(match, "measure", f"{cardinal(int(match[1]))} months")


_RAND = re.compile(
    r"(?<![\w.,$€£¥₹/#-])R[ \u00a0]?(?P<number>\d{1,3}(?:[ \u00a0,]\d{3})+|\d+)(?P<cents>[.,]\d\d)?"
    r"(?P<scale>[ \u00a0]?(?:million|m|mil|bn|billion|k))?"
    r"(?:[ \u00a0]?[-–][ \u00a0]?R?[ \u00a0]?(?P<high>\d{1,3}(?:[ \u00a0,]\d{3})+"
    r"|\d+))?(?![\w%]|[.,]\d)"
)
_BEFORE_RAND = re.compile(
    r"(?i:\b(?:from|only|just|now|was|save|for|under|over|to|pay|prices?|fee|fees|deposit|rent|win|worth"
    r"|costs?|off|than|all|at|of|up to|and|or|value[d]?|limit))[ \u00a0:]$"
)
_BEHIND_RAND = re.compile(
    r"[ \u00a0]?(?:p/m|p\.m\.?|pm|pp|per|/(?:month|m|kg|hr|day|night|person|yr)|each|ea|off"
    r"|excl|incl|deposit"
    r"|cash ?back|voucher|p/p|a month|once-off|monthly|rental)\b"
)
_NO_RAND = re.compile(
    r"(?i:\b(?:refrigerants?|insulation|gas|heat pump|tyres?|tires?|rims?|batts|loft|resistors?"
    r"|aircon"
    r"|route|road|motorway)\b)"
)
_SURE_RAND = re.compile(r"(?<![\w.-])R[ \u00a0]?(?:\d{1,3}[ \u00a0,]\d{3}|\d+[.,]\d\d)(?!\w)")
_SCALES = {"m": "million", "mil": "million", "bn": "billion", "k": "thousand"}


def _rand(match: re.Match[str]) -> Token | None:
    """R389 900, R199.99, R697 pm; but R32 in an air conditioner."""
    text = match.string
    is_grouped = not match["number"].isdecimal() or match["cents"]
    is_cued = _BEFORE_RAND.search(text[: match.start()]) or _BEHIND_RAND.match(text, match.end())
    is_cued = is_cued or _SURE_RAND.search(text)
    is_other = _NO_RAND.search(text[max(0, match.start() - 16) : match.end() + 16])
    if not (is_grouped or match["scale"] or (is_cued and not is_other)):
        return None
    number = int(re.sub(r"\D", "", match["number"]))
    if not (is_grouped or match["scale"]) and number < _LEAST_RAND:
        return None
    scale = (match["scale"] or "").strip()
    decimals = match["cents"] if scale else None
    words = cardinal(number) + (f" point {digits(decimals[1:])}" if decimals else "")
    words += f" {_SCALES.get(scale, scale)}" if scale else ""
    if match["high"]:
        words += f" to {cardinal(int(re.sub(r'[^0-9]', '', match['high'])))}"
    words += " rand"
    cents = 0 if scale else int((match["cents"] or ".0")[1:])
    words += f" and {cardinal(cents)} cent{'' if cents == 1 else 's'}" if cents else ""
    words, end = with_rate(text, match.end(), words)
    return token(match, "money", words, end=end)


_LEAST_RAND = 10
RULES = (
    Rule(_RAND, _rand),
    Rule(_FOR_MONTHS, _for_months),
    Rule(_TERM, _term),
    Rule(_OF_MONTHS, _of_months),
    Rule(_OF_YEARS, _of_years),
    Rule(_NET, _net),
    Rule(_SHORT_ESTIMATE, _short_estimate),
    Rule(_TERMS, _terms),
    Rule(_FORMS, _forms),
    Rule(_PENCE, _pence),
    Rule(_OPERATING, _operating),
    Rule(_TENORS, _tenors),
    Rule(_QUARTER, _quarter),
    Rule(_ESTIMATE, _estimate),
    Rule(_RUPEES, _rupees),
    Rule(_ADJUSTABLE, _adjustable),
    Rule(_DIVIDEND, _dividend),
)
