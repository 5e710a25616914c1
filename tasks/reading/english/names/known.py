"""Numbers that are the names of well-known things: the 911 Turbo, a 747, a 401(k), Form 1040."""

import re

from tasks.reading.english.names.models import code_words, letters
from tasks.reading.english.numbers import cardinal, digits, pairs, parse_number, plural
from tasks.reading.english.rules import Rule, near, token, word_after, word_before, word_set
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
    r"(?<![\w.,$€£¥₹#/-])(?P<number>911|356|718|914|928|944|959|964|993|996"
    r"|997)(?P<many>s?)(?![\w-]|[.,:]\d)"
)
_MSG = re.compile(
    r"(?<![\w./'-])MSG(?![\w/-])(?![ \u00a0](?:us|me|for|to|now|the|your|on|via|here|[@\d]))"
)


def _msg(match: re.Match[str]) -> Token:
    """At MSG, no MSG: a garden and a spice, no message."""
    return token(match, "acronym", letters(match[0]))


_EMERGENCY = re.compile(
    r"(?<![\w.,$€£¥₹#/-])(?:911|999|112|211|311|411|511|811|988)(?=[ \u00a0](?:calls?|operators?|"
    r"dispatch(?:ers?)?|emergency|hotline|lifeline|line)\b)"
)
_LAW = re.compile(
    r"(?<![\w.,$€£¥₹#/-])(401|403|457|501|529)(?:\((\w)\)(?:\((\d{1,2})\))?|(?<=401)[kK]\b"
    r"|(?<=529)(?= (?:[Pp]lans?|accounts?|savings)\b))s?(?!\w)"
)
_TAX_FORM = re.compile(
    r"(?<![\w.,$€£¥₹#/-])(?:1040|1065|1095|1098|1099|1120)(?=(?:-[A-Z]{1,4})?[ \u00a0](?:forms?"
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
    is_jet = is_jet or following in ("MAX", "Dreamliner")
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


_SILVER = re.compile(r"(?<![\w.,$€£¥₹-])(925|999)(?=[ \u00a0-](?:sterling|silver)\b)")


def _silver(match: re.Match[str]) -> Token:
    return token(match, "model", pairs(match[1]))


_THREE_M = re.compile(
    r"(?=3M)(?<![\w.,$€£¥₹-])3M(?=[™®']|[ \u00a0](?:[A-Z][a-z]|(?:tapes?|adhesives?|"
    r"stickers?|filters?|masks?|respirators?|hooks?|films?|abrasives?|sandpaper|brand|products?"
    r"|earplugs?|lining"
    r"|vinyl|wrap)\b))|(?:(?<=[a-z], )|(?<=\bby )|(?<=\bgenuine )|(?<=\boriginal ))3M(?=[,.;)]|$)"
)


def _three_m(match: re.Match[str]) -> Token:
    """3M tape: the maker, no millions."""
    return token(match, "model", "three M")


_CODES = "USD|EUR|GBP|JPY|CHF|AUD|CAD|NZD|CNY|CNH|HKD|SGD|INR|KRW|MXN|BRL|BTC|ETH|SOL|XRP|USDT"
_PAIR = re.compile(rf"(?<![\w/])(?P<left>{_CODES})/(?P<right>{_CODES})(?![\w/])")


def _pair(match: re.Match[str]) -> Token:
    """USD/JPY 151.20: a rate, no amount of yen."""
    return token(match, "acronym", f"{letters(match['left'])} {letters(match['right'])}")


_OIL = re.compile(r"(?<![\w.,-])(\d{1,2})W-?(\d{2})(?![\w-]|[.,]\d)")


def _oil(match: re.Match[str]) -> Token:
    """10W-40 oil."""
    return token(match, "model", f"{cardinal(int(match[1]))} W {cardinal(int(match[2]))}")


_EPISODE = re.compile(r"(?<!\w)S(\d{1,2})[ \u00a0]?E(\d{1,2})(?!\w)")


def _episode(match: re.Match[str]) -> Token:
    """S02E07."""
    season, episode = (cardinal(int(number)) for number in match.groups())
    return token(match, "model", f"season {season} episode {episode}")


_WIDE_SIZE = re.compile(r"(?<![\w.,/-])(?:(\d{1,2})(W?)[-–])?(\d{2})W(?!\w)")
_SIZES = re.compile(
    r"(?i)\bsizes?:?[ \u00a0]"
    r"(?:(?:[\dXSMLW]{1,4}(?:[-–][\dXSMLW]{1,4})?|and|or|to),?[ \u00a0])*$"
)


def _wide_size(match: re.Match[str]) -> Token | None:
    """Sizes 0–24W, and sizes XS–3XL, 28W–44W, are no watts."""
    if not _SIZES.search(match.string[: match.start()]):
        return None
    last = f"{cardinal(int(match[3]))} W"
    if match[1] is None:
        return token(match, "model", last)
    first = cardinal(int(match[1])) + (" W" if match[2] else "")
    return token(match, "range", f"{first} to {last}")


_SLASHED_SIZES = re.compile(
    r"(?:(?<=[Ss]izes )|(?<=[Ss]izes: )|(?<=[Ss]ize ))\d{1,2}(?:/\d{1,2}){1,5}(?![\w/]|[.,]\d)"
)
_GENERATIONS_OF_WIFI = re.compile(r"(?<=Wi-Fi )([4-8])/([5-8])(E?)(?!\w)")


def _slashed_sizes(match: re.Match[str]) -> Token:
    """Sizes 6/8/10."""
    return token(match, "digits", ", ".join(cardinal(int(size)) for size in match[0].split("/")))


def _generations_of_wifi(match: re.Match[str]) -> Token:
    """Wi-Fi 6/6E."""
    words = f"{cardinal(int(match[1]))}, {cardinal(int(match[2]))} {match[3]}"
    return token(match, "version", words)


_COUNTRY_SIZES = re.compile(
    r"(?<![\w/-])(?:UK|EU|US|IT|FR|AU|JP) ?\d{1,2}(?:\.5)?(?:/(?:UK|EU|US|IT|FR|AU|JP) ?\d{1,2}"
    r"(?:\.5)?){1,4}(?![\w/])"
)


def _country_sizes(match: re.Match[str]) -> Token:
    """UK10/EU38/US6."""
    sizes = [re.fullmatch(r"([A-Z]{2}) ?(.+)", size) for size in match[0].split("/")]
    words = [f"{size[1]} {parse_number(size[2]).words}" for size in sizes if size]
    return token(match, "model", ", ".join(words))


_LESSON = re.compile(r"(?<=[A-Za-z] )101(?![\w%*]|[.,-]\d)")
_NOT_SUBJECTS = word_set(
    "are is of the over with by for at to from all about and or only just page"
)


def _lesson(match: re.Match[str]) -> Token | None:
    """Skincare 101, BIO 101; but buy 101 lamps."""
    following = word_after(match.string, match.end())
    is_counted = following.endswith("s") and following.lower() not in (
        "is",
        "was",
        "class",
        "basics",
    )
    before = word_before(match.string, match.start())
    if is_counted or not before[:1].isupper() or before.lower() in _NOT_SUBJECTS:
        return None
    return token(match, "model", pairs("101"))


_AIRLINE = re.compile(
    r"(?<![\w-])(?P<airline>AA|UA|DL|BA|QF|EK|LH|AF|KL|SQ|NZ|AI|VA|JQ|EY|QR|WN|B6|6E|TK|CX|NH"
    r"|JL|LX|VS|"
    r"U2|FR|W6|AC|IB|EI|AS|HA|NK|SK|TP|ET|SA)[ \u00a0](?P<flight>\d{2,4})(?![\w%]|[.,:]\d)"
)
_FLYING = re.compile(
    r"\b(?:flights?|fl(?:y|ies)|flying|depart\w*|arriv\w*|boards?|boarding|seats?|gates?"
    r"|terminal|airport|"
    r"lands?|landed|layover|JFK|LAX|LHR|LGW|SFO|SYD|DXB|SIN)\b",
    re.IGNORECASE,
)


def _airline(match: re.Match[str]) -> Token | None:
    """BA 2490 from Gatwick."""
    if not _FLYING.search(near(match)):
        return None
    airline = " ".join(digits(sign) or sign for sign in match["airline"])
    return token(match, "model", f"{airline} {digits(match['flight'])}")


_DEGREE_CLASS = re.compile(
    r"(?=[12]:)(?<![\w:.])(?P<class>[12]):(?P<part>[12])(?=[ \u00a0](?:degree|or (?:above"
    r"|higher|better)"
    r"|honours|hons|in [A-Z]"
    r"|classification))|(?:(?<=\bHons\) )|(?<=\bdegree \()|(?<=\bBA )|(?<=\bBSc )|(?<=\ba"
    r" ))(?P<first>[12]):(?P<next>[12])"
    r"(?=[.,;)]|$)"
)


def _degree_class(match: re.Match[str]) -> Token:
    """A 2:1 degree."""
    parts = [part for part in match.groups() if part]
    return token(match, "model", " ".join(cardinal(int(part)) for part in parts))


_LETTERED_CODE = re.compile(
    r"(?i:\b(?:shades?|colou?r|tone|exit|gate|seat|row|bay|zone|ward|block|platform|stand|flat"
    r"|apt|room|hall)) "
    r"(?P<code>\d{1,3}[A-Z]{1,2})(?![\w-]|[.,]\d)"
)


def _lettered_code(match: re.Match[str]) -> Token:
    """Shade 3N is no force."""
    return Token(match.start("code"), match.end(), "model", code_words(match["code"]))


_SCHOOL = re.compile(
    r"(?<![\w-])(?P<first>(?:Pre-?)?K)[ \u00a0]?[-–][ \u00a0]?(?P<last>\d{1,2})(?!\w|[.,-]\d)"
)


def _school(match: re.Match[str]) -> Token:
    """Grades K–5."""
    first = "pre K" if match["first"] != "K" else "K"
    return token(match, "range", f"{first} to {cardinal(int(match['last']))}")


_YEARS = re.compile(
    r"(?<![\w.,$])(\d{1,2})Y(?=[ \u00a0](?:returns?|performance|CAGR|yields?|high"
    r"|low|at|notes?|bonds?|[Tt]reasur\w+|gilts?|swaps?|[-+]?\d)|\))"
)
_LEG = re.compile(
    r"(?=\d)(?:(?<=[Ss]wim )|(?<=[Bb]ike )|(?<=[Rr]un )|(?<=[Rr]ide )|(?<=[Cc]ycle )|(?<=[Rr]ow )"
    r"|(?<=[Ss]ki ))"
    r"(\d{1,3}(?:\.\d)?)K(?!\w)"
)
_COMPANY_NUMBER = re.compile(
    r"(?=\d)(?:(?<=\bABN )|(?<=\bABN: )|(?<=\bACN )|(?<=\bACN: ))\d{2,3}(?: \d{3}){2,3}(?!\w)"
    r"|(?<![\w.,])(?:(?<=GB )|(?<=GB)|(?<=[Nn]o\. )|(?<=[Nn]umber ))\d{3} \d{4} \d{2}(?!\w)"
)


def _years(match: re.Match[str]) -> Token:
    """5Y return."""
    return token(match, "measure", f"{cardinal(int(match[1]))} year")


def _leg(match: re.Match[str]) -> Token:
    """Swim 1.5K, bike 40K."""
    return token(match, "measure", f"{parse_number(match[1]).words} K")


def _company_number(match: re.Match[str]) -> Token:
    """ABN 12 345 678 901."""
    return token(match, "digits", ", ".join(digits(group) for group in match[0].split()))


_STEEL = re.compile(r"(?<![\w.,/$-])18/(10|8|0)(?![\w/]|[.,]\d)")


def _steel(match: re.Match[str]) -> Token | None:
    """18/10 stainless steel."""
    if not re.search(
        r"\b(?:stainless|steel|cookware|cutlery|flatware)\b", match.string, re.IGNORECASE
    ):
        return None
    return token(match, "model", f"eighteen {cardinal(int(match[1]))}")


_INDEX = re.compile(
    r"(?=\d)(?:(?<=\bS&P )|(?<=\bNasdaq )|(?<=\bFTSE )|(?<=\bRussell )|(?<=\bNikkei )|(?<=\bASX ))"
    r"(\d{2,4})(?=[ \u00a0][-+]?\d)"
)


def _index(match: re.Match[str]) -> Token:
    """S&P 500 5,987.37: a pause between its name and its points."""
    number = int(match[1])
    words = cardinal(number) if number % 100 == 0 else pairs(match[1])
    return token(match, "model", f"{words},")


_BEST = re.compile(r"(?<![\w.,])(\d{1,2})[kK] (PBs?|PRs?|TT)(?!\w)")


def _best(match: re.Match[str]) -> Token:
    """A 10k PB: a race, no petabytes."""
    name = " ".join(match[2][:2]) + ("s" if len(match[2]) > 2 else "")
    return token(match, "model", f"{cardinal(int(match[1]))} K {name}")


_PLANT_FOOD = re.compile(
    r"(?<![\w.,/$-])(\d{1,2})-(\d{1,2})-(\d{1,2})(?=[ \u00a0](?:[a-z-]+[ \u00a0])?(?:fert"
    r"|N-?P-?K|plant food"
    r"|lawn food|granul|compost))"
)


def _plant_food(match: re.Match[str]) -> Token:
    """10-10-10 fertilizer is no day of October."""
    return token(match, "model", " ".join(cardinal(int(number)) for number in match.groups()))


_WAIST = re.compile(r"(?<![\w.,/-])(\d{2})W[/ x](\d{2})L(?!\w)")
_AIRCRAFT = re.compile(r"(?:(?<=Cessna )|(?<=Garmin )|(?<=Piper ))(\d{3}[A-Z])(?!\w)")


def _waist(match: re.Match[str]) -> Token:
    """Jeans of 34W/32L."""
    return token(match, "model", f"{cardinal(int(match[1]))} W {cardinal(int(match[2]))} L")


def _aircraft(match: re.Match[str]) -> Token:
    """A Cessna 172N is no force."""
    return token(match, "model", code_words(match[1]))


RULES = (
    Rule(_WAIST, _waist),
    Rule(_AIRCRAFT, _aircraft),
    Rule(_PLANT_FOOD, _plant_food),
    Rule(_INDEX, _index),
    Rule(_BEST, _best),
    Rule(_STEEL, _steel),
    Rule(_YEARS, _years),
    Rule(_LEG, _leg),
    Rule(_COMPANY_NUMBER, _company_number),
    Rule(_LETTERED_CODE, _lettered_code),
    Rule(_SCHOOL, _school),
    Rule(_DEGREE_CLASS, _degree_class),
    Rule(_AIRLINE, _airline),
    Rule(_COUNTRY_SIZES, _country_sizes),
    Rule(_SLASHED_SIZES, _slashed_sizes),
    Rule(_GENERATIONS_OF_WIFI, _generations_of_wifi),
    Rule(_LESSON, _lesson),
    Rule(_PAIR, _pair),
    Rule(_OIL, _oil),
    Rule(_EPISODE, _episode),
    Rule(_WIDE_SIZE, _wide_size),
    Rule(_THREE_M, _three_m),
    Rule(_SILVER, _silver),
    Rule(_FILM_SPEEDS, _film_speeds),
    Rule(_LAW, _law),
    Rule(_JEANS, _jeans),
    Rule(_TAX_FORM, _tax_form),
    Rule(_MSG, _msg),
    Rule(_EMERGENCY, _emergency),
    Rule(_NAMED, _named),
    Rule(_PORSCHE, _porsche),
    Rule(_JET, _jet),
)
