"""Sizes of so many sides, and packs of so many: 2x4s, 84"W x 38"D, 5/8 in. x 50 ft., 6x330ml."""

import re

from tasks.reading.english.nouns import is_noun_next_to, is_plural
from tasks.reading.english.numbers import (
    NUMBER,
    cardinal,
    fraction_words,
    pairs,
    parse_number,
    plural,
)
from tasks.reading.english.quantities import BEFORE, UNIT, end_of
from tasks.reading.english.rules import LatePattern, Rule, stop_ends_sentence, token, word_after
from tasks.reading.english.units import UNITS, Unit
from tasks.reading.tokens import Token

_S = "[ \u00a0]?"
_SIDE = rf"{UNIT}|[\"']"

_DIMENSIONS = LatePattern(
    rf"{BEFORE}(?P<first>{NUMBER})(?P<u1>{_SIDE})?{_S}[x×X]{_S}(?P<second>{NUMBER})(?P<u2>{_SIDE})?"
    rf"(?:{_S}[x×X]{_S}(?P<third>{NUMBER})(?P<u3>{_SIDE})?)?(?![A-Za-z0-9]|[.,]\d| ?[x×=])"
)

_LENGTHS = "\"|inches|in|cm|mm|m|ft|'"

_NAMED_SIDE = rf"(?:{NUMBER}){_S}(?:{_LENGTHS})?{_S}[WHDL](?![A-Za-z])"

_NAMED_SIDES = re.compile(
    rf"{BEFORE}{_NAMED_SIDE}(?:{_S}[x×X]{_S}{_NAMED_SIDE}){{1,2}}"
    rf"(?:{_S}(?P<last>inches|in\b|cm|mm|ft)(?![A-Za-z])\.?)?"
)

_SIDES = {"W": "wide", "H": "high", "D": "deep", "L": "long"}

_SIDES_NAMED = re.compile(r"(?<![\w-])([HWDL]) ?[x×] ?([HWDL])(?: ?[x×] ?([HWDL]))?(?![\w-])")

_SIDE_NAMES = {"H": "height", "W": "width", "D": "depth", "L": "length"}

_STUDS = re.compile(r"(?<![\w.,/$])(\d{1,2})[x×](\d{1,2})s(?![\w/])")

_KITS = re.compile(
    rf"(?<![\w.,/$])(\d{{1,2}}){_S}[x×]{_S}(\d{{1,4}})(?:{_S}(GB|TB|ml|mL|g|kg|oz|cl|mg)"
    rf"|([LW]))(?!\w|/)"
)


def _dimensions(match: re.Match[str]) -> Token | None:
    numbers = [match[name] for name in ("first", "second", "third") if match[name]]
    names = [(match[name] or "").strip(" \u00a0-") for name in ("u1", "u2", "u3")][: len(numbers)]
    if any(re.match(r"0\d", number) for number in numbers):
        return None
    if names[0] == "" and names[-1] and _PIECES.match(match[0]):
        return None  # 2x 4GB are two of them
    if len(numbers) == 2 and _is_so_many(match, numbers[0], names):
        return None  # 2 x 45-min. visits, 2 x 12" pizzas
    if len(numbers) == 2 and names[0] == "" and names[1] in _CONTENTS and numbers[0].isdecimal():
        return None  # 6 x 330 ml
    end = end_of(match)
    unit = _unit_named(names[-1]) if names[-1] else None
    words: list[str] = []
    for index, (written, name) in enumerate(zip(numbers, names, strict=True)):
        is_screen = unit is None and len(numbers) == 2 and all(map(_is_large, numbers))
        said = pairs(written) if is_screen else parse_number(written).words
        if name and (index < len(numbers) - 1 and name != names[-1]):
            side = _unit_named(name)
            said += f" {side.one if parse_number(written).is_one else side.many}"
        words.append(said)
    spoken = " by ".join(words)
    if unit is not None:
        is_noun_next = is_noun_next_to(match.string, match.start(), end)
        is_noun_next = is_noun_next or is_plural(word_after(match.string, end))
        spoken += f" {unit.one if is_noun_next else unit.many}"
    return token(match, "measure", spoken, end=end)


