"""Signs between and around words, each with the words a careful presenter says for it."""

import re

from tasks.reading.english.nouns import NOT_NOUNS
from tasks.reading.english.numbers import cardinal, digits
from tasks.reading.english.rules import (
    Rule,
    stop_ends_sentence,
    token,
    word_after,
    word_before,
)
from tasks.reading.english.units import UNITS
from tasks.reading.tokens import Token

_ALWAYS = {
    "&": "and",
    "@": "at",
    "%": "percent",
    "‰": "per mille",
    "°": "degrees",
    "º": "degrees",
    "℃": "degrees Celsius",
    "℉": "degrees Fahrenheit",
    "㎡": "square meters",
    "§": "section",
    "¶": "paragraph",
    "→": "to",
    "←": "from",
    "↑": "up",
    "↓": "down",
    "↔": "to and from",
    "⇒": "leads to",
    "➔": "to",
    "➜": "to",
    "©": "copyright",
    "®": "",
    "™": "",
    "℠": "",
    "℗": "",
    "=": "equals",
    "+": "plus",
    "±": "plus or minus",
    "×": "times",
    "÷": "divided by",
    "≠": "is not",
    "−": "minus",
    "≈": "about",
    "≥": "at least",
    "≤": "at most",
    "<": "less than",
    ">": "more than",
    "^": "",
    "⎓": "",
    "|": "",
    "¦": "",
    "*": "",
    "_": "",
    "~": "",
    "`": "",
    "•": "",
    "·": "",
    "●": "",
    "▪": "",
    "‣": "",
    "†": "",
    "‡": "",
    "{": "",
    "}": "",
    "\\": "backslash",
    "∞": "infinity",
    "∛": "the cube root of",
    "∩": "intersection",
    "∪": "union",
    "∈": "in",
    "∠": "angle",
    "⊥": "perpendicular to",
    "∥": "parallel to",
    "∴": "therefore",
    "∆": "delta",
    "⌘": "command",
    "⌥": "option",
    "⇧": "shift",
    "⌃": "control",
    "√": "the square root of",
    "Ø": "diameter",
    "⌀": "diameter",
    "∑": "the sum of",
    "π": "pi",
    "Ω": "ohm",
    "μ": "micro",
    "№": "number",
    "#": "number",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "¥": "yuan",
    "₹": "rupees",
    "₩": "won",
    "₽": "rubles",
    "₺": "lira",
    "฿": "baht",
    "₫": "dong",
    "¢": "cents",
    "₿": "bitcoin",
}
SIGNS = frozenset(_ALWAYS) | {"/"}
"""What no voice reads well, so that none of it may stay in what is spoken."""
# shops write £££ for much money: once is enough for a voice
_SIGN = re.compile(
    r"([$€£¥₹])\1+(?=[\s.,!?;:)]{0,3}(?:[^\W\d_]|$))|" + "|".join(map(re.escape, _ALWAYS))
)
_IS_ABOUT = re.compile(r"(?<=[A-Za-z0-9)%] )≈(?= [$€£¥₹]?\d)")
_ABOUT = re.compile(r"[~≈∼][ \u00a0]?(?=[-+$€£¥₹]?[\d.])")
_SIZE = "(?:X{0,3}S|[2-6]XS|M|X{0,3}L|[2-9]XL)"
_SIZES = re.compile(rf"(?<![\w-])({_SIZE}|A)[ \u00a0]?[-–][ \u00a0]?({_SIZE}|Z)(?![\w-])")
_COPYRIGHT = re.compile(
    r"(?:(?<=[Cc]opyright )|(?<=[Cc]opyright: ))(?:©|\([cC]\)) ?|©(?= ?[Cc]opyright)"
)
_SO_MANY_FOR = re.compile(r"(?:(?<=\s\d)|(?<=\s\d\d)|(?<=^\d)|(?<=^\d\d))/(?=[$€£¥₹]\d)")
_AIRPORTS = re.compile(r"(?<=\b[A-Z]{3})–(?=[A-Z]{3}\b)")
_LATE = re.compile(r"(?<=[ap]m)[ \u00a0]?[-–][ \u00a0]?(?=late\b)")
_NOON = re.compile(
    r"(?:(?<=[Nn]oon)|(?<=[Mm]idnight))[ \u00a0]?[-–][ \u00a0]?(?=\d)"
    r"|(?<=[\dmM.])[ \u00a0]?[-–][ \u00a0]?(?=(?:noon|midnight)\b)"
)
_SHOW = re.compile(r"(?:(?<=\d)|(?<=[ap]m)|(?<=[ap]))/(?=(?:[Ss]how|out|check-?out):? \d)")
_PARAGRAPHS = re.compile(r"¶¶")
_ACROSS = re.compile(r"ø(?=[ \u00a0]?\d)")
_MINUS = re.compile(
    r"(?<=\d )[-−](?= \d)|(?<=[²³] )[-−](?= \d)|(?<=\b[xyznabk] )-(?= \d)|(?<=\d)−(?=\d)|−"
)
_PRODUCT = re.compile(r"(?<=\d)[ \u00a0]?\*[ \u00a0]?(?=\d)")
_COMPARED = re.compile(r"(>=|<=|=>|->|<-|!=|==|=<)")
_WORDS = {
    ">=": "at least",
    "<=": "at most",
    "=<": "at most",
    "=>": "to",
    "->": "to",
    "<-": "from",
    "!=": "is not",
    "==": "equals",
}
_RATES = "|".join(
    re.escape(name)
    for name in sorted(UNITS, key=len, reverse=True)
    if "/" in name and "~" not in name
)
_RATE = re.compile(rf"(?<![\w/])(?:{_RATES})(?![\w/²³])")
_OR = re.compile(r"(?:(?<=[a-z])|(?<=[a-z]{3}\.))[ \u00a0]?/[ \u00a0]?(?=[a-z]|[A-Z][a-z])")
_AND_OR = re.compile(r"\band/or\b", re.IGNORECASE)
_PER = re.compile(
    r"(?<=[a-z])/(min|hr|h|s|sec|day|week|wk|month|mo|year|yr|night|person|user|kg|lb|L"
    r"|km)(?![\w/])"
)
_EVERY = re.compile(r"(?:(?<=[a-z]s)|(?<=\d SMS))/(day|week|month|year|night)(?![\w/])")
_EACH = re.compile(r"(?<=[a-z]s)/(?=[a-z]{3,}(?<!s)(?![\w/]))")
_IN_HOURS = re.compile(r"(?<=[a-z]s)/(\d{1,2}) ?(?:hrs?|h|hours)(?!\w)\.?")
_PORTION = re.compile(
    r"(?<=[A-Za-z])/(serving|portion|capsule|tablet|scoop|dose|sachet|bottle|person|day|week"
    r"|month|night)"
    r"(?![\w/])"
)
_CELLS = re.compile(r"(?<=[a-z]s)/(mL|ml|L|kg|mg|g|cm²|cm2|m²|m2|mm³|hr|min|sec)(?![\w/²³])")
_AMOUNT_OF = re.compile(r"\d ?[a-zA-Zμ]{1,9}[ \u00a0](?:of[ \u00a0])?[A-Za-z]+$")
_COUNTED = re.compile(r"\d[kKmM]?[ \u00a0][a-z]+$")
_STARS = re.compile(r"[★⭐]{2,10}☆{0,9}|★☆{1,9}")
_STAR = re.compile(r"(?<=\d)[ \u00a0]?[★☆⭐](?![★☆⭐])")
_NUMBER_OF = re.compile(
    r"(?=#)(?i:(?<=\border )|(?<=\btracking )|(?<=\baccount )|(?<=\bphone )|(?<=\bconfirmation )"
    r"|(?<=\bmodel )|(?<=\bpart )"
    r"|(?<=\bserial )|(?<=\bitem )|(?<=\bcase )|(?<=\binvoice )|(?<=\bflight )|(?<=\bmember )"
    r"|(?<=\bpolicy ))"
    r"#(?=[ .,;:!?)]|$)"
)
_KEY = re.compile(r"(?<=\d)#(?!\w)|(?<=[ \"'])#(?=[ .,;!?\"']|$)")
_OVER = re.compile(r"(?<![\w/])(?:([ymqYMQ])(?:/|-o-)\1|([YMQ])o\2)(?![\w/])")
_PERIODS = {"y": "year over year", "m": "month over month", "q": "quarter over quarter"}
_LETTER_RANGE = re.compile(
    r"(?:(?<=[Rr]ow )|(?<=[Rr]ows )|(?<=[Zz]ones )|(?<=[Gg]ates )|(?<=[Hh]alls )|(?<=[Ss]eats )|"
    r"(?<=[Pp]arts )|(?<=[Bb]locks )|(?<=[Gg]roups )|(?<=[Ss]ections )|(?<=[Oo]ptions ))"
    r"([A-Z])[ \u00a0]?[-–][ \u00a0]?([A-Z])(?![\w-])"
)
_BAR = re.compile(r"(?:(?<=[\w)%\"'²³*★])|(?<=[a-z]{2}\.))[ \u00a0]\|(?=[ \u00a0]\S)")
_SLASH = re.compile(r"(?:[ \u00a0](?=/[ \u00a0]))?/")
_HTML = re.compile(r"&(amp|nbsp|lt|gt|quot|#39|apos);")
_HTML_WORDS = {"amp": "and", "lt": "less than", "gt": "more than"}
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?: [^<>]*)?/?>")


