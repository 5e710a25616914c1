"""Dates, days, years, decades and times of day."""

import re

from tasks.reading.english.numbers import SMALL, cardinal, ordinal, plural, year
from tasks.reading.english.rules import (
    Rule,
    near,
    stop_ends_sentence,
    token,
    word_after,
    word_before,
    word_set,
)
from tasks.reading.english.times import clock, weekdays
from tasks.reading.english.times.clock import clock_words
from tasks.reading.english.times.weekdays import ANY_DAY, DAY, DAYS
from tasks.reading.tokens import Token

_YEAR_OF_MONTHS = (
    "January February March April May June July August September October November December"
)
MONTHS = tuple(_YEAR_OF_MONTHS.split())
_SHORT_MONTHS = {
    **{name.lower(): name for name in MONTHS},
    **{name[:3].lower(): name for name in MONTHS},
    "sept": "September",
}
_S = "[ \u00a0]"
_MONTH = (
    r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?|JAN|FEB|MAR|APR|JUN|JUL|AUG|SEPT?|OCT"
    r"|NOV|DEC"
)
_FULL = "|".join(MONTHS) + "|" + "|".join(name.upper() for name in MONTHS)
_ANY_MONTH = rf"(?:{_FULL}|{_MONTH})"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_TH = r"(?:st|nd|rd|th)?"
_YEAR = r"(?:1[0-9]|20)\d\d"
_TO = rf"{_S}?[-–—]{_S}?"
_NUMERIC = re.compile(
    r"(?<![\w.,/:-])(?:(?P<y>\d{4})(?P<s1>[-/.])(?P<m>\d{1,2})(?P=s1)(?P<d>\d{1,2})"
    r"|(?P<a>\d{1,2})(?P<s2>[-/.])(?P<b>\d{1,2})(?P=s2)(?P<y2>\d{4}|\d{2}))(?![\w%]|[/.:-]\d)"
)
_STAMP = re.compile(
    r"(?<![\w.,/:-])(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-4]):([0-5]\d)(?::\d\d)?Z?(?![\w:])"
)
_VERSIONED = re.compile(r"(?i:\bversion|\bbuild|\brelease|\bfirmware|\bv)\.?:?[ \u00a0]?$")
_SEASON = re.compile(
    r"(?<![\w.,/-])(FY ?)?((?:19|20)\d\d)(?:/|(?<=FY\d{4})[-–]"
    r"|(?<=FY \d{4})[-–])(\d\d)(?![\w/.,]\d|[A-Za-z/])"
)
_HOUR = re.compile(r"(?<![\w.,:])([01]?\d|2[0-4])h([0-5]\d)(?![\w:]| ?m)")
_YEAR_MONTH = re.compile(
    r"(?<![\w.,/-])((?:19|20)\d\d)-(0[1-9]|1[0-2])(?![\w%]|[-/.,:]\d| \w*[$€£¥₹])"
)
_MONTH_DAY = re.compile(
    rf"\b(?P<month>{_ANY_MONTH}){_S}(?P<day>{_DAY}){_TH}(?:{_TO}(?P<last>{_DAY}){_TH})?"
    rf"(?P<comma>,?)(?:{_S}(?P<year>{_YEAR})(?![\w%]|[,.]\d))?(?![\w%:]|[,./-]\d)"
)
_DAY_MONTH = re.compile(
    rf"(?<![\w.,/:$€£¥₹-])(?P<the>[Tt]he{_S})?(?P<day>{_DAY}){_TH}(?:{_TO}"
    rf"(?P<last>{_DAY}){_TH})?[ \u00a0-](?:of{_S})?"
    rf"(?P<month>{_ANY_MONTH})(?![\w])(?:(?P<comma>,?)[ \u00a0-](?P<year>{_YEAR})(?![\w%]|[,.]\d))?"
)
_MONTH_YEAR = re.compile(
    rf"\b(?P<month>{_ANY_MONTH})(?:,?[ \u00a0-]|(?='))(?P<year>{_YEAR}|'\d\d)(?![\w%]|[,.:]\d)"
)
_SLASHED = re.compile(r"(?<![\w.,/:$-])(\d{1,2})/(\d{1,2})(?![\w%]|[/.,:]\d)")
_PART_OF_WHAT = re.compile(
    r"[ \u00a0](?:of[ \u00a0](?:an?|the|your|our|its?|all)\b|acres?\b|ac\b|miles?\b|mi\b"
    r"|inch(?:es)?\b|cups?\b|pages?\b|price\b|pounds?\b|lbs?\b|tanks?\b|power\b|speed\b|size\b|scale\b)"
)
PART_OF = frozenset((2, 3, 4, 5, 6, 8, 16, 32))
"""What parts of inches and cups are out of."""
_DATE_CUES = word_set(
    "on by until before from since after dated due date starting ends through till avail available "
    "begins starts opens closes expires thru til effective posted updated etd eta"
)
_DAY_RANGE = re.compile(rf"\b({ANY_DAY})\.?{_S}?[-–—/&]{_S}?({ANY_DAY})\b\.?")
_MONTH_RANGE = re.compile(rf"\b({_ANY_MONTH}){_TO}({_ANY_MONTH})(?!\w)")
_LONE_DAY = re.compile(
    rf"\b({DAY})(?:(\.)|(?=:)|(?=,?{_S}(?:\d|{_ANY_MONTH}))|\b(?<=Mon|Tue|Thu|Fri)|\b(?<=Tues|Weds|hurs|Thur))(?!\w)"
)
_LONE_MONTH = re.compile(
    r"\b(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?:(\.)|(?<=Sept|.Oct|.Nov|.Dec))(?!\w)"
)
_DECADE = re.compile(
    r"(?<![\w.,$])(?:(?P<long>1[0-9]|20)(?P<ten>\d0)'?s|'(?P<short>\d0)s|(?P<bare>[2-9]0)s)(?!\w)"
)
_DAY_CUES = word_set("on every until each this next closed and to")
_MONTH_CUES = word_set(
    "of by in since until till til from to thru through early late mid mid- end next last and"
)
_DECADE_CUES = word_set("the his her their my your our early mid late mid- in")
_OF_A_DECADE = word_set(
    "music hits style styled fashion look looks vibe vibes rock pop disco party night icon icons "
    "movie movies film films sitcom retro inspired nostalgia theme themed classic classics hair "
    "synth glam grunge kid kids child children revival throwback aesthetic car cars design"
)
_SHORT_YEAR = re.compile(r"(?<![\w'])'(\d\d)(?![\w'])")
_PERIOD = re.compile(
    r"\b(FY|Q|H)('?\d{2}\b|(?<=FY)\d{4}\b|(?<=FY) \d{4}\b|[1-4](?!\d))(?:[ \u00a0]?'?(\d{4}"
    r"|\d\d)\b)?"
    r"(?!\.\d|[\w-])"
)
_ERA = re.compile(rf"(?<![\w.,])(\d{{1,4}}){_S}(BCE?|AD|CE)\b")
_YEAR_CUES = word_set(
    "in since by from until till before after during of year spring summer autumn fall winter "
    "circa fiscal "
    "ca c early late mid january february march april may june july august september october "
    "november "
    "december est established founded copyright christmas edition"
)


