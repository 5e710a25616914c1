"""Days of the week as opening hours name them: Mon/Wed/Fri, M-F 9-5:30, 11a-9p."""

import re

from tasks.reading.english.numbers import ordinal
from tasks.reading.english.rules import Rule, near, token
from tasks.reading.english.times.clock import clock_words
from tasks.reading.tokens import Token

_S = "[ \u00a0]"
_TO = rf"{_S}?[-–—]{_S}?"
_WEEK = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_NAMES = tuple(_WEEK.split())
DAYS = {
    **{name.lower(): name for name in _NAMES},
    **{name[:3].lower(): name for name in _NAMES},
    "tues": "Tuesday",
    "weds": "Wednesday",
    "thur": "Thursday",
    "thurs": "Thursday",
}
DAY = r"(?:Mon|Tues?|Wed|Weds|Thur?s?|Fri|Sat|Sun|MON|TUE|WED|THU|FRI|SAT|SUN)"
ANY_DAY = rf"(?:{'|'.join((*_NAMES, *map(str.upper, _NAMES)))}|{DAY})"
_SHORT_HALVES = re.compile(
    rf"(?<![\w.,:/$€£¥₹-])(1[0-2]|[1-9])(?::([0-5]\d))?([ap])?{_TO}(1[0-2]"
    rf"|[1-9])(?::([0-5]\d))?([ap])(?![\w])"
)
_DAY_LIST = re.compile(rf"(?<![\w/])({DAY})((?:/{DAY}){{1,6}})(?![\w/])", re.IGNORECASE)


def _day_list(match: re.Match[str]) -> Token:
    """Mon/Wed/Fri."""
    *days, last = [DAYS[name.lower()] for name in match[0].split("/")]
    return token(match, "date", f"{', '.join(days)} and {last}")


_DATED = re.compile(
    rf"(?:\b{ANY_DAY}\.?|\b[Dd]aily|\b[Oo]pen|\d/\d{{1,2}}|\d{{1,2}}(?:st|nd|rd|th)?),?{_S}$"
)


def _short_halves(match: re.Match[str]) -> Token | None:
    """Open 11a-9p."""
    hour, minutes, half, last, last_minutes, last_half = match.groups()
    if half is None and not _DATED.search(match.string[: match.start()]):
        return None  # 6-8p each
    begins = clock_words(int(hour), minutes, half, None, True)
    ends = clock_words(int(last), last_minutes, last_half, None, True)
    return token(match, "range", f"{begins} to {ends}")


EARLY_RULES = (
    Rule(_SHORT_HALVES, _short_halves),
    Rule(_DAY_LIST, _day_list),
)
_EACH_WEEK = re.compile(
    r"(?:(?<=[Aa]lt\. )|(?<=[Aa]lternate )|(?<=[Oo]n )|(?<=[Cc]losed )|(?<=[Mm]ost )|(?<=& )"
    r"|(?<=and ))"
    r"(?P<day>Mon|Fri|Sat|Sun)s\b(?!\w)(?P<stop>\.(?=[ \u00a0]?[,;a-z]|$))?"
)


def _each_week(match: re.Match[str]) -> Token:
    """Closed alt. Mons."""
    end = match.end() - bool(match["stop"] and match.end() == len(match.string))
    return token(match, "date", f"{DAYS[match['day'].lower()]}s", end=end)


_GLUED_DAYS = re.compile(
    r"(?<![\w/&])(?:MWF|MW|WF|TTh|TuTh|TR|MTWThF)(?=[ \u00a0](?:1[0-2]|[1-9])(?::[0-5]\d"
    r"|[ \u00a0]?[-–][ \u00a0]?\d))"
)
_LETTERED_DAYS = re.compile(
    rf"(?<![\w&-])(?:(M){_TO}(Th|F|Sat?|Sun?)|(Th|Tu|W){_TO}(F|Sat?|Sun?))"
    rf"(?=[ \u00a0:,]{{1,2}}\d{{1,2}}(?:[:.]\d\d)?[ \u00a0]?(?:[ap]\.?m|[ap]\b|[-–]|to\b)"
    r"|(?<=F)(?:[,;)]|$)|(?<=Sa)(?![\w-])|(?<=Su)(?![\w-])|(?<=Sat)(?![\w-])|(?<=Sun)(?![\w-]))"
)
_OF_LETTERS = {
    "M": "Monday",
    "Tu": "Tuesday",
    "Th": "Thursday",
    "F": "Friday",
    "Sa": "Saturday",
    "Su": "Sunday",
}


def _lettered_days(match: re.Match[str]) -> Token:
    """M-F 9-5:30."""
    first, last = (_OF_LETTERS[name[:2]] for name in match.groups() if name)
    return token(match, "range", f"{first} to {last}")


