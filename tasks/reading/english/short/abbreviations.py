"""Abbreviations with their full stops, which end no sentence unless the next word says so."""

import re

from tasks.reading.english.rules import (
    STARTERS,
    Rule,
    stop_ends_sentence,
    token,
    word_before,
    word_set,
)
from tasks.reading.english.short.tables import (
    ANYWHERE,
    BEFORE_NAME,
    BEFORE_NUMBER,
    MID_SENTENCE,
    WITHOUT_STOP,
    names_of,
)
from tasks.reading.english.units import UNITS
from tasks.reading.tokens import Token

_NUMBERED = re.compile(
    rf"(?<![\w.'-])(?i:({names_of(BEFORE_NUMBER)}))\.:?(?=[ \u00a0]?#?[\d(+]|[ \u00a0][IVXLC]+\b"
    rf"|[ \u00a0][A-Z]\d?\b(?![\w'])|[ \u00a0][A-Z]+-?\d|[ \u00a0][A-Z]{{2}}[ \u00a0]\d"
    rf"|(?<=p\.)[ \u00a0][ivxlc]+\b)"
)
_ANSWERS = word_set("or say says said mean means meant")
_LATIN = word_set("e.g eg i.e ie cf viz ca approx incl excl c vs v.s mr mrs ms messrs attn")
_NUMBER_IS = re.compile(r"(?<=[a-z] )(?i:(no))\.(?=[ \u00a0](?:is|was|of|on|below|above)\b)")
_NUMBER_SIGN = re.compile(
    r"№[ \u00a0]?(?=\d)|(?<![\w&#])#(?=\d)|(?<![\w])(?:N°|Nº)[ \u00a0]?(?=\d)"
)
_NAMED = re.compile(rf"(?<![\w.'-])(?i:({names_of(BEFORE_NAME)}))\.(?=,|:|[ \u00a0]|$)")
_ETC = re.compile(rf"(?<![\w.'/-])(?i:({names_of(ANYWHERE)}))\.(?![\w])")
_PLAIN = re.compile(rf"(?<![\w.'@/-])(?i:({names_of(WITHOUT_STOP)}))(?![\w.'@/-])")
_SAINT = re.compile(r"(?<![\w.'-])St\.?(?=[ \u00a0,;.)!?–]|$)")
_DOCTOR = re.compile(r"(?<![\w.'-])Dr\.?(?=[ \u00a0,;.)!?]|$)")
_SQUARES = re.compile(r"(?<![\w.'-])(?i:(sq|cu))\.? ?(ft|in|yd|mi|m|cm|km)\b(\.)?")
_PER_UNIT = re.compile(
    r"(?:(?<=\bper[ \u00a0])|(?<=\bper-)|(?<=\beach[ \u00a0])|(?<=\bevery[ \u00a0])"
    r"|(?<=\ba[ \u00a0])|(?<=\ban[ \u00a0]))"
    r"(kWh|kwh|MWh|Wh|kW|kg|mg|lb|oz|ml|mL|cl|cm|mm|km|sqm|sqft|m²|m³|ft²|GB|MB|TB|Gb|Mb|Mbps|Gbps"
    r"|hr|yr)"
    r"(?![\w/²³-])"
)
_PRICE_WORDS = {"reg": "regular", "orig": "original"}
_PRICE_WORD = re.compile(r"(?<![\w.'-])(?i:(reg|orig))\.?:?(?=[ \u00a0]?[$€£¥])")
_YEARS_OF = re.compile(r"(?<![\w.'-])(yrs?)(?='(?:s\b|[ \u00a0]))")
_NUMBER_ONE = re.compile(
    r"(?<![\w.'-])No(?= 1(?:[.,!]|$| (?:rated|choice|brand|pick|best|selling|in|for|app|ranked|"
    r"seller|spot|hit|team|player|recommended|most)\b))"
)
_PATENT = re.compile(r"(?<![\w.'-])Pat\.(?=,? (?:No|Nos|[Pp]end))")
_NUMBER_OF = re.compile(
    r"(?i:\b(?:card|account|phone|order|serial|model|policy|part|invoice|tracking|batch|contact"
    r"|mobile|registration|"
    r"flight|customer|reference|ref|member|cheque|check|passport|licen[cs]e)) (?P<no>[Nn]o\.)"
    r"(?=[,;:)]|[ \u00a0](?:and|&|or|to|with|here|at|in)\b)"
)
_NUMBERED_PAPER = re.compile(
    r"(?<![\w.'-])(?P<paper>Cat|Lic|Reg|Acct|Inv|Pol|Ref|Mod)\.(?=[ \u00a0](?:#|[Nn]os?\b))"
)
_PAPERS = {
    **{"Cat": "catalog", "Lic": "license", "Reg": "registration", "Acct": "account"},
    **{"Inv": "invoice", "Pol": "policy", "Ref": "reference", "Mod": "model"},
}
_AFTER_HOURS = re.compile(r"(?<=after-)hrs?\.?(?!\w)")
_EDITION = re.compile(
    r"(?=ed)(?:(?<=\dst )|(?<=\dnd )|(?<=\drd )|(?<=\dth )|(?<=[Ff]irst )|(?<=[Rr]ev\. ))ed\."
)
_CENTURY = re.compile(r"(?:(?<=\dst )|(?<=\dnd )|(?<=\drd )|(?<=\dth ))[cC]\.")
_SCHOOL_YEAR = re.compile(
    r"(?<![\w.'-])(Yrs?|Lvl|Wk|Pg|Pgs|Rm|Bldg|Rt|Rte|Hwy|Flt|Vol)(?=[ \u00a0]\d{1,3}(?![\w,.]\d))"
)
_SCHOOL_YEARS = {
    **{"yr": "year", "yrs": "years", "lvl": "level", "wk": "week", "pg": "page", "pgs": "pages"},
    **{"rm": "room", "bldg": "building", "rt": "route", "rte": "route", "flt": "flight"},
    **{"vol": "volume", "hwy": "highway"},
}
_PHONE = re.compile(r"(?<![\w.'-])(?:Ph|PH)(?=:[ \u00a0]?[\d+(])")
_WITH_TAX = re.compile(
    r"(?<![\w.'-])([Ii]nc|[Ee]xc|[Ee]x)\b\.?(?=[ \u00a0](?:VAT|GST|tax(?:es)?|delivery"
    r"|shipping|postage|P&P)\b)"
)
_WEIGHT = re.compile(r"(?<=[Nn]et )[Ww]t\b\.?(?=:?[ \u00a0]\d)|(?<![\w.])[Ww]t\.?(?=:[ \u00a0]\d)")
_THERMAL = re.compile(r"(?<=BTU)s?/(hr|h)\b")
_MILEAGE = re.compile(
    r"(?:(?<=\d )|(?<=[Mm]pg )|(?<=MPG ))(hwy|comb)\b"
    r"\.?(?=[ \u00a0]?[,;/.)]|[ \u00a0](?:mpg|MPG|and|&)|$)"
)
_MILEAGES = {"hwy": "highway", "comb": "combined"}
_EXPIRES = re.compile(r"(?<![\w.'-])[Ee]xp\.?:?(?=[ \u00a0]\d{1,2}/\d{1,2}(?!\d))")
_FLOOR = re.compile(r"(?:(?<=\dst )|(?<=\dnd )|(?<=\drd )|(?<=\dth ))[Ff]l\b\.?")
_ADDRESS_WORDS = word_set("apt apartment suite unit floor north south east west ne nw se sw")


