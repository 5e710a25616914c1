"""Wires, screws, nails, bolts, tyres and paper: 14/2 cable, #8 x 1-1/4", M6x20, 80# stock."""

import re

from tasks.reading.english.names.models import letters
from tasks.reading.english.nouns import NOT_NOUNS, is_noun_next_to
from tasks.reading.english.numbers import NUMBER, cardinal, pairs, parse_number
from tasks.reading.english.rules import Rule, near, token, word_after
from tasks.reading.english.units import UNITS
from tasks.reading.tokens import Token

_WIRE = re.compile(
    r"(?<![\w.,/$-])(?!1/2 )(?P<gauge>\d{1,2})/(?P<cores>[2-9])"
    r"(?=[ \u00a0](?:[A-Za-z-]+[ \u00a0])?(?:AWG|"
    r"NM(?:-B)?|UF(?:-B)?|MC|SJT\w*|SOO?W|SPT-?\d?|[Gg]auge|[Ww]ir(?:e|ing)|[Cc]ables?"
    r"|[Cc]ords?|Romex)\b)"
)


def _wire(match: re.Match[str]) -> Token:
    """14/2 cable: two wires of gauge fourteen."""
    words = f"{cardinal(int(match['gauge']))} {cardinal(int(match['cores']))}"
    return token(match, "model", words)


_SCREW = re.compile(
    rf"(?<![\w&])#(?P<size>\d{{1,2}})(?:-(?P<thread>\d{{2}}))?[ \u00a0]?[x×][ \u00a0]?"
    rf"(?P<length>{NUMBER}|\d/\d{{1,2}})(?P<unit>\"|[ \u00a0-]?in\b\.?)?(?!\w)"
)


def _screw(match: re.Match[str]) -> Token:
    """#8 x 1-1/4"."""
    thread = f" {cardinal(int(match['thread']))}" if match["thread"] else ""
    written = match["length"]
    if re.fullmatch(r"\d/\d{1,2}", written):
        top, bottom = written.split("/")
        length = parse_number(f"0 {top}/{bottom}").words
    else:
        length = parse_number(written).words
    inch = " inch" if match["unit"] else ""
    words = f"number {cardinal(int(match['size']))}{thread} by {length.removeprefix('a ')}{inch}"
    return token(match, "measure", words)


_BOLT = re.compile(
    r"(?<![\w-])M(?P<size>[1-9]\d?(?:\.\d)?)[ \u00a0]?[x×][ \u00a0]?(?P<next>\d{1,3}(?:\.\d{1,2})?)"
    r"(?:[ \u00a0]?[x×][ \u00a0]?(?P<last>\d{1,3}))?(?:[ \u00a0]?(?P<unit>mm))?(?![\w-]|[.,]\d)"
)


def _bolt(match: re.Match[str]) -> Token:
    """M6x20, M8 x 1.25 mm."""
    numbers = [match[name] for name in ("size", "next", "last") if match[name]]
    unit = " millimeters" if match["unit"] else ""
    words = " by ".join(parse_number(number).words for number in numbers)
    return token(match, "measure", f"M {words}{unit}")


_NAIL = re.compile(
    r"(?<![\w.,-])(?P<size>\d{1,2})d(?=[ \u00a0](?:[a-z]+[ \u00a0])?(?:nails?|common|box"
    r"|finish(?:ing)?|spikes?|sinkers?)\b)"
)


def _nail(match: re.Match[str]) -> Token:
    """16d nails."""
    return token(match, "measure", f"{cardinal(int(match['size']))} penny")


_POUNDS = re.compile(
    r"(?<![\w.,#$*-])(?P<number>\d{1,4})#(?=[ \u00a0](?:of|bags?|paper|stock|cardstock|cover"
    r"|text|bond|"
    r"weight|plates?|dumbbells?|kettlebells?|test|line|capacity|payload|paver|box(?:es)?|sacks?|"
    r"limit|braid|mono|load)\b)"
    r"|(?:(?<=[Ww]eighs )|(?<=[Ww]eight: )|(?<=[Ww]eighing )|(?<=holds )|(?<=up to"
    r" ))(?P<heavy>\d{1,4})#(?!\w)"
)


