"""Hours that look like other numbers: lunch 12-2.30, 7 for 7.30, doors 7.30, Sat 12p."""

import re

from tasks.reading.english.rules import Rule, near, token
from tasks.reading.english.times.clock import clock_words
from tasks.reading.english.times.weekdays import ANY_DAY, DAYS
from tasks.reading.tokens import Token

_HOUR = r"(?:1[0-2]|[1-9])"
_MINUTE = r"[0-5][05]"
_NO_TIME = (
    r"(?![\w%°\"'$€£¥₹]|[.,:/-]\d|[ \u00a0](?:million|billion|percent|stars?|out of|kg|km|m|mm|cm"
    r"|miles?|mi|kW|kWh|V|W|GHz|L|litres?|liters?|lbs?|oz|in|inch(?:es)?|ft|feet|acres?|years?|yrs?"
    r"|months?|mths?|weeks?|wks?|days?|hrs?|hours?|mins?|minutes?|secs?|seconds?|points?|pts|times"
    r"|x|×|GPA|tog|mg|ml|g|cl|dB|A|Ah)\b)"
)
_HOURS = re.compile(
    rf"(?<![\w.,:/$€£¥₹#–-])(?P<h>{_HOUR})(?:[.:](?P<m>{_MINUTE}))?(?P<to>[ \u00a0]?[-–][ \u00a0]?)"
    rf"(?P<h2>{_HOUR}|1[3-9](?=\.)|2[0-3](?=\.))(?:[.:](?P<m2>{_MINUTE}))?{_NO_TIME}"
)
_QUARTERS = ("00", "15", "30", "45")
_WEEKLY = re.compile(
    rf"\b(?:{ANY_DAY}|M-F|[Ww]kdays|[Oo]pen|[Hh]ours|hrs|[Dd]aily|[Dd]oors|[Ww]eekdays|[Ww]eekends|[Nn]ightly"
    r"|[Ll]unch|[Dd]inner|[Bb]runch|[Ss]upper|[Ss]erved)\b|\d[ \u00a0]?[ap]\.?m\b"
)


_DAYS_BEHIND = re.compile(rf"[ \u00a0](?:{ANY_DAY}|M-F|daily|weekdays|wkdays|weekends)\b")


def _hours(match: re.Match[str]) -> Token | None:
    """Lunch 12-2.30: where it falls it is no range of numbers; elsewhere a day must say so."""
    is_dotted = "." in match[0]
    if not (match["m"] or match["m2"]) or (match["m"] and match["m2"] and not is_dotted):
        return None
    if not is_dotted and not _DAYS_BEHIND.match(match.string, match.end()):
        return None  # read with the days before it
    falls = _as_number(match, "h", "m") > _as_number(match, "h2", "m2")
    is_late = int(match["h2"]) > 12 and {match["m"], match["m2"]} <= set(_QUARTERS)
    is_cued = (
        is_late or _WEEKLY.search(near(match)) or any(map(_falls, _HOURS.finditer(match.string)))
    )
    if not falls and not is_cued:
        return None
    begins = clock_words(int(match["h"]), match["m"], None, None, True)
    ends = clock_words(int(match["h2"]), match["m2"], None, None, True)
    return token(match, "range", f"{begins} to {ends}")


def _falls(match: re.Match[str]) -> bool:
    has_minutes = bool(match["m"] or match["m2"])
    return has_minutes and _as_number(match, "h", "m") > _as_number(match, "h2", "m2")


def _as_number(match: re.Match[str], hour: str, minute: str) -> float:
    return float(f"{match[hour]}.{match[minute] or 0}")


_SEATED = re.compile(
    rf"(?<![\w.,:/$€£¥₹#–-])(?P<h>{_HOUR})(?:[.:](?P<m>{_MINUTE}))?[ \u00a0]for[ \u00a0]"
    rf"(?P<h2>{_HOUR})[.:](?P<m2>{_MINUTE}){_NO_TIME}"
)


def _seated(match: re.Match[str]) -> Token | None:
    """7 for 7.30: guests come at the first, and sit down at the second."""
    minutes = [60 * int(match[h]) + int(match[m] or 0) for h, m in (("h", "m"), ("h2", "m2"))]
    if not 0 < (minutes[1] - minutes[0]) % 720 <= 60:
        return None
    begins = clock_words(int(match["h"]), match["m"], None, None, True)
    ends = clock_words(int(match["h2"]), match["m2"], None, None, True)
    return token(match, "time", f"{begins} for {ends}")