def _sign(match: re.Match[str]) -> Token:
    return token(match, "sign", _ALWAYS[match[0][0]])


def _sizes(match: re.Match[str]) -> Token:
    """S-XL, A-Z."""
    words = (" ".join(digits(sign) or sign for sign in size) for size in match.groups())
    return token(match, "range", " to ".join(words))


def _noon(match: re.Match[str]) -> Token:
    return token(match, "sign", "to")


def _minus(match: re.Match[str]) -> Token:
    return token(match, "sign", "minus")


def _product(match: re.Match[str]) -> Token:
    return token(match, "sign", "times")


def _is_about(match: re.Match[str]) -> Token:
    """1 BTC ≈ $98,500."""
    return token(match, "sign", "is about")


def _about(match: re.Match[str]) -> Token:
    if word_before(match.string, match.start()).lower() in ("about", "approximately", "around"):
        return token(match, "sign", "")
    return token(match, "sign", "about")


def _compared(match: re.Match[str]) -> Token:
    return token(match, "sign", _WORDS[match[0]])


def _or(match: re.Match[str]) -> Token:
    return token(match, "sign", "or")


def _and_or(match: re.Match[str]) -> Token:
    return token(match, "sign", "and or")


def _per(match: re.Match[str]) -> Token | None:
    """60 beats/min."""
    if not _COUNTED.search(match.string[max(0, match.start() - 30) : match.start()]):
        return None
    name = match[1]
    one = UNITS[name].one if name in UNITS else name
    return token(match, "sign", f"per {one}")