def _pounds(match: re.Match[str]) -> Token:
    """165# of lumber; an 80# cover stock."""
    number = int(match["number"] or match["heavy"])
    following = match.string[match.end() :].split()
    is_noun_next = bool(following) and not match["heavy"] and following[0] != "of"
    is_one = is_noun_next or number == 1
    return token(match, "measure", f"{cardinal(number)} {'pound' if is_one else 'pounds'}")


_TYRE = re.compile(
    r"(?<![\w.,/-])(?P<kind>P|LT"
    r"|ST)?(?P<width>\d{3})/(?P<height>\d{2})[ \u00a0]?(?P<build>Z?R)[ \u00a0]?"
    r"(?P<rim>\d{2})(?!\w)(?:[ \u00a0](?P<load>\d{2,3})(?P<speed>[HJ-NP-WYZ])(?!\w))?"
)


def _tyre(match: re.Match[str]) -> Token:
    """225/45 R17, P225/60R16 97T."""
    kind = f"{letters(match['kind'])} " if match["kind"] else ""
    words = f"{kind}{pairs(match['width'])}, {pairs(match['height'])} {letters(match['build'])}"
    words += f" {pairs(match['rim'])}"
    words += f", {pairs(match['load'])} {match['speed']}" if match["load"] else ""
    return token(match, "model", words)


_LUMBER = re.compile(r"(?<![\w.,/$-])(\d)/(\d)[ \u00a0]?[x×][ \u00a0]?(\d{1,2})(?![\w.,/]|\")")
_ROUND = re.compile(r"(?<=[Dd]ia\. )[x×](?=[ \u00a0]\d)|(?<=diameter )[x×](?=[ \u00a0]\d)")


def _lumber(match: re.Match[str]) -> Token:
    """5/4 x 6 decking."""
    top, bottom, width = (cardinal(int(number)) for number in match.groups())
    return token(match, "measure", f"{top} {bottom} by {width}")


def _round(match: re.Match[str]) -> Token:
    """2" dia. x 10'."""
    return token(match, "sign", "by")


_PAGES = re.compile(rf"(?<![\w.,])(?P<number>{NUMBER})[ \u00a0]?ppm(?!\w)")
_PRINTING = re.compile(r"\b(?:print(?:s|er|ers|ing)?|ink|toner|scan\w*|copier)\b", re.IGNORECASE)


def _pages(match: re.Match[str]) -> Token | None:
    """Prints 7.5 ppm."""
    if not _PRINTING.search(near(match)):
        return None
    return token(match, "measure", f"{parse_number(match['number']).words} pages per minute")


_MILEAGES = re.compile(r"(?<![\w.,/$-])(\d{2,3})/(\d{2,3})(?=[ \u00a0](?:mpg|MPG)(?!\w))")


def _mileages(match: re.Match[str]) -> Token:
    """22/32 mpg."""
    first, second = (cardinal(int(number)) for number in match.groups())
    return token(match, "measure", f"{first}, {second}")


_CURRENT = re.compile(
    r"(?=\d{1,3}[ \u00a0-]?A)(?:(?<=\ba )|(?<=\ban )|(?<=\bto )|(?<=\bat )|(?<=\bof )"
    r"|(?<=needs )|(?<=takes )|(?<=with )"
    r"|(?<=\bor )|(?<=\band )|(?<=max )|(?<=for )|(?<=[(,/;:–-] )|(?<=\())(?P<amps>\d{1,3})"
    r"[ \u00a0-]?A(?![\w'-]|[ \u00a0][A-Z][a-z])|(?<![\w.,/$-])(?P<wired>\d{1,3})[ \u00a0-]?A"
    r"(?=[ \u00a0](?:GFCI|AFCI|RCD|RCBO|MCB|[A-Za-z-]+ (?:breaker|fuse|circuit|outlet)"
    r"|(?:[a-z]+ )?(?:saw|drill|sander|grinder|vacuum|planer|compressor)\b))"
)
_WIRING = re.compile(
    r"\b(?:[Ww]ir(?:e[ds]?|ing)|fuses?|breakers?|circuits?|outlets?|GFCI|AFCI|RCD|RCBO|MCB"
    r"|receptacles?"
    r"|volts?|saw|drill|sander|grinder|vacuum|planer|compressor|plug|sockets?|relays?|motor"
    r"|charger|charging|battery|inverter|solar|\d+ ?V(?:AC"
    r"|DC)?)\b"
)


