"""Measures of one letter that mean something else beside other words: 45m sessions, shade 2.5N.

The other words decide; where none do, the reading keeps its likelier sense and is marked.
"""

import re

from tasks.reading.english.numbers import NUMBER, cardinal, digits, parse_number
from tasks.reading.english.rates import with_rate
from tasks.reading.english.rules import Rule, near, token
from tasks.reading.tokens import Token

_KINDS_OF_SESSION = (
    r"(?:deep-tissue|private|group|online|free|Swedish|hot-stone|virtual|intro|live|yoga|Pilates"
    r"|spin|HIIT|guided|full-body|trial|prenatal|solo|one-on-one|1:1|follow-up|phone|video)"
)
_SESSIONS = (
    r"(?:sessions?|classes|class|lessons?|massages?|facials?|workouts?|consultations?|consults?"
    r"|appointments?|meetings?|treatments?|webinars?|lectures?|exams?|podcasts?|episodes?|naps?"
    r"|timer|calls?|demos?|chats?|rides?|drives?|breaks?|flights?|slots?|tutorials?|checkups?|groom|blowouts?|runtime|commute)"
)
_MINUTES_BEHIND = re.compile(rf"[ \u00a0-](?:{_KINDS_OF_SESSION}[ \u00a0])?{_SESSIONS}\b")
_MINUTES_BEFORE = re.compile(
    r"(?i:\b(?:duration|runtime|run time|lasts|wait|soak|massage|facial|session|class|lesson"
    r"|workout|consultation|consult|eta|delivery in|delivered in|ready in|done in|arrives in"
    r"|back in|timer|charge(?: for)?|nap|kids|adults)):?[ \u00a0](?:about |only |just |up to )?$"
)
_MINUTES_IN_TEXT = re.compile(
    r"(?i:\b(?:class(?:es)?|lessons?|massages?|facials?|sessions?|workouts?|consultations?|yoga"
    r"|pilates|spin|hiit|barre|reiki|zumba)\b)"
    r"|\d ?h\b"
)
_SHOWN = re.compile(
    r"(?i:\b(?:(?:show|film|movie|play|concert|tour|ceremony|class|session|service)"
    r" (?:runs|lasts|is)(?: for)?|movie|film|lasts|runtime|running time|duration|massage"
    r"|facial):? )$"
)
_MONTHS_BEHIND = re.compile(
    r"[ \u00a0-](?:warranty|wty|guarantee|contract|subscription|membership|lease|interest-free"
    r"|MOT|term|terms|fixed|plan|deal|tenure|FD|waiting period)\b"
)
_SPANS_IN_MONTHS = frozenset((3, 6, 9, 12, 15, 18, 24, 30, 36, 48, 60, 72, 84, 120))
_LENGTHS = re.compile(
    r"(?i:\b(?:long|wide|deep|tall|high|away|apart|behind|from|pools?|sw[iau]m\w*|freestyle"
    r"|sprint\w*|dash|rac\w+|relay|cables?|cords?|hoses?|ropes?|rods?|rolls?|fabric|yarn|thread"
    r"|tapes?|ribbon|fenc\w+|wires?|walls?|water\w*|beach|depth|height|length|width|distance"
    r"|diameter|radius|range|track|field|mast|sail\w*|boat|yacht|vessel|ladders?|pipes?|tubes?"
    r"|beams?|climb\w*|jump\w*|throw\w*|above|below|elevation|altitude|street|road|chain|strings?"
    r"|lights?|leads?|garland|shore|pitch|target|div\w+|bar|zone|step\w*|walk\w*|run|runs|ran"
    r"|reach\w*|tower|cranes?|ceiling|rug|curtain|hall|stage|train|ship|tree|snow|waves?|seas"
    r"|wind|turbine|blades?|rotor|parking|station|metro|bus stop|every|bridges?|gap|shelf)\b)"
    r"|\d ?(?:mm|cm|km|ft|sqm)"
)
_M = re.compile(
    r"(?<![\w.,/$€£¥₹+×#-])(?<!\dh )(?<!\dhr )(?<![x×] )(?P<count>[1-9]\d{0,2})m(?![\w²³/]|[.,]\d)"
    r"(?![ \u00a0](?:\d+f\b|[x×]|of\b))"
)
_CLOSED = re.compile(
    r"[.,;:!)]|$|[ \u00a0](?:ea\b|each\b|or less|\||[-–—] |[$€£¥₹]\d|to (?:your|you)\b|for \d"
    r"|M/W|T/Th|Mon\b|Tue|Wed|Thu|Fri\b|Sat\b|Sun\b|daily)"
)
_SESSION_STEPS = (10, 15)
_LONGEST_SESSION = 180


