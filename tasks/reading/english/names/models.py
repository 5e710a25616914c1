"""Names with digits or letters in them: models, versions, flights, acronyms, Roman numerals."""

import re

from tasks.reading.english.numbers import (
    cardinal,
    digits,
    ordinal,
    pairs,
    plural,
)
from tasks.reading.english.rules import Rule, near, token, word_before, word_set
from tasks.reading.tokens import Kind, Token

_VOWELS = frozenset("aeiouyAEIOUYàáâãäåæèéêëìíîïòóôõöøùúûüýÿœ")
_SPELLED = word_set(
    "AC AI API ATM CE CEO CIA DIY EU FAA FAQ FBI GPS GUI HIV IBM ID IP IPA ISO IT LAX LED OEM OS "
    "OTP PA SEO SOS SQL TBA TV UAE UFO UHD UI UK UN URL US USA USB UV VIP VPN WHO"
)
_ACRONYM = re.compile(
    r"(?<![\w-])(?:(?P<spelled>LED|LAX|NA|EAN|UPS|AM(?=/FM| radio| station| band)|(?<=[Tt]he "
    r")WHO)(?P<many>s?)"
    r"|(?P<said>IKEA))(?![\w-])"
)
_VERSION_NAMES = (
    "iOS|iPadOS|macOS|watchOS|tvOS|Android|Python|Windows|Java|Node|Node.js|PHP|Ruby|Swift"
    "|Kotlin|Ubuntu|"
    "Debian|Chrome|Firefox|Safari|Bluetooth|USB|HDMI|DisplayPort|PCIe|OpenGL|Vulkan|DirectX"
    "|Android|"
    "React|Angular|Django|Rails|Linux|kernel|firmware|release|build|Rev|rev|revision|ver|Ver"
    "|version|Version|VERSION"
)
_VERSION = re.compile(
    r"(?<![\w.])(?<!\d:)(?:(?P<v>v\.?[ \u00a0]?(?=\d)|V(?=\d+\.\d))|(?P<ver>[Vv]er\. ?(?=\d)))?"
    r"(?P<number>\d+(?:\."
    r"(?:\d+|x\b))*)(?P<tag>(?<=\d)[ab]\d*|(?<=\d)rc\d*|-(?:alpha|beta|rc|preview|dev"
    r"|canary)(?:\.?\d{1,3})?)?"
    r"(?![\w]|\.\d|[/:,]\d|-\d)"
)
_AFTER_NAME = re.compile(rf"(?:^|[^\w.])(?:{_VERSION_NAMES})\.?:?[ \u00a0](?:[≥≤<>]=?[ \u00a0]?)?$")
_IP = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{2,5}))?(?:/(\d{1,2}))?(?![\w]|\.\d)")
_ROMAN = "[IVXLC]+"
_CUES = (
    "World War|War|[Pp]age|[Pp]ages|p\\.|pp\\.|[Cc]hapter|[Pp]art|Chapter|Part|Act|Scene|Volume"
    "|[Vv]ol\\.|[Aa]rt\\.|[Cc]h\\.|[Ss]ec\\.|[Bb]k\\.|[Pp]t\\.|[Ff]ig\\.|[Tt]bl\\.|volume|Book|Phase|Type|Class|Level|Stage"
    "|Section|Article|"
    "Chapters|Parts|Acts|Volumes|Vols\\.|Books|Phases|Types|Levels|Stages|Articles|Tables|"
    "Figures|Tiers|Grades|Appendix|Episode|Season|Mark|Mk|Bowl|Fantasy|Rocky|Title|Step|Unit"
    "|Grade|Tier|Group|Schedule|Division|Table|Figure"
)
_MONARCHS = (
    "Henry|Louis|Charles|Elizabeth|George|Edward|William|James|Richard|Mary|Philip|Ferdinand"
    "|Napoleon|"
    "Nicholas|John|Innocent|Clement|Urban|Robert|Alfonso|Umberto|Haakon|Rama|Alexander"
    "|Catherine|Peter|Frederick|Leopold|Pius|John Paul|Paul|Benedict|Gregory|Leo|"
    "Francis|Joseph|Ivan|Ramses|Ramesses|Ptolemy|Pope|Queen|King|Charlemagne|Christian|Gustav"
    "|Olav|Harald"
)
_ROMAN_CARDINAL = re.compile(
    rf"(?<=\b)(?P<cue>{_CUES})[ \u00a0](?P<roman>{_ROMAN})(?![\w'])(?!\.\w)"
)
_ROMAN_ORDINAL = re.compile(
    rf"\b(?P<cue>{_MONARCHS})[ \u00a0](?P<roman>[IVX]{{2,}}|V|X)(?![\w'])(?!\.\w)"
)
_ROMAN_NAME = re.compile(
    r"\b(?P<cue>[A-Z][a-z]+|[A-Za-z]{1,3}\d{1,4}[A-Za-z]?)[ \u00a0](?P<roman>II|III|IV|VI|VII"
    r"|VIII|IX|XI|XII|XIII|XIV|XV|XVI)"
    r"(?![\w'])(?!\.\w)"
)
_ROMAN_PAGES = re.compile(
    r"(?=[ivxlc])(?:(?<=\bp\. )|(?<=\bpp\. )|(?<=\bpages )|(?<=\bpage ))"
    r"(?P<first>[ivxlc]+)(?:[-–](?P<last>[ivxlc]+))?(?!\w)"
)
_ROMAN_VERSION = re.compile(r"(?<=[A-Z]{3} )(?P<roman>III|II|VIII|VII)(?![\w'])(?!\.\w)")
_ROMAN_RANGE = re.compile(
    r"\b(?:Chapters|Parts|Acts|Volumes|Vols\.|Books|Phases|Types|Levels|Stages|Articles|Tables"
    r"|Figures|"
    r"Tiers|Grades|Episodes|Sections|Units|Groups|Classes)[ \u00a0](?P<first>[IVXLC]+)"
    r"(?P<joint>[ \u00a0]?[-–][ \u00a0]?|[ \u00a0](?:and|&|or|to"
    r"|through)[ \u00a0])(?P<last>[IVXLC]+)(?!\w)"
)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_TECH = re.compile(
    r"(?<![\w.])(?:(?P<sharp>[A-GJQ])#(?P<minor>m?)(?!\w)|(?P<plus>C|G|g|Notepad)\+\+|(?P<dotted>ASP|ADO|VB)?\.NET|"
    r"(?P<grade>[A-D])\+|(?P<low>[A-D])-(?= (?:grade|rating|rated|average|list|student)\b)"
    r"|\.(?P<dot>net|com|org)(?= |$))(?![\w+#])"
)
_SPLIT_SHEET = re.compile(r"[A-Za-z]+|\d+(?:\.\d+)?|[^\W\d_]+|.", re.DOTALL)
_LETTER = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_CODE = re.compile(
    rf"(?<![\w@])(?<!\w#)(?=[{_LETTER}0-9.-]*\d)(?=[{_LETTER}0-9.-]*[{_LETTER}])[{_LETTER}0-9]+"
    rf"(?:(?:[-_]|\.(?=\d)|/(?=[A-Z0-9]))[{_LETTER}0-9]+)*(?:\+(?!\w))?"
)
_SPACED = re.compile(
    r"(?<![\w-])(?P<name>[A-Z]{2,5}|Office|Microsoft|Xbox|Form|Ferrari|Leica|Insta|Boeing"
    r"|Airbus|Ryzen|Core|Radeon|GeForce|Xeon|Porsche|Peugeot"
    r"|Galaxy|Route|Channel)[ \u00a0](?P<number>\d{3,5})(?P<rest>-\d{2,4})?"
    r"(?P<tail>[A-Za-z]{1,2})?(?![\w%]|[.,:/-]\d)"
)
_HYPHENED = re.compile(r"(?<=[a-z]-)\d{4}(?![\w.,]\d|\w)")
_FORMULA = word_set("CO2 H2O O2 N2 H2 O3 SO2 NO2 CH4 NH3 N2O C2 H2SO4")
_BY_DIGITS = word_set("flight order code sku plate no number serial part")
_STANDARD = re.compile(
    r"\b(?:ISO|IEC|DIN|EN|IEEE|ASTM)[ \u00a0-](?P<number>\d{2,5})"
    r"(?:[-–](?P<part>\d{1,2}))?(?::(?P<year>\d{4}))?(?![\w]"
    r"|[.,:-]\d)"
)
_MOLECULE = re.compile(
    r"(?<![\w.,])(\d{1,2}(?:,\d{1,2}){1,4})-(?=[DT]\b|[a-z]+(?:[aeiy]n[es]|ol|one|ide|ate|diene|"
    r"amine|zene|glycol|phenol)\b)"
)
_WIRELESS = re.compile(r"(?<![\w.])802\.(\d{1,2})([a-z]{0,2})(?!\w)")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_CHEMICAL = re.compile(r"(?<!\w)(?=[A-Za-z]*[₀-₉])(?:[A-Z][a-z]?[₀-₉]{0,4})+(?!\w)")
_GROUPED = re.compile(
    r"(?<![\w.])(?:[0-9A-Fa-f]{2}[:]){5}[0-9A-Fa-f]{2}(?!\w)"
    r"|(?<!MLS )(?<!SKU )(?<!tem )(?<!rder )(?<![A-Z])#[0-9a-fA-F]{6}\b|\b0x[0-9a-fA-F]+\b"
)