_TO_HALF = re.compile(
    rf"(?P<between>\b[Bb]etween[ \u00a0])?(?<![\w.,:/$€£¥₹–-])(?P<h>{_HOUR})\.(?P<m>[0-5]\d)"
    rf"(?=[ \u00a0](?P<to>and|to|until|till)[ \u00a0]{_HOUR}(?:[.:][0-5]\d)?[ \u00a0]?[ap]\.?m\b)"
)


def _to_half(match: re.Match[str]) -> Token | None:
    """Between 12.30 and 2.30pm, 9.30 to 5pm."""
    if match["to"] == "and" and not match["between"]:
        return None
    return _begins(match)


_BEGINS = re.compile(
    rf"(?:\b(?:[Dd]oors(?: open)?(?: at)?|[Cc]urtain(?: up)?(?: at)?|[Kk]ick-?off(?: at)?|[Cc]urfew"
    rf"|[Oo]n stage(?: at)?|[Nn]ightly(?: at)?|[Ss]ervice at|[Cc]lass(?:es)? at|[Ss]how at"
    rf"|[Gg]ates(?: open)?(?: at)?"
    r"|[Dd]ep\.?|[Aa]rr\.?|[Dd]eparts|[Aa]rrives|[Bb]ibs from|[Rr]egistration from|[Mm]arathon"
    r"|\b(?:5|10)[kK]|[Rr]ace at|[Hh]eats from"
    rf"|[Bb]rea?kfast from|[Ll]unch from|[Dd]inner from|last orders(?: at)?"
    rf"|(?:{ANY_DAY}s?\.?,?)(?: at| from| by| till| until)?))"
    rf"[ \u00a0](?P<h>0?[1-9]|1\d|2[0-3])\.(?P<m>[0-5][05]){_NO_TIME}"
)


def _begins(match: re.Match[str]) -> Token:
    """Doors 7.30."""
    words = clock_words(int(match["h"]), match["m"], None, None, True)
    return Token(match.start("h"), match.end(), "time", words)


_LETTERED = re.compile(
    rf"(?<![\w.,:/$€£¥₹–-])(?P<before>{ANY_DAY}\.?,? )?(?P<h>{_HOUR})(?P<half>[ap])(?!\w)"
    rf"(?: (?P<day>{ANY_DAY})\b)?"
)
_PRICED = re.compile(
    r"[ \u00a0](?:each|per|a|an|off|more|less|cheaper|extra|only|plus|\+)\b|[ \u00a0]?/|\+"
)


def _lettered(match: re.Match[str]) -> Token | None:
    """Sat 12p; where a text speaks of pounds or pence as well, it is marked."""
    if not (match["before"] or match["day"]):
        return None
    half, text = match["half"], match.string
    words = clock_words(int(match["h"]), None, f"{half}m", None, True)
    start, end = match.start("h"), match.end("half")
    if match["day"]:
        words, end = f"{words} {DAYS[match['day'].lower()]}", match.end()
    is_priced = "£" in text or (half == "p" and _PRICED.match(text, match.end("half")))
    written = text[start : match.end("half")]
    doubt = f'"{written}" could be an hour or pence' if is_priced and half == "p" else None
    return Token(start, end, "time", words, None, doubt)


_LOOSE = re.compile(rf"(?<![\w.,:/$€£¥₹–-])(?P<h>{_HOUR})p(?![\w/])")
_DAY = re.compile(rf"\b{ANY_DAY}\b")
_PENCE = re.compile(r"£|\b(?:pence|penny|VAT|price[ds]?|costs?|shares?|p/min|texts?)\b")
_PRICE_BEFORE = re.compile(
    r"(?:\b(?:only|just|costs?|charge|save|price|extra|under|of|worth|by|for|was|now|at|til|till|until|to"
    r"|from|opens?|closes?|starts?|ends?)[ \u00a0]|@[ \u00a0]?)$"
)


def _loose(match: re.Match[str]) -> Token | None:
    """A 12p somewhere in a text about days: read as money, and marked."""
    text = match.string
    before = text[: match.start()]
    if (
        _PENCE.search(near(match))
        or _PRICE_BEFORE.search(before)
        or _PRICED.match(text, match.end())
    ):
        return None
    if not _DAY.search(near(match)):
        return None
    words = clock_words(int(match["h"]), None, "pm", None, True)
    return token(match, "time", words, doubt=f'"{match[0]}" could be an hour or pence')


EARLY_RULES = (
    Rule(_SEATED, _seated),
    Rule(_TO_HALF, _to_half),
    Rule(_HOURS, _hours),
    Rule(_BEGINS, _begins),
    Rule(_LETTERED, _lettered),
    Rule(_LOOSE, _loose),
)