def _cells(match: re.Match[str]) -> Token:
    """Cells/mL, beats/min."""
    return token(match, "sign", f"per {UNITS[match[1]].one}")


def _every(match: re.Match[str]) -> Token:
    """Eight glasses/day."""
    return token(match, "sign", f"per {match[1]}")


def _each(match: re.Match[str]) -> Token | None:
    """1.2 goals/game."""
    is_counted = _COUNTED.search(match.string[max(0, match.start() - 30) : match.start()])
    return token(match, "sign", "per") if is_counted else None


def _portion(match: re.Match[str]) -> Token | None:
    """15g of protein/serving."""
    before = match.string[max(0, match.start() - 40) : match.start()]
    return token(match, "sign", f"per {match[1]}") if _AMOUNT_OF.search(before) else None


def _rate(match: re.Match[str]) -> Token:
    """Speeds in Mbit/s: a unit whose number stands elsewhere."""
    return token(match, "measure", UNITS[match[0]].many)


def _stars(match: re.Match[str]) -> Token:
    """A rating in stars, the empty ones too."""
    full, whole = len(match[0].rstrip("☆")), len(match[0])
    stars = (
        f"{cardinal(full)} out of {cardinal(whole)} stars"
        if full < whole
        else f"{cardinal(full)} stars"
    )
    is_beside = re.match(r" ?[A-Z\"“]", match.string[match.end() :])
    return token(match, "sign", stars + ("," if is_beside else ""))