def _numbered(match: re.Match[str]) -> Token | None:
    before = word_before(match.string, match.start()).lower()
    if match[1].lower() == "est" and not _YEAR_NEXT.match(match.string, match.end()):
        return None if match[1] == "EST" else token(match, "abbreviation", "estimated")
    if match[1] == "no" and before in _ANSWERS:
        return None
    if match[1].lower() == "app" and not _is_appendix(match):
        return None
    if match[1] == "exp" or (
        match[1] in ("dep", "arr", "pop") and not _CLOCK_NEXT.match(match.string, match.end())
    ):
        return None
    if match[1] in ("art", "cl", "sch", "reg"):
        return None  # words that end a sentence
    if match[1] == "P" and not _DIGIT_NEXT.match(match.string, match.end()):
        return None  # an initial: J. P. O'Neil
    name = match[1].lower()
    many = "s" if name in _COUNTED and _RANGE_NEXT.match(match.string, match.end()) else ""
    return token(match, "abbreviation", BEFORE_NUMBER[name] + many)


_COUNTED = word_set("apt vol fig ch chap sec rm ex ep gr gd sess tbl eq sect yr wk lvl art para")
_RANGE_NEXT = re.compile(r"[ \u00a0]?(?:\d{1,4}[a-z]?[ \u00a0]?(?:[-–&]|and\b)[ \u00a0]?\d)")


