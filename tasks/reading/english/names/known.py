"""Numbers that are the names of well-known things: the 911 Turbo, a 747, a 401(k), Form 1040."""

import re

from tasks.reading.english.names.models import letters
from tasks.reading.english.numbers import cardinal, digits, pairs, parse_number, plural
from tasks.reading.english.rules import Rule, token, word_after, word_before, word_set
from tasks.reading.tokens import Token

_DETERMINERS = word_set(
    "a an the this that our my your his her its their new old classic original vintage latest "
    "first last porsche porsche's boeing boeing's levi's"
)
_CARS = (
    "Turbo|Carrera|Targa|GTS|GT2|GT3|Cabriolet|Dakar|Speedster|Spyder|Spider|Cayman|Boxster|RS|RSR|"
    "Roadster|Coupe|Sedan|Wagon|Competizione|Abarth|Gran"
)
_THINGS = (
    "Pro|Plus|Max|Ultra|Mini|Series|Edition|Classic|Original|Jeans|jeans|app|camera|cam|form|plan|"
    "series|model|highway|freeway|jet|jetliner|visa|engine|console|printer|lens"
)
_NAMED = re.compile(
    rf"(?<![\w.,$€£¥₹#/-])(?P<number>[1-9]\d[1-9]|[1-9][1-9]0)(?P<many>s?)"
    rf"(?:-(?P<variant>\d{{1,3}})(?![\w-]))?(?=[ \u00a0](?:{_CARS}|{_THINGS})\b)"
)
_JET = re.compile(
    r"(?<![\w.,$€£¥₹#/-])(?P<number>7[0-8]7)(?P<many>s?)(?:-(?P<variant>\d{1,3}))?(?![\w-]|[.,:]\d)"
)
_PORSCHE = re.compile(
    r"(?<![\w.,$€£¥₹#/-])(?P<number>911|356|718|914|928|944|959|964|993|996|997)(?P<many>s?)(?![\w-]|[.,:]\d)"
)
_EMERGENCY = re.compile(
    r"(?<![\w.,$€£¥₹#/-])(?:911|999|112|211|311|411|511|811|988)(?=[ \u00a0](?:calls?|operators?|"
    r"dispatch(?:ers?)?|emergency|hotline|lifeline|line)\b)"
)
_LAW = re.compile(
    r"(?<![\w.,$€£#/-])(401|403|457|501|529)(?:\((\w)\)(?:\((\d{1,2})\))?|(?<=401)[kK]\b)s?(?!\w)"
)
_TAX_FORM = re.compile(
    r"(?<![\w.,$€£#/-])(?:1040|1065|1095|1098|1099|1120)(?=(?:-[A-Z]{1,4})?[ \u00a0](?:forms?"
    r"|workers?|contractors?|return|schedule)\b)"
)
_JEANS = re.compile(r"(?<=Levi's )(5\d\d)(s?)(?!\w|[.,]\d)")


def _named(match: re.Match[str]) -> Token | None:
    if word_before(match.string, match.start()).lower() not in _DETERMINERS:
        return None
    return _called(match)


def _called(match: re.Match[str]) -> Token:
    words = pairs(match["number"])
    words = plural(words) if match["many"] else words
    groups = match.groupdict()
    if groups.get("variant"):
        words += f" {pairs(groups['variant'])}"
    return token(match, "model", words)


def _jet(match: re.Match[str]) -> Token | None:
    """A 747, the 787-9; but 737 people and the 747 of them are counted."""
    text = match.string
    before = word_before(text, match.start()).lower()
    following = word_after(text, match.end())
    is_counting = following.islower() and following.endswith("s") and following not in ("is", "was")
    is_jet = before in _DETERMINERS or match["many"] or match["variant"]
    return _called(match) if is_jet and not is_counting and following != "of" else None


_THE = re.compile(r"\b(?:[Tt]he|[Nn]ew|[Cc]lassic)[ \u00a0]$")


def _porsche(match: re.Match[str]) -> Token | None:
    """Porsche's 911 and 718: wherever the text speaks of Porsche; the 911 anywhere."""
    following = word_after(match.string, match.end())
    is_the_car = match["number"] == "911" and _THE.search(match.string[: match.start()])
    if "Porsche" not in match.string and not is_the_car:
        return None
    is_counting = (
        following.islower()
        and following.endswith("s")
        and following not in ("is", "was", "has", "costs", "comes", "gets", "weighs", "goes")
    )
    return None if is_counting else _called(match)


def _emergency(match: re.Match[str]) -> Token:
    return token(match, "phone", digits(match[0]))


def _law(match: re.Match[str]) -> Token:
    """A 401(k), a 501(c)(3)."""
    parts = [pairs(match[1])]
    parts += [letters(match[2])] if match[2] else ["K"] if match[0].lower().endswith("k") else []
    parts += [pairs(match[3])] if match[3] else []
    words = " ".join(parts)
    return token(match, "model", f"{words}'s" if match[0].endswith("s") else words)


def _tax_form(match: re.Match[str]) -> Token:
    return token(match, "model", pairs(match[0]))


def _jeans(match: re.Match[str]) -> Token:
    words = pairs(match[1])
    return token(match, "model", plural(words) if match[2] else words)


_FILM_SPEEDS = re.compile(r"(?<=ISO[ \u00a0])(\d{2,3})[-–](\d{3,6}|\d{1,3},\d{3})(?![\w-]|[.,:]\d)")


def _film_speeds(match: re.Match[str]) -> Token:
    """ISO 100–25,600."""
    low, high = (cardinal(int(part.replace(",", ""))) for part in match.groups())
    return token(match, "range", f"{low} to {high}")


