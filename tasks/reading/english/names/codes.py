"""Numbers that count nothing: telephones, PINs, rooms, orders, cards, and digits left over."""

import re
import unicodedata
from fractions import Fraction

from tasks.reading.english.names.models import code_words
from tasks.reading.english.numbers import cardinal, digits, fraction_words, pairs
from tasks.reading.english.quantities import UNIT
from tasks.reading.english.rules import LatePattern, Rule, token, word_after, word_set
from tasks.reading.phone_numbers import PhoneNumber, find_phone_numbers
from tasks.reading.tokens import Token

_PHONE_CUE = re.compile(
    r"(?:\b(?:call|dial|ring|phone|telephone|text|txt|sms|fax|tel|mobile|cell|hotline|helpline|line|"
    r"whatsapp|wechat|toll[- ]free|reach|contact|number|call(?:ing)?|support|service|t|m|f"
    r"|ph)\b\.?|[☎📞📱])"
    r"(?:[ \u00a0](?:us|me|him|her|them|now|today|is|at|on|free|the|our|a|toll|number|no\.?|line"
    r"|or|hotline|to))*[ \u00a0:.]*$",
    re.IGNORECASE,
)
_SHORT_PHONE = re.compile(
    r"(?i:\b(?:call|dial|ring|phone|text|txt|reply|sms|hotline|helpline"
    r"|tel)\b\.?(?:[ \u00a0](?:us|now"
    r"|on|at|(?=\d*[A-Z])[A-Z0-9]{2,12}|to|the|number|\"?[A-Z]+\"? to))*:?[ \u00a0])"
    r"(?P<number>\d{3,6}|1[- ]\d{3})(?![\w%$€£¥₹°]|[.,:/-]\d)"
)
_EMERGENCY = "(?:000|110|112|119|120|911|999)"
_SECOND_PHONE = re.compile(rf"(?<=(?:\d\d\d) or ){_EMERGENCY}(?![\w%$€£¥₹°]|[.,:/-]\d)")
_EMERGENCY_LATER = re.compile(rf"(?<![\w.,$€£¥₹#-]){_EMERGENCY}(?![\w%$€£¥₹°]|[.,:/-]\d)")
_DIALLED = re.compile(r"(?i:\b(?:dial|call|ring)\b)[^.!?\n]{0,60}\b\d{3}\b[^.!?\n]{0,60}$")
_AFTER_SHORT = word_set(
    "for now if or and to in today from on at when right any immediately before by within with "
    "only "
    "is as anytime then straight first between because so tonight free"
)
_SECRET = (
    r"PINs?|pins?|Pins?|[Pp]ass(?:code|word)|[Cc]odes?|OTP|[Zz]ip|ZIP|[Pp]ostcode|[Ss]erial"
    r"|[Tt]racking|[Rr]eference|Ref|ref|"
    r"[Ii]nvoice|[Aa]ccount|[Tt]icket|[Bb]ooking|[Rr]eservation|[Cc]ase|SKU|sku|ID|[Ee]xtension"
    r"|[Ee]xt|ISBN|EAN|UPC|[Cc]oupon|"
    r"[PSps]/[Nn]|[PS]N|CVV|CVC|PUK|IMEI|[Oo]rder|[Ll]ot|[Bb]atch|[Ll]icen[cs]e|[Vv]oucher|"
    r"[Pp]romo|[Cc]onfirmation|[Ee]nding[ \u00a0]in|(?:[Cc]ard|[Vv]isa|[Aa]mex"
    r"|[Mm]astercard)[ \u00a0]ending|[Ee]nds[ \u00a0](?:in|with)|"
    r"[Ll]ast[ \u00a0](?:four|4)(?:[ \u00a0]digits)?|[Mm]odel|[Ii]tem|[Pp]art"
)
_PLACE = (
    r"[Rr]oom|[Ss]uite|[Ff]light|[Gg]ate|[Bb]us|[Tt]ram|[Tt]rain|[Rr]oute|[Hh]ighway|[Cc]hannel"
    r"|[Aa]partment|[Pp]latform|"
    r"[Ll]ocker|[Bb]ooth|[Ss]tand|[Hh]all|[Uu]nit|[Dd]esk|[Bb]ox|[Ee]xit|[Ii]nterstate"
)
_LINK = (
    r"(?:'s)?(?:[ \u00a0](?:number|no\.?|code|nr\.?|is|ID|id|was|key))*"
    r"[ \u00a0]?[:#]?[ \u00a0]?#?\"?'?"
)
_CUED = re.compile(
    rf"(?<![\w-])(?:(?P<secret>{_SECRET})|(?P<place>{_PLACE}))\.?{_LINK}"
    r"(?P<number>\d+(?:[ \u00a0-]\d+)*)(?P<tail>[A-Za-z])?(?![\w%$€£¥₹°²]|[.,:/x×]\d|\.\d)"
)
_SECOND_CODE = re.compile(
    r"(?<![\w-])(?i:mine|yours|his|hers|ours|theirs|(?:the|my|your|our|a|another)[ \u00a0](?:other|"
    r"new|old|second|first|next|last)(?:[ \u00a0]one)?)(?:'s|[ \u00a0](?:is|was))?:?[ \u00a0]"
    r"(?P<number>\d{3,12})(?![\w%$€£¥₹°²]|[.,:/x×]\d)"
)
_CODE_BEFORE = re.compile(
    r"\b(?:PINs?|[Pp]ins?|[Pp]ass(?:code|word)s?|[Cc]odes?|OTP|CVV|CVC|PUK|ID|[Ee]xtensions?)\b"
    r"[^!?\n]{0,120}$"
)
_UNIT = LatePattern(UNIT)
_CARD = re.compile(
    r"(?<![\w.,-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{3,4}(?: \d{4}){2,5})(?![\w]|[.,-]\d)"
)
_HYPHENATED = re.compile(
    r"(?<![\w.,$€£¥₹-])\d{1,7}(?:-\d{1,7}){2,}(?![\w-])|(?<![\w.,$-])\d{5}-\d{4}(?![\w-])"
)
_LISTED = re.compile(r"(?:(?<=#)|(?<=# )|(?<=No\. )|(?<=no\. ))\d{1,4}-\d{4,7}(?![\w-]|[.,]\d)")
_LEADING_ZERO = re.compile(r"(?<![\w.,:/])0\d+(?:[- ]0\d+)*(?![\w]|[.,:/]\d)")
_LONG = re.compile(r"(?<![\w.,])\d{7,}(?![\w]|[.,]\d)")
_LEFT_OVER = re.compile(r"\d+")
_OTHER_NUMBER = re.compile(r"[^\W\x00-\x7f]")


