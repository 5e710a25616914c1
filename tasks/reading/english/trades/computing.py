"""What data centers and programmers write: RPO 15m, 8c/16t, 30 req/s, npm 9.x, port 22/tcp."""

import re

from tasks.reading.english.names.models import letters
from tasks.reading.english.numbers import NUMBER, cardinal, pairs, parse_number
from tasks.reading.english.rules import Rule, token
from tasks.reading.tokens import Token

_RECOVERY = re.compile(
    r"(?:(?<=\bRPO)|(?<=\bRTO)|(?<=\bTTL)|(?<=\bMTTR)|(?<=\bMTTD)|(?<=\bMTBF))"
    r"(?P<joint>:? |[:=]| of | is |: ?[<≤]|[ ]?[<≤][ ]?)(?P<number>\d{1,4})[ ]?(?P<unit>[smhd])"
    r"(?![\w²³/])"
)
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


def _recovery(match: re.Match[str]) -> Token:
    """RPO 15m: minutes, not meters."""
    count, unit = int(match["number"]), _UNITS[match["unit"]]
    words = f"{cardinal(count)} {unit}{'' if count == 1 else 's'}"
    return Token(match.start("number"), match.end(), "measure", words)


_CORES = re.compile(r"(?<![\w.,/$-])(?P<cores>\d{1,3})[cC]/(?P<threads>\d{1,3})[tT](?![\w/])")


def _cores(match: re.Match[str]) -> Token | None:
    """A processor of 8c/16t."""
    cores, threads = int(match["cores"]), int(match["threads"])
    if not cores <= threads <= 4 * cores:
        return None
    return token(
        match,
        "measure",
        f"{cardinal(cores)} core{'' if cores == 1 else 's'}, {cardinal(threads)} threads",
    )


_REQUESTS = re.compile(r"(?<![\w.])(?P<what>req|reqs|msgs?)/(?P<time>s|sec|min|h|hr|day)(?![\w/])")
_WHAT = {"req": "requests", "reqs": "requests", "msg": "messages", "msgs": "messages"}
_TIMES = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "day": "day"}


def _requests(match: re.Match[str]) -> Token:
    """Too many req/s."""
    return token(match, "measure", f"{_WHAT[match['what']]} per {_TIMES[match['time']]}")


_ANY_MINOR = re.compile(r"(?<![\w.,$€£¥₹-])(?P<major>\d{1,2}(?:\.\d{1,2})?)\.x(?![\w.-])")


def _any_minor(match: re.Match[str]) -> Token:
    """Version 9.x: any release of nine."""
    return token(match, "version", f"{parse_number(match['major']).words} point X")


_PORT = re.compile(r"(?<![\w.,/$-])(?P<port>\d{2,5})/(?P<kind>tcp|udp|TCP|UDP)(?![\w/])")


def _port(match: re.Match[str]) -> Token:
    """Port 2222/tcp."""
    return token(match, "model", f"{pairs(match['port'])} {letters(match['kind'])}")


_AT_LEAST = re.compile(
    rf"(?P<sign>[<>]=)[ ]?(?P<number>{NUMBER})[ ]?(?P<unit>GB|TB|MB|GHz|MHz|W|V|mm|kg)(?![\w/])"
)
_SIGNS = {">=": "at least", "<=": "at most"}
_NAMES = {
    **{"GB": "gigabyte", "TB": "terabyte", "MB": "megabyte", "W": "watt", "V": "volt"},
    **{"GHz": "gigahertz", "MHz": "megahertz", "mm": "millimeter", "kg": "kilogram"},
}


def _at_least(match: re.Match[str]) -> Token:
    """RAM >=16GB."""
    number, name = parse_number(match["number"]), _NAMES[match["unit"]]
    many = "" if number.is_one or name.endswith("hertz") else "s"
    return token(match, "measure", f"{_SIGNS[match['sign']]} {number.words} {name}{many}")


RULES = (
    Rule(_RECOVERY, _recovery),
    Rule(_CORES, _cores),
    Rule(_REQUESTS, _requests),
    Rule(_ANY_MINOR, _any_minor),
    Rule(_PORT, _port),
    Rule(_AT_LEAST, _at_least),
)
