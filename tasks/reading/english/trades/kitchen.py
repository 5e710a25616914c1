"""Measures whose letters mean one thing in one trade and another elsewhere.

3 c. flour and 2 T. oil in recipes; 12 pt type and 2 pt of milk; 0.5 pp more and a book of 320 pp.
"""

import re
from fractions import Fraction

from tasks.reading.english.nouns import is_noun_next_to
from tasks.reading.english.numbers import (
    NUMBER,
    Number,
    cardinal,
    fraction_words,
    parse_number,
    plural,
)
from tasks.reading.english.quantities import UNIT, end_of, part_of
from tasks.reading.english.rules import LatePattern, Rule, near, stop_ends_sentence, token
from tasks.reading.english.times.calendar import PART_OF
from tasks.reading.english.units import UNITS
from tasks.reading.tokens import Token

_NAMES = {"c": "cup", "C": "cup", "T": "tablespoon", "t": "teaspoon", "Tb": "tablespoon"}
_FOODS = (
    "AP|EVOO|cayenne|paprika|cumin|turmeric|oregano|thyme|curry|mayo|nutmeg|coriander|rosemary|sage|tahini|"
    "miso|zest|capers|all|almonds?|apples?|baking|basil|beans?|beef|berries|blueberries|bread|broth|brown|butter|"
    "buttermilk|cake|caster|icing|plain|self|rolled|oat|almond|avocado|sesame|canola|vegetable"
    "|chili|chilli|carrots?|cheese|chicken|chocolate|chopped|cilantro|cinnamon|cocoa|coconut|cold|"
    "cooked|corn|cornstarch|cream|diced|dry|egg|extra|fine|finely|flour|fresh|frozen|garlic|"
    "ginger|granulated|grated|ground|heavy|honey|hot|ice|jam|juice|ketchup|lemon|lime|maple|"
    "melted|milk|minced|mustard|nuts|oats|oil|olive|onions?|orange|packed|parsley|pasta|peanut|"
    "peas|pepper|powdered|raisins|rice|salt|sauce|shredded|sifted|sliced|soft|sour|soy|spinach|"
    "stock|strawberries|sugar|syrup|tomato(?:es)?|unsalted|vanilla|vinegar|walnuts|warm|water|"
    "wheat|white|whole|wine|yeast|yogurt"
)
_UNIT_BEHIND = LatePattern(UNIT)
_COOKED = re.compile(
    rf"(?<![\w.,$€£¥₹#/-])(?P<number>{NUMBER}|\d/[2-9])[ \u00a0](?P<name>(?:c|C|T|t|Tb)\.|T|c)"
    rf"(?=[ \u00a0](?:of[ \u00a0])?(?i:{_FOODS})\b)"
)


def _cooked(match: re.Match[str]) -> Token:
    number = _number(match["number"])
    unit = _NAMES[match["name"].rstrip(".")]
    text, end = match.string, match.end()
    if number.part is not None and not number.whole:
        words = part_of(number.part, number.words, unit)
    else:
        words = f"{number.words} {unit if number.is_one else f'{unit}s'}"
    following = text[end:].lstrip()[:1]
    ends = (
        match[0].endswith(".")
        and following.isupper()
        and not text[end:].startswith((" AP ", " EVOO"))
        and stop_ends_sentence(text, end - 1)
    )
    return token(match, "measure", words, end=end - ends)


def _number(written: str) -> Number:
    top, slash, bottom = written.partition("/")
    if slash and len(top) == 1:
        return Number(0, part=Fraction(int(top), int(bottom)))
    return parse_number(written)


_SPOONED = re.compile(
    rf"(?<![\w.,$€£¥₹#/-])(?P<number>{NUMBER}|\d/[2-9])(?P<name>T|t)"
    rf"(?=[ \u00a0](?:of[ \u00a0])?(?i:{_FOODS})\b)"
)
_OVEN = re.compile(
    r"(?<![\w.,$-])(?P<first>\d{2,3})[ \u00a0]?°?(?P<scale>[CF])(?P<hot> fan)?"
    r"[ \u00a0]?(?:/|\((?=\d+[ \u00a0]?°?[CF]"
    r" fan\)))[ \u00a0]?(?P<second>\d{2,3})[ \u00a0]?°?(?P<other>[CF])"
    r"(?P<fan>[ \u00a0][Ff]an)?\)?"
    r"(?:[ \u00a0]?/[ \u00a0]?(?P<third>\d{2,3})[ \u00a0]?°?(?P<last>[CF]))?"
    r"(?:[ \u00a0]?/[ \u00a0]?[Gg]as(?: [Mm]ark)? (?P<gas>\d))?(?!\w)"
)
_SCALES = {"C": "degrees Celsius", "F": "degrees Fahrenheit"}
_COOKING_TIME = re.compile(
    r"(?:(?<=[A-Za-z]: )|(?<=[A-Za-z] ))(?P<number>\d{1,3})m"
    r"(?![\w²³/]|[ \u00a0](?:tall|wide|long|deep|high|x|×))"
)
_COOKING = re.compile(
    r"\b(?:prep(?:aration)?|cook(?:ing)?|bake|baking|rest(?:ing)?|total|time|chill|roast|simmer"
    r"|boil|"
    r"grill|marinate|active|ready in|serves in)(?: time)?:? $",
    re.IGNORECASE,
)