def phone_tokens(text: str) -> tuple[Token, ...]:
    """The telephone numbers of ``text``, digit by digit, a pause between their groups."""
    return tuple(
        Token(number.start, number.end, "phone", _phone_words(number))
        for number in find_phone_numbers(text, _PHONE_CUE)
        if not _follows_code(text, number.start)
    )


def _follows_code(text: str, start: int) -> bool:
    return bool(_CODE_NAME.search(text[:start]))


_CODE_NAME = re.compile(
    r"(?:ISBN|SKU|[Tt]racking(?: [Nn]umber| [Nn]o\.)?|Model|model|Boeing|Airbus)[ \u00a0:]*$"
)


def _phone_words(number: PhoneNumber) -> str:
    groups = [_group(group) for group in number.groups]
    if number.groups[:2] == ("1", "800"):
        groups[:2] = ["one eight hundred"]
    plus = "plus " if number.has_plus else ""
    extension = f", extension {digits(number.extension)}" if number.extension else ""
    return plus + ", ".join(groups) + extension


def _group(group: str) -> str:
    if group.isdecimal():
        return digits(group)
    return " ".join(
        digits(part) if part.isdecimal() else part.lower()
        for part in re.findall(r"[A-Z]+|\d+", group)
    )


def _short_phone(match: re.Match[str]) -> Token | None:
    following = word_after(match.string, match.end())
    if following and following.lower() not in _AFTER_SHORT:
        return None
    return Token(match.start("number"), match.end("number"), "phone", digits(match["number"]))


def _second_phone(match: re.Match[str]) -> Token:
    return token(match, "phone", digits(match[0]))


def _emergency(match: re.Match[str]) -> Token | None:
    """Dial 911 here, 112 in Europe."""
    is_dialled = _DIALLED.search(match.string[max(0, match.start() - 130) : match.start()])
    is_counted = word_after(match.string, match.end()).endswith("s")
    return token(match, "phone", digits(match[0])) if is_dialled and not is_counted else None


