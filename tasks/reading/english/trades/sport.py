"""Scores that are said otherwise than their signs: 287/6 in cricket, hit .312, a 10-1 record."""

import re

from tasks.reading.english.numbers import cardinal, pairs
from tasks.reading.english.rules import Rule, near, token
from tasks.reading.tokens import Token

_CRICKET = re.compile(
    r"\b(?:ov|overs|over(?! ?-| \d)|wickets?|wkts?|innings|batting|bowled|all out|declared?"
    r"|chas(?:e|ed|ing)"
    r"|T20I?|ODI|Tests?|"
    r"cricket|IPL|stumps|bowlers?|batsm[ae]n|batters?)\b"
)
_WICKETS = re.compile(
    r"(?<![\w.,/$-])(?P<runs>\d{1,3})/(?P<wickets>10|\d)(?:d(?!\w))?(?![\w%/]|[.,]\d)"
)


def _wickets(match: re.Match[str]) -> Token | None:
    """287/6 in 48 overs."""
    is_hours = match[0] == "24/7"
    if is_hours or not _CRICKET.search(near(match)):
        return None
    if int(match["runs"]) <= int(match["wickets"]):
        return None
    words = f"{cardinal(int(match['runs']))} for {cardinal(int(match['wickets']))}"
    is_declared = match[0].endswith("d")
    return token(match, "range", words + (" declared" if is_declared else ""))


_DISTANCE = re.compile(
    r"(?:(?<=[Tt]he )|(?<=[Tt]his )|(?<=[Oo]ur )|(?<=[Yy]our )|(?<=[Mm]y )|(?<=[Hh]er )"
    r"|(?<=[Hh]is )|(?<=\b[Aa] )|(?<=[Aa]n )|(?<=[Ff]irst )|(?<=[Ff]un )|(?P<place>(?<=[a-z] )))"
    r"(?P<length>5|8|10|12|15|20)[kK]"
    r"(?=[ \u00a0]?(?:[.,;:!?)]|$)|[ \u00a0](?:is|was|starts?|begins?|kicks|takes|on|at|with|for"
    r"|and|or|in|by|costs|this|next)\b)"
)
_RUNNING = re.compile(
    r"\b(?:run|runs|ran|runn\w+|race[sd]?|racing|(?:half-?)?marathons?|half|jog\w*|starts? at"
    r"|finish(?:ed|ers?)?|medals?|bibs?|course|laps?|train(?:ing|ed)?|Sunday|Saturday)\b",
    re.IGNORECASE,
)


_TOWN = re.compile(r"\b[A-Z][a-z]+ $")
_RACE = re.compile(
    r"\b(?:runners?|[Rr]aces?|start|bibs?|chip|medals?|unaff|aff|marathon|course|laps?|parkrun)\b"
)


def _distance(match: re.Match[str]) -> Token | None:
    """Run the 10k."""
    is_town = _TOWN.search(match.string, 0, match.start())
    if match["place"] is not None and not (is_town and _RACE.search(near(match))):
        return None
    if not (match["place"] is not None or _RUNNING.search(near(match))):
        return None
    return token(match, "measure", f"{cardinal(int(match['length']))} K")


_AVERAGE = re.compile(
    r"(?=\.\d)(?:(?<=\bhit )|(?<=\bhits )|(?<=hitting )|(?<=batting )|(?<=batted )|(?<=\bbats )"
    r"|(?<=slugging )"
    r"|(?<=batting average of )|(?<=percentage of )|(?<=slugged )|(?<=\ba )(?=\.\d{3} (?:hitter"
    r"|average|batting)))"
    r"\.(?P<average>\d{3})(?![\w%]|[.,]\d)"
)


def _average(match: re.Match[str]) -> Token:
    """Batting .312."""
    return token(match, "decimal", pairs(match["average"]))


_NOW = re.compile(
    r"(?:(?<=improved to )|(?<=improve to )|(?<=fell to )|(?<=fall to )|(?<=moved to )"
    r"|(?<=record of )|(?<=dropped to ))"
    r"(?P<won>\d{1,2})[-–](?P<lost>\d{1,2})(?:[-–](?P<drawn>\d{1,2}))?(?![\w%]|[.,]\d)"
)
_RECORD = re.compile(
    r"(?<![\w.,/$-])(?P<won>\d{1,2})[-–](?P<lost>\d{1,2})(?:[-–](?P<drawn>\d{1,2}))?"
    r"(?=[ \u00a0](?:records?|start|(?:on|for)[ \u00a0](?:the|this)[ \u00a0](?:year|season)"
    r"|this[ \u00a0]season|overall|"
    r"at[ \u00a0]home|on[ \u00a0]the[ \u00a0]road|in[ \u00a0](?:the[ \u00a0])?(?:league"
    r"|division|conference))\b)"
)


def _record(match: re.Match[str]) -> Token:
    """A 10-1 record: won and lost."""
    words = [cardinal(int(match[name])) for name in ("won", "lost", "drawn") if match[name]]
    return token(match, "range", f"{', '.join(words[:-1])} and {words[-1]}")


_DEFEATED = re.compile(
    r"(?<=[a-z] )(?P<won>(?:d|def|bt)\."
    r"|bt)(?=[ \u00a0][A-Z][A-Za-z'. -]{1,30}[ \u00a0]\d{1,3}[-–]\d)"
)


def _defeated(match: re.Match[str]) -> Token:
    """Nadal d. Federer 6–3."""
    return token(match, "abbreviation", "beat" if match["won"][:2] == "bt" else "defeated")


