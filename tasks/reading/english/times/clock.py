"""Times of day, and what is written like them: ratios and scores."""

import re

from tasks.reading.english.numbers import SMALL, cardinal
from tasks.reading.english.rates import with_rate
from tasks.reading.english.rules import (
    TIME_ZONES,
    Rule,
    near,
    stop_ends_sentence,
    token,
    word_after,
)
from tasks.reading.tokens import Token

_S = "[ \u00a0]"
_TO = rf"{_S}?[-–—]{_S}?"
_CLOCK = r"(?:[01]?\d|2[0-4])"
_HALF = (
    rf"{_S}?(?:(?:[AaPp]\.{_S}?[Mm]\b\.?)|(?:[AaPp][Mm]\b)|(?<=:[0-5]\d)[ap](?!\w)"
    r"|(?:hours|hrs?|h)\b)"
)
_TIME = re.compile(
    rf"(?:(?<![\w.,:/$€£¥₹-])|(?<=[a-z]{{3}}/)|(?<=\d[ap]/)|(?<=\d[ap]m/))(?!\d{{1,2}}:\d\d\.\d)(?P<h>{_CLOCK})(?:(?P<sep>[:.])(?P<m>[0-5]\d)"
    rf"(?::(?P<sec>[0-5]\d))?)?(?P<half>{_HALF})?"
    rf"(?:(?P<to>{_TO})(?P<h2>{_CLOCK})(?:[:.](?P<m2>[0-5]\d))?(?P<half2>{_HALF})?)?(?![\w%:]|/(?!\d{{1,2}}(?::\d|(?:\.\d\d)?[ap]m\b))"
    rf"|[.,:-]\d)"
)
_RATIO_CUES = re.compile(
    r"(?:ratio|scale|odds|aspect|mix(?:ed)?|dilute[d]?|screen|format|won|lost"
    r"|beat)\b[^.,;\n]{0,20}$",
    re.I,
)
_VERSE = re.compile(
    r"(?:(?<![\w.,:])(?P<nth>[123])[ \u00a0])?\b(?P<book>Gen\.|Ex\.|Exod\.|Lev\.|Num\.|Deut\."
    r"|Josh\.|Judg\.|Neh\.|Ps\.|Prov\.|Eccl\."
    r"|Isa\.|Jer\.|Ezek\.|Dan\."
    r"|Hos\.|Matt\.|Mk\.|Lk\.|Jn\.|Rom\.|Cor\.|Gal\.|Eph\.|Phil\.|Col\.|Thess\.|Tim\.|Heb\."
    r"|Jas\.|Pet\.|Rev\.|Genesis|Exodus|Leviticus|Numbers|Deuteronomy|Joshua|Judges|Ruth"
    r"|Samuel|Kings|Job|"
    r"Psalms?|Proverbs|Ecclesiastes|Isaiah|Jeremiah|Ezekiel|Daniel|Hosea|Joel|Amos|"
    r"Micah|Matthew|Mark|Luke|John|Acts|Romans|Corinthians|Galatians|"
    r"Ephesians|Philippians|Colossians|Thessalonians|Timothy|Titus|Hebrews|James|Peter|Revelation|"
    r"Sura|Surah)[ \u00a0](?P<chapter>\d{1,3}):(?P<verse>\d{1,3})"
    r"(?:[-–](?P<last>\d{1,3}))?(?![\w:])"
)
_RATIO = re.compile(
    r"(?<![\d:.\w])(?<!\d,)(\d{1,3}(?:,\d{3})+|\d{1,4}(?:\.\d{1,4})?)(?::| : )"
    r"(\d{1,4}(?:\.\d{1,4})?)(?::(\d{1,4}))?"
    r"(?![\d:\w])"
)


def _verse(match: re.Match[str]) -> Token:
    """Psalm 23:4."""
    last = f" to {cardinal(int(match['last']))}" if match["last"] else ""
    chapter, verse = cardinal(int(match["chapter"])), cardinal(int(match["verse"]))
    end = match.end()
    words = f"{chapter} {verse}{last}"
    if not (match["nth"] or match["book"].endswith(".")):
        return Token(match.start("chapter"), end, "cardinal", words)
    name = match["book"].rstrip(".")
    nth = f"{('First', 'Second', 'Third')[int(match['nth']) - 1]} " if match["nth"] else ""
    return token(match, "cardinal", f"{nth}{_BOOKS.get(name, name)} {words}")


