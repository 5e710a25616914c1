"""Doses: q8h, t.i.d., prn, 1,200 mg/24h."""

import re

from tasks.reading.english.numbers import cardinal
from tasks.reading.english.rules import Rule, near, stop_ends_sentence, token
from tasks.reading.tokens import Token

_EVERY = re.compile(
    r"(?<![\w.-])[qQ](?:\.?"
    r" )?(?P<low>\d{1,2})(?:[-–](?P<high>\d{1,2}))?[ \u00a0]?(?P<unit>h(?:r|rs)?|d"
    r"|wk|min)(?!\w)\.?"
)
_UNITS = {"h": "hour", "d": "day", "w": "week", "m": "minute"}


def _every(match: re.Match[str]) -> Token:
    """q4-6h."""
    number = cardinal(int(match["low"]))
    number += f" to {cardinal(int(match['high']))}" if match["high"] else ""
    unit = _UNITS[match["unit"][0]]
    words = f"every {unit}" if number == "one" else f"every {number} {unit}s"
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "abbreviation", words, end=match.end() - ends)


_LATIN_DOSES = {
    "qd": "once a day",
    "bid": "twice a day",
    "tid": "three times a day",
    "qid": "four times a day",
    "prn": "as needed",
    "po": "by mouth",
    "qhs": "at bedtime",
    "hs": "at bedtime",
    "qam": "every morning",
    "qpm": "every evening",
    "bd": "twice a day",
    "od": "once a day",
    "tds": "three times a day",
    "qds": "four times a day",
}
_DOSE = (
    r"(?:mg|mcg|μg|g|ml|mL|units?|IU|tabs?|tablets?|caps?|capsules?|drops?|puffs?|sprays?|doses?"
    r"|h|hours|po|PO|daily|orally)\.?"
)
_LATIN = re.compile(
    r"(?<![\w.])(?i:(?P<dotted>q\.d|b\.i\.d|t\.i\.d|q\.i\.d|p\.r\.n|p\.o|b\.d|t\.d\.s|q\.d\.s"
    r"|q\.h\.s))(?P<stop>\.)?(?!\w)"
    r"|(?<![\w.-])(?P<plain>prn|PRN|qhs|QHS)(?![\w-])"
    r"|(?<=[A-Za-z.] )(?P<dosed>BID|TID|QID|QD|PO|BD|OD|TDS|QDS|bid|tid|qid|qd|po|bd|od"
    r"|tds|qds)(?![\w-])"
)
_AFTER_DOSE = re.compile(rf"(?:\b|\d){_DOSE}[ \u00a0]$")


def _latin(match: re.Match[str]) -> Token | None:
    """1 tab t.i.d.; but a bid of $100."""
    before = match.string[max(0, match.start() - 12) : match.start()]
    if match["dosed"] and not _AFTER_DOSE.search(before):
        return None
    name = (match["dotted"] or match["plain"] or match["dosed"]).replace(".", "").lower()
    if name == "po" and match["dotted"] and match[0].startswith("P"):
        return None  # a P.O. box
    ends = bool(match["stop"]) and stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "abbreviation", _LATIN_DOSES[name], end=match.end() - ends)


_HAEMOGLOBIN = re.compile(r"(?<!\w)(?:HbA1[cC]|HBA1C)(?!\w)")
_OXYGEN = re.compile(r"(?<!\w)SpO[2₂](?!\w)")


def _haemoglobin(match: re.Match[str]) -> Token:
    return token(match, "model", "H B A one C")


_COURSE = re.compile(
    r"(?<=[A-Za-z.)%] )[x×][ \u00a0]?(?P<count>\d{1,2})(?:[ \u00a0-]?(?P<unit>days?|weeks?|wks?"
    r"|months?|mos?|nights?|hours?|hrs?|mins?|d|w|h)\b)\.?"
)


_COURSES = {
    **{"d": "day", "w": "week", "wk": "week", "mo": "month"},
    **{"h": "hour", "hr": "hour", "min": "minute"},
}