_OVERS = re.compile(r"(?<=\d )ov\b\.?")
_NOT_OUT = re.compile(r"(?<![\w.,/$])(?P<runs>\d{1,3})\*(?![\w*])")
_BALLS = re.compile(r"(?<=\()(?P<balls>\d{1,3})b(?=[,)])")
_MINUTE = re.compile(r"(?<![\w.,])(?P<minute>\d{1,3})(?:\+(?P<added>\d{1,2}))?'(?=[,)])")
_ADDED = re.compile(r"(?<![\w.,])(?P<minute>45|90|105|120)\+(?P<added>\d{1,2})'?(?!\w)")
_GOALS = re.compile(
    r"\b(?:Final|FT|HT|goals?|scored?|penalt\w+|pen|full[- ]time)\b|\d[-–]\d", re.IGNORECASE
)


def _overs(match: re.Match[str]) -> Token:
    return token(match, "abbreviation", "overs")


def _not_out(match: re.Match[str]) -> Token | None:
    """Kohli 101*."""
    if not _CRICKET.search(near(match)):
        return None
    return token(match, "measure", f"{cardinal(int(match['runs']))} not out")


def _balls(match: re.Match[str]) -> Token | None:
    """101* (94b)."""
    if not _CRICKET.search(near(match)):
        return None
    return token(match, "measure", f"{cardinal(int(match['balls']))} balls")


def _minute(match: re.Match[str]) -> Token | None:
    """A goal in 45+2'."""
    if not _GOALS.search(near(match)):
        return None
    added = f" plus {cardinal(int(match['added']))}" if match["added"] else ""
    return token(match, "measure", f"{cardinal(int(match['minute']))}{added} minutes")


def _added(match: re.Match[str]) -> Token | None:
    """A goal at 90+4'."""
    if not _GOALS.search(near(match)):
        return None
    words = f"{cardinal(int(match['minute']))} plus {cardinal(int(match['added']))}"
    return token(match, "measure", words)


_TIEBREAK = re.compile(r"(?<=[67][-–][67])\((\d{1,2})\)")
_LOST = re.compile(r"(?<=\brecord is )(\d{1,3})[-–](\d{1,3})(?:[-–](\d{1,3}))?(?![\w%-]|[.,]\d)")


def _tiebreak(match: re.Match[str]) -> Token:
    """7–6(5)."""
    return token(match, "range", f", {cardinal(int(match[1]))} in the tiebreak")


def _lost(match: re.Match[str]) -> Token:
    """His record is 22-3-1."""
    words = [cardinal(int(number)) for number in match.groups() if number]
    return token(match, "range", f"{', '.join(words[:-1])} and {words[-1]}")


_COURSE_LENGTH = re.compile(
    r"(?<![\w.,$€£¥₹/-])(\d)m[ \u00a0]?(\d)f(?:[ \u00a0]?(\d{1,3})y(?:ds?)?)?(?!\w)"
)


def _course_length(match: re.Match[str]) -> Token:
    """A race of 1m 2f."""
    parts = zip(match.groups(), ("mile", "furlong", "yard"), strict=True)
    words = [
        f"{cardinal(int(count))} {name}{'' if count == '1' else 's'}"
        for count, name in parts
        if count
    ]
    return token(match, "measure", " ".join(words))


_PLAYTIME = re.compile(
    r"(?i:(?<=playtime )|(?<=playtime: )|(?<=play time: )|(?<=playing time: ))"
    r"(\d{1,3})(?:[-–](\d{1,3}))?[ \u00a0]?m(?![\w²³/])"
)


def _playtime(match: re.Match[str]) -> Token:
    """Playtime 45-60m."""
    words = " to ".join(cardinal(int(number)) for number in match.groups() if number)
    return token(match, "measure", f"{words} minutes")


_TITLES = re.compile(
    r"(?<![\w.,$€£¥₹/-])(\d{1,2})[x×](?=[ \u00a0](?:[A-Z][\w.-]+[ \u00a0]){0,3}(?:[Cc]hampions?"
    r"|[Ww]inners?"
    r"|[Mm]edall?ists?|MVPs?|[Aa]ll-[Ss]tars?|[Oo]lympians?|[Nn]ominees?|[Ff]inalists?)\b)"
)


def _titles(match: re.Match[str]) -> Token:
    """The 2x Olympic champion."""
    return token(match, "measure", f"{cardinal(int(match[1]))} time")


_DARTS = re.compile(r"(?<![\w.,])180s(?!\w)")
_OCHE = re.compile(r"(?i:\b(?:darts?|oche|checkouts?|c/out|nine-darter|PDC|legs)\b)")


def _darts(match: re.Match[str]) -> Token | None:
    """Five 180s, at darts."""
    return token(match, "measure", "one eighties") if _OCHE.search(near(match)) else None


RULES = (
    Rule(_DARTS, _darts),
    Rule(_DISTANCE, _distance),
    Rule(_TITLES, _titles),
    Rule(_PLAYTIME, _playtime),
    Rule(_COURSE_LENGTH, _course_length),
    Rule(_TIEBREAK, _tiebreak),
    Rule(_LOST, _lost),
    Rule(_OVERS, _overs),
    Rule(_NOT_OUT, _not_out),
    Rule(_BALLS, _balls),
    Rule(_MINUTE, _minute),
    Rule(_ADDED, _added),
    Rule(_DEFEATED, _defeated),
    Rule(_WICKETS, _wickets),
    Rule(_AVERAGE, _average),
    Rule(_RECORD, _record),
    Rule(_NOW, _record),
)