_OF_A_YEAR = word_set(
    "models vintages rates results figures regulations taxes elections plans collections rules "
    "standards levels holidays awards dates fees limits tariffs predictions trends"
)


_NOT_PLURAL = word_set("is was has as its this census series bonus news Olympics analysis crisis")


def is_year(text: str, start: int, end: int, value: int) -> bool:
    """Whether four digits are a year, by the words around them."""
    before = word_before(text, start).lower().rstrip(".:")
    following = word_after(text, end)
    if before in _YEAR_CUES and 1000 <= value <= 2999:
        return following.lower() not in ("people", "words", "steps", "lamps", "units")
    if not 1900 <= value <= 2099:
        return False
    if before in ("the", "a", "this", "our", "new", "©") or not following:
        return True
    if following in _OF_A_YEAR:
        return True
    is_plural = following.islower() and following.endswith("s") and not following.endswith("ss")
    return not (is_plural and following not in _NOT_PLURAL)


def _month(written: str) -> str:
    return _SHORT_MONTHS[written.rstrip(".").lower()]


def _whole_year(written: str) -> str:
    if len(written) == 4:
        return year(int(written))
    value = int(written.lstrip("'"))
    return year(value + (2000 if value < 70 else 1900))


_DATING = re.compile(
    r"(?i:\b(?:on|by|until|till|til|since|before|after|between|dated?|due|valid|expir\w+|exp|bbe?|ends?"
    r"|ended|ending|starts?|started|starting|begins?|open|opens|opened|opening|closed?|closes|born"
    r"|dob|book\w*|sale|events?|weeks?|days?|months?|years?|arriv\w*|depart\w*|check-?in|check-?out"
    r"|issued|updated?|as of|invoiced?|orders?|ordered|renew\w*|deliver\w*|ship\w*|sent|paid|pay"
    r"|filed|signed|received|launch\w*|releas\w*|from|to|only|tomorrow|deadline|dates"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun|appointment|est|mfg"
    r"|made|pick\w*|visit\w*|season|rsvp|reviewed|printed|version|rev|last|next|rego|mot)\b)"
    r"|(?<!/)\b\d{1,2}/\d{1,2}/\d\d(?:\d\d)?[^/]*\b\d{1,2}/\d{1,2}/\d\d"
)
"""What makes three numbers with slashes a date; without any they may be a line of a game."""
_STAT_LINE = re.compile(
    r"\b(?:had|has|scored|averag\w+|posted|dropped|put up|went for|finished with|line of|notched"
    r"|recorded|tallied)(?: (?:a|an|just))? \d{1,2}/\d{1,2}/\d{1,2}(?!\d)"
)
_PLAYED = re.compile(
    r"(?i:\b(?:wins?|won|loss|lost|games?|quarter|points|boards|rebounds|assists|triple-double|nba"
    r"|playoffs?|finals?|overtime|vs|against|lakers|celtics|court|buzzer|tonight)\b)"
)