def _spooned(match: re.Match[str]) -> Token:
    """2T sugar, 1t salt."""
    number, unit = _number(match["number"]), _NAMES[match["name"]]
    if number.part is not None and not number.whole:
        return token(match, "measure", part_of(number.part, number.words, unit))
    return token(match, "measure", f"{number.words} {unit if number.is_one else f'{unit}s'}")


def _oven(match: re.Match[str]) -> Token | None:
    """180C/350F/Gas 4."""
    if match["scale"] == match["other"] and not match["fan"]:
        return None
    pairs_of = (("first", "scale", "hot"), ("second", "other", "fan"), ("third", "last", "third"))
    words = [
        f"{cardinal(int(match[value]))} {_SCALES[match[scale]]}"
        + (" fan" if fan != value and match[fan] else "")
        for value, scale, fan in pairs_of
        if match[value]
    ]
    if match["gas"]:
        words.append(f"gas mark {cardinal(int(match['gas']))}")
    return token(match, "measure", ", ".join(words))


_PACK = re.compile(r"(?<![\w.,$€£¥₹#/-])(?P<number>\d{1,3})[ \u00a0-]?(?:pk|PK|Pk)(?!\w)\.?")


def _pack(match: re.Match[str]) -> Token:
    """A 6-pk. of cans."""
    words = f"{cardinal(int(match['number']))} pack"
    return token(match, "measure", words, end=end_of(match))


_COUNT = re.compile(
    r"(?<![\w.,$€£¥₹#/-])(?P<number>[1-9]\d{1,2})[ \u00a0-]?(?:ct|CT|Ct)(?!\w)\.?"
    r"(?:[ \u00a0]count\b)?(?![ \u00a0]t\.?w)"
)
_JEWELS = re.compile(
    r"\b(?:[WYR]G\b|diamonds?|gold|rings?|gems?|gemstones?|jewel\w*|karats?|carats?|sapphires?|rub(?:y"
    r"|ies)|emeralds?|"
    r"earrings?|necklaces?|bracelets?|solitaires?|moissanite|topaz|stones?|€|EUR|kWh|cents?)",
    re.IGNORECASE,
)


def _count(match: re.Match[str]) -> Token | None:
    """60 ct. of capsules; but 14ct gold, and cents in a text of euros."""
    if _JEWELS.search(near(match)):
        return None
    return token(match, "measure", f"{cardinal(int(match['number']))} count", end=end_of(match))


_BILLIONS = re.compile(r"(?<![\w.,])(\d{1,3})[ \u00a0]?B(?=[ \u00a0]CFUs?\b)")


def _billions(match: re.Match[str]) -> Token:
    """50 B CFU."""
    return token(match, "cardinal", f"{cardinal(int(match[1]))} billion")


def _cooking_time(match: re.Match[str]) -> Token | None:
    """Prep: 15m."""
    if not _COOKING.search(match.string[max(0, match.start() - 30) : match.start()]):
        return None
    count = int(match["number"])
    return token(match, "measure", f"{cardinal(count)} minute{'' if count == 1 else 's'}")


