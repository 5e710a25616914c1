"""Sizes, heights, multiples, ordinals and powers: numbers next to numbers and signs."""

import re
from collections.abc import Sequence

from tasks.reading.english import sides
from tasks.reading.english.nouns import NOT_NOUNS, is_noun_next_to, is_plural
from tasks.reading.english.numbers import (
    NUMBER,
    Number,
    cardinal,
    fraction_words,
    ordinal,
    parse_number,
    plural,
)
from tasks.reading.english.quantities import UNIT, end_of
from tasks.reading.english.rates import with_rate
from tasks.reading.english.rules import (
    LatePattern,
    Rule,
    near,
    stop_ends_sentence,
    token,
    word_after,
    word_before,
    word_set,
)
from tasks.reading.english.units import PERIODS, UNITS
from tasks.reading.tokens import Token

_S = "[ \u00a0]?"
_PENCE = re.compile(r"(?<![\w.,$£€¥₹])(\d{1,2})(p|ct|c)(?![\w]|\.\d)")
_JEWELS = word_set(
    "diamond diamonds ring rings gold stone stones gem gems necklace earrings bracelet emerald "
    "ruby sapphire tw total"
)
_IS_PRICE = re.compile(
    r"£|\b(?:pence|penny|pennies|UK|VAT|Tesco|shares?|min|minute|texts?|coins?)\b|\d{2}p\b"
)
_PRICED = word_set("only just cost costs charge save price extra per under of worth by for")
_EURO = re.compile(r"€|\bEUR\b|\beuros?\b|\bkWh\b")
_SHUTTER = re.compile(r"(?<![\w./])1/([1-9]\d{1,4})[ \u00a0]?s(?:ec)?(?![\w/])")
_APERTURE = re.compile(
    r"(?<![\w/])([fF])/(\d{1,2}(?:\.\d{1,2})?)"
    r"(?:[ \u00a0]?[-–][ \u00a0]?(?:[fF]/)?(\d{1,2}(?:\.\d{1,2})?))?(L\b)?(?![\w/]|\.\d)"
)
_HEIGHT = re.compile(
    r"(?<![\w.'])(\d{1,2})'[ \u00a0]?(\d{1,2}(?:\.\d)?)(?:\"|'')(?!\w)|(?<![\w.'])"
    r"(\d)'[ \u00a0]?(\d|1[01])(?![\w'\"]|\.\d)"
)
_TIMES = re.compile(
    rf"(?<![\w.,])({NUMBER}){_S}(?:[x×](?![\w])|X(?= (?:optical|zoom|faster|more|the|better"
    rf"|points|on|back|rewards|miles|cash)\b))|(?<![\w])[x×]{_S}(\d{{1,3}})(?![\w.,]\d|\w)"
)
_MARK = re.compile(
    r"(?<![\w.,:/'])(\d{1,9}(?:[.,]\d{1,9})?(?:[ \u00a0-]\d/\d+)?|\d*[½¼¾])([\"'])(?!\w)"
)
_HOURS = re.compile(
    r"(?<![\w.,:])(\d{1,3})[ \u00a0]?(h|hr|hrs)[ \u00a0]?(\d{1,2})[ \u00a0]?(m|min"
    r"|mins)(?!\w)(?P<stop>\.)?"
)
_ORDINAL = re.compile(
    r"(?<![\w.,])(\d{1,3}(?:,\d{3}){1,4}|\d{1,12})(?:(?<=1)st|(?<=2)nd|(?<=3)rd|(?<=\d)th|ST|ND"
    r"|RD|TH|ˢᵗ|ⁿᵈ|ʳᵈ|ᵗʰ)(?![A-Za-z0-9])"
)