def letters(word: str) -> str:
    """Letter by letter, as capitals."""
    return " ".join(word.upper())


def name_words(word: str) -> str:
    """A part of a name: spelled where nobody could say it, in small letters otherwise."""
    if is_spelled(word):
        return letters(word)
    return _in_small_letters(word)


def _in_small_letters(word: str) -> str:
    """A word in capitals is no acronym; a voice would spell it."""
    return word.lower() if word.isupper() and len(word) > 3 else word


def is_spelled(word: str) -> bool:
    """Whether people spell ``word``: no vowel in it, or known to be spelled."""
    if len(word) == 1:
        return True
    if word.isupper() and word in _SPELLED:
        return True
    return (
        len(word) <= 5
        and not any(letter in _VOWELS - {"y", "Y"} for letter in word)
        and (
            word.lower()
            not in (
                "my",
                "by",
                "fly",
                "sky",
                "try",
                "why",
                "dry",
                "shy",
                "gym",
                "spy",
                "cry",
                "hm",
                "mr",
                "mrs",
                "dr",
                "st",
            )
        )
    )


def code_words(code: str, *, by_digits: bool = False) -> str:
    """A model, a seat, a plate: its letters and its numbers, as people say them."""
    parts: list[str] = []
    pieces = _SPLIT_SHEET.findall(code)
    for index, piece in enumerate(pieces):
        if piece in "Øø":
            parts.append("diameter")
        elif piece[0].isdecimal():
            parts.append(_code_number(piece, by_digits=by_digits))
        elif (
            piece == "s" and index == len(pieces) - 1 and index and pieces[index - 1][0].isdecimal()
        ):
            parts[-1] = plural(parts[-1])
        elif piece.isalpha():
            parts.append(_code_letters(piece, is_alone=len(pieces) <= 2))
        elif piece in _CODE_SIGNS and (piece != "." or not pieces[index - 1].isalpha()):
            parts.append(_CODE_SIGNS[piece])
    return " ".join(part for part in parts if part)