_CLOCK_NEXT = re.compile(r" \d{1,2}:\d\d|(?<=pop\.) \d")
_YEAR_NEXT = re.compile(r":?[ \u00a0]?(?:1[5-9]|20)\d\d(?![\w%]|[.,:]\d)")
_DIGIT_NEXT = re.compile(r"[ \u00a0]?[A-Z]?\d")
_LETTER_OF_PART = re.compile(
    r"[ \u00a0]?(?:[B-HJ-Z]|A(?=[,.;:)]|[ \u00a0](?:and|or|lists|shows)))\b|.\d"
)


def _is_appendix(match: re.Match[str]) -> bool:
    """See App. B; but not the end of a sentence about an app. A new one begins."""
    return match[1][0] == "A" and bool(_LETTER_OF_PART.match(match.string, match.end()))


def _number_sign(match: re.Match[str]) -> Token:
    return token(match, "abbreviation", "number")


def _named(match: re.Match[str]) -> Token | None:
    name = match[1].lower()
    if name in ("c", "ca") and not re.match(r"[ \u00a0]?\d", match.string[match.end() :]):
        return None
    if name in ("incl", "excl") and not _WHAT_IS_IN.match(match.string, match.end()):
        return None
    if name not in _LATIN and not _is_title(match):
        return None
    words = BEFORE_NAME[name]
    if not match.string[match.end() :].strip(" \u00a0\"')"):
        return token(match, "abbreviation", words, end=match.end() - 1)
    return token(match, "abbreviation", words)


_WHAT_IS_IN = re.compile(r"[ \u00a0][\w$€£¥₹&(\"]")


def _is_title(match: re.Match[str]) -> bool:
    """A title is a capital before a name: Rep. Lee, but not one more rep. Then rest."""
    following = _next_word(match.string, match.end())
    is_name = following[:1].isupper() and following.lower() not in STARTERS
    return match[1][0].isupper() and is_name


def _etc(match: re.Match[str]) -> Token | None:
    name, text = match[1].lower(), match.string
    if match[1] == "EST":
        return None  # the time zone
    if name in MID_SENTENCE and not (
        _COUNT_BEFORE.search(text, max(0, match.start() - 3), match.start())
        or not stop_ends_sentence(text, match.end() - 1)
        or word_before(text, match.start()).lower() == "per"
    ):
        return None
    if name == "kit" and re.search(r"[$€£¥₹][\d.,]+[ \u00a0]$", text[: match.start()]):
        return None  # a $269 kit.
    is_name = name in ("inc", "ltd", "co", "corp", "jr", "sr", "bros", "ave", "blvd", "rd", "sq")
    if name in ("cs", "det", "dia", "med", "sm", "lg", "ppl", "temp") and not (
        re.search(r"\d[ \u00a0]?\+?[\"']?[ \u00a0]?$", match.string[: match.start()])
        or not stop_ends_sentence(text, match.end() - 1)
    ):
        return None
    if name in ("al", "co", "min", "max", "sq", "mo", "temp", "ext") and not _is_short(match, name):
        return None
    ends = stop_ends_sentence(text, match.end() - 1, before_name=is_name)
    if name in _NEVER_LAST and re.match(r" [A-Z]{2,}\b", text[match.end() :]):
        ends = False  # avg. HR
    return token(match, "abbreviation", ANYWHERE[name], end=match.end() - ends)