def _course(match: re.Match[str]) -> Token:
    """500 mg TID x 7 days."""
    number, unit = int(match["count"]), match["unit"].rstrip("s")
    name = _COURSES.get(unit, unit)
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    words = f"for {cardinal(number)} {name}{'' if number == 1 else 's'}"
    return token(match, "measure", words, end=match.end() - ends)


_PARTS_OF_TIME = {"7": "day", "52": "week", "12": "month"}
_PART_OF_TIME = re.compile(r"(?:(?<=\bfor )|(?<=[x×])|(?<=x ))(\d{1,2})/(7|52|12)(?![\w/%]|[.,]\d)")
_PER_TIME = re.compile(r"(?<![\w.,/$-])(\d{1,2})/(24|12|48)[ \u00a0]?h(?:r|rs|ours)?\b\.?")
_DOSES = re.compile(
    r"\b(?:mg|mcg|mL|ml|tabs?|tablets?|caps?|capsules?|dose|doses|puffs?)\b|\dm[gL]"
)


def _part_of_time(match: re.Match[str]) -> Token | None:
    """500 mg for 7/7: as chemists write days, weeks and months."""
    if not _DOSES.search(near(match)):
        return None
    count = int(match[1])
    name = _PARTS_OF_TIME[match[2]] + ("" if count == 1 else "s")
    return token(match, "measure", f"{cardinal(count)} {name}")


def _per_time(match: re.Match[str]) -> Token:
    """No more than 8/24h."""
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    words = f"{cardinal(int(match[1]))} in {cardinal(int(match[2]))} hours"
    return token(match, "measure", words, end=match.end() - ends)


_BLOOD = re.compile(r"(?<![\w.-])(?P<group>AB|[ABO])(?P<sign>[-+−])(?![\w+])")
_DONORS = re.compile(r"\b(?:blood|donors?|plasma|transfusion|Rh)\b", re.IGNORECASE)


def _blood(match: re.Match[str]) -> Token | None:
    """O+ and AB- donors."""
    if not _DONORS.search(near(match)):
        return None
    sign = "positive" if match["sign"] == "+" else "negative"
    return token(match, "model", f"{' '.join(match['group'])} {sign}")


def _oxygen(match: re.Match[str]) -> Token:
    return token(match, "model", "S P O two")


_STONES = re.compile(
    r"(?<![\w.,$€£¥₹/-])(\d{1,2})[ \u00a0]?st[ \u00a0]?(\d{1,2})(?P<pounds>[ \u00a0]?lbs?\b)?"
    r"(?!\d|[\w.,]\d)"
)
_LOSS = re.compile(
    r"(?:(?<=[Ll]ost )|(?<=[Ll]ose )|(?<=[Ww]eighs )|(?<=[Gg]ained ))(\d{1,2})[ \u00a0]?st(?!\w)"
)


def _stones(match: re.Match[str]) -> Token | None:
    """11 st 4 lb; but the 1st 10 callers."""
    is_ordinal = match[1] in ("1", "21", "31", "41") and not match["pounds"]
    if is_ordinal or int(match[2]) > 13:
        return None
    pounds = f"{cardinal(int(match[2]))} pound{'' if match[2] == '1' else 's'}"
    return token(match, "measure", f"{cardinal(int(match[1]))} stone {pounds}")


def _loss(match: re.Match[str]) -> Token:
    """She lost 2st."""
    return token(match, "measure", f"{cardinal(int(match[1]))} stone")


RULES = (
    Rule(_STONES, _stones),
    Rule(_LOSS, _loss),
    Rule(_OXYGEN, _oxygen),
    Rule(_BLOOD, _blood),
    Rule(_COURSE, _course),
    Rule(_PART_OF_TIME, _part_of_time),
    Rule(_PER_TIME, _per_time),
    Rule(_EVERY, _every),
    Rule(_LATIN, _latin),
    Rule(_HAEMOGLOBIN, _haemoglobin),
)