_OFTEN = ("day", "d", "week", "wk", "month", "mo", "year", "yr", "hour", "hr")
_TIMES_RANGE = re.compile(
    rf"(?<![\w.,])({NUMBER}){_S}[-–]{_S}({NUMBER}){_S}[x×](?:/({'|'.join(_OFTEN)}))?(?![\w/])"
)
_AMPS = re.compile(
    r"(?<![\w.,])(\d{1,9}[.,]\d{1,9}|(?:(?<=V[/⎓ ])|(?<=V [/⎓]))\d{1,3}|\d{1,3}(?=A @ ?\d+ ?V)"
    r"|(?:(?<=rated at )|(?<=rated for )|(?<=draws )|(?<=pulls )|(?<=up to )|(?<=fused at ))\d{1,3}"
    r"|\d{1,9}(?=[ \u00a0]?A (?:fuse|charg|adapt|output|current"
    r"|breaker|circuit|outlet"
    r"|plug|socket|max)))"
    r"[ \u00a0]?A(?!\w)"
)
_ONE_MEASURE = (
    r"\d{1,9}(?:\.\d{1,9})?(?:GB|TB|MB|V|W|A|mA|kg|mg|mcg|g|lb|lbs|oz|m[lL]|L|cm|mm|in|Hz|GHz"
    r"|MHz|km/h|mph)"
)
_MEASURE = re.compile(
    _ONE_MEASURE.replace("(?:GB", "(GB").replace(
        r"\d{1,9}(?:\.\d{1,9})?", r"(\d{1,9}(?:\.\d{1,9})?)", 1
    )
)
_ALTERNATIVES = re.compile(rf"(?<![\w.,/])(?:{_ONE_MEASURE})(?:/{_ONE_MEASURE})+(?![\w/])")
_GLUED_PAIR = re.compile(
    r"(?<![\w.,])(\d{1,3})(ft|lb|kg|m)(\d{1,3})(in|oz|g|cm|(?<=ft\d)|(?<=ft1[01]))(?!\w)"
)
_EITHER = re.compile(
    r"(?<![\w.,/])(\d{1,4}(?:\.\d)?)/(\d{1,4})[ \u00a0]?(Hz|V|W|fps|GB|TB|GHz|MHz)(?!\w)"
)
_SCIENTIFIC = re.compile(
    r"(?<![\w.,])(\d{1,9}(?:\.\d{1,9})?)[eE]([-+]\d{1,3}|(?<=\.\d[eE])\d{1,3})(?!\w|\.\d)"
)
_LIST = re.compile(r"(?<![\w.,$])\d{1,2}(?:,\d{1,2}){2,}(?![\w]|[.,]\d)")
_MANY = re.compile(r"(?<![\w.,$])(10{1,6}|1(?:,000){1,3})s(?= of\b)")
_TIMES_POWER = re.compile(
    r"(?<![\w.,])(\d{1,9}(?:\.\d{1,9})?) ?[×x·] ?10"
    r"(?:([⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})|\^(-?\d{1,3}))(?![\w⁰¹²³⁴⁵⁶⁷⁸⁹])"
)
_TIMES_PER = re.compile(rf"(?<![\w.,–-])(\d{{1,2}})[x×]/({'|'.join(_OFTEN)})(?![\w/])")
_ROOMS = re.compile(
    r"(?<![\w.,/-])(\d)[ \u00a0]?(?:BR|BDR?|[Bb]d|br)"
    r"(?:[ \u00a0]?[/,][ \u00a0]?(\d)(\.5|½)?[ \u00a0]?(?:BA|[Bb]a))?(?![\w/])"
)
_SQUARE_MEASURE = re.compile(
    rf"(?<![\w.,/$])({NUMBER})-(sq|cu)\.?-(ft|in|yd|mi|m|km)\b\.?(?=[- \u00a0][a-z])"
)
_CELLS = re.compile(r"(?<![\w.,])(\d{1,2})[x×](AAA?)(?!\w)")
_THREAD = re.compile(r"(?<![\w.,/])(\d{1,2}/\d{1,2})\"-(\d{2})(?![\w/]|[.,]\d)")
_POWER = re.compile(
    r"(?P<base>(?<![\w.,])\d{1,15}(?:\.\d{1,15})?|(?<![^\W\d_])[a-zA-Z]"
    r"|(?<![A-Za-z])[a-z]{2})(?P<power>[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}(?![⁰¹²³⁴⁵⁶⁷⁸⁹])"
    r"|\^-?\d{1,3}(?!\d))(?![\w])"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def _shutter(match: re.Match[str]) -> Token:
    """A shutter of 1/1000s."""
    return token(match, "measure", f"one {ordinal(int(match[1]))} of a second")


def _aperture(match: re.Match[str]) -> Token:
    """The lens is f/1.8, f/2.8-4 or f/2.8L."""
    letter, low, high, line = match.groups()
    to = (f" to {letter} {parse_number(high).words}" if high else "") + (" L" if line else "")
    return token(match, "measure", f"{letter} {parse_number(low).words}{to}")


def _height(match: re.Match[str]) -> Token:
    feet, inches = parse_number(match[1] or match[3]), parse_number(match[2] or match[4])
    if inches.whole >= 12:  # 27'30" is no height
        minute = "minute" if feet.is_one else "minutes"
        return token(match, "measure", f"{feet.words} {minute} {inches.words} seconds")
    is_noun_next = is_noun_next_to(match.string, match.start(), match.end())
    foot = "foot" if feet.is_one or is_noun_next else "feet"
    inch = "inch" if inches.is_one or is_noun_next else "inches"
    return token(match, "measure", f"{feet.words} {foot} {inches.words} {inch}")


_LISTED = re.compile(
    r"(?:(?:,|,? and|,? or)[ \u00a0]\d{1,3}(?:\.\d)?\")+[ \u00a0]"
    r"(?:laptops?|monitors?|screens?|displays?|tablets?|TVs?|pizzas?|models?|versions?|wheels?|rims?|pans?|cases?|sizes?)\b"
)
_SCREENS = word_set(
    "Air Pro Mini Ultra Max Plus Fold Tab iPad MacBook Surface TV Display Studio Monitor Laptop"
)


def _mark(match: re.Match[str]) -> Token | None:
    """Feet and inches, unless the sign closes a quotation."""
    sign, text = match[2], match.string
    line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    if sign == '"' and re.sub(r"[\d½¼¾⅓⅔⅛⅜⅝⅞]\"", "", line).count('"') % 2:
        return None
    if sign == "'" and re.search(r"(?<![\w])'[^']*$", line):
        return None
    number = parse_number(match[1])
    if re.search(r"\d°[ \u00a0]?$", line):
        return token(match, "measure", f"{number.words} minute{'' if number.is_one else 's'}")
    unit = UNITS["in"] if sign == '"' else UNITS["ft"]
    before = word_before(text, match.start())
    is_one = number.is_one or before.lower() in ("a", "an") or before in _SCREENS
    is_one = is_one or bool(_LISTED.match(text, match.end()))
    is_one = is_one or bool(
        (following := word_after(text, match.end()))
        and following != "o"  # 16" o.c.
        and following.lower() not in NOT_NOUNS
    )
    return token(match, "measure", f"{number.words} {unit.one if is_one else unit.many}")


_MULTIPLIED = word_set(
    "faster more better stronger longer the as a per daily weekly monthly each higher lower"
    " less bigger "
    "larger cheaper quicker points zoom speed value your our its lighter brighter thinner and"
    " or for in "
    "a-day smaller richer safer louder quieter optical digital magnification every on of to"
    " with leverage"
)


def _times(match: re.Match[str]) -> Token:
    """Two times faster, times two; in a list of parts (2 x USB) nothing is said for the sign."""
    if match[2]:
        return token(match, "measure", f"times {cardinal(int(match[2]))}")
    if match[0][-1] == "x" and re.match(r" ?[-−+=*/^]", match.string[match.end() :]):
        return token(match, "sign", f"{parse_number(match[1]).words} {match[0][-1]}")
    following = word_after(match.string, match.end())
    is_things = match[1] == "1" or (match[1].isdecimal() and is_plural(following))
    is_spaced = (
        match[0][-2] in " \u00a0"
        and is_things
        and following.islower()
        and following not in _MULTIPLIED
    )
    is_part = (
        is_spaced
        or (following[:1].isupper() and match[1].isdecimal())
        or bool(_A_MEASURE.match(match.string, match.end()))
    )
    return token(match, "measure", f"{parse_number(match[1]).words}{'' if is_part else ' times'}")


_A_MEASURE = LatePattern(rf"[ \u00a0]{NUMBER}(?:{UNIT})(?!\w)")


def _times_power(match: re.Match[str]) -> Token:
    """5 × 10³."""
    power = int((match[2] or match[3]).translate(_SUPERSCRIPTS))
    sign = "minus " if power < 0 else ""
    words = f"{parse_number(match[1]).words} times ten to the {sign}{ordinal(abs(power))}"
    found = _UNIT_BEHIND.match(match.string, match.end())
    if found is None:
        return token(match, "decimal", words)
    unit = UNITS[found[0].strip(" \u00a0-").replace("\u00a0", " ")]
    return token(match, "measure", f"{words} {unit.many}", end=end_of(found))


_UNIT_BEHIND = LatePattern(UNIT)


def _times_per(match: re.Match[str]) -> Token:
    """2x/day."""
    count = int(match[1])
    times = "once" if count == 1 else f"{cardinal(count)} times"
    return token(match, "measure", f"{times} {PERIODS[match[2]]}")


def _rooms(match: re.Match[str]) -> Token:
    """A home of 2BR/2BA, 3 BR/1.5 BA."""
    words = f"{cardinal(int(match[1]))} bedroom"
    if match[2]:
        half = " and a half" if match[3] else ""
        words += f", {cardinal(int(match[2]))}{half} bath"
    return token(match, "measure", words)


def _square_measure(match: re.Match[str]) -> Token:
    """A 1,500-sq.-ft. patio."""
    power = "square" if match[2] == "sq" else "cubic"
    return token(match, "measure", f"{parse_number(match[1]).words} {power} {UNITS[match[3]].one}")


def _cells(match: re.Match[str]) -> Token:
    """Needs 4xAA."""
    kind = "double" if match[2] == "AA" else "triple"
    return token(match, "measure", f"{cardinal(int(match[1]))} {kind} A")


def _thread(match: re.Match[str]) -> Token:
    """1/4"-20 screws: twenty turns to the inch."""
    top, bottom = map(int, match[1].split("/"))
    inch = fraction_words(top, bottom).removeprefix("a ")
    return token(match, "measure", f"{inch} inch {cardinal(int(match[2]))}")


def _times_range(match: re.Match[str]) -> Token:
    left, right = parse_number(match[1]).words, parse_number(match[2]).words
    period = f" {PERIODS[match[3]]}" if match[3] else ""
    return token(match, "range", f"{left} to {right} times{period}")


def _amps(match: re.Match[str]) -> Token:
    number = parse_number(match[1])
    is_one = number.is_one or is_noun_next_to(match.string, match.start(), match.end())
    return token(match, "measure", f"{number.words} {'amp' if is_one else 'amps'}")


def _alternatives(match: re.Match[str]) -> Token:
    """256GB/512GB, 5V/3A: measures with a slash between them."""
    parts = [_MEASURE.fullmatch(part) for part in match[0].split("/")]
    measured = [(parse_number(part[1]), part[2]) for part in parts if part]
    is_noun_next = is_noun_next_to(match.string, match.start(), match.end())
    words: list[str] = []
    for number, name in measured:
        unit = UNITS["amp"] if name == "A" else UNITS[name]
        words.append(f"{number.words} {unit.one if number.is_one or is_noun_next else unit.many}")
    is_choice = len({name for _, name in measured}) == 1 and not _has_memory_and_storage(measured)
    is_strength = len(measured) == 2 and measured[0][1] in ("mg", "g", "mcg", "μg", "kg", "lb")
    if is_strength and measured[1][1] in ("ml", "mL", "L"):
        return token(match, "measure", " per ".join(words))  # 250mg/5mL
    joint = " or " if is_choice else ", "
    return token(match, "measure", joint.join(words))


def _has_memory_and_storage(measured: Sequence[tuple[Number, str]]) -> bool:
    """8GB/256GB: no two sizes of one thing lie so far apart."""
    (first, name), *_, (last, _) = measured
    return name == "GB" and last.whole >= 8 * first.whole


def _glued_pair(match: re.Match[str]) -> Token:
    """5ft10in, 3lb4oz."""
    second = UNITS[match[4] or "in"]
    parts = [(parse_number(match[1]), UNITS[match[2]]), (parse_number(match[3]), second)]
    words = [f"{number.words} {unit.one if number.is_one else unit.many}" for number, unit in parts]
    return token(match, "measure", " ".join(words))


def _either(match: re.Match[str]) -> Token:
    """50/60Hz."""
    left, right = parse_number(match[1]).words, parse_number(match[2]).words
    return token(match, "measure", f"{left} or {right} {UNITS[match[3]].many}")


def _scientific(match: re.Match[str]) -> Token:
    """4.3e-6."""
    power = int(match[2])
    sign = "minus " if power < 0 else ""
    words = f"{parse_number(match[1]).words} times ten to the {sign}{ordinal(abs(power))}"
    return token(match, "decimal", words)


def _list(match: re.Match[str]) -> Token:
    return token(match, "cardinal", ", ".join(cardinal(int(part)) for part in match[0].split(",")))


def _many(match: re.Match[str]) -> Token:
    """Tens and hundreds of something."""
    return token(
        match, "cardinal", plural(cardinal(int(match[1].replace(",", ""))).removeprefix("one "))
    )


def _pence(match: re.Match[str]) -> Token | None:
    value = int(match[1])
    is_video = match[2] == "p" and re.search(r"\d[kK]\b|video|footage|frames", near(match))
    if match[1].startswith("0") or is_video:
        return None
    is_jewel = word_after(match.string, match.end()).lower() in _JEWELS
    if match[2] == "ct" and (is_jewel or not _EURO.search(near(match))):
        return None  # karats
    unit = {"p": ("penny", "pence")}.get(match[2], ("cent", "cents"))
    is_sure = match[2] != "p" or value > 12 or _IS_PRICE.search(near(match))
    is_sure = is_sure or word_before(match.string, match.start()).lower() in _PRICED
    doubt = None if is_sure else f'"{match[0]}" could be a time, pages or players'
    words, end = with_rate(match.string, match.end(), f"{cardinal(value)} {unit[value != 1]}")
    return token(match, "money", words, end=end, doubt=doubt)


def _hours(match: re.Match[str]) -> Token:
    hours, minutes = int(match[1]), int(match[3])
    is_noun_next = is_noun_next_to(match.string, match.start(), match.end())
    hour = "hour" if hours == 1 or is_noun_next else "hours"
    minute = "minute" if minutes == 1 or is_noun_next else "minutes"
    ends = match["stop"] and stop_ends_sentence(match.string, match.end() - 1)
    words = f"{cardinal(hours)} {hour} {cardinal(minutes)} {minute}"
    return token(match, "measure", words, end=match.end() - bool(ends))


def _ordinal(match: re.Match[str]) -> Token:
    return token(match, "ordinal", ordinal(int(match[1].replace(",", ""))))


def _power(match: re.Match[str]) -> Token:
    base = match["base"]
    if match[0] in UNITS:
        is_each = word_before(match.string, match.start()) in ("per", "a", "each", "every")
        return token(match, "measure", UNITS[match[0]].one if is_each else UNITS[match[0]].many)
    said = parse_number(base).words if base[0].isdecimal() else " ".join(base)
    power = int(match["power"].lstrip("^").translate(_SUPERSCRIPTS))
    if power in (2, 3):
        return token(match, "sign", f"{said} {'squared' if power == 2 else 'cubed'}")
    sign = "minus " if power < 0 else ""
    return token(match, "sign", f"{said} to the {sign}{ordinal(abs(power))}")


_COMMA_FIRST = LatePattern(rf"(?<=[ \u00a0(]),(?P<part>\d{{1,3}})(?P<unit>{UNIT})(?!\w)")


def _comma_first(match: re.Match[str]) -> Token:
    """Add ,5 l of water."""
    unit = UNITS[match["unit"].strip(" \u00a0-").replace("\u00a0", " ")]
    words = f"{parse_number('.' + match['part']).words} {unit.many}"
    return token(match, "measure", words, end=end_of(match))


EARLY_RULES = (
    Rule(_COMMA_FIRST, _comma_first),
    *sides.EARLY_RULES,
    Rule(_SCIENTIFIC, _scientific),
    Rule(_TIMES_POWER, _times_power),
    Rule(_THREAD, _thread),
    Rule(_SQUARE_MEASURE, _square_measure),
    Rule(_CELLS, _cells),
    Rule(_TIMES_PER, _times_per),
    Rule(_ROOMS, _rooms),
    Rule(_SHUTTER, _shutter),
    Rule(_APERTURE, _aperture),
    Rule(_GLUED_PAIR, _glued_pair),
    Rule(_EITHER, _either),
    Rule(_ALTERNATIVES, _alternatives),
    Rule(_AMPS, _amps),
    Rule(_TIMES_RANGE, _times_range),
    Rule(_LIST, _list),
    Rule(_MANY, _many),
)
_FEET = re.compile(r"(?<![\w.,'\"/-])(\d{1,3})[-–](\d{1,3})([\"'])(?![\w'\"]| ?[x×])")


def _feet(match: re.Match[str]) -> Token | None:
    """Seas 4-6'; but 'grades 4-6' in quotes."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    quotes = re.sub(r"[\d½¼¾⅓⅔⅛⅜⅝⅞]\"", "", line).count('"')
    if re.search(r"(?<!\w)'[^']*$", line) if match[3] == "'" else quotes % 2:
        return None
    unit = UNITS["ft"] if match[3] == "'" else UNITS["in"]
    following = word_after(match.string, match.end())
    name = unit.one if following and following.lower() not in NOT_NOUNS else unit.many
    return token(match, "range", f"{cardinal(int(match[1]))} to {cardinal(int(match[2]))} {name}")


RULES = (
    Rule(_FEET, _feet),
    Rule(_HEIGHT, _height),
    Rule(_HOURS, _hours),
    *sides.RULES,
    Rule(_ORDINAL, _ordinal),
    Rule(_PENCE, _pence),
)
LATE_RULES = (Rule(_TIMES, _times), Rule(_MARK, _mark))
LAST_RULES = (Rule(_POWER, _power),)