_SAID_IN_CODES = word_set("AIR ANY BIG BUY DAY FUN GET HOT JOY MAX NEW NOW OFF PRO SUN TOP YES")
"""Short words of promotion codes and names of models: FALL25OFF, TOP10, MAX3."""
_CODE_SIGNS = {".": "point", "+": "plus", "/": "slash"}


def _code_letters(piece: str, *, is_alone: bool) -> str:
    if piece in _SAID_IN_CODES:
        return piece.lower()
    if piece.isupper() and (len(piece) <= 3 or is_spelled(piece)):
        return letters(piece)
    if len(piece) <= 2 and not is_alone:
        return letters(piece)
    return letters(piece) if is_spelled(piece) else _in_small_letters(piece)


def _code_number(written: str, *, by_digits: bool) -> str:
    whole, point, decimals = written.partition(".")
    if point:
        return f"{cardinal(int(whole))} point {digits(decimals)}"
    return digits(written) if by_digits and len(written) > 2 else pairs(written)


def _code(match: re.Match[str]) -> Token | None:
    written = match[0].rstrip(".-")
    if not re.search(r"\d", written):
        return None
    if re.fullmatch(r"[a-z]{2,}-\d+", written) or re.fullmatch(r"\d+-[a-z][a-zA-Z-]*", written):
        return None
    end = match.start() + len(written)
    if len(re.findall(r"[A-Za-z]+|\d+", written)) > 5 or len(written) > 16:
        spoken = " ".join(_one(sign) for sign in written if sign.isalnum())
        return token(
            match, "digits", spoken, end=end, doubt=f'"{written}" is spelled, sign by sign'
        )
    before = word_before(match.string, match.start()).lower().rstrip(".:")
    is_flight = re.fullmatch(r"[A-Z]{2}\d{3,4}", written) is not None and written not in _FORMULA
    is_flight = is_flight and not written.endswith("00")
    by_digits = is_flight or before in _BY_DIGITS
    is_unit = re.fullmatch(r"\d+(?:\.\d+)?(?![ap]m)[a-z]{2,4}", written) is not None
    doubt = f'"{written}" could be a number and a unit that no rule knows' if is_unit else None
    return token(match, "model", code_words(written, by_digits=by_digits), end=end, doubt=doubt)