_CONTENTS = frozenset(
    [
        "g",
        "kg",
        "mg",
        "mcg",
        "Ah",
        "mAh",
        "μg",
        "oz",
        "oz.",
        "lb",
        "lb.",
        "lbs",
        "lbs.",
        "ml",
        "mL",
        "cl",
        "L",
        "l",
        "GB",
        "TB",
        "fl",
        "oz",
    ]
) | {"fl oz", "fl. oz.", "fl oz."}

_TIMES_OF = frozenset(
    ("min", "min.", "mins", "mins.", "hr", "hr.", "hrs", "hrs.", "h", "day", "wk")
)
_ROUND = re.compile(r"[ \u00a0](?:pizzas?|subs?|cakes?|tarts?|quiches?|woofers?|subwoofers?)\b")
_DOSED = re.compile(
    r"[ \u00a0](?:caps|capsules|tabs|tablets|sachets|bags|packs|tins|cans|bottles)\b"
)
_MOST_ROUND = 6


def _is_so_many(match: re.Match[str], first: str, names: list[str]) -> bool:
    """Whether the first number counts: visits of 45 minutes, and pizzas."""
    if names[0] in _TIMES_OF and not names[1]:
        return True  # 1.5 hrs x 8
    if names[0] in _CONTENTS and not names[1] and _DOSED.match(match.string, match.end()):
        return True  # 1,000mg x 90 caps
    if names[0] or not first.isdecimal():
        return False
    is_round = bool(_ROUND.match(match.string, match.end())) and int(first) <= _MOST_ROUND
    return names[1] in _TIMES_OF or is_round


_PIECES = re.compile(r"\d{1,2}[xX×][ \u00a0]\d")


def _named_sides(match: re.Match[str]) -> Token:
    """10"W x 20"H x 5"D, and 10 W x 20 H in."""
    sides = re.findall(rf"({NUMBER}){_S}({_LENGTHS})?{_S}([WHDL])", match[0])
    last = match["last"] or next((unit for _, unit, _ in reversed(sides) if unit), "")
    unit = _unit_named({"inches": "in"}.get(last, last)).many if last else ""
    words = [
        " ".join(part for part in (parse_number(number).words, unit, _SIDES[side]) if part)
        for number, _, side in sides
    ]
    return token(match, "measure", " by ".join(words), end=end_of(match))


def _unit_named(name: str) -> Unit:
    return UNITS[{'"': "in", "'": "ft"}.get(name, name.replace("\u00a0", " "))]


def _is_large(written: str) -> bool:
    return written.isdecimal() and 3 <= len(written) <= 4


def _sides_named(match: re.Match[str]) -> Token:
    """H x W x D."""
    return token(match, "sign", " by ".join(_SIDE_NAMES[name] for name in match.groups() if name))


def _studs(match: re.Match[str]) -> Token:
    """2x4s of wood."""
    first, second = (cardinal(int(number)) for number in match.groups())
    return token(match, "measure", f"{first} by {plural(second)}")


def _kits(match: re.Match[str]) -> Token:
    """2x16GB, 6x330ml: so many of so much."""
    number, unit = parse_number(match[2]), UNITS[match[3] or match[4]]
    following = word_after(match.string, match.end())
    is_one = (
        number.is_one
        or is_noun_next_to(match.string, match.start(), match.end())
        or following.lower() in ("kit", "pack", "multipack", "ram")
        or is_plural(following)
    )
    is_alone = not following and match.string[match.end() : match.end() + 1] != "-"
    times = " times" if is_alone and (not is_one or number.is_one) else ""
    words = f"{cardinal(int(match[1]))}{times} {number.words} {unit.one if is_one else unit.many}"
    return token(match, "measure", words)