def _cued(match: re.Match[str]) -> Token | None:
    """Digit by digit: all of a code, and the longer numbers of rooms, flights and buses."""
    number, tail = match["number"], match["tail"] or ""
    head = match[0][: match.start("number") - match.start()]
    following = word_after(match.string, match.end())
    is_verb = match["secret"] in (
        "order",
        "Order",
        "ticket",
        "case",
        "part",
        "item",
        "model",
        "lot",
        "Lot",
        "box",
    )
    is_counted = (
        following.islower()
        and following.endswith("s")
        and following not in ("is", "was", "as", "has")
    )
    if _UNIT.match(match.string, match.end("number")):
        return None
    if match["place"] and re.match(r"[ \u00a0]?[x×][ \u00a0]?\d", match.string[match.end() :]):
        return None  # the box is 40 x 30 x 25 cm
    if match["place"] and re.match(r"[\"'″]", match.string[match.end("number") :]):
        return None  # the desk is 48" wide
    is_counted = is_counted and "#" not in head
    if is_counted or (is_verb and len(number) < 5 and not re.search(r"[#:]|number|no\.|ID", head)):
        return None
    if (match["secret"] is None or is_verb) and len(number) < 3 and not number.startswith("0"):
        said = cardinal(int(number))
    elif match["secret"] is None and re.search(r"[ \u00a0-]", number):
        return None
    else:
        said = ", ".join(digits(group) for group in re.findall(r"\d+", number))
    said += f" {tail.upper()}" if tail else ""
    end = match.end("tail") if tail else match.end("number")
    return Token(match.start("number"), end, "digits", said)


def _second_code(match: re.Match[str]) -> Token | None:
    """Your PIN is 1234; mine's 9071."""
    before = match.string[max(0, match.start() - 140) : match.start()]
    following = word_after(match.string, match.end())
    is_counted = following.islower() and following.endswith("s") and following not in ("is", "was")
    if is_counted or not _CODE_BEFORE.search(before) or _UNIT.match(match.string, match.end()):
        return None
    return Token(match.start("number"), match.end("number"), "digits", digits(match["number"]))


def _grouped(match: re.Match[str]) -> Token:
    return token(
        match, "digits", ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))
    )


def _long(match: re.Match[str]) -> Token:
    doubt = f'"{match[0]}" is read digit by digit'
    return token(match, "digits", digits(match[0]), doubt=doubt)


def _left_over(match: re.Match[str]) -> Token:
    written = match[0]
    if len(written) > 6 or (written.startswith("0") and len(written) > 1):
        return token(match, "digits", digits(written))
    return token(match, "cardinal", cardinal(int(written)))


def _other_number(match: re.Match[str]) -> Token | None:
    """Circled and Roman numbers of their own sign, superscripts and subscripts."""
    if unicodedata.category(match[0]) not in ("No", "Nl"):
        return None
    value = Fraction(unicodedata.numeric(match[0])).limit_denominator(1000)
    if value.denominator == 1:
        return token(match, "cardinal", cardinal(int(value)))
    sign = "minus " if value < 0 else ""
    words = fraction_words(abs(value.numerator), value.denominator)
    return token(match, "fraction", sign + words)


_HOUSE = re.compile(
    r"(?<![\w.,#$€£¥₹-])\d{4}(?= (?:[NS]?[EW]\.? |[NS]\.? )?"
    r"(?:[A-Z][a-z]+ |\d{1,3}(?:st|nd|rd|th) ){1,3}"
    r"(?:St|Ave|Rd|Blvd|Dr|Ln|Ct|Pl|Way|Pkwy|Street|Avenue|Road|Boulevard|Drive|Lane|Court"
    r"|Place)\b"
    r"| (?:Ave|Avenue)\.? of the "
    r"| Broadway\b(?! (?:[a-z]+s|Shows|Musicals|Tickets|Theat)))"
)


def _house(match: re.Match[str]) -> Token:
    """1642 Elm St.: as people say a house."""
    return token(match, "digits", pairs(match[0]))


_EXTENSION = re.compile(
    r"(?:(?<=[Cc]all )|(?<=[Dd]ial )|(?<=[Rr]ing )|(?<=[Pp]hone )|(?<=\b[Aa]t )"
    r"|(?<=\d{4} )|(?<=\d{4}, ))"
    r"[xX](?P<digits>\d{3,5})(?![\w%]|[.,-]\d)"
)


def _extension(match: re.Match[str]) -> Token:
    """Call x204."""
    return token(match, "digits", f"extension {digits(match['digits'])}")