def _one(sign: str) -> str:
    return digits(sign) if sign.isdecimal() else sign.upper()


_UNIT_NEXT = re.compile(
    r"[ \u00a0](?:bpm|mg|g|kg|ml|mL|mm|cm|km|W|V|Hz|MHz|GHz|GB|TB|lbs?|oz|rpm|hp|dB|nits?)(?!\w)"
)


_UNITS_GLUED = word_set("ml mL mm cm kg mg cl cc hp Hz kW GB TB MB oz lb ft km px")
_STATE_CODE = re.compile("DC|[FN]L|[CMN]T|K[SY]|M[DNST]|N[CDHJMVY]|S[CD]|T[NX]|V[AT]|W[VY]")


def _spaced(match: re.Match[str]) -> Token | None:
    name, number = match["name"], match["number"]
    if _UNIT_NEXT.match(match.string, match.end()):
        return None  # HR 154 bpm
    if match["tail"] in _UNITS_GLUED:
        return None  # IPA 440ml
    if name.isupper() and not (is_spelled(name) or name in ("AMD",)):
        return None
    if re.fullmatch(r"(?:19|20)\d\d", number) and name.isupper() and not match["tail"]:
        return None
    if name in ("CVV", "CVC", "PUK", "PIN", "OTP"):
        return None
    if len(number) == 5 and _STATE_CODE.fullmatch(name):
        return None  # a ZIP code
    if name in ("USD", "EUR", "GBP", "CNY", "RMB", "JPY", "HKD", "CHF"):
        return None
    rest = f" {pairs(match['rest'][1:])}" if match["rest"] else ""
    tail = f" {_code_letters(match['tail'], is_alone=False)}" if match["tail"] else ""
    spoken_name = letters(name) if name.isupper() else name
    return token(match, "model", f"{spoken_name} {pairs(number)}{rest}{tail}")


