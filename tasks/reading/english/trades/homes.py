"""Addresses of homes: Unit 12/45 King St, NSW 2042."""

import re

from tasks.reading.english.numbers import cardinal, digits, pairs
from tasks.reading.english.rules import (
    STARTERS,
    Rule,
    near,
    stop_ends_sentence,
    token,
    word_before,
    word_set,
)
from tasks.reading.tokens import Token

_STREETS = (
    "St|Street|Rd|Road|Ave|Avenue|Dr|Drive|Ln|Lane|Ct|Court|Pl|Place|Pde|Parade|Tce|Terrace|Hwy"
    "|Highway|"
    "Way|Cres|Crescent|Blvd|Boulevard|Esplanade|Circuit|Cct|Close|Walk"
)
_UNIT = re.compile(
    r"(?P<cue>\b(?:[Uu]nit|[Aa]pt\.?|[Ff]lat|[Ss]hop|[Ss]uite|[Vv]illa|[Ll]evel"
    r"|[Ss]tudio)[ \u00a0])?(?<![\w.,/$-])"
    r"(?P<unit>\d{1,4}[A-Z]?)/(?P<house>\d{1,4}[A-Z]?(?:[-–]\d{1,4})?)"
    rf"(?=[ \u00a0](?:[A-Z][a-z']+\.?[ \u00a0]){{1,3}}(?:{_STREETS})\b)"
)


def _unit(match: re.Match[str]) -> Token:
    """Unit 12/45 King St: a flat of a house."""
    house = " to ".join(_number(part) for part in re.split("[-–]", match["house"]))
    start = match.start("unit")
    return Token(start, match.end(), "digits", f"{_number(match['unit'])}, {house}")


def _number(written: str) -> str:
    number, letter = re.fullmatch(r"(\d+)([A-Z]?)", written).groups()  # type: ignore[union-attr]
    said = pairs(number) if len(number) > 2 else cardinal(int(number))
    return f"{said} {letter}".strip()


_POSTCODE = re.compile(
    r"(?=\d)(?:(?<=\bNSW )|(?<=\bVIC )|(?<=\bVic )|(?<=\bQLD )|(?<=\bQld )|(?<=\bSA )|(?<=\bWA )"
    r"|(?<=\bTAS )|(?<=\bTas )|(?<=\bACT )"
    r"|(?<=\bNT ))(?P<code>\d{4})(?![\w%]|[.,/-]\d)"
)


def _postcode(match: re.Match[str]) -> Token:
    """NSW 2042; VIC 3000."""
    code = match["code"]
    return token(match, "digits", cardinal(int(code)) if code.endswith("000") else digits(code))


_ROAD = re.compile(
    r"(?<![\w.,$€£¥₹-])\d{1,5}[A-Za-z]?(?:[-–]\d{1,5})?[ \u00a0]"
    r"(?:[NS]?[EW]\.?[ \u00a0]|[NS]\.?[ \u00a0])?"
    r"(?:(?:[A-Z][A-Za-z']+|\d{1,3}(?:st|nd|rd|th))\.?[ \u00a0]){1,3}"
    r"(?P<road>Rd|Ave|Av|Ln|Ct|Cres|Cr|Pde|Tce|Hwy|Cct|Pl|Sq|Gdns|Gr|Grn|Trl|Cir|Ter"
    r"|Cl)\b(?P<stop>\.(?=[ \u00a0]?[,;]|[ \u00a0][A-Z]?[a-z]*\b))?(?![\w])"
)
_ROADS = {
    **{
        "Rd": "road",
        "Ave": "avenue",
        "Av": "avenue",
        "Ln": "lane",
        "Ct": "court",
        "Cr": "crescent",
    },
    **{"Cres": "crescent", "Pde": "parade", "Tce": "terrace", "Hwy": "highway", "Cct": "circuit"},
    **{"Pl": "place", "Sq": "square", "Gdns": "gardens", "Gr": "grove", "Grn": "green"},
    **{"Trl": "trail", "Cir": "circle", "Ter": "terrace", "Cl": "close"},
}


