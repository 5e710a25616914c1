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
from tasks.reading.english.units import UNITS
from tasks.reading.tokens import Token

_BEFORE_NAME = {
    "mr": "mister",
    "mrs": "missus",
    "ms": "miz",
    "messrs": "messers",
    "prof": "professor",
    "gen": "general",
    "capt": "captain",
    "lt": "lieutenant",
    "col": "colonel",
    "sgt": "sergeant",
    "rev": "reverend",
    "hon": "honorable",
    "sen": "senator",
    "gov": "governor",
    "rep": "representative",
    "mt": "mount",
    "ft": "fort",
    "vs": "versus",
    "v.s": "versus",
    "e.g": "for example",
    "eg": "for example",
    "i.e": "that is",
    "ie": "that is",
    "cf": "compare",
    "viz": "namely",
    "ca": "circa",
    "approx": "approximately",
    "incl": "including",
    "excl": "excluding",
    "c": "circa",
    "attn": "attention",
    "maj": "major",
    "cpl": "corporal",
    "pt": "point",
}
_BEFORE_NUMBER = {
    "p": "page",
    "pp": "pages",
    "apt": "apartment",
    "no": "number",
    "nos": "numbers",
    "nr": "number",
    "vol": "volume",
    "vols": "volumes",
    "fig": "figure",
    "figs": "figures",
    "ch": "chapter",
    "chap": "chapter",
    "sec": "section",
    "ste": "suite",
    "rm": "room",
    "fl": "floor",
    "ext": "extension",
    "tel": "telephone",
    "ph": "phone",
    "ver": "version",
    "eq": "equation",
    "pt": "part",
    "bldg": "building",
    "qty": "quantity",
    "max": "maximum",
    "min": "minimum",
    "avg": "average",
    "est": "established",
    "ref": "reference",
    "app": "appendix",
    "ed": "edition",
    "pcs": "pieces",
    "vv": "verses",
    "ep": "episode",
    "sz": "size",
    "lat": "latitude",
    "elev": "elevation",
    "eps": "episodes",
    "rte": "route",
}
_ANYWHERE = {
    "cont": "continued",
    "etc": "et cetera",
    "inc": "incorporated",
    "ltd": "limited",
    "co": "company",
    "corp": "corporation",
    "bros": "brothers",
    "dept": "department",
    "jr": "junior",
    "sr": "senior",
    "esq": "esquire",
    "ave": "avenue",
    "blvd": "boulevard",
    "rd": "road",
    "hwy": "highway",
    "pkwy": "parkway",
    "sq": "square",
    "apt": "apartment",
    "approx": "approximately",
    "max": "maximum",
    "min": "minimum",
    "avg": "average",
    "tel": "telephone",
    "ext": "extension",
    "qty": "quantity",
    "govt": "government",
    "intl": "international",
    "assn": "association",
    "mfg": "manufacturing",
    "univ": "university",
    "misc": "miscellaneous",
    "temp": "temperature",
    "incl": "included",
    "excl": "excluded",
    "yr": "year",
    "yrs": "years",
    "hr": "hour",
    "hrs": "hours",
    "mo": "month",
    "wk": "week",
    "oz": "ounce",
    "lb": "pound",
    "lbs": "pounds",
    "tsp": "teaspoon",
    "tbsp": "tablespoon",
    "al": "al",
    "wt": "weight",
    "est": "estimated",
}
_WITHOUT_STOP = {
    "pkwy": "parkway",
    "vs": "versus",
    "mr": "mister",
    "mrs": "missus",
    "approx": "approximately",
    "dept": "department",
    "blvd": "boulevard",
    "ltd": "limited",
    "apt": "apartment",
    "etc": "et cetera",
    "tbsp": "tablespoons",
    "tsp": "teaspoons",
    "lbs": "pounds",
    "jr": "junior",
    "sr": "senior",
    "tel": "telephone",
}
_INITIALS = {"ph.d": "P H D", "b.sc": "B S C", "m.sc": "M S C", "p.s": "P S"}


def _names(table: dict[str, str]) -> str:
    return "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))