def _version(match: re.Match[str]) -> Token | None:
    number, text = match["number"], match.string
    is_named = bool(_AFTER_NAME.search(text[max(0, match.start() - 20) : match.start()]))
    is_marked = bool(match["v"] or match["ver"])
    parts = number.split(".")
    if not (is_named or is_marked or len(parts) > 2 or match["tag"]):
        return None
    if is_named and not is_marked and len(parts) == 1:
        return None
    if len(parts) > 1 and all(len(part) == 3 for part in parts[1:]) and not (is_named or is_marked):
        return None
    said = " point ".join("X" if part == "x" else _version_part(part) for part in parts)
    tag = f" {code_words(match['tag'].replace('.', '').strip('-'))}" if match["tag"] else ""
    return token(match, "version", f"{'version ' if is_marked else ''}{said}{tag}")


def _version_part(part: str) -> str:
    return digits(part) if part.startswith("0") or len(part) > 2 else cardinal(int(part))


def _ip(match: re.Match[str]) -> Token | None:
    if any(int(part) > 255 for part in match[1].split(".")):
        return None
    said = " dot ".join(digits(part) for part in match[1].split("."))
    said += f" colon {digits(match[2])}" if match[2] else ""
    said += f" slash {cardinal(int(match[3]))}" if match[3] else ""
    return token(match, "digits", said)


def _grouped(match: re.Match[str]) -> Token:
    words = {":": "", "#": "hash"}
    said = " ".join(words.get(sign, _one(sign)) for sign in match[0])
    return token(match, "digits", said)


def _standard(match: re.Match[str]) -> Token:
    """ISO 9001:2015."""
    part = f" dash {cardinal(int(match['part']))}" if match["part"] else ""
    said = (
        cardinal(int(match["number"]))
        + part
        + (f" {pairs(match['year'])}" if match["year"] else "")
    )
    return Token(match.start("number"), match.end(), "model", said)


def _molecule(match: re.Match[str]) -> Token:
    """2,4-D and 1,3-butadiene: the places of what a molecule carries."""
    return token(match, "model", " ".join(cardinal(int(each)) for each in match[1].split(",")))


def _wireless(match: re.Match[str]) -> Token:
    said = f"eight oh two point {cardinal(int(match[1]))} {letters(match[2])}"
    return token(match, "model", said)


def _subscript(written: str) -> str:
    return cardinal(int(written.translate(_SUBSCRIPTS)))


def _chemical(match: re.Match[str]) -> Token:
    """CO₂: its letters, and its small numbers."""
    pieces = re.findall(r"[A-Za-z]|[₀-₉]+", match[0])
    words = [letters(piece) if piece.isalpha() else _subscript(piece) for piece in pieces]
    return token(match, "model", " ".join(words))


def roman_value(roman: str) -> int | None:
    """The value of a well-formed Roman numeral."""
    if not re.fullmatch(r"(?=.)C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})", roman):
        return None
    values = [_VALUES[sign] for sign in roman]
    pairs_of = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs_of)


def _roman(match: re.Match[str]) -> Token | None:
    value = roman_value(match["roman"])
    return _numeral(match, "cardinal", cardinal(value)) if value else None


def _roman_pages(match: re.Match[str]) -> Token | None:
    """Pages xi–xv."""
    values = [roman_value(match[name].upper()) for name in ("first", "last") if match[name]]
    words = [cardinal(value) for value in values if value]
    return token(match, "range", " to ".join(words)) if len(words) == len(values) else None


def _roman_range(match: re.Match[str]) -> Token | None:
    """Chapters I–IV, Levels I and II."""
    first, last = roman_value(match["first"]), roman_value(match["last"])
    if first is None or last is None:
        return None
    joint = match["joint"].strip(" \u00a0")
    said = {"-": "to", "–": "to", "&": "and"}.get(joint, joint)
    words = f"{cardinal(first)} {said} {cardinal(last)}"
    return Token(match.start("first"), match.end(), "range", words)


def _monarch(match: re.Match[str]) -> Token | None:
    value = roman_value(match["roman"])
    return _numeral(match, "ordinal", f"the {ordinal(value)}") if value else None


def _numeral(match: re.Match[str], kind: Kind, words: str) -> Token:
    """The numeral alone; the word before it is read as it is written."""
    return Token(match.start("roman"), match.end("roman"), kind, words)