_COUNT_BEFORE = re.compile(r"\d[ \u00a0-]?$")
_NEVER_LAST = word_set("pls var avg approx max min excl incl intl dbl addl reg op")


def _is_short(match: re.Match[str], name: str) -> bool:
    """Words such as "max" and "co" need more than a full stop that may be the sentence's."""
    before = word_before(match.string, match.start())
    if name == "al":
        return before == "et"
    if name in ("max", "min") and match[1][0].isupper() and before[:1].isupper():
        return not stop_ends_sentence(match.string, match.end() - 1)  # HBO Max.
    if name in ("co", "sq"):
        return (match[1][0].isupper() and before[:1].isupper()) or not stop_ends_sentence(
            match.string, match.end() - 1
        )
    return True


def _plain(match: re.Match[str]) -> Token | None:
    if match[1] in ("BLT", "GRP", "AVG", "MNT"):
        return None  # a sandwich, a plastic, a program
    if match[1] == "VS" and re.match(r" (?:Code\b|20\d\d)", match.string[match.end() :]):
        return None  # Visual Studio
    if match[1] in ("SR", "JR", "VS") and re.match(r" [-+−]?\d", match.string[match.end() :]):
        return None  # a strike rate of SR 154.7
    return token(match, "abbreviation", WITHOUT_STOP[match[1].lower()])


def _next_word(text: str, end: int) -> str:
    found = re.compile(r"[ \u00a0]+([^\W\d_]+)").match(text, end)
    return found[1] if found else ""


_SIDE = re.compile(r"[ \u00a0][NSEW]\b")


_INITIAL_NEXT = re.compile(r"[ \u00a0][A-Z]\.[ \u00a0](?:[A-Z]\.|[A-Z][a-z])")


def _place_or_title(match: re.Match[str], title: str, place: str) -> Token:
    """St. and Dr.: a title before a name, a street behind one."""
    text, end = match.string, match.end()
    before, following = word_before(text, match.start()), _next_word(text, end)
    is_name = following[:1].isupper() and following.lower() not in STARTERS | _ADDRESS_WORDS
    is_name = is_name or bool(_INITIAL_NEXT.match(text, end))
    is_street = before[:1].isupper() and re.search(
        r"\d[\w]*[ \u00a0](?:[NSEW]\.?[ \u00a0])?[\w ]{0,20}$",
        text[max(0, match.start() - 30) : match.start()],
    )
    if is_name and not is_street:
        return token(match, "abbreviation", title)
    has_stop = match[0].endswith(".")
    ends = (
        has_stop
        and stop_ends_sentence(text, end - 1)
        and following.lower() not in _ADDRESS_WORDS
        and not _SIDE.match(text, end)
    )
    return token(match, "abbreviation", place, end=end - ends)


def _saint(match: re.Match[str]) -> Token:
    return _place_or_title(match, "saint", "street")


def _doctor(match: re.Match[str]) -> Token:
    if not word_before(match.string, match.start())[:1].isupper():
        return _place_or_title(match, "doctor", "doctor")
    return _place_or_title(match, "doctor", "drive")


def _square(match: re.Match[str]) -> Token:
    """Price per sq. ft.: a unit that no number stands before."""
    end = match.end()
    ends = match[3] is not None and stop_ends_sentence(match.string, end - 1)
    size = "square" if match[1].lower() == "sq" else "cubic"
    is_one = word_before(match.string, match.start()).lower() in ("per", "a", "each", "every")
    unit = UNITS[match[2]]
    return token(
        match, "abbreviation", f"{size} {unit.one if is_one else unit.many}", end=end - ends
    )