def _star(match: re.Match[str]) -> Token:
    following = word_after(match.string, match.end())
    is_described = following and following.lower() not in NOT_NOUNS
    return token(match, "sign", "star" if is_described else "stars")


def _over(match: re.Match[str]) -> Token:
    """Up 3% y/y."""
    return token(match, "sign", _PERIODS[(match[1] or match[2]).lower()])


def _number_of(match: re.Match[str]) -> Token:
    """Your order # and ZIP."""
    return token(match, "sign", "number")


def _key(match: re.Match[str]) -> Token:
    return token(match, "sign", "hash")


def _bar(match: re.Match[str]) -> Token:
    """Serves 6 | 45 min.: a pause."""
    return token(match, "sign", ",")


def _slash(match: re.Match[str]) -> Token:
    """Between capitals (TCP/IP) and around spaces nothing is said."""
    text = match.string
    left, right = text[max(0, match.start() - 8) : match.start()], text[match.end() :]
    if re.match(r" ?[$€£¥]\d", right) or (
        re.search(r"[A-Za-z°%\"]$|\d ?[A-Za-z°%]{1,2}$", left) and re.match(r" ?[$€£¥₹]?\d", right)
    ):
        return token(match, "sign", ",")
    if match[0] == " /" and re.search(r"[\d½¼¾²³㎡%℃℉.]$", left):
        return token(match, "sign", ",")  # EU 42 / US 9
    if re.search(r"\d ?[a-z]$", left) and re.match(r"[A-Z]{2,}:? ?\d", right):
        return token(match, "sign", ",")  # RTO 4h/RPO 15m
    if re.search(r"\d$", left) and re.match(r"[A-Z]{2} ?\d", right):
        return token(match, "sign", ",")  # EU 38.5/UK 5.5
    around = text[max(0, match.start() - 2) : match.start()] + text[match.end() : match.end() + 2]
    are_digits = text[match.start() - 1 : match.start()].isdecimal() and right[:1].isdecimal()
    is_silent = (around.isupper() and not are_digits) or not around.strip()
    if is_silent:
        return token(match, "sign", "")
    return token(match, "sign", "slash")


_ONLY = re.compile(r"(?<=\d)/[-–=](?![\w-]|\.\d)")


def _only(match: re.Match[str]) -> Token:
    """₹499/-: nothing follows the amount."""
    return token(match, "sign", "")


_ALTERNATING = re.compile(r"(?<=\dV)[ \u00a0]?~|(?<=\d V)[ \u00a0]?~")


def _alternating(match: re.Match[str]) -> Token:
    """230 V~ 50 Hz: the wave of the current is no range."""
    return token(match, "sign", "")


def _html(match: re.Match[str]) -> Token:
    return token(match, "sign", _HTML_WORDS.get(match[1], ""))


def _tag(match: re.Match[str]) -> Token:
    return token(match, "sign", "")


def _copyright(match: re.Match[str]) -> Token:
    """Copyright © 2026: said once."""
    return token(match, "sign", "")


def _so_many_for(match: re.Match[str]) -> Token:
    """5/£15: so many for so much."""
    return token(match, "sign", "for")


_LETTERS_TO = re.compile(r"(?<![\w–-])([A-Y])–([B-Z])(?![\w–-])")
_NUMBERS_TO = re.compile(r"(?<![\w&])#(\d{1,3})–#?(\d{1,3})(?![\w-]|[.,]\d)")


def _letters_to(match: re.Match[str]) -> Token | None:
    """Bolts A–D."""
    first, last = match.groups()
    return token(match, "range", f"{first} to {last}") if first < last else None


def _numbers_to(match: re.Match[str]) -> Token | None:
    """#1–15."""
    first, last = int(match[1]), int(match[2])
    if first >= last or match[1].startswith("0"):
        return None
    return token(match, "range", f"numbers {cardinal(first)} to {cardinal(last)}")