def _road(match: re.Match[str]) -> Token:
    """45B Oxford Rd."""
    end = match.end()
    ends = bool(match["stop"]) and stop_ends_sentence(match.string, end - 1, before_name=True)
    return Token(match.start("road"), end - ends, "abbreviation", _ROADS[match["road"]])


_PIN_CODE = re.compile(
    r"(?<=[a-z] )(?:[-–][ \u00a0]?)?(?P<pin>[1-8]\d{5}|[1-8]\d{2} \d{3})(?=[.,;)\n]|$)"
)
_INDIA = re.compile(
    r"\b(?:India|Bengaluru|Bangalore|Mumbai|Delhi|Chennai|Pune|Kolkata|Hyderabad|Noida|Gurgaon"
    r"|Gurugram|Ahmedabad|"
    r"Jaipur|Lucknow|Kochi|Indore|Surat|Nagar|Marg|Cross|Chandigarh|Thane|Coimbatore|Nagpur"
    r"|Bhopal)\b"
)


def _pin_code(match: re.Match[str]) -> Token | None:
    """Bengaluru 560001."""
    if not _INDIA.search(near(match)):
        return None
    return Token(match.start("pin"), match.end(), "digits", digits(match["pin"]))


_DIRECTION = re.compile(
    r"(?=[NSEW])(?:(?<=\bSt )|(?<=\bSt\. )|(?<=\bAve )|(?<=\bAve\. )|(?<=\bRd )|(?<=\bRd\. )"
    r"|(?<=\bBlvd\."
    r" )|(?<=\bDr\. )"
    r"|(?<=\bStreet )|(?<=\bAvenue )|(?<=\bRoad )"
    r"|(?:(?<=\d mi )|(?<=\d km )|(?<=\bmiles )|(?<=\bmile ))(?=[NSEW]+ (?:on|of|from|along)\b))"
    r"(?P<side>NE|NW|SE|SW"
    r"|[NSEW])(?:\.(?=[ \u00a0,;]))?(?![\w'])"
)
_SIDES = {
    **{"N": "north", "S": "south", "E": "east", "W": "west"},
    **{"NE": "northeast", "NW": "northwest", "SE": "southeast", "SW": "southwest"},
}


def _direction(match: re.Match[str]) -> Token:
    """214 Queen St. E."""
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "abbreviation", _SIDES[match["side"]], end=match.end() - ends)


_STREET = (
    r"(?:St|Ave?|Blvd|Rd|Dr|Ln|Ct|Pl|Hwy|Pkwy|Ter|Cir|Sq|Street|Avenue|Boulevard|Road|Drive|Lane"
    r"|Court|Place|Highway|Parkway|Terrace|Circle|Square)\b"
)
_SIDE_OF_STREET = re.compile(
    r"(?<![\w.'&/-])(?P<side>NE|NW|SE|SW|[NSEW])\.?[ \u00a0]"
    rf"(?=(?:\d{{1,3}}(?:st|nd|rd|th)|[A-Z][a-z]+(?:[ \u00a0][A-Z][a-z]+)?)[ \u00a0]{_STREET}"
    r"|(?:Broadway|Main|Korean?|Carolina|Dakota|Virginia|Africa|America|Ireland)\b(?!['’]))"
)


def _side_of_street(match: re.Match[str]) -> Token | None:
    """220 W. 42nd St.; E. Broadway; S. Korea; but no initial: Robert E. Lee Blvd."""
    before = word_before(match.string, match.start())
    if before[:1].isupper() and before.lower() not in STARTERS:
        return None
    return Token(match.start(), match.end() - 1, "abbreviation", _SIDES[match["side"]])


_BATHS = re.compile(
    r"(?<![\w.,/$-])(?P<count>\d{1,2}(?:\.5|½)?)[ \u00a0]?(?:ba|BA)\b(?:\.(?=[ \u00a0]?[,;]))?"
)


_BEDS_BEFORE = re.compile(r"\d[ \u00a0]?(?:BR|BDR?|[Bb]d|br)[ \u00a0]?[/,][ \u00a0]?$")