def _metres_or_minutes(match: re.Match[str]) -> Token | None:
    """A 45m session, a 12m warranty; a pool of 25m is left to the measures."""
    text, count = match.string, int(match["count"])
    before, behind = text[max(0, match.start() - 40) : match.start()], text[match.end() :]
    if _MONTHS_BEHIND.match(behind) and count in _SPANS_IN_MONTHS:
        return token(match, "measure", f"{cardinal(count)} month")
    is_attribute = bool(_MINUTES_BEHIND.match(behind))
    if is_attribute:
        return token(match, "measure", f"{cardinal(count)} minute")
    is_closed = bool(_CLOSED.match(behind))
    if is_closed and count <= _LONGEST_SESSION and _SHOWN.search(before):
        return token(match, "measure", f"{cardinal(count)} minutes")
    if not is_closed or _LENGTHS.search(near(match)):
        return None
    is_session = count <= _LONGEST_SESSION and any(not count % step for step in _SESSION_STEPS)
    minutes = f"{cardinal(count)} minute{'' if count == 1 else 's'}"
    if _MINUTES_BEFORE.search(before) or (is_session and _MINUTES_IN_TEXT.search(near(match))):
        return token(match, "measure", minutes)
    metres = f"{cardinal(count)} meter{'' if count == 1 else 's'}"
    doubt = f'"{match[0]}" could be meters, minutes or millions'
    words, end = with_rate(text, match.end(), metres)
    return token(match, "measure", words, end=end, doubt=doubt)


_MILEAGE = re.compile(r"(?<![\w.,/$-])(\d{2,3})c ?/ ?(\d{2,3})h(?![\w/])")
_OF_CARS = re.compile(
    r"\b(?:mpg|MPG|EPA|fuel|gas|mileage|hwy|highway|miles|sedan|SUV|hybrid|truck|AWD|engine)\b"
)


def _mileage(match: re.Match[str]) -> Token:
    """28c/36h mpg: in town and on the road."""
    city, highway = (cardinal(int(each)) for each in match.groups())
    is_sure = _OF_CARS.search(near(match))
    doubt = None if is_sure else f'"{match[0]}" is read as miles per gallon in town and outside'
    return token(match, "measure", f"{city} city, {highway} highway", doubt=doubt)


_KELVINS = re.compile(r"(?<![\w.,/$€£¥₹+-])(?P<count>\d{2,4})K(?![\w+/-]|[.,]\d)")
_COLD = re.compile(
    r"(?i:\b(?:superconduct\w*|cryogen\w*|cryostat\w*|liquid nitrogen|liquid helium|kelvins?"
    r"|absolute zero|boiling point|melting point)\b"
    r"|\btemperatures?(?: (?:of|is|at|below|above|near))? \d{2,4}K)"
)
_HELD_AT = re.compile(
    r"\b(?:(?:runs?|held|kept|stored|operates?|cured?|annealed) at|(?:cooled|heated) to)[ \u00a0]$"
)
_NO_MONEY = re.compile(r"[.,;!)]|$|[ \u00a0](?:and|in|for|under|overnight)\b")


def _kelvins(match: re.Match[str]) -> Token | None:
    """Superconducting below 92K; a lamp of 2700K and 289K followers are read elsewhere."""
    text, count = match.string, int(match["count"])
    if not _NO_MONEY.match(text, match.end()):
        return None
    if _COLD.search(near(match)):
        return token(match, "measure", f"{cardinal(count)} kelvin")
    if not _HELD_AT.search(text[max(0, match.start() - 24) : match.start()]):
        return None
    doubt = f'"{match[0]}" could be thousands or kelvins'
    return token(match, "cardinal", f"{cardinal(count)} thousand", doubt=doubt)