_AMOUNT = rf"(?<![\w.,$€£¥₹#/-])(?P<sign>[-+−±][ \u00a0]?)?(?P<number>{NUMBER})"
_POINTS = re.compile(rf"{_AMOUNT}(?P<joint>[ \u00a0-]?)pts?(?!\w)\.?")
_SET_IN = re.compile(
    r"[ \u00a0-](?:bold |italic |regular |light )?(?:fonts?|type|text|print|letters|lettering|bold|"
    r"italic|serif|sans|arial|helvetica|times|headings?|headlines?|captions?|body|borders?|rules?|"
    r"lines?|strokes?|leading|margins?|spacing|padding|shots?|shooters?|game|lead|plan|checklist|"
    r"harness|inspection|scale|stop)\b",
    re.IGNORECASE,
)
_OF_FOOD = re.compile(rf"[ \u00a0](?:of[ \u00a0])?(?i:{_FOODS}|beer|ale|cider|blood|paint)\b")
_PERCENT_POINTS = re.compile(
    rf"{_AMOUNT}[ \u00a0]?(?:pp(?!\w)\.?|p\.p\.|(?P<thousand>ppts?)(?!\w))"
)
_LIMITED = re.compile(r"(?i:\b(?:limit|limited|ltd\.?|max\.?|maximum)(?: to| of)? )$")
_SLIDES = re.compile(
    r"[ \u00a0-](?:files?|slides?|decks?|presentations?|templates?)\b", re.IGNORECASE
)
_SALTY = re.compile(r"\b(?:salinity|salt|saline|seawater|brackish|reef|aquariums?|marine)\b", re.I)
_MOST_PERCENT_POINTS = 50  # what is more are pages


def _points(match: re.Match[str]) -> Token | None:
    """Points of type, of a game and of a market; pints where something to drink follows."""
    text, end = match.string, match.end()
    if _OF_FOOD.match(text, end):
        if match["sign"]:
            return None
        return _measure(match, "pint")
    is_noun_next = bool(_SET_IN.match(text, end)) or match["joint"] == "-"
    return _measure(match, "point", is_noun_next=is_noun_next)


def _percent_points(match: re.Match[str]) -> Token | None:
    """Points of a share; of ``ppt`` parts per thousand where a text is about salt, not slides."""
    number = _number(match["number"])
    if match["thousand"]:
        if _SLIDES.match(match.string, match.end()):
            return None
        if _SALTY.search(near(match)):
            one = "part" if number.is_one else "parts"
            return token(match, "measure", f"{number.words} {one} per thousand")
        return _measure(match, "percentage point")
    if _LIMITED.search(match.string[: match.start()]) and number.part is None:
        return token(match, "measure", f"{number.words} per person", end=end_of(match))
    is_pages = not (match["sign"] or number.decimals) and number.whole > _MOST_PERCENT_POINTS
    if is_pages:
        is_noun_next = is_noun_next_to(match.string, match.start(), match.end())
        return _measure(match, "page", is_noun_next=is_noun_next)
    return _measure(match, "percentage point")


def _measure(match: re.Match[str], unit: str, *, is_noun_next: bool = False) -> Token:
    number = _number(match["number"])
    sign = _SIGNS.get((match["sign"] or "").strip(" \u00a0"), "")
    if number.part is not None and not number.whole and not is_noun_next:
        words = sign + part_of(number.part, number.words, unit)
        return token(match, "measure", words, end=end_of(match))
    is_one = is_noun_next or number.is_one
    words = f"{sign}{number.words} {unit if is_one else f'{unit}s'}"
    return token(match, "measure", words, end=end_of(match))


_SIGNS = {"-": "minus ", "−": "minus ", "+": "plus ", "±": "plus or minus "}
_MINUTES = re.compile(
    r"(?<![\w.,/$-])(?P<low>\d{1,3})(?:[-–](?P<high>\d{1,3}))?m(?P<side>/side)?(?=[,;.)]|$"
    r"|[ \u00a0](?:until|till|or|then|per|each|on|at|more)\b)"
)
_HOT = re.compile(r"(?<!\w)[1-4]\d\d ?°?[CF](?!\w)|\b[Gg]as \d\b")


def _minutes(match: re.Match[str]) -> Token | None:
    """Grill 3m/side; 200C, 35-40m."""
    is_cooked = _OVENS.search(near(match)) and (_HOT.search(near(match)) or match["side"])
    if not is_cooked or int(match["low"]) < 2:
        return None
    high = f" to {cardinal(int(match['high']))}" if match["high"] else ""
    side = " per side" if match["side"] else ""
    return token(match, "measure", f"{cardinal(int(match['low']))}{high} minutes{side}")


_PARTS = re.compile(r"(?<![\w.,/$-])(\d)/(\d{1,2})[ \u00a0]?[-–][ \u00a0]?(\d)/(\d{1,2})(?![\w/%])")


def _parts(match: re.Match[str]) -> Token | None:
    """1/4-1/2 of an inch, 1/2–3/4 cup."""
    top, bottom, next_top, next_bottom = map(int, match.groups())
    if not {bottom, next_bottom} <= PART_OF or top >= bottom or next_top >= next_bottom:
        return None
    words = f"{fraction_words(top, bottom)} to {fraction_words(next_top, next_bottom)}"
    found = _UNIT_BEHIND.match(match.string, match.end())
    if found is None:
        return token(match, "range", words)
    unit = UNITS[found[0].strip(" \u00a0-").replace("\u00a0", " ")].one
    article = "an" if unit[0] in "aeio" else "a"
    return token(match, "range", f"{words} of {article} {unit}", end=end_of(found))