def _current(match: re.Match[str]) -> Token | None:
    """Wire it to 15A; a 20A GFCI outlet; but seat 15A."""
    if not _WIRING.search(near(match)):
        return None
    number = int(match["amps"] or match["wired"])
    is_one = (
        number == 1 or match["wired"] or is_noun_next_to(match.string, match.start(), match.end())
    )
    return token(match, "measure", f"{cardinal(number)} {'amp' if is_one else 'amps'}")


_TONS = re.compile(r"(?<![\w.,$€£¥₹/-])(?P<number>\d{1,3}(?:\.\d{1,2})?)T(?![\w-]|[.,]\d)")
_HEAVY = re.compile(
    r"(?i:\b(?:tow\w*|payload|cranes?|gvm|gvw|jacks?|hoists?|trailers?|excavators?|diggers?|forklifts?"
    r"|trucks?|lorr(?:y|ies)|tippers?|braked|winch\w*|split|inverters?|air ?con\w*|luton"
    r"|tonnes?))\b|\bAC\b"
)
_NO_WEIGHT = re.compile(
    r"\b(?:MRI|tesla|turbo|TSI|petrol|GDi|engine|bhp|market|cap)\b", re.IGNORECASE
)


def _tons(match: re.Match[str]) -> Token | None:
    """A 3.5T tow rating, an AC of 1.5T."""
    if not _HEAVY.search(near(match)) or _NO_WEIGHT.search(near(match)):
        return None
    number = parse_number(match["number"])
    following = word_after(match.string, match.end())
    is_noun_next = following.islower() and following not in NOT_NOUNS
    is_noun_next = is_noun_next or match.string.startswith("-star", match.end() + 2)
    unit = "ton" if number.is_one or is_noun_next else "tons"
    return token(match, "measure", f"{number.words} {unit}")


_INKS = re.compile(
    r"(?<![\w.,/$-])([1-6])/([0-6])(?=[ \u00a0-](?:colou?rs?|print\w*|process|CMYK)\b)"
)


def _inks(match: re.Match[str]) -> Token:
    """Flyers in 4/4 colour: inks of the front and of the back."""
    front, back = (cardinal(int(number)) for number in match.groups())
    return token(match, "model", f"{front} over {back}")


_DIVIDED = re.compile(r"(?:(?<=[x×][LWHD])|(?<=[x×] [LWHD]))/(?=\d{3,5}(?!\w))")


def _divided(match: re.Match[str]) -> Token:
    """LxWxH/5000."""
    return token(match, "sign", "divided by ")


_LONG = re.compile(
    r"(?<![\w.,/'-])(\d{1,2})'[ \u00a0]?[-–][ \u00a0]?(\d{1,2})'(?!\w)"
    r"(?=(?P<noun>[ \u00a0][a-z]{3,}))"
)


def _long(match: re.Match[str]) -> Token | None:
    """6'-8' fences."""
    low, high = (cardinal(int(number)) for number in match.group(1, 2))
    is_noun_next = match["noun"].strip(" \u00a0") not in NOT_NOUNS
    return token(match, "range", f"{low} to {high} foot") if is_noun_next else None


_LETTERED_SIDE = re.compile(r"(?<![\w.,-])([HWDL])(\d{1,4}(?:\.\d)?)[ \u00a0]?(cm|mm|m)(?!\w)")


def _lettered_side(match: re.Match[str]) -> Token:
    """A pot of H55cm."""
    number = parse_number(match[2])
    unit = UNITS[match[3]]
    return token(
        match, "measure", f"{match[1]} {number.words} {unit.one if number.is_one else unit.many}"
    )


RULES = (
    Rule(_LETTERED_SIDE, _lettered_side),
    Rule(_TONS, _tons),
    Rule(_INKS, _inks),
    Rule(_DIVIDED, _divided),
    Rule(_LONG, _long),
    Rule(_CURRENT, _current),
    Rule(_MILEAGES, _mileages),
    Rule(_PAGES, _pages),
    Rule(_LUMBER, _lumber),
    Rule(_ROUND, _round),
    Rule(_TYRE, _tyre),
    Rule(_WIRE, _wire),
    Rule(_SCREW, _screw),
    Rule(_BOLT, _bolt),
    Rule(_NAIL, _nail),
    Rule(_POUNDS, _pounds),
)