def _tech(match: re.Match[str]) -> Token:
    if match["sharp"]:
        minor = " minor" if match["minor"] else ""
        return token(match, "acronym", f"{match['sharp']} sharp{minor}")
    if match["plus"]:
        return token(match, "acronym", f"{match['plus']} plus plus")
    if match["low"]:
        return token(match, "acronym", f"{match['low']} minus")
    if match["grade"]:
        return token(match, "acronym", f"{match['grade']} plus")
    name = match["dot"] or "net"
    return token(match, "acronym", f"{letters(match['dotted'] or '')} dot {name}")


def _acronym(match: re.Match[str]) -> Token:
    """Acronyms that the voice reads otherwise than people do."""
    if match["said"]:
        return token(match, "acronym", match["said"].capitalize())
    return token(match, "acronym", letters(match["spelled"]) + ("'s" if match["many"] else ""))


def _hyphened(match: re.Match[str]) -> Token:
    return token(match, "year", pairs(match[0]))


_MOTORWAY = re.compile(r"(?<!\w)(A|B)(\d{1,4})\(M\)")


def _motorway(match: re.Match[str]) -> Token:
    """The A38(M)."""
    return token(match, "model", f"{match[1]} {pairs(match[2])} M")


TECH_RULES = (Rule(_TECH, _tech),)
_CODES_TO = re.compile(
    r"(?<![\w.,/$#&-])(?P<name>[A-Z]{1,2}|Yr)(?P<first>\d{1,2})[-–](?P=name)(?P<last>\d{1,2})(?![\w/-]|[.,]\d)"
    r"|(?<![\w.,/$#&-])(?P<school>KS|U|Y|Yr)(?P<low>\d{1,2})[-–](?P<high>\d{1,2})(?![\w/-]|[.,]\d)"
)
_CUPS_TO = re.compile(r"(?<![\w.,/$#-])(\d{2})([A-K]{1,2})[-–](\d{2})([A-K]{1,2})(?![\w/-])")
_WORN = re.compile(r"(?i:\b(?:bras?|bralettes?|cups?|bikinis?|swim\w*|lingerie|sizes?|seats?)\b)")


def _codes_to(match: re.Match[str]) -> Token | None:
    """U9-U13, KS3-4, M6-M12: from one to another."""
    name = match["name"] or match["school"]
    first, last = (int(match[a] or match[b]) for a, b in (("first", "low"), ("last", "high")))
    if first >= last:
        return None
    said = "year" if name == "Yr" else letters(name)
    again = f"{said} " if match["name"] else ""
    return token(match, "range", f"{said} {cardinal(first)} to {again}{cardinal(last)}")


def _cups_to(match: re.Match[str]) -> Token | None:
    """Bras 32A-42G."""
    if not _WORN.search(near(match)):
        return None
    first, cup, last, other = match.groups()
    words = f"{cardinal(int(first))} {letters(cup)} to {cardinal(int(last))} {letters(other)}"
    return token(match, "range", words)


EARLY_RULES = (
    Rule(_CODES_TO, _codes_to),
    Rule(_CUPS_TO, _cups_to),
    Rule(_MOTORWAY, _motorway),
    Rule(_STANDARD, _standard),
    Rule(_MOLECULE, _molecule),
    Rule(_WIRELESS, _wireless),
    Rule(_GROUPED, _grouped),
    Rule(_CHEMICAL, _chemical),
    Rule(_IP, _ip),
    Rule(_VERSION, _version),
    Rule(_SPACED, _spaced),
)
RULES = (
    Rule(_HYPHENED, _hyphened),
    Rule(_CODE, _code),
    Rule(_ROMAN_RANGE, _roman_range),
    Rule(_ROMAN_CARDINAL, _roman),
    Rule(_ROMAN_ORDINAL, _monarch),
    Rule(_ROMAN_NAME, _roman),
    Rule(_ROMAN_VERSION, _roman),
    Rule(_ROMAN_PAGES, _roman_pages),
    Rule(_ACRONYM, _acronym),
)
