"""Letters with full stops or slashes: U.S., Ph.D., 9 a.m., o.n.o., w/o, b/w."""

import re

from tasks.reading.english.rules import (
    STARTERS,
    Rule,
    stop_ends_sentence,
    token,
    word_before,
    word_set,
)
from tasks.reading.english.short.tables import names_of
from tasks.reading.tokens import Token

_INITIALS = {
    **{"ph.d": "P H D", "b.sc": "B S C", "m.sc": "M S C", "p.s": "P S", "b.com": "B Com"},
    **{"b.tech": "B Tech", "m.tech": "M Tech", "m.com": "M Com", "b.ed": "B Ed", "m.ed": "M Ed"},
    **{"b.eng": "B Eng", "m.eng": "M Eng", "ll.b": "L L B", "ll.m": "L L M", "d.phil": "D Phil"},
    **{"m.phil": "M Phil", "ed.d": "E D D", "pharm.d": "Pharm D", "b.arch": "B Arch"},
}


_DEGREE = re.compile(rf"(?<![\w.])(?i:({names_of(_INITIALS)}))\.?(?!\w)")
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
_BLACK = re.compile(r"(?<![\w/])[bB]/[wW](?![\w/])")
_SLASHED = re.compile(
    r"(?<![\w/])(?:(w/o(?:ut)?)|(?!w/[wv]\b)(w/)(?!in\b|[b-hj-z](?!\w))[ \u00a0]?|(b/c)|(c/o)"
    r"|(n/a|N/A)|(w/in))"
    r"(?![/\d])"
)
_CONTENT = re.compile(r"(?<=% )([wv])/([wv])(?![\w/])|(?<=%)([wv])/([wv])(?![\w/])")
_SMALL = {
    "o.n.o": "or nearest offer",
    "o.b.o": "or best offer",
    "o.v.n.o": "or very near offer",
    "p.a": "per annum",
    "p.w": "per week",
    "p.c.m": "per calendar month",
    "p.m.a": "per month",
    "o.c": "on center",
    "c.o.d": "cash on delivery",
    "w.e.f": "with effect from",
    "n.b": "note",
    "q.v": "which see",
    "y.o": "year old",
    "a.s.a.p": "as soon as possible",
}
_LOWER = re.compile(r"(?<![\w.@/])(?P<letters>[a-z](?:\.[a-z]){1,4})(?P<stop>\.)?(?![\w@/]|\.\w)")
_OFFER = re.compile(
    r"(?:(?<=\d )|(?<=\d[km] )|(?<=p\.h\. )|(?<=p/h )|(?<=each )|(?<=ea )|(?<=ea\. )|(?<=all )"
    r"|(?<=lot ))"
    r"(?i:(?P<offer>ono|obo|ovno))(?![\w-])"
)
_BY_VOLUME = re.compile(r"(?<!\w)[Aa]lc\.?(?:/| by )[Vv]ol\b\.?")
_BETWEEN = re.compile(
    r"(?<![\w/])b/w(?=[ \u00a0](?:[A-Z\d$€£¥₹]|the |you |us |two )[^.;!?]{0,40}\b(?:and|&)(?!\w))"
)
_SAID = {
    "r/t": "round trip",
    "c/w": "complete with",
    "y/o": "year old",
    "yr/old": "year old",
    "s/h": "secondhand",
    "n/c": "no charge",
    "o/n": "overnight",
    "o/u": "over under",
    "f/t": "full time",
    "p/t": "part time",
    "o/s": "out of stock",
}
_SLASHES = re.compile(
    r"(?<![\w/])(?P<said>[rR]/[tT]|[cC]/[wW]|[nN]/[cC]|s/h|[oO]/[nuNU]|[fFpP]/[tT])(?![\w/])"
    r"|(?<=\d)[ \u00a0-]?(?P<age>y/o|yr/old)(?![\w/])"
)


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


def _lower(match: re.Match[str]) -> Token:
    """£9,995 o.n.o.: what it stands for, or its letters."""
    said = _SMALL.get(match["letters"]) or match["letters"].replace(".", " ").upper()
    ends = bool(match["stop"]) and stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "abbreviation", said, end=match.end() - ends)


def _by_volume(match: re.Match[str]) -> Token:
    """13.9% alc./vol."""
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "abbreviation", "alcohol by volume", end=match.end() - ends)


def _offer(match: re.Match[str]) -> Token:
    """$50 obo."""
    return token(match, "abbreviation", _SMALL[".".join(match["offer"].lower())])


def _between(match: re.Match[str]) -> Token:
    """Shut b/w J4 and J6; a b/w photo is black and white."""
    return token(match, "abbreviation", "between")


def _slashes(match: re.Match[str]) -> Token:
    """$389 r/t, a 5 y/o."""
    return token(match, "abbreviation", _SAID[(match["said"] or match["age"]).lower()])


RULES = (
    Rule(_HALF_DAY, _half_day),
    Rule(_BETWEEN, _between),
    Rule(_BLACK, _black),
    Rule(_CONTENT, _content),
    Rule(_SLASHED, _slashed),
    Rule(_SLASHES, _slashes),
    Rule(_BY_VOLUME, _by_volume),
    Rule(_OFFER, _offer),
    Rule(_DEGREE, _degree),
    Rule(_DOTTED, _dotted),
    Rule(_INITIAL, _initial),
)
LATE_RULES = (Rule(_LOWER, _lower),)