def _numeric(match: re.Match[str]) -> Token | None:
    if _VERSIONED.search(match.string[max(0, match.start() - 12) : match.start()]):
        return None
    if match["y"]:
        return _dated(match, int(match["m"]), int(match["d"]), match["y"])
    first, second, written = int(match["a"]), int(match["b"]), match["y2"]
    if len(written) == 2 and (match["s2"] == "." or (match["s2"] == "-" and len(match[0]) < 8)):
        return None
    if match["s2"] == ".":
        return _dated(match, second, first, written)
    loose = None
    if match["s2"] == "/" and len(written) == 2 and not _DATING.search(near(match)):
        loose = f'"{match[0]}" could be three numbers and no date'
    if loose and _STAT_LINE.search(near(match)) and _PLAYED.search(near(match)):
        numbers = [cardinal(int(each)) for each in match[0].split("/")]
        return token(match, "range", f"{', '.join(numbers[:2])} and {numbers[2]}", doubt=loose)
    if first > 12:
        return _dated(match, second, first, written, loose)
    doubt = "day and month could be swapped" if second <= 12 and first != second else loose
    return _dated(match, first, second, written, doubt)


def _stamp(match: re.Match[str]) -> Token | None:
    """2026-12-24T18:30."""
    year_, month, day, hour, minute = match.groups()
    date = _dated(match, int(month), int(day), year_)
    time = clock_words(int(hour), minute, None, None, False)
    return token(match, "date", f"{date.spoken} at {time}") if date else None


def _season(match: re.Match[str]) -> Token | None:
    """The season 2026/27."""
    fiscal, written, following = match.groups()
    if int(following) != (int(written) + 1) % 100:
        return None
    last = f"oh {SMALL[int(following)]}" if int(following) < 10 else cardinal(int(following))
    return token(match, "year", f"{'fiscal year ' if fiscal else ''}{year(int(written))} to {last}")


def _hour(match: re.Match[str]) -> Token:
    """17h30."""
    return token(match, "time", clock_words(int(match[1]), match[2], None, None, False))


def _year_month(match: re.Match[str]) -> Token | None:
    """2026-11; not the years 2010-12."""
    written, month = match[1], int(match[2])
    if not match[2].startswith("0") and month > int(written[2:]):
        return None
    return token(match, "date", f"{MONTHS[month - 1]} {_whole_year(written)}")


def _dated(
    match: re.Match[str], month: int, day: int, written: str, doubt: str | None = None
) -> Token | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    words = f"{MONTHS[month - 1]} {ordinal(day)}, {_whole_year(written)}"
    return token(match, "date", words, doubt=doubt)