_NUMBERED = re.compile(
    rf"(?<![\w.'-])(?i:({_names(_BEFORE_NUMBER)}))\.:?(?=[ \u00a0]?#?[\d(+]|[ \u00a0][IVXLC]+\b"
    rf"|[ \u00a0][A-Z]\d?\b(?![\w'])|[ \u00a0][A-Z]+-?\d)"
)
_ANSWERS = word_set("or say says said mean means meant")
_LATIN = word_set("e.g eg i.e ie cf viz ca approx incl excl c vs v.s mr mrs ms messrs attn")
_NUMBER_IS = re.compile(r"(?<=[a-z] )(?i:(no))\.(?=[ \u00a0](?:is|was|of|on|below|above)\b)")
_NUMBER_SIGN = re.compile(
    r"№[ \u00a0]?(?=\d)|(?<![\w&#])#(?=\d)|(?<![\w])(?:N°|Nº)[ \u00a0]?(?=\d)"
)
_NAMED = re.compile(rf"(?<![\w.'-])(?i:({_names(_BEFORE_NAME)}))\.(?=,|:|[ \u00a0]|$)")
_ETC = re.compile(rf"(?<![\w.'-])(?i:({_names(_ANYWHERE)}))\.(?![\w])")
_PLAIN = re.compile(rf"(?<![\w.'@/-])(?i:({_names(_WITHOUT_STOP)}))(?![\w.'@/-])")
_SAINT = re.compile(r"(?<![\w.'-])St\.?(?=[ \u00a0,;.)!?]|$)")
_DOCTOR = re.compile(r"(?<![\w.'-])Dr\.?(?=[ \u00a0,;.)!?]|$)")
_DEGREE = re.compile(r"(?<![\w.])(?i:(ph\.d|b\.sc|m\.sc|p\.s))\.?(?!\w)")
_DOTTED = re.compile(
    r"(?<![\w.])((?:[A-Z]\.){1,5}[A-Z]|a\.k\.a)(\.)?(?![\w])|(?<![\w.])((?:[A-Z]\.){2,6})(?!\w)"
)
_HALF_DAY = re.compile(r"(?<![\w.])([ap])\.[ \u00a0]?m(\.)?(?!\w)", re.IGNORECASE)
_INITIAL = re.compile(r"(?<![\w.])([A-HJ-Z])\.(?=[ \u00a0]([A-Z][a-z]+|[A-Z]'[A-Z][a-z]+|[A-Z]\.))")
_LETTERED = word_set(
    "plan vitamin grade option type class team section part gate seat room apartment group "
    "block hall "
    "terminal building point line exhibit appendix answer hepatitis model size cup category in"
)
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
_PATENT = re.compile(r"(?<![\w.'-])Pat\.(?=,? (?:No|Nos|Pend))")
_PHONE = re.compile(r"(?<![\w.'-])(?:Ph|PH)(?=:[ \u00a0]?[\d+(])")
_WITH_TAX = re.compile(
    r"(?<![\w.'-])([Ii]nc|[Ee]xc|[Ee]x)\b\.?(?=[ \u00a0](?:VAT|GST|tax(?:es)?|delivery"
    r"|shipping|postage|P&P)\b)"
)
_WEIGHT = re.compile(r"(?<=[Nn]et )[Ww]t\b\.?(?=:?[ \u00a0]\d)")
_THERMAL = re.compile(r"(?<=BTU)s?/(hr|h)\b")
_MILEAGE = re.compile(r"(?<=\d )(hwy|comb)\b\.?(?=[ \u00a0]?[,;/.)]|[ \u00a0](?:mpg|MPG|and|&)|$)")
_MILEAGES = {"hwy": "highway", "comb": "combined"}
_FLOOR = re.compile(r"(?:(?<=\dst )|(?<=\dnd )|(?<=\drd )|(?<=\dth ))[Ff]l\b\.?")
_BLACK = re.compile(r"(?<![\w/])[bB]/[wW](?![\w/])")
_SLASHED = re.compile(
    r"(?<![\w/])(?:(w/o(?:ut)?)|(?!w/[wv]\b)(w/)(?!in\b)[ \u00a0]?|(b/c)|(c/o)|(n/a|N/A)|(w/in))"
    r"(?![/\d])"
)
_CONTENT = re.compile(r"(?<=% )([wv])/([wv])(?![\w/])|(?<=%)([wv])/([wv])(?![\w/])")
_ADDRESS_WORDS = word_set("apt apartment suite unit floor north south east west ne nw se sw")


def _numbered(match: re.Match[str]) -> Token | None:
    before = word_before(match.string, match.start()).lower()
    if match[1].lower() == "est" and not _YEAR_NEXT.match(match.string, match.end()):
        return None if match[1] == "EST" else token(match, "abbreviation", "estimated")
    if match[1] == "no" and before in _ANSWERS:
        return None
    if match[1].lower() == "app" and not _is_appendix(match):
        return None
    if match[1] == "P" and not _DIGIT_NEXT.match(match.string, match.end()):
        return None  # an initial: J. P. O'Neil
    return token(match, "abbreviation", _BEFORE_NUMBER[match[1].lower()])


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
    if name not in _LATIN and not _is_title(match):
        return None
    words = _BEFORE_NAME[name]
    if not match.string[match.end() :].strip(" \u00a0\"')"):
        return token(match, "abbreviation", words, end=match.end() - 1)
    return token(match, "abbreviation", words)


def _is_title(match: re.Match[str]) -> bool:
    """A title is a capital before a name: Rep. Lee, but not one more rep. Then rest."""
    following = _next_word(match.string, match.end())
    is_name = following[:1].isupper() and following.lower() not in STARTERS
    return match[1][0].isupper() and is_name