_TRACKED = re.compile(
    r"(?:(?<=\b[Tt]racking )|(?<=\b[Tt]racking: )"
    r"|(?<=\b[Tt]racking number )|(?<=\b[Tt]racking number: )"
    r"|(?<=\b[Tt]racking #)|(?<=\b[Tt]racking no\. )|(?<=\b[Pp]arcel ))"
    r"(?=[A-Z0-9 ]*\d)[A-Z0-9]{2,22}(?: (?=[A-Z]*\d)[A-Z0-9]{2,6}){1,6}(?![\w-])"
    r"|(?<![\w-])1Z(?= )(?: ?[A-Z0-9]){16}(?![\w-])"
)


def _tracked(match: re.Match[str]) -> Token:
    """1Z 999 AA1 01 2345 6784: sign by sign, a pause between its groups."""
    said = ", ".join(" ".join(digits(sign) or sign for sign in group) for group in match[0].split())
    return token(match, "digits", said)


_THIRTEEN = re.compile(r"(?<![\w.,$€£¥₹-])13(?:\d \d{3}| \d\d \d\d)(?![\w%]|[.,]\d|[ -]\d)")
_CALLING = re.compile(
    r"\b(?:call|dial|ring|phone|tel|hotline|helpline)\b[^!?\n]{0,80}$", re.IGNORECASE
)


def _thirteen(match: re.Match[str]) -> Token | None:
    """Ring 131 444, as Australians do."""
    if not _CALLING.search(match.string[max(0, match.start() - 100) : match.start()]):
        return None
    return token(match, "phone", ", ".join(digits(group) for group in match[0].split()))


_DOTTED_PHONE = re.compile(
    r"(?<![\w.,$€£¥₹-])(\d{3})\.(\d{4})(?:[ ,]*(?:x|ext\.?)[ ]?(\d{1,5}))?(?![\w%]|[.,]\d)"
)
_CALLED = re.compile(
    r"\b(?:call|text|phone|ph|tel|fax|contact|RSVP|dial|ring)\b[^!?\n]{0,40}$", re.IGNORECASE
)


def _dotted_phone(match: re.Match[str]) -> Token | None:
    """Call 555.0199 x12."""
    if not _CALLED.search(match.string[max(0, match.start() - 60) : match.start()]):
        return None
    extension = f", extension {digits(match[3])}" if match[3] else ""
    return token(match, "phone", f"{digits(match[1])}, {digits(match[2])}{extension}")


_SECOND_ENDING = re.compile(
    r"(?:(?<=[Ff]ax )|(?<=[Ff]ax: )|(?<=\bF: )|(?<=\bor )|(?P<joint>/))-(?P<ending>\d{2,4})"
    r"(?![\w-]|[.,]\d)"
)
_ANY_PHONE = re.compile(r"\d{3,4}[ -]\d{3,4}[^!?\n]{0,40}$")


def _second_ending(match: re.Match[str]) -> Token | None:
    """Phone 020 7946 0142, fax -0143."""
    if not _ANY_PHONE.search(match.string[max(0, match.start() - 60) : match.start()]):
        return None
    joint = "or " if match["joint"] else ""
    return token(match, "phone", f"{joint}{digits(match['ending'])}")


EARLY_RULES = (
    Rule(_SECOND_ENDING, _second_ending),
    Rule(_DOTTED_PHONE, _dotted_phone),
    Rule(_THIRTEEN, _thirteen),
    Rule(_TRACKED, _tracked),
    Rule(_SHORT_PHONE, _short_phone),
    Rule(_SECOND_PHONE, _second_phone),
    Rule(_EMERGENCY_LATER, _emergency),
    Rule(_HOUSE, _house),
    Rule(_EXTENSION, _extension),
    Rule(_CARD, _grouped),
)
_FLIGHT = re.compile(
    r"(?<=[Ff]light )([A-Z][A-Z0-9])[ \u00a0-]?(\d{1,4})(?!\w)|(?<=[Ff]lights )"
    r"([A-Z][A-Z0-9])[ \u00a0-]?(\d{1,4})(?!\w)"
)


def _flight(match: re.Match[str]) -> Token:
    airline, number = match[1] or match[3], match[2] or match[4]
    return token(match, "model", f"{code_words(airline)} {digits(number)}")


_KEYS = re.compile(
    r"(?<!\w)\*#\d{2,6}#|(?i:(?<=dial )|(?<=press )|(?<=enter )|(?<=call )"
    r"|(?<=[\d*#] or (?=[*#]\d{1,12}#)))(?=[*#\d])([*#]+)?(\d{0,12})([*#]+)?(?![\w])"
)
_PLATE = re.compile(
    r"(?:[Pp]lates?|[Rr]egistration)(?: number| no\.?)?(?: is)?:? (?P<plate>[A-Z0-9]{1,4}"
    r"(?:[ -][A-Z0-9]{1,5}){1,2})(?!\w)"
)