def _days(match: re.Match[str]) -> str:
    first = ordinal(int(match["day"]))
    return f"{first} to {ordinal(int(match['last']))}" if match["last"] else first


def _month_day(match: re.Match[str]) -> Token | None:
    if match["month"] == "APR" and re.search(r"%[ \w]{0,14}$", match.string[: match.start()]):
        return None  # 0% APR 15 mos.
    words = f"{_month(match['month'])} {_days(match)}"
    if match["year"]:
        return token(match, "date", f"{words}, {_whole_year(match['year'])}")
    day, end = int(match["day"]), match.end() - len(match["comma"])
    if _ENDING.search(match.string[: match.start()]) and day >= 24 and not match["last"]:
        words = f"{_month(match['month'])} {year(2000 + day)}"
        return token(match, "date", words, end=end, doubt=f'"{match[0]}" could be a day')
    return token(match, "date", words, end=end)


_ENDING = re.compile(r"\b(?:MOT|[Rr]ego|BBE?|EXP)(?: (?:til|till|until|to|expires|exp))?:? $")
_CALLED = re.compile(r"(?:\b[Hh]appy|\b[Yy]our|\b[Oo]ur|\b[Tt]his|\b[Ee]very|\b[Aa]|[’']s) $")


def _is_called(match: re.Match[str]) -> bool:
    """Happy 4th of July."""
    return bool(_CALLED.search(match.string[: match.start()])) and " of" in match[0]


def _day_month(match: re.Match[str]) -> Token:
    text, month = match.string, match["month"]
    end = match.end()
    the = match["the"] or ("" if _is_called(match) else "the ")
    words = f"{the}{_days(match)} of {_month(month)}"
    if match["year"]:
        words += f", {_whole_year(match['year'])}"
    elif match[0].endswith(".") and stop_ends_sentence(text, end - 1):
        end -= 1
    return token(match, "date", words, end=end)


def _month_year(match: re.Match[str]) -> Token:
    return token(match, "date", f"{_month(match['month'])} {_whole_year(match['year'])}")


_SLASHED_DAYS = re.compile(
    rf"(?<![\w.,/:$-])(\d{{1,2}})/(\d{{1,2}}){_TO}(\d{{1,2}})/(\d{{1,2}})(?![\w%]|[/.,:-]\d)"
)


def _slashed_days(match: re.Match[str]) -> Token | None:
    """12/24-12/26; but 1/4-1/2 are parts of something."""
    month, day, last_month, last_day = map(int, match.groups())
    if day in PART_OF and last_day in PART_OF and month < day and last_month < last_day:
        return None
    is_months = month <= 12 and last_month <= 12 and day <= 31 and last_day <= 31
    if not is_months or 0 in (month, day, last_month, last_day):
        return None
    is_sure = day > 12 or last_day > 12
    words = f"{MONTHS[month - 1]} {ordinal(day)} to {MONTHS[last_month - 1]} {ordinal(last_day)}"
    doubt = None if is_sure else "day and month could be swapped"
    return token(match, "range", words, doubt=doubt)


_EXPIRY = re.compile(
    r"\b(?:(?P<pack>EXP|BBE?|(?:MOT|[Rr]ego)(?: (?:til|till|until|to|expires))?|(?i:best"
    r" before(?: end)?))"
    r"|(?i:exp|expir(?:y|es?|ation)(?: date)?|(?:best|use) by"
    r"|valid (?:thru|through|until|till|to)))"
    r"\b\.?:?[ \u00a0]?"
    r"(?P<month>0[1-9]|1[0-2])(?:/(?P<year>\d\d|20\d\d)|\.(?P<dotted>20\d\d))(?![\w%]|[/.,:-]\d)"
)


_CARD = re.compile(r"\b(?:CVV|CVC|[Cc]ard (?:ending|no|number)|[Vv]isa|Mastercard|Amex)\b")