def _etc(match: re.Match[str]) -> Token | None:
    name, text = match[1].lower(), match.string
    if match[1] == "EST":
        return None  # the time zone
    is_name = name in ("inc", "ltd", "co", "corp", "jr", "sr", "bros", "ave", "blvd", "rd", "sq")
    if name in ("al", "co", "min", "max", "sq", "mo", "temp", "ext") and not _is_short(match, name):
        return None
    ends = stop_ends_sentence(text, match.end() - 1, before_name=is_name)
    return token(match, "abbreviation", _ANYWHERE[name], end=match.end() - ends)


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


def _plain(match: re.Match[str]) -> Token:
    return token(match, "abbreviation", _WITHOUT_STOP[match[1].lower()])


def _next_word(text: str, end: int) -> str:
    found = re.compile(r"[ \u00a0]+([^\W\d_]+)").match(text, end)
    return found[1] if found else ""


def _place_or_title(match: re.Match[str], title: str, place: str) -> Token:
    """St. and Dr.: a title before a name, a street behind one."""
    text, end = match.string, match.end()
    before, following = word_before(text, match.start()), _next_word(text, end)
    is_name = following[:1].isupper() and following.lower() not in STARTERS | _ADDRESS_WORDS
    is_street = before[:1].isupper() and re.search(
        r"\d[\w]*[ \u00a0](?:[NSEW]\.?[ \u00a0])?[\w ]{0,20}$",
        text[max(0, match.start() - 30) : match.start()],
    )
    if is_name and not is_street:
        return token(match, "abbreviation", title)
    has_stop = match[0].endswith(".")
    ends = (
        has_stop and stop_ends_sentence(text, end - 1) and following.lower() not in _ADDRESS_WORDS
    )
    return token(match, "abbreviation", place, end=end - ends)


def _saint(match: re.Match[str]) -> Token:
    return _place_or_title(match, "saint", "street")


def _doctor(match: re.Match[str]) -> Token:
    if not word_before(match.string, match.start())[:1].isupper():
        return _place_or_title(match, "doctor", "doctor")
    return _place_or_title(match, "doctor", "drive")


def _degree(match: re.Match[str]) -> Token:
    end = match.end()
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, end - 1, before_name=True)
    return token(match, "abbreviation", _INITIALS[match[1].lower()], end=end - ends)


def _dotted(match: re.Match[str]) -> Token:
    """U.S., U.K., N.Y.: letters; the last stop may end the sentence."""
    written, end = match[0], match.end()
    ends = written.endswith(".") and stop_ends_sentence(match.string, end - 1, before_name=True)
    ends = ends and not _OPEN.match(match.string, max(0, match.start() - 7))
    return token(match, "abbreviation", " ".join(written.replace(".", "").upper()), end=end - ends)


_OPEN = re.compile(r".*?(?<!in )(?<!of )(?:[Tt]he|\d{4}) U\.S\. Open\b")


def _initial(match: re.Match[str]) -> Token | None:
    """J. Smith; but not the end of a sentence about plan B."""
    before = word_before(match.string, match.start()).lower()
    if match[2].lower() in STARTERS or before in _LETTERED:
        return None
    return token(match, "abbreviation", match[1])


def _half_day(match: re.Match[str]) -> Token:
    end = match.end()
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, end - 1)
    return token(match, "abbreviation", f"{match[1].upper()} M", end=end - ends)


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


def _floor(match: re.Match[str]) -> Token:
    """5th Fl."""
    end = match.end()
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, end - 1)
    return token(match, "abbreviation", "floor", end=end - ends)


def _black(match: re.Match[str]) -> Token:
    return token(match, "abbreviation", "black and white")


def _content(match: re.Match[str]) -> Token:
    """5% w/w, 1% w/v."""
    names = {"w": "weight", "v": "volume"}
    part, whole = (names[each.lower()] for each in match.groups() if each)
    words = f"by {part}" if part == whole else f"{part} by {whole}"
    return token(match, "abbreviation", words)


def _slashed(match: re.Match[str]) -> Token:
    words = ("without", "with", "because", "care of", "not applicable", "within")
    index = next(index for index, part in enumerate(match.groups()) if part)
    return token(match, "abbreviation", words[index])


RULES = (
    Rule(_HALF_DAY, _half_day),
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
    Rule(_BLACK, _black),
    Rule(_WITH_TAX, _with_tax),
    Rule(_NUMBERED, _numbered),
    Rule(_NUMBER_IS, _numbered),
    Rule(_NUMBER_SIGN, _number_sign),
    Rule(_CONTENT, _content),
    Rule(_SLASHED, _slashed),
    Rule(_SAINT, _saint),
    Rule(_DOCTOR, _doctor),
    Rule(_NAMED, _named),
    Rule(_DEGREE, _degree),
    Rule(_DOTTED, _dotted),
    Rule(_INITIAL, _initial),
    Rule(_ETC, _etc),
    Rule(_PLAIN, _plain),
)