_ACCOUNT = re.compile(
    r"(?<![\w-])[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?![\w-])"
    r"|(?<![\w-])(?:AT|BE|CH|DE|ES|FR|GB|IE|IT|LU|NL|PL|PT|SE)\d{2}[A-Z0-9]{11,27}(?![\w-])"
)


def _account(match: re.Match[str]) -> Token:
    """An IBAN: sign by sign, a pause between its groups."""
    groups = match[0].split() if " " in match[0] else re.findall(r".{1,4}", match[0])
    said = ", ".join(" ".join(digits(sign) or sign for sign in group) for group in groups)
    return token(match, "digits", said)


_TARIFF = re.compile(
    r"(?i:\b(?:HS|HTS|tariff)(?: codes?| no\.?| number)?)[: ]{1,2}"
    r"(?P<number>\d{4}(?:\.\d{2}){1,3})(?![\w]|\.\d)"
)


def _tariff(match: re.Match[str]) -> Token:
    """HS code 9405.42."""
    said = " point ".join(digits(part) for part in match["number"].split("."))
    return Token(match.start("number"), match.end("number"), "digits", said)


_HASHED = re.compile(
    r"(?=#)(?:(?<=\bSKU )|(?<=\bMLS )|(?<=\bRMA )|(?<=\bPO )|(?i:(?<=\bitem )|(?<=\bmodel )"
    r"|(?<=\bpart )|(?<=\bref )|(?<=\bcode )|(?<=\bfilter )|(?<=\bfilters )|(?<=\bcartridge )"
    r"|(?<=\btoner )|(?<=\bbattery )|(?<=\bbelt )|(?<=\bbulb )|(?<=\bkit )|(?<=\blot )"
    r"|(?<=\bbatch )|(?<=\bserial )|(?<=\border )|(?<=\binvoice )|(?<=\bticket )|(?<=\bquote )"
    r"|(?<=\bstyle )|(?<=\bgasket )|(?<=\bpad )|(?<=\bpads )))"
    r"#(?=[A-Z]{1,4}\d|\d{1,4}[A-Z])|(?<![\w#&])#(?=[A-Z]{1,4}\d[A-Z0-9]*-[A-Z0-9])"
)


def _hashed(match: re.Match[str]) -> Token:
    """SKU #A12-9981: no hashtag has a hyphen."""
    return token(match, "sign", "number")


def _keys(match: re.Match[str]) -> Token | None:
    """What is pressed on a telephone: *100#."""
    if not (match[1] or match[3] or match[0].startswith("*#")):
        return None
    names = {"*": "star", "#": "hash"}
    return token(match, "phone", " ".join(names.get(sign) or digits(sign) for sign in match[0]))


def _plate(match: re.Match[str]) -> Token:
    parts = re.split(r"[ -]", match["plate"])
    said = ", ".join(" ".join(digits(sign) or sign for sign in part) for part in parts)
    return Token(match.start("plate"), match.end("plate"), "digits", said)


_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]"
    "|TN|TX|UT|"
    "V[AT]|W[AIVY]"
)
_ZIP = re.compile(
    rf"(?<=[ \u00a0](?:{_STATES})[ \u00a0])(?P<zip>\d{{5}}(?:-\d{{4}})?)(?![\w%]|[.,-]\d)"
)


def _zip(match: re.Match[str]) -> Token:
    said = ", ".join(digits(group) for group in match["zip"].split("-"))
    return Token(match.start("zip"), match.end("zip"), "digits", said)


CODE_RULES = (
    Rule(_ACCOUNT, _account),
    Rule(_TARIFF, _tariff),
    Rule(_ZIP, _zip),
    Rule(_HASHED, _hashed),
    Rule(_KEYS, _keys),
    Rule(_PLATE, _plate),
    Rule(_FLIGHT, _flight),
    Rule(_CUED, _cued),
    Rule(_SECOND_CODE, _second_code),
    Rule(_HYPHENATED, _grouped),
    Rule(_LISTED, _grouped),
)
LATE_RULES = (
    Rule(_LEADING_ZERO, _grouped),
    Rule(_LONG, _long),
)
LAST_RULES = (Rule(_LEFT_OVER, _left_over), Rule(_OTHER_NUMBER, _other_number))