def _expiry(match: re.Match[str]) -> Token | None:
    """EXP 08/27 on a pack: a month and a year; but what "expires 12/31" ends on that day."""
    written = match["year"] or match["dotted"]
    value = int(written) + (2000 if len(written) == 2 else 0)
    if not 2024 <= value <= 2069:
        return None
    words = f"{MONTHS[int(match['month']) - 1]} {year(value)}"
    is_day = len(written) == 2 and int(written) <= 31
    if is_day and not (match["pack"] or _CARD.search(near(match))):
        return None
    is_doubtful = is_day and not _CARD.search(near(match))
    doubt = f'"{match["month"]}/{written}" could be a day' if is_doubtful else None
    return Token(match.start("month"), match.end(), "date", words, None, doubt)


_CHANGED_BY = re.compile(
    r"\b(?:cut|cuts|cutting|reduc\w+|shr[aiu]nk\w*|f[ae]lls?|drop\w*|down|up|increas\w+|grows?|grew"
    r"|ris\w+|rose|boost\w*|lower\w*|rais\w+|improv\w+|gain\w*|los[et]\w*|slash\w*)\b"
    r"[^.!?;]{0,30}\bby[ \u00a0]$",
    re.IGNORECASE,
)


def _slashed(match: re.Match[str]) -> Token | None:
    """A date without a year, where the words before it or its size say so."""
    first, second = int(match[1]), int(match[2])
    if second in PART_OF and first < second and _CHANGED_BY.search(match.string[: match.start()]):
        return None  # cut by 1/3
    if second in PART_OF and first < second and _PART_OF_WHAT.match(match.string, match.end()):
        return None  # on 1/4 acre
    is_cued = word_before(match.string, match.start()).lower().rstrip(".:") in _DATE_CUES
    is_cued = is_cued or bool(re.search(rf"\b{DAY}[a-z]*\.?,?{_S}$", match.string[: match.start()]))
    month, day = (first, second) if first <= 12 else (second, first)
    if not is_cued or not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    doubt = "day and month could be swapped" if second <= 12 and first <= 12 else None
    doubt = None if first == second else doubt
    return token(match, "date", f"{MONTHS[month - 1]} {ordinal(day)}", doubt=doubt)


def _day_range(match: re.Match[str]) -> Token:
    joint = "to" if re.search(r"[-–—]", match[0]) else "and"
    words = f"{DAYS[match[1].lower()]} {joint} {DAYS[match[2].lower()]}"
    is_stop = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "range", words, end=match.end() - is_stop)


def _month_range(match: re.Match[str]) -> Token:
    is_stop = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    words = f"{_month(match[1])} to {_month(match[2])}"
    return token(match, "range", words, end=match.end() - is_stop)


_TEST_SCORE = re.compile(
    r"[ \u00a0](?:[4-9]\d0|1[0-6]\d0)(?![\w:%]|[.,/:-]\d|[ap]\.?m)|[ \u00a0](?:scores?|prep)\b"
)


_FIGURE_BEFORE = re.compile(r"[\d$€£](?:[ap]\.?m\.?|h)?[ \u00a0]$")


def _lone(match: re.Match[str]) -> Token | None:
    """A shortened day or month; with its full stop unless that ends the sentence."""
    name = match[1].lower()
    if match[0] == "SAT" and _TEST_SCORE.match(match.string, match.end()):
        return None
    is_word = name in ("sat", "sun", "wed", "mar") and match[2] is not None
    cues = _MONTH_CUES if name == "mar" else _DAY_CUES
    is_word = is_word and word_before(match.string, match.start()).lower() not in cues
    is_word = is_word and not (
        name != "mar" and _FIGURE_BEFORE.search(match.string, 0, match.start())
    )
    if is_word and stop_ends_sentence(match.string, match.end() - 1):
        return None
    end = match.end()
    if match[2] and stop_ends_sentence(match.string, end - 1, before_name=True):
        end -= 1
    return token(match, "date", (DAYS | _SHORT_MONTHS)[name], end=end)


def _decade(match: re.Match[str]) -> Token | None:
    if match["long"]:
        value = int(match["long"] + match["ten"])
        return token(match, "year", plural(year(value)))
    if match["bare"]:
        before = match.string[: match.start()]
        is_cued = word_before(before, len(before)).lower() in _DECADE_CUES or before.endswith(
            "mid-"
        )
        is_cued = is_cued or word_after(match.string, match.end()).lower() in _OF_A_DECADE
        return token(match, "year", plural(cardinal(int(match["bare"])))) if is_cued else None
    if match["short"] == "00":
        return token(match, "year", "two thousands")
    return token(match, "year", plural(cardinal(int(match["short"]))))