_BOOKS = {
    **{"Gen": "Genesis", "Ex": "Exodus", "Exod": "Exodus", "Lev": "Leviticus", "Num": "Numbers"},
    **{"Deut": "Deuteronomy", "Josh": "Joshua", "Judg": "Judges", "Neh": "Nehemiah"},
    **{"Ps": "Psalm", "Prov": "Proverbs", "Eccl": "Ecclesiastes", "Isa": "Isaiah"},
    **{"Jer": "Jeremiah", "Ezek": "Ezekiel", "Dan": "Daniel", "Hos": "Hosea", "Matt": "Matthew"},
    **{"Mk": "Mark", "Lk": "Luke", "Jn": "John", "Rom": "Romans", "Cor": "Corinthians"},
    **{"Gal": "Galatians", "Eph": "Ephesians", "Phil": "Philippians", "Col": "Colossians"},
    **{"Thess": "Thessalonians", "Tim": "Timothy", "Heb": "Hebrews", "Jas": "James"},
    **{"Pet": "Peter", "Rev": "Revelation"},
}


_LASTING = re.compile(
    r"\b(?:in|of|under|WR|PR|took|takes|lasted|lasts|time|times|record|best|for|after|by|than|PB"
    r"|clocked|ran|"
    r"finished|duration|runtime|length|marathon|triathlon|ironman|race|ride|swim)(?: (?:just"
    r"|only|about|around|a|an))?:?[ \u00a0]$",
    re.I,
)


def _duration(match: re.Match[str]) -> Token:
    """A marathon in 2:59:48."""
    names = zip(match.group("h", "m", "sec"), ("hour", "minute", "second"), strict=True)
    parts = [(int(value), name) for value, name in names if int(value)]
    words = [f"{cardinal(value)} {name}{'' if value == 1 else 's'}" for value, name in parts]
    said = ", ".join(words[:-1]) + (" and " if words[1:] else "") + words[-1]
    return token(match, "measure", said)


_STOPPED = re.compile(
    r"(?<![\w.,:/-])(?P<m>[0-5]?\d):(?P<s>[0-5]\d)\.(?P<part>\d{1,3})(?![\w:]|[.,]\d)"
)


def _stopped(match: re.Match[str]) -> Token:
    """7:05.32 by a stopwatch."""
    minutes, seconds = int(match["m"]), int(match["s"])
    decimals = " ".join(SMALL[int(digit)] for digit in match["part"])
    minute = f"{cardinal(minutes)} minute{'' if minutes == 1 else 's'} " if minutes else ""
    return token(match, "measure", f"{minute}{cardinal(seconds)} point {decimals} seconds")


_AT_HALF = re.compile(r"(?:(?<=@ )|(?<=@))(?P<h>1[0-2]|[1-9])(?P<half>[ap])(?!\w)")


def _at_half(match: re.Match[str]) -> Token:
    """Sat @ 6p: no pence."""
    words = clock_words(int(match["h"]), None, f"{match['half']}m", None, True)
    return token(match, "time", words)


def _time(match: re.Match[str]) -> Token | None:
    text, end = match.string, match.end()
    is_alone = match["sec"] and not (match["to"] or match["half"])
    if is_alone and int(match["h"]) and _LASTING.search(text[: match.start()]):
        return _duration(match)
    halves = match["half"] or match["half2"]
    is_dotted = match["sep"] == "."
    if not halves and (match["m"] is None or is_dotted):
        return None
    if match["to"] and not match["half2"] and match["m2"] is None and match["half"]:
        return None
    following = word_after(text, end).lower()
    if not halves and following in ("scale", "ratio", "odds", "mix", "screen", "dilution"):
        return None
    if not halves and (_RATIO_CUES.search(text[: match.start()]) or _is_score(match)):
        return None
    is_army = bool(halves) and halves.strip(" \u00a0")[0] not in "aApP"
    if is_army and (match["m"] is None or is_dotted or (match["to"] and match["m2"] is None)):
        return None
    if halves and max(int(match["h"]), int(match["h2"] or 0)) > 12 and match["m"] is None:
        return None
    words = clock_words(int(match["h"]), match["m"], match["half"], match["sec"], bool(halves))
    if match["to"]:
        words += (
            f" to {clock_words(int(match['h2']), match['m2'], match['half2'], None, bool(halves))}"
        )
    if match[0].endswith(".") and _ends_sentence(text, end - 1):
        end -= 1
    return token(match, "time", words, end=end)


_MIXED = re.compile(
    r"\bparts? (?:of )?[a-z]+ (?:to|and) (?:\d+|one|two|three|four|five|ten) parts?\b|\bdilut",
    re.IGNORECASE,
)


def _ends_sentence(text: str, stop: int) -> bool:
    following = re.match(rf"{_S}+([A-Z]+)\b", text[stop + 1 :])
    return stop_ends_sentence(text, stop) and not (following and following[1] in TIME_ZONES)