_CLOSED = re.compile(
    r"(?:(?<=[Cc]losed )|(?<=[Cc]losed on )|(?<=[Ee]very )|(?<=thru )|(?<=through )|(?<=until )"
    r"|(?<=till )|(?<=til ))(Sat|Sun|Wed)(?![\w']|\.[ ,;]+[&a-z0-9])"
)
_LATER_DAY = re.compile(
    rf"(?:(?<=[,;] )|(?<=^))(M|T|Tu|W|Th|F|Sat?|Sun?)(?=:?{_S}(?:1[0-2]"
    rf"|[1-9])(?::\d\d)?[ \u00a0]?(?:[ap]\.?m\.?)?"
    r"[ \u00a0]?[-–])"
)
_LETTERED = re.compile(
    r"(?<![\w&-])(?:M|Tu|W|Th|T)[ \u00a0]?[-–—][ \u00a0]?(?:Tu|W|Th|F|Sat?|Sun?)(?!\w)"
)


def _glued_days(match: re.Match[str]) -> Token:
    """MWF 9–9:50, TTh 2–3:15."""
    days = re.findall("Th|Tu|[MTWRF]", match[0])
    names = [{"R": "Thursday", **_OF_LETTERS, **_OF_LETTER}[day] for day in days]
    return token(match, "date", ", ".join(names))


def _later_day(match: re.Match[str]) -> Token | None:
    """M–Th 9-6, F 8-5."""
    if not _LETTERED.search(near(match)):
        return None
    return token(match, "date", (_OF_LETTERS | _OF_LETTER)[match[1][:2]])


def _closed(match: re.Match[str]) -> Token:
    """Closed Sun & public holidays."""
    return token(match, "date", DAYS[match[0].lower()])


_OF_LETTER = {"T": "Tuesday", "W": "Wednesday"}
_CLOSED_ON = re.compile(r"(?<=[Cc]losed )(M|Tu|W|Th|F|Sa|Su)(?!\w)")
_OPENING = re.compile(
    rf"(?:\b{ANY_DAY}\.?|\b[Dd]aily|\b[Oo]pen|\b[Hh]ours|\b[Ww]eekdays|\b[Ww]eekends"
    rf"|(?<=[-–])(?:F|Sat?|Sun?)|\b(?:MWF|MW|TTh|TuTh|TR))"
    rf":?,?{_S}(?P<h>1[0-2]|[1-9])(?::(?P<m>[0-5]\d))?{_TO}(?P<h2>1[0-2]"
    rf"|[1-9])(?::(?P<m2>[0-5]\d))?(?![\w%/$]|[.,:-]\d)"
)


def _opening(match: re.Match[str]) -> Token | None:
    """Open 9-5:30: one of the two has minutes."""
    if not (match["m"] or match["m2"]) or (match["m"] and match["m2"]):
        return None
    if re.match(r"[ \u00a0]?[ap]\.?m\b", match.string[match.end() :]):
        return None
    begins = clock_words(int(match["h"]), match["m"], None, None, True)
    ends = clock_words(int(match["h2"]), match["m2"], None, None, True)
    return Token(match.start("h"), match.end(), "range", f"{begins} to {ends}")


_DAY_SPAN = re.compile(
    rf"\b(?P<day>{ANY_DAY})\.?{_S}(?P<first>[1-9]|[12]\d|3[01]){_TO}(?P<next>{ANY_DAY})\.?{_S}"
    rf"(?=(?:[1-9]|[12]\d|3[01]){_S}(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))"
)
_TIL = re.compile(
    r"(?:(?<=[;,.&] )|(?<=^)|(?<=\band ))(Sat|Sun|Wed)(?=[ \u00a0](?:til|till|until|from|to"
    r"|noon|only"
    r"|closed)\b)"
    r"|(?<![\w.'-])(Sat|Sun|Wed)(?=[ \u00a0](?:[ap]\.?m\b|mornings?\b|afternoons?\b|evenings?\b"
    r"|nights?\b))"
)


def _day_span(match: re.Match[str]) -> Token:
    """Sat 1–Sun 2 Nov."""
    first, last = DAYS[match["day"].lower()], DAYS[match["next"].lower()]
    return token(match, "range", f"{first} the {ordinal(int(match['first']))} to {last} ")


RULES = (
    Rule(_EACH_WEEK, _each_week),
    Rule(_DAY_SPAN, _day_span),
    Rule(_TIL, _closed),
    Rule(_OPENING, _opening),
    Rule(_CLOSED, _closed),
    Rule(_GLUED_DAYS, _glued_days),
    Rule(_LATER_DAY, _later_day),
    Rule(_CLOSED_ON, _later_day),
    Rule(_LETTERED_DAYS, _lettered_days),
)