_SHADE = re.compile(r"(?<![\w.,/$-])(?P<number>\d{1,3}(?:\.\d)?)N(?![\w·/-]|[.,]\d)")
_OF_SKIN = re.compile(
    r"(?i:\b(?:shades?|concealers?|undertones?|skin|make-?up|complexion|swatch\w*|blush|bronzer"
    r"|lipstick|foundation,? (?:in|is)|foundation shade|hair colou?r)\b)"
)
_OF_FORCE = re.compile(r"(?i:\b(?:newtons?|forces?|loads?|torque|tension|springs?|pull)\b)")


def _shade(match: re.Match[str]) -> Token | None:
    """Shade 2.5N: neutral."""
    if not _OF_SKIN.search(near(match)) or _OF_FORCE.search(near(match)):
        return None
    return token(match, "model", f"{parse_number(match['number']).words} N")


_MONTHS = re.compile(
    r"(?<![\w.,/$€£¥₹+-])(?P<months>[1-9]\d?)M"
    r"(?P<behind>[ \u00a0-](?:after opening(?! (?:the|our|its|a)\b)|once opened"
    r"|warranty|guarantee|membership|subscription))?(?![\w/+-])(?! (?:dollars|euros|pounds|yuan)\b)"
)
_OPENED = re.compile(
    r"(?i:\b(?:PAO|period after opening|warranty|guarantee|shelf life)[:(]?[ \u00a0])"
    r"(?:of |is )?\(?$"
)
_AGREED = re.compile(r"(?i:\b(?:contract|term|lease|tenor)(?: length)?:? )$")


def _months(match: re.Match[str]) -> Token | None:
    """PAO 12M: months; "contract 24M" may be money."""
    count = int(match["months"])
    before = match.string[max(0, match.start() - 32) : match.start()]
    words = f"{cardinal(count)} month{'' if count == 1 else 's'}"
    end = match.end("months") + 1
    if match["behind"]:
        is_span = match["behind"][1:] in ("after opening", "once opened")
        return token(match, "measure", words if is_span else words.rstrip("s"), end=end)
    if _OPENED.search(before):
        return token(match, "measure", words, end=end)
    if not _AGREED.search(before):
        return None
    doubt = f'"{match["months"]}M" could be months or millions'
    return token(match, "measure", words, end=end, doubt=doubt)


_PIPS = re.compile(r"(?<![\w.,/$€£¥₹-])(?P<number>\d{1,2}\.\d)p(?![\w/-])")
_SPREAD = re.compile(r"(?i:\bspreads?\b|\bpips?\b)")
_OF_CURRENCIES = re.compile(
    r"(?i:\b(?:forex|fx|majors|minors|brokers?|trad(?:e|es|ers?|ing)|pairs?|leverage)\b)"
    r"|\b(?:EUR|USD|GBP|JPY)\b"
)


def _pips(match: re.Match[str]) -> Token | None:
    """A spread of 1.2p on majors."""
    if not _SPREAD.search(near(match)):
        return None
    is_sure = _OF_CURRENCIES.search(near(match))
    number = parse_number(match["number"]).words
    if is_sure:
        return token(match, "measure", f"{number} pips")
    doubt = f'"{match[0]}" could be pips or pence'
    return token(match, "money", f"{number} pence", doubt=doubt)


_CATEGORY = re.compile(
    r"(?<![\w.'-])[Cc]at(?P<stop>\.?)[ \u00a0](?P<number>[0-5])(?![\w-]|[.,]\d)"
    r"(?! (?:storm|hurricane|cyclone|typhoon))"
)
_OF_LENSES = re.compile(
    r"(?i:\b(?:lens(?:es)?|sunglasses|shades|goggles|visors?|UV ?400|eyewear)\b)"
)


def _category(match: re.Match[str]) -> Token | None:
    """Lenses of cat. 3; behind a full stop it may be a catalog too."""
    number = cardinal(int(match["number"]))
    if _OF_LENSES.search(near(match)):
        return token(match, "abbreviation", f"category {number}")
    if not match["stop"]:
        return None
    doubt = f'"{match[0]}" could be a category or a catalog'
    return token(match, "abbreviation", f"catalog {number}", doubt=doubt)


_CLOTTING = re.compile(
    rf"(?<![\w.-])INR[ \u00a0](?P<number>{NUMBER})(?![\w%/])"
    r"(?! ?(?:lakhs?|crores?|million|billion|[kKmM]\b|L\b|Cr\b))"
)
_OF_BLOOD = re.compile(
    r"(?i:\b(?:warfarin|coumadin|anticoag\w*|blood thinners?|clot\w*|prothrombin|bleeding|PT)\b)"
)
_HIGHEST_RATIO = 10