def _short_year(match: re.Match[str]) -> Token:
    value = int(match[1])
    return token(match, "year", f"oh {SMALL[value]}" if value < 10 else cardinal(value))


def _fiscal(match: re.Match[str]) -> Token | None:
    name, number, written = match[1], match[2].strip(" '"), match[3]
    if name == "FY":
        return (
            token(match, "year", f"fiscal year {_whole_year(number)}") if len(number) > 1 else None
        )
    if len(number) != 1 or (name == "H" and (int(number) > 2 or not written)):
        return None
    words = f"{name} {SMALL[int(number)]}"
    return token(match, "date", f"{words} {_whole_year(written)}" if written else words)


def _era(match: re.Match[str]) -> Token:
    return token(match, "year", f"{year(int(match[1]))} {' '.join(match[2])}")


_REVISED = re.compile(
    r"(?P<cue>(?<![\w.'-])[Rr]ev\.:? |(?<=[Rr]evised )|(?<=[Uu]pdated ))"
    r"(?P<month>0?[1-9]|1[0-2])[-/](?P<year>(?:19|20)\d\d)(?![\w/-])"
)
_POINTED = re.compile(
    r"(?<![\w.,:$€£¥₹-])(?P<day>0[1-9]|[12]\d|3[01])\.(?P<month>0[1-9]|1[0-2])\.(?=[,;)]"
    r"|[ \u00a0][a-z]|[-–])"
)
_SLASHED_LAST = re.compile(
    r"(?<![\w.,/:$-])(?P<month>0?[1-9]|1[0-2])/(?P<first>\d{1,2})[-–](?P<last>\d{1,2})(?![\w%]"
    r"|[/.,:-]\d| ?[x×] ?\d|[ \u00a0](?:UNC|UNF|bolts?|screws?|nuts?|taps?|threads?)\b)"
)


def _revised(match: re.Match[str]) -> Token:
    """Form W-9, rev. 10-2021."""
    cue = "revised " if match["cue"] else ""
    words = f"{cue}{MONTHS[int(match['month']) - 1]} {_whole_year(match['year'])}"
    return token(match, "date", words)


def _pointed(match: re.Match[str]) -> Token:
    """Until 31.01., as in Germany."""
    words = f"{MONTHS[int(match['month']) - 1]} {ordinal(int(match['day']))}"
    return token(match, "date", words)


def _slashed_last(match: re.Match[str]) -> Token | None:
    """Available 3/14-17: from one day to another."""
    first, last = int(match["first"]), int(match["last"])
    is_cued = word_before(match.string, match.start()).lower().rstrip(".:") in _DATE_CUES
    if not (is_cued or first > 12) or not 1 <= first < last <= 31:
        return None
    words = f"{MONTHS[int(match['month']) - 1]} {ordinal(first)} to {ordinal(last)}"
    return token(match, "range", words, doubt=f'"{match[0]}" could be something other than days')


EARLY_RULES = (
    Rule(_REVISED, _revised),
    Rule(_POINTED, _pointed),
    Rule(_SLASHED_LAST, _slashed_last),
    *weekdays.EARLY_RULES,
    Rule(_STAMP, _stamp),
    Rule(_SEASON, _season),
    Rule(_HOUR, _hour),
    Rule(_NUMERIC, _numeric),
    Rule(_YEAR_MONTH, _year_month),
    Rule(_SLASHED_DAYS, _slashed_days),
    Rule(_EXPIRY, _expiry),
)
RULES = (
    *weekdays.RULES,
    Rule(_MONTH_RANGE, _month_range),
    Rule(_MONTH_DAY, _month_day),
    Rule(_DAY_MONTH, _day_month),
    Rule(_MONTH_YEAR, _month_year),
    Rule(_DAY_RANGE, _day_range),
    *clock.RULES,
    Rule(_SLASHED, _slashed),
    Rule(_PERIOD, _fiscal),
    Rule(_DECADE, _decade),
    Rule(_ERA, _era),
    Rule(_LONE_DAY, _lone),
    Rule(_LONE_MONTH, _lone),
    Rule(_SHORT_YEAR, _short_year),
)