_PART = rf"(?:\d{{1,3}}[ \u00a0-])?\d{{1,2}}/\d{{1,3}}|{NUMBER}"

_SIDE_OF_PARTS = rf"(?:{_PART})(?:[\"']|[ \u00a0-]?(?:in|ft|yd|mm|cm|m)\b\.?)?"

_SIDES_OF_PARTS = re.compile(
    rf"(?<![\w.,$€£¥₹/-])(?=[^;:()]{{0,24}}\d/\d){_SIDE_OF_PARTS}"
    rf"(?:[ \u00a0]?[x×X][ \u00a0]?{_SIDE_OF_PARTS}){{1,2}}(?![\w/])"
)

_SIDE_PARTS = re.compile(rf"({_PART})(?:([\"'])|[ \u00a0-]?(in|ft|yd|mm|cm|m)\b\.?)?")


def _sides_of_parts(match: re.Match[str]) -> Token | None:
    """5/8 in. x 50 ft., 4'x8'x1/2"."""
    if not re.search(r"\d/\d", match[0]):
        return None
    sides = [
        (found[1], found[2] or found[3] or "")
        for part in re.split("[x×X]", match[0])
        if (found := _SIDE_PARTS.fullmatch(part.strip(" \u00a0")))
    ]
    last = sides[-1][1]
    words: list[str] = []
    for index, (written, name) in enumerate(sides):
        number = _part_words(written)
        is_named = name and (index == len(sides) - 1 or name != last)
        if is_named:
            side = _unit_named(name)
            number += f" {side.one if _is_part(written) else side.many}"
        words.append(number)
    is_noun_next = is_noun_next_to(match.string, match.start(), match.end())
    if last and is_noun_next:
        words[-1] = words[-1].rsplit(" ", 1)[0] + f" {_unit_named(last).one}"
    end = match.end()
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, end - 1)
    return token(match, "measure", " by ".join(words), end=end - ends)


def _is_part(written: str) -> bool:
    return bool(re.fullmatch(r"\d{1,2}/\d{1,3}|1", written))


def _part_words(written: str) -> str:
    """Half, three quarter, five eighths, one and a half."""
    if re.fullmatch(r"\d{1,2}/\d{1,3}", written):
        top, bottom = map(int, written.split("/"))
        words = re.sub("^an? ", "", fraction_words(top, bottom))
        return {"eighth": "one eighth", "sixteenth": "one sixteenth"}.get(words, words)
    return parse_number(written).words


_FOOT_SIDE = r"\d{1,2}'[ \u00a0]?(?:\d{1,2}(?:\.5)?\")?"
_FOOT_SIDES = re.compile(
    rf"(?<![\w.,'/-])(?=[^x×]{{1,9}}[x×]){_FOOT_SIDE}"
    rf"(?:[ \u00a0]?[x×][ \u00a0]?{_FOOT_SIDE}){{1,2}}(?!\w)"
)


def _foot_sides(match: re.Match[str]) -> Token | None:
    """5'3" x 7'6"."""
    if '"' not in match[0]:
        return None
    words: list[str] = []
    for feet, inches in re.findall(r"(\d+)'[ \u00a0]?(?:(\d+(?:\.5)?)\")?", match[0]):
        inch = (
            f" {parse_number(inches).words} inch{'' if inches == '1' else 'es'}" if inches else ""
        )
        words.append(f"{cardinal(int(feet))} {'foot' if feet == '1' else 'feet'}{inch}")
    return token(match, "measure", " by ".join(words))


EARLY_RULES = (
    Rule(_FOOT_SIDES, _foot_sides),
    Rule(_SIDES_OF_PARTS, _sides_of_parts),
    Rule(_SIDES_NAMED, _sides_named),
    Rule(_STUDS, _studs),
    Rule(_KITS, _kits),
    Rule(_NAMED_SIDES, _named_sides),
)
RULES = (Rule(_DIMENSIONS, _dimensions),)