def _in_hours(match: re.Match[str]) -> Token:
    """Four doses/24 hrs."""
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "sign", f"per {cardinal(int(match[1]))} hours", end=match.end() - ends)


_PLUS_MINUS = re.compile(r"(?<![\w+/-])\+/-(?=[ \u00a0]?[\d.$€£¥₹])")


def _show(match: re.Match[str]) -> Token:
    """Doors 7/show 8."""
    return token(match, "sign", ",")


def _paragraphs(match: re.Match[str]) -> Token:
    """¶¶ 4-6."""
    return token(match, "sign", "paragraphs")


def _across(match: re.Match[str]) -> Token:
    """A rotor of ø150m."""
    return token(match, "sign", "diameter")


def _plus_minus(match: re.Match[str]) -> Token:
    """Up three points, +/-2."""
    words = "plus or minus" if match.string[match.end()].isspace() else "plus or minus "
    return token(match, "sign", words)


EARLY_RULES = (
    Rule(_SHOW, _show),
    Rule(_ACROSS, _across),
    Rule(_PARAGRAPHS, _paragraphs),
    Rule(_PLUS_MINUS, _plus_minus),
    Rule(_IN_HOURS, _in_hours),
    Rule(_LETTERS_TO, _letters_to),
    Rule(_NUMBERS_TO, _numbers_to),
    Rule(_COPYRIGHT, _copyright),
    Rule(_SO_MANY_FOR, _so_many_for),
    Rule(_AIRPORTS, _noon),
    Rule(_SIZES, _sizes),
    Rule(_NOON, _noon),
    Rule(_LATE, _noon),
    Rule(_TAG, _tag),
    Rule(_HTML, _html),
    Rule(_ALTERNATING, _alternating),
    Rule(_ONLY, _only),
)
_STEP = re.compile(r"(?<=[\w…\"'.)])[ \u00a0]?(?:>|→|›|»|➔|➜|⇒)[ \u00a0]?(?=[A-Z\"'])")
_MENU = re.compile(
    r"\b(?:click|tap|go to|open|select|choose|menu|settings|file|navigate|press|visit|find"
    r"|under|hit|pick|"
    r"account|home|profile|help|edit|view|tools)\b",
    re.IGNORECASE,
)


def _step(match: re.Match[str]) -> Token | None:
    """Go to Settings > Wi-Fi: one step after the other."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    if not _MENU.search(line) or re.search(r"\d$", line):
        return None
    return token(match, "sign", ", then ")


_A_PERIOD = re.compile(r"(?<=[a-z])/(yr|mo|mth|wk|hr|qtr|pp|pers)\b\.?(?![\w/])")
_OF_PERIOD = {"yr": "year", "mo": "month", "mth": "month", "wk": "week", "hr": "hour"}


def _a_period(match: re.Match[str]) -> Token:
    """Nine hours' downtime/yr."""
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    name = {**_OF_PERIOD, "qtr": "quarter"}.get(match[1], "person")
    return token(match, "sign", f"per {name}", end=match.end() - ends)


RULES = (
    Rule(_A_PERIOD, _a_period),
    Rule(_STEP, _step),
    Rule(_MINUS, _minus),
    Rule(_PRODUCT, _product),
    Rule(_IS_ABOUT, _is_about),
    Rule(_ABOUT, _about),
    Rule(_COMPARED, _compared),
    Rule(_AND_OR, _and_or),
    Rule(_LETTER_RANGE, _sizes),
    Rule(_OVER, _over),
    Rule(_STAR, _star),
    Rule(_PER, _per),
    Rule(_EVERY, _every),
    Rule(_EACH, _each),
    Rule(_PORTION, _portion),
    Rule(_CELLS, _cells),
    Rule(_RATE, _rate),
    Rule(_OR, _or),
    Rule(_STARS, _stars),
    Rule(_NUMBER_OF, _number_of),
    Rule(_KEY, _key),
    Rule(_BAR, _bar),
)
LAST_RULES = (Rule(_SLASH, _slash), Rule(_SIGN, _sign))
"""Signs one by one, whatever they stand between."""