_SILVER = re.compile(r"(?<![\w.,$€£-])(925|999)(?=[ \u00a0-](?:sterling|silver)\b)")


def _silver(match: re.Match[str]) -> Token:
    return token(match, "model", pairs(match[1]))


_TYRE = re.compile(r"(?<![\w.,/-])(\d{3})/(\d{2})[ \u00a0]?(Z?R)[ \u00a0]?(\d{2})(?!\w)")


def _tyre(match: re.Match[str]) -> Token:
    """225/45 R17."""
    width, height, build, rim = match.groups()
    return token(match, "model", f"{pairs(width)}, {pairs(height)} {letters(build)} {pairs(rim)}")


_PROTOCOL = re.compile(
    r"(?<=(?<![\w/-])(?:AS|OS|PS))/(?P<whole>\d{1,3})(?![\w/]|[.,-]\d)"
    r"|(?:(?<=HTTP)|(?<=HTTPS)|(?<=SPDY)|(?<=SIP)|(?<=RTSP)|(?<=TLS)|(?<=SSL)|(?<=SMB)|(?<=MQTT))"
    r"/(?P<version>\d{1,2}(?:\.\d{1,2})?)(?![\w/]|[.,-]\d)"
)


def _protocol(match: re.Match[str]) -> Token:
    """The number of HTTP/2, TLS/1.3 and OS/2, whose slash nobody says."""
    if match["whole"]:
        return token(match, "model", pairs(match["whole"]))
    return token(match, "model", parse_number(match["version"]).words)


_THREE_M = re.compile(
    r"(?<![\w.,$€£-])3M(?=[™®']|[ \u00a0](?:[A-Z][a-z]|(?:tapes?|adhesives?|"
    r"stickers?|filters?|masks?|respirators?|hooks?|films?|abrasives?|sandpaper|brand|products?|earplugs?|lining"
    r"|vinyl|wrap)\b))|(?:(?<=[a-z], )|(?<=\bby )|(?<=\bgenuine )|(?<=\boriginal ))3M(?=[,.;)]|$)"
)


_LANES = re.compile(r"(?<=PCIe )(\d(?:\.\d)?) ?x(1|2|4|8|16)(?!\w)")


def _lanes(match: re.Match[str]) -> Token:
    """PCIe 4.0 x4."""
    return token(match, "version", f"{parse_number(match[1]).words} by {cardinal(int(match[2]))}")


def _three_m(match: re.Match[str]) -> Token:
    """3M tape: the maker, no millions."""
    return token(match, "model", "three M")


_CODES = "USD|EUR|GBP|JPY|CHF|AUD|CAD|NZD|CNY|CNH|HKD|SGD|INR|KRW|MXN|BRL|BTC|ETH|SOL|XRP|USDT"
_PAIR = re.compile(rf"(?<![\w/])(?P<left>{_CODES})/(?P<right>{_CODES})(?![\w/])")


def _pair(match: re.Match[str]) -> Token:
    """USD/JPY 151.20: a rate, no amount of yen."""
    return token(match, "acronym", f"{letters(match['left'])} {letters(match['right'])}")


_LINES = re.compile(r"(?<![\w.,$€£])1,080(?=[pi](?!\w))")


def _lines(match: re.Match[str]) -> Token:
    """1,080p, with a comma that nobody says."""
    return token(match, "model", pairs("1080"))


_OIL = re.compile(r"(?<![\w.,-])(\d{1,2})W-?(\d{2})(?![\w-]|[.,]\d)")


def _oil(match: re.Match[str]) -> Token:
    """10W-40 oil."""
    return token(match, "model", f"{cardinal(int(match[1]))} W {cardinal(int(match[2]))}")


_CORES = re.compile(r"(?<![\w.,/])(\d{1,3})C/(\d{1,3})T(?![\w/])")


def _cores(match: re.Match[str]) -> Token:
    """A processor of 24C/32T."""
    cores, threads = (cardinal(int(number)) for number in match.groups())
    return token(match, "measure", f"{cores} cores, {threads} threads")


_EPISODE = re.compile(r"(?<!\w)S(\d{1,2})[ \u00a0]?E(\d{1,2})(?!\w)")


def _episode(match: re.Match[str]) -> Token:
    """S02E07."""
    season, episode = (cardinal(int(number)) for number in match.groups())
    return token(match, "model", f"season {season} episode {episode}")


_WIDE_SIZE = re.compile(r"(?<=[Ss]izes )(\d{1,2})[-–](\d{2})W(?!\w)|(?<=[Ss]ize )(\d{2})W(?!\w)")


def _wide_size(match: re.Match[str]) -> Token:
    """Sizes 0–24W are no watts."""
    if match[3]:
        return token(match, "model", f"{cardinal(int(match[3]))} W")
    first, last = cardinal(int(match[1])), cardinal(int(match[2]))
    return token(match, "range", f"{first} to {last} W")


RULES = (
    Rule(_PAIR, _pair),
    Rule(_OIL, _oil),
    Rule(_LINES, _lines),
    Rule(_CORES, _cores),
    Rule(_EPISODE, _episode),
    Rule(_WIDE_SIZE, _wide_size),
    Rule(_THREE_M, _three_m),
    Rule(_LANES, _lanes),
    Rule(_PROTOCOL, _protocol),
    Rule(_TYRE, _tyre),
    Rule(_SILVER, _silver),
    Rule(_FILM_SPEEDS, _film_speeds),
    Rule(_LAW, _law),
    Rule(_JEANS, _jeans),
    Rule(_TAX_FORM, _tax_form),
    Rule(_EMERGENCY, _emergency),
    Rule(_NAMED, _named),
    Rule(_PORSCHE, _porsche),
    Rule(_JET, _jet),
)