def _is_score(match: re.Match[str]) -> bool:
    """16:9 has one digit behind the colon and is no match here; 21:09 is a time."""
    is_mix = match["sec"] is None and bool(_MIXED.search(near(match)))
    return is_mix or (match["m"] is not None and int(match["h"]) == 24 and match["m"] != "00")


def clock_words(
    hour: int, minutes: str | None, half: str | None, seconds: str | None, is_halved: bool
) -> str:
    """The words for a time of day; ``half`` is what follows it: am, p.m., h."""
    words = cardinal(hour)
    minute = int(minutes or 0)
    sign = half.strip(" \u00a0")[0].upper() if half else ""
    tail = {"": "", "H": " hours"}.get(sign, f" {sign} M")
    is_halved = is_halved and sign != "H"
    if minute:
        words += f" oh {SMALL[minute]}" if minute < 10 else f" {cardinal(minute)}"
    elif sign == "H" and hour and seconds is None and minutes:
        words += " hundred"
    elif not is_halved and seconds is None:
        words = _full_hour(hour)
    if seconds is not None:
        count = int(seconds)
        if not count:
            return (words if minute else _full_hour(hour)) + tail
        words += f" and {cardinal(count)} second{'' if count == 1 else 's'}"
    return words + tail


def _full_hour(hour: int) -> str:
    if hour in (0, 24):
        return "midnight"
    return f"{cardinal(hour)} o'clock" if hour <= 12 else f"{cardinal(hour)} hundred"


_RACED = re.compile(
    r"(?i:\b(?:1st|2nd|3rd|pb|sb|laps?|splits?|finish\w*|chip time|gun time|men's|women's|heats?"
    r"|[58]k|10k|parkrun|time trial|swim|bike leg)\b)"
)
_SHARED = re.compile(
    r"(?i:\b(?:ratio|mix|dilut\w*|odds|aspect|split between|blend|interval\w*|work|rest|on/off)\b)"
)
_WHOLES = (60, 90, 100)  # of parts: 45:15 in a minute, 60:40


def _ratio(match: re.Match[str]) -> Token:
    seconds = match[2]
    is_run = match[3] is None and re.fullmatch(r"[0-5]\d", seconds) and match[1].isdecimal()
    is_run = is_run and (int(match[1]) > 24 or (match[1] == "24" and seconds != "00"))
    is_race = is_run and _RACED.search(near(match)) and not _SHARED.search(near(match))
    is_race = is_race and int(match[1]) + int(seconds) not in _WHOLES
    if is_run and (is_race or _LASTING.search(match.string[: match.start()])):
        said = f"oh {SMALL[int(seconds)]}" if seconds[0] == "0" else cardinal(int(seconds))
        return token(match, "measure", f"{cardinal(int(match[1]))} {said}")  # a PB of 38:42
    parts = [_side(part) for part in match.groups() if part]
    return token(match, "range", " to ".join(parts))


def _side(written: str) -> str:
    whole, _, decimals = written.partition(".")
    point = f" point {' '.join(SMALL[int(digit)] for digit in decimals)}" if decimals else ""
    return cardinal(int(whole.replace(",", ""))) + point


_ZULU = re.compile(r"(?<![\w.,:])(?P<h>[01]\d|2[0-3]):(?P<m>[0-5]\d)Z(?!\w)")


def _zulu(match: re.Match[str]) -> Token:
    """14:05Z."""
    return token(
        match, "time", f"{clock_words(int(match['h']), match['m'], None, None, False)} Zulu"
    )


_TIMETABLE = re.compile(
    r"\b(?:departs?|departing|leaves?|leaving|arrives?|arriving|lands?|boards?|boarding|sails?"
    r"|ET[AD])\b[^.!?;\n]{0,40}? "
    r"(?P<h>[01]\d|2[0-3])(?P<m>[0-5]\d)(?P<hours> ?h(?:rs?|ours)?)?(?![\w%]|[.,:/-]\d)"
)


def _timetable(match: re.Match[str]) -> Token | None:
    """The train leaves at 1707; but it arrives in 2027."""
    before = match.string[match.start() : match.start("h")].rsplit(None, 1)[-1].lower()
    if before not in ("at", "by", "eta", "etd", "departs", "arrives", "leaves", "lands", "boards"):
        return None
    words = clock_words(int(match["h"]), match["m"], None, None, False)
    return Token(
        match.start("h"), match.end(), "time", words + (" hours" if match["hours"] else "")
    )