def _with_tax(match: re.Match[str]) -> Token:
    words = "including" if match[1].lower() == "inc" else "excluding"
    return token(match, "abbreviation", words)


def _per_unit(match: re.Match[str]) -> Token:
    """Cents per kWh, each GB: a unit that no number stands before."""
    return token(match, "abbreviation", UNITS[match[1]].one)


def _price_word(match: re.Match[str]) -> Token:
    return token(match, "abbreviation", _PRICE_WORDS[match[1].lower()])


def _years_of(match: re.Match[str]) -> Token:
    """20 yrs' experience."""
    return token(match, "abbreviation", "years" if match[1] == "yrs" else "year")


def _patent(match: re.Match[str]) -> Token:
    return token(match, "abbreviation", "patent")


def _phone(match: re.Match[str]) -> Token:
    return token(match, "abbreviation", "phone")


def _weight(match: re.Match[str]) -> Token:
    """Net Wt 12.3 oz."""
    return token(match, "abbreviation", "weight")


def _thermal(match: re.Match[str]) -> Token:
    """39,000 BTU/hr."""
    return token(match, "abbreviation", "per hour")


def _mileage(match: re.Match[str]) -> Token:
    """28 city/36 hwy/31 comb. mpg."""
    return token(match, "abbreviation", _MILEAGES[match[1]])


def _number_of(match: re.Match[str]) -> Token:
    """Your card no., expiry and CVV."""
    return Token(match.start("no"), match.end("no"), "abbreviation", "number")


def _numbered_paper(match: re.Match[str]) -> Token:
    """Cat. no. 55, Lic. #12."""
    return token(match, "abbreviation", _PAPERS[match["paper"]])


def _after_hours(match: re.Match[str]) -> Token:
    return token(match, "abbreviation", "hours")


def _edition(match: re.Match[str]) -> Token:
    """1st ed."""
    ends = stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "abbreviation", "edition", end=match.end() - ends)


def _century(match: re.Match[str]) -> Token:
    """In the 19th c."""
    ends = stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "abbreviation", "century", end=match.end() - ends)


def _school_year(match: re.Match[str]) -> Token:
    """Yr 7–11."""
    return token(match, "abbreviation", _SCHOOL_YEARS[match[1].lower()])


def _expires(match: re.Match[str]) -> Token:
    """Exp. 1/31."""
    return token(match, "abbreviation", "expires")


def _floor(match: re.Match[str]) -> Token:
    """5th Fl."""
    end = match.end()
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, end - 1)
    return token(match, "abbreviation", "floor", end=end - ends)


RULES = (
    Rule(_SQUARES, _square),
    Rule(_PER_UNIT, _per_unit),
    Rule(_PRICE_WORD, _price_word),
    Rule(_PHONE, _phone),
    Rule(_PATENT, _patent),
    Rule(_YEARS_OF, _years_of),
    Rule(_NUMBER_ONE, _number_sign),
    Rule(_WEIGHT, _weight),
    Rule(_THERMAL, _thermal),
    Rule(_MILEAGE, _mileage),
    Rule(_FLOOR, _floor),
    Rule(_EXPIRES, _expires),
    Rule(_NUMBERED_PAPER, _numbered_paper),
    Rule(_AFTER_HOURS, _after_hours),
    Rule(_EDITION, _edition),
    Rule(_CENTURY, _century),
    Rule(_SCHOOL_YEAR, _school_year),
    Rule(_NUMBER_OF, _number_of),
    Rule(_WITH_TAX, _with_tax),
    Rule(_NUMBERED, _numbered),
    Rule(_NUMBER_IS, _numbered),
    Rule(_NUMBER_SIGN, _number_sign),
    Rule(_SAINT, _saint),
    Rule(_DOCTOR, _doctor),
    Rule(_NAMED, _named),
    Rule(_ETC, _etc),
    Rule(_PLAIN, _plain),
)