def _baths(match: re.Match[str]) -> Token | None:
    """4 bd | 3 ba."""
    if _BEDS_BEFORE.search(match.string[: match.start()]):
        return None  # both are read together
    whole = int(re.sub(r"\.5|½", "", match["count"]))
    half = " and a half" if re.search(r"\.5|½", match["count"]) else ""
    return token(match, "measure", f"{cardinal(whole)}{half} bath")


_BEDROOM = re.compile(r"(?<=\d[- ])bdrms?\b\.?")


def _bedroom(match: re.Match[str]) -> Token:
    """A 2-bdrm apartment."""
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "abbreviation", "bedroom", end=match.end() - ends)


_STATES = {
    **{"AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California"},
    **{"CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia"},
    **{"HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa"},
    **{"KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland"},
    **{"MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi"},
    **{"MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire"},
    **{"NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina"},
    **{"ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania"},
    **{"RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee"},
    **{"TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington"},
    **{"WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming"},
}
_STATE = re.compile(
    rf"\b[A-Z][a-z]+\.?,? (?P<state>{'|'.join(_STATES)}|DC)(?=[ \u00a0]\d{{5}}(?:-\d{{4}})?(?!\w))"
    rf"|\b[A-Z][a-z]+, (?P<word>{'|'.join(_STATES)})(?=[.,;:!?)]|$|[ \u00a0](?![\dA-Z]))"
)


def _state(match: re.Match[str]) -> Token:
    """Made in Portland, OR."""
    name = "state" if match["state"] else "word"
    return Token(
        match.start(name), match.end(), "abbreviation", {**_STATES, "DC": "D C"}[match[name]]
    )


_CODES = "|".join(_STATES)
_STATES_LISTED = re.compile(
    rf"(?<![\w-])(?:{_CODES})(?:, (?:{_CODES})(?![\w-]))*(?:,? (?:and|&|or) |, ?|/)"
    rf"(?:{_CODES})(?![\w-])"
)
_SURE_CODES = word_set("TX CA NY NJ FL WA AZ NV UT TN KY WI WY KS IL NH RI VT MN NC IA WV GA NM ND")
_STATE_ALONE = re.compile(
    r"(?=[A-Z]{2})(?:(?<=\bin )|(?<=\bfrom )|(?<=\bacross )|(?<=\bthroughout )|(?<=\boutside )"
    r"|(?<=\bto ))"
    r"(TX|NY|NJ|FL|AZ|NV|UT|TN|KY|WI|WY|KS|NH|RI|VT|MN|NC|WV)(?=[.,;:!?)]|$|[ \u00a0](?![\dA-Z]))"
)
_PARTY = re.compile(rf"\((?P<party>[RDI])-(?P<state>{_CODES}|DC|PR)\.?\)")
_PARTIES = {"R": "Republican", "D": "Democrat", "I": "Independent"}


def _states_listed(match: re.Match[str]) -> Token | None:
    """To TX, CA and NY only; two codes need one that is nothing else."""
    codes = re.findall(r"[A-Z]{2}", match[0])
    if not set(codes) & _SURE_CODES:
        return None
    return token(
        match,
        "abbreviation",
        re.sub(r"[A-Z]{2}", lambda m: _STATES[m[0]], match[0])
        .replace("&", "and")
        .replace("/", ", "),
    )


def _state_alone(match: re.Match[str]) -> Token:
    """Only in TX."""
    return token(match, "abbreviation", _STATES[match[1]])


def _party(match: re.Match[str]) -> Token:
    """Senator Lee (R-UT)."""
    state = {**_STATES, "DC": "D C", "PR": "Puerto Rico"}[match["state"]]
    return token(match, "abbreviation", f"({_PARTIES[match['party']]}, {state})")


_BEDS_AND_BATHS = re.compile(
    r"(?:(?<=, )|(?<=^)|(?<=; )|(?<=[aA] ))(?P<beds>[1-6])/(?P<baths>[1-5])(?P<half>\.5|½)?"
    r"(?=[,;.]|[ \u00a0](?:home|house|condo|ranch|bungalow|duplex|townhome|in|w/|with|on)\b|$)"
)
_HOMES = re.compile(
    r"\b(?:sq\.? ?ft|SF|HOA|ranch|condo|duplex|townhome|bungalow|listing|MLS|garage|gar)\b|\bsqft",
    re.I,
)