_LEFT = re.compile(r"(?<![\w.,:/-])0:(?P<seconds>[0-5]\d)(?=[ \u00a0](?:left|remaining|elapsed)\b)")


def _left(match: re.Match[str]) -> Token:
    """With 0:42 left in the game."""
    count = int(match["seconds"])
    return token(match, "measure", f"{cardinal(count)} second{'' if count == 1 else 's'}")


_OFFSET = re.compile(
    r"(?<!\w)(UTC|GMT)[ \u00a0]?([-+\u2212–±])[ \u00a0]?(\d{1,2})(?::([0-5]\d))?(?![\w:]|[.,]\d)"
)


def _offset(match: re.Match[str]) -> Token:
    """UTC-5, GMT+5:30."""
    sign = {"+": "plus", "±": "plus or minus"}.get(match[2], "minus")
    rest = "" if match[4] in (None, "00") else f" {cardinal(int(match[4]))}"
    return token(match, "time", f"{match[1]} {sign} {cardinal(int(match[3]))}{rest}")


_BROADCAST = re.compile(r"(?<![\w.,/$])(1[0-2]|[1-9])/(1[0-2]|[1-9])c(?!\w)")


def _broadcast(match: re.Match[str]) -> Token:
    """8/7c: on television, at eight in the east and at seven in the middle."""
    eastern, central = (cardinal(int(hour)) for hour in match.groups())
    return token(match, "time", f"{eastern}, {central} central")


_DAY_NAMES = {
    **{"M": "Monday", "T": "Tuesday", "Tu": "Tuesday", "W": "Wednesday", "Th": "Thursday"},
    **{"R": "Thursday", "F": "Friday", "Sa": "Saturday", "Su": "Sunday"},
}
_DAYS = re.compile(r"(?<![\w/&])(?:M/W(?:/F)?|W/F|M/T/W/Th/F|Tu?/Th|Sa/Su)(?![\w/&])")


def _days(match: re.Match[str]) -> Token:
    """M/W/F, T/Th."""
    return token(match, "date", ", ".join(_DAY_NAMES[day] for day in match[0].split("/")))


_HOURS_RANGE = re.compile(
    r"(?<![\w.,:/-])(?P<h>[01]\d|2[0-3])(?P<m>[0-5]\d)(?P<to>[ \u00a0]?[-–][ \u00a0]?)"
    r"(?P<h2>[01]\d|2[0-4])(?P<m2>[0-5]\d)(?:[ \u00a0]?(?P<hours>h(?:rs?|ours)?)\b\.?"
    r"|(?=[ \u00a0](?:Mon|Tue|Wed"
    r"|Thu|Fri|Sat|Sun|daily|on)\b))"
)
_AT_DIGITS = re.compile(
    r"(?:\b(?:at|by|from|until|till|before|after|since|to|and|returns?|ret\.|[Ff]erry|[Tt]rain"
    r"|[Bb]us)"
    r"[ \u00a0]|&[ \u00a0]|(?<=^)|(?<=[;.!?] )|(?<=, )(?=0)|(?<=\n))(?P<h>[01]\d"
    r"|2[0-3])(?P<m>[0-5]\d)"
    r"(?P<hours>[ \u00a0]?h(?:rs?|ours)?\b\.?)?"
    r"(?![\w%]|[.,:/-]\d|[ \u00a0]?[-–][ \u00a0]?\d| [A-Z]?\d)"
)
_EARLY_DIGITS = re.compile(
    r"(?<![\w.,:/#-])0\d[0-5][05](?:[ \u00a0]?h(?:rs?|ours)?\b)?(?![\w%]|[.,:/-]\d)"
)
_TIMETABLED = re.compile(
    r"\b(?:[Pp]lat(?:form)?|reveille|muster|briefing|depart\w*|dep|arr|arriv\w*|[Tt]rains?"
    r"|shift|curfew|sharp|lights out"
    r"|[Ff]erry|sail\w*|flight|hrs|hours)\b"
)
_CODED = re.compile(r"\b(?:PIN|code|OTP|password|passcode|room|ext|suite|ref|box|year)\b", re.I)


def _digit_words(hour: str, minute: str) -> str:
    """0600, 1707, 2200, as timetables and soldiers write them."""
    if minute != "00":
        return clock_words(int(hour), minute, None, None, False)
    if hour == "00":
        return "midnight"
    oh = "oh " if hour[0] == "0" else ""
    return f"{oh}{cardinal(int(hour))} hundred"