def _clotting(match: re.Match[str]) -> Token | None:
    """INR 2.3 on warfarin: a test of blood, no rupees."""
    number = parse_number(match["number"])
    if number.whole >= _HIGHEST_RATIO or number.part is not None:
        return None
    is_test = _OF_BLOOD.search(near(match))
    if not is_test and len(number.decimals or "") != 1:
        return None
    doubt = None if is_test else f'"{match[0]}" could be a blood test or rupees'
    return token(match, "measure", f"I N R {number.words}", doubt=doubt)


_DAYS = re.compile(
    r"(?:(?<=\bin )|(?<=\bwithin )|(?i:(?<=\breturns )|(?<=\breturns: )|(?<=\btrial: )"
    r"|(?<=\blead )|(?<=\blead time )|(?<=\blead time: )"
    r"|(?<=\bdelivery )|(?<=\bdelivery: )|(?<=\bvalid ))"
    r"|(?<=\bLT ))(?P<count>\d{1,3})d(?=[,;)]|\.?$|\.[ \u00a0])"
)
_SHAPES = frozenset((2, 3))
"""In 3d is no span."""


def _days(match: re.Match[str]) -> Token | None:
    """Ships in 25d."""
    count = int(match["count"])
    if count in _SHAPES:
        return None
    return token(match, "measure", f"{cardinal(count)} day{'' if count == 1 else 's'}")


_YEARS = re.compile(
    r"(?<![\w.,/$-])(?P<count>[1-9]\d?)y"
    r"(?=[ \u00a0](?P<of>parts|labou?r|warranty|guarantee|lease)\b)"
    r"|(?i:(?<=warranty )|(?<=warranty: )|(?<=guarantee )|(?<=guarantee: ))"
    r"(?P<counted>[1-9]\d?)y(?!\w)"
)
_CURRENT = re.compile(
    r"(?<![\w.,/$€£¥₹-])(?P<count>[1-9]\d{0,2})A(?=[ \u00a0](?:sub)?(?:panels?|service|breakers?"
    r"|fuses?|circuits?|outlets?|main breaker|power supply)\b)"
)


def _years(match: re.Match[str]) -> Token:
    """Warranty 5y parts, 1y labor."""
    count = int(match["count"] or match["counted"])
    is_one = count == 1 or match["of"] in ("warranty", "guarantee", "lease")
    return token(match, "measure", f"{cardinal(count)} year{'' if is_one else 's'}")


def _current(match: re.Match[str]) -> Token:
    """A 200A panel."""
    return token(match, "measure", f"{cardinal(int(match['count']))} amp")


_COMMIT = re.compile(
    r"(?<![\w.#$/-])(?=[a-f]*\d)(?=\d*[a-f])(?P<hash>[0-9a-f]{7,12}|[0-9a-f]{40})(?![\w-]|[.,]\d)"
)
_CHANGES_OF_KIND = re.compile(r"(?<=\d)(?=[a-f])|(?<=[a-f])(?=\d)")
_OF_CODE = re.compile(
    r"(?i:\b(?:commits?|hash|sha|revision|rev|git|build|checkout|branch|revert\w*|merge[ds]?)\b)"
)


def _commit(match: re.Match[str]) -> Token | None:
    """Commit 9fceb02."""
    written = match["hash"]
    if len(_CHANGES_OF_KIND.findall(written)) < 2:
        return None
    is_commit = _OF_CODE.search(near(match))
    doubt = None if is_commit else f'"{written}" is spelled, sign by sign'
    said = " ".join(digits(sign) or sign.upper() for sign in written)
    return token(match, "digits", said, doubt=doubt)


FIRST_RULES = (
    Rule(_CATEGORY, _category),
    Rule(_COMMIT, _commit),
    Rule(_CLOTTING, _clotting),
    Rule(_MILEAGE, _mileage),
    Rule(_SHADE, _shade),
    Rule(_MONTHS, _months),
    Rule(_PIPS, _pips),
    Rule(_DAYS, _days),
    Rule(_YEARS, _years),
    Rule(_CURRENT, _current),
)
RULES = (Rule(_KELVINS, _kelvins), Rule(_M, _metres_or_minutes))