def _beds_and_baths(match: re.Match[str]) -> Token | None:
    """A 3/2 ranch of 1,850 sqft: three bedrooms, two baths."""
    if not _HOMES.search(near(match)):
        return None
    half = " and a half" if match["half"] else ""
    words = f"{cardinal(int(match['beds']))} bed, {cardinal(int(match['baths']))}{half} bath"
    return token(match, "measure", words)


_SHORT_STATES = {
    **{"Ala": "Alabama", "Ariz": "Arizona", "Ark": "Arkansas", "Calif": "California"},
    **{"Colo": "Colorado", "Conn": "Connecticut", "Del": "Delaware", "Fla": "Florida"},
    **{"Ga": "Georgia", "Ill": "Illinois", "Ind": "Indiana", "Kan": "Kansas", "Ky": "Kentucky"},
    **{"La": "Louisiana", "Md": "Maryland", "Mass": "Massachusetts", "Mich": "Michigan"},
    **{"Minn": "Minnesota", "Miss": "Mississippi", "Mo": "Missouri", "Mont": "Montana"},
    **{"Neb": "Nebraska", "Nev": "Nevada", "Okla": "Oklahoma", "Ore": "Oregon"},
    **{"Pa": "Pennsylvania", "Tenn": "Tennessee", "Tex": "Texas", "Va": "Virginia"},
    **{"Wash": "Washington", "Wis": "Wisconsin", "Wyo": "Wyoming", "Vt": "Vermont"},
    **{"Ont": "Ontario", "Que": "Quebec", "Alta": "Alberta", "Sask": "Saskatchewan"},
}
_SHORT_STATE = re.compile(rf"(?<=[a-z], )(?P<state>{'|'.join(_SHORT_STATES)})\.(?![\w])")


def _short_state(match: re.Match[str]) -> Token | None:
    """St. Louis, Mo.; Fresno, Calif."""
    town = match.string[: match.start()].rsplit(None, 1)[-1]
    if not town[:1].isupper():
        return None
    ends = stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "abbreviation", _SHORT_STATES[match["state"]], end=match.end() - ends)


_STACKED = re.compile(r"(?<![\w#&])#(\d{2})-(\d{2,4})(?![\w-]|[.,]\d)")


_TOWERS = re.compile(
    r"\b(?:HDB|[Ff]lats?|[Uu]nits?|[Cc]ondo\w*|Blk|[Bb]lock|Rd|Road|St|Street|Ave|Avenue|Singapore|MRT|[Tt]ower"
    r"|[Ff]loor|[Ss]tall|[Mm]all|[Pp]laza|Drive|Dr|Crescent|Lane|Way|Hub|Point)\b"
)


def _stacked(match: re.Match[str]) -> Token | None:
    """#12-345: a flat of a tower, by its floor and its stack."""
    if not _TOWERS.search(near(match)):
        return None
    return token(match, "digits", f"number {digits(match[1])} dash {digits(match[2])}")


_SHARED = re.compile(r"(?<![\w.,/$-])([1-4])/([2-5])(?=[ \u00a0-](?:sharing|seaters?)\b)")


def _shared(match: re.Match[str]) -> Token:
    """Rooms of 2/3 sharing: two or three people."""
    return token(match, "range", f"{cardinal(int(match[1]))} or {cardinal(int(match[2]))}")


RULES = (
    Rule(_SHARED, _shared),
    Rule(_STACKED, _stacked),
    Rule(_SHORT_STATE, _short_state),
    Rule(_PARTY, _party),
    Rule(_STATES_LISTED, _states_listed),
    Rule(_STATE_ALONE, _state_alone),
    Rule(_BEDS_AND_BATHS, _beds_and_baths),
    Rule(_STATE, _state),
    Rule(_BEDROOM, _bedroom),
    Rule(_BATHS, _baths),
    Rule(_DIRECTION, _direction),
    Rule(_ROAD, _road),
    Rule(_SIDE_OF_STREET, _side_of_street),
    Rule(_PIN_CODE, _pin_code),
    Rule(_UNIT, _unit),
    Rule(_POSTCODE, _postcode),
)