def _hours_range(match: re.Match[str]) -> Token:
    """1400–1530 hrs."""
    first = _digit_words(match["h"], match["m"])
    last = _digit_words(match["h2"], match["m2"])
    hours = " hours" if match["hours"] else ""
    ends = match[0].endswith(".") and _ends_sentence(match.string, match.end() - 1)
    return token(match, "range", f"{first} to {last}{hours}", end=match.end() - ends)


_HOURS_FOLLOW = ("at", "&", "ret.", "return", "returns", "ferry")


def _at_digits(match: re.Match[str]) -> Token | None:
    """Lights out at 2200; the one before, at 0600, tells that it is no number."""
    text, hour = match.string, match["h"]
    following = word_after(text, match.end())
    cue = match[0][: match.start("h") - match.start()].strip().lower()
    is_early = hour[0] == "0"
    is_timetabled = is_early or _EARLY_DIGITS.search(text) or cue in _HOURS_FOLLOW
    is_time = match["hours"] or (is_timetabled and _TIMETABLED.search(near(match)))
    is_time = is_time or (is_early and match["m"][1] in "05" and cue not in ("", "&"))
    if not is_time or (_CODED.search(near(match)) and not match["hours"]):
        return None
    if (
        following.endswith("s")
        and following.islower()
        and following not in ("hours", "hrs", "is", "was")
    ):
        return None
    words = _digit_words(hour, match["m"]) + (" hours" if match["hours"] else "")
    ends = match[0].endswith(".") and _ends_sentence(text, match.end() - 1)
    return Token(match.start("h"), match.end() - ends, "time", words)


_TILL_HALF = re.compile(
    r"(?<=[a-z\u2013-] )(?<![\w.,:$€£¥₹/-])(?P<h>1[0-2]"
    r"|[1-9])(?::(?P<m>[0-5]\d))?(?P<half>[ap])(?=[,;.)/]|$|[ \u00a0](?:on|daily|to|and|every"
    r"|today|tonight|tomorrow|sharp)\b)"
)
_TILL = re.compile(
    r"\b(?:til|till|until|thru|to|from|at|opens?|closes?|starts?|ends?|doors|show|kickoff"
    r"|check-?in|check-?out|/out)[ \u00a0]$",
    re.I,
)


def _till_half(match: re.Match[str]) -> Token | None:
    """Open til 9p."""
    if not _TILL.search(match.string[: match.start()]) or "£" in near(match):
        return None
    return token(match, "time", clock_words(int(match["h"]), match["m"], match["half"], None, True))


_AFTERNOON = re.compile(
    r"(?<![\w.,:/$€£¥₹-])(?P<h>1[0-2]|[1-9])[-–](?P<last>1[0-2]|[1-9])(?P<half>[ap])(?![\w/])"
)
_WEEKLY = re.compile(
    r"\b(?:Mon|Tues?|Wed|Thu(?:rs)?|Fri|Sat|Sun)(?:day)?s?\b|M/W/F|Tu?/Th|M-F"
    r"|\b(?:[Oo]pen|[Hh]ours|hrs|daily|[Dd]oors|weekdays|weekends|shifts?)\b"
)


def _afternoon(match: re.Match[str]) -> Token | None:
    """Sat 4-8p: no pence, and no players."""
    if not _WEEKLY.search(near(match)):
        return None
    words = f"{cardinal(int(match['h']))} to {cardinal(int(match['last']))}"
    return token(match, "time", f"{words} {match['half'].upper()} M")


_PASSED = re.compile(r"(?<![\w.,:/$€£¥₹-])(\d{1,3})m[ ]?([0-5]?\d)s(?!\w)")


def _passed(match: re.Match[str]) -> Token:
    """4m12s."""
    minutes, seconds = int(match[1]), int(match[2])
    minute, second = (f"{'' if count == 1 else 's'}" for count in (minutes, seconds))
    words = f"{cardinal(minutes)} minute{minute} {cardinal(seconds)} second{second}"
    words, end = with_rate(match.string, match.end(), words)
    return token(match, "measure", words, end=end)


RULES = (
    Rule(_AFTERNOON, _afternoon),
    Rule(_PASSED, _passed),
    Rule(_TILL_HALF, _till_half),
    Rule(_HOURS_RANGE, _hours_range),
    Rule(_AT_DIGITS, _at_digits),
    Rule(_OFFSET, _offset),
    Rule(_BROADCAST, _broadcast),
    Rule(_DAYS, _days),
    Rule(_LEFT, _left),
    Rule(_TIMETABLE, _timetable),
    Rule(_ZULU, _zulu),
    Rule(_VERSE, _verse),
    Rule(_STOPPED, _stopped),
    Rule(_AT_HALF, _at_half),
    Rule(_TIME, _time),
    Rule(_RATIO, _ratio),
)