_HEAT = re.compile(
    r"(?<![\w.,$€£¥₹/-])(?P<heat>[1-5]\d\d)[ \u00a0]?(?P<scale>[CF])(?=[ \u00a0,.;)]|$)"
)
_OVENS = re.compile(
    r"\b(?:oven|fan|pre-?heat\w*|bak(?:e|ed|ing)|roast\w*|grill\w*|air fry\w*|cook\w*)\b", re.I
)


def _heat(match: re.Match[str]) -> Token | None:
    """Preheat to 200C fan."""
    if not _OVENS.search(near(match)):
        return None
    return token(match, "measure", f"{cardinal(int(match['heat']))} {_SCALES[match['scale']]}")


_MACROS = re.compile(
    r"(?<![\w.,/$-])(?P<first>\d{1,2})[ \u00a0]?%?(?P<a>[CPF])/(?P<second>\d{1,2})[ \u00a0]?%?"
    r"(?P<b>[CPF])"
    r"/(?P<third>\d{1,2})[ \u00a0]?%?(?P<c>[CPF])(?![\w/])"
)
_NUTRIENTS = {"C": "carbs", "P": "protein", "F": "fat"}
_DIET = re.compile(
    r"\b(?:macros?|carbs?|protein|fat|kcal|calories|diet|keto|zone|meals?|nutrition|split)\b", re.I
)


def _macros(match: re.Match[str]) -> Token | None:
    """Macros of 40C/30P/30F; a blend of fibers so written is spelled, and marked."""
    names = [match["a"], match["b"], match["c"]]
    if len(set(names)) < 3:
        return None
    numbers = [cardinal(int(match[name])) for name in ("first", "second", "third")]
    if _DIET.search(near(match)):
        words = [
            f"{number} {_NUTRIENTS[name]}" for number, name in zip(numbers, names, strict=True)
        ]
        return token(match, "measure", ", ".join(words))
    words = [f"{number} {name}" for number, name in zip(numbers, names, strict=True)]
    doubt = f'nothing says what the letters of "{match[0]}" stand for'
    return token(match, "model", ", ".join(words), doubt=doubt)


_SOLD = re.compile(
    r"(?i:\b(?:tabs|tablets?|caps|capsules?|caplets?|pods?|coffees?|bags?|tea-?bags?|wipes|nappies"
    r"|diapers|tissues|sachets|sticks|lozenges|pastilles|pads|rolls|bars|cans|plasters|filters"
    r"|cigars|nuggets|wings|packs?|packets?|boxes|cartons|sleeves|trays)(?: of| in)?,? )$"
)
_SEVERAL = re.compile(r"(?<![\w.,$€£¥₹/-])(?P<count>[1-9]\d{1,2})s(?![\w'/])")
_PRICE_NEXT = re.compile(r",? [$€£₹]\d|,? (?:was|now|only|from) [$€£₹]\d")


def _several(match: re.Match[str]) -> Token | None:
    """Tablets, 16s: how many are in a pack, and no seconds."""
    before = match.string[max(0, match.start() - 20) : match.start()]
    if not (_SOLD.search(before) or _PRICE_NEXT.match(match.string, match.end())):
        return None
    return token(match, "measure", plural(cardinal(int(match["count"]))))


_PER_POUND = re.compile(
    r"(?i:\b(?:prawns?|shrimps?|scallops?|langoustines?)(?: size| count)?,? )"
    r"(?P<low>\d{1,2})/(?P<high>\d{1,2})(?![\w/]|[.,]\d)"
)


def _per_pound(match: re.Match[str]) -> Token:
    """Prawns of 16/20: so many in a pound."""
    words = f"{cardinal(int(match['low']))} {cardinal(int(match['high']))}"
    return Token(match.start("low"), match.end(), "model", words)


RULES = (
    Rule(_PER_POUND, _per_pound),
    Rule(_SEVERAL, _several),
    Rule(_MACROS, _macros),
    Rule(_MINUTES, _minutes),
    Rule(_HEAT, _heat),
    Rule(_PACK, _pack),
    Rule(_COUNT, _count),
    Rule(_BILLIONS, _billions),
    Rule(_SPOONED, _spooned),
    Rule(_OVEN, _oven),
    Rule(_COOKING_TIME, _cooking_time),
    Rule(_COOKED, _cooked),
    Rule(_PARTS, _parts),
    Rule(_POINTS, _points),
    Rule(_PERCENT_POINTS, _percent_points),
)
