"""Measures of recipes whose letters mean something else elsewhere: 3 c. flour, 2 T. oil."""

import re
from fractions import Fraction

from tasks.reading.english.calendar import PART_OF
from tasks.reading.english.numbers import NUMBER, Number, fraction_words, parse_number
from tasks.reading.english.quantities import UNIT, end_of, part_of
from tasks.reading.english.rules import LatePattern, Rule, stop_ends_sentence, token
from tasks.reading.english.units import UNITS
from tasks.reading.tokens import Token

_NAMES = {"c": "cup", "C": "cup", "T": "tablespoon", "t": "teaspoon", "Tb": "tablespoon"}
_FOODS = (
    "all|almonds?|apples?|baking|basil|beans?|beef|berries|blueberries|bread|broth|brown|butter|"
    "buttermilk|carrots?|cheese|chicken|chocolate|chopped|cilantro|cinnamon|cocoa|coconut|cold|"
    "cooked|corn|cornstarch|cream|diced|dry|egg|extra|fine|finely|flour|fresh|frozen|garlic|"
    "ginger|granulated|grated|ground|heavy|honey|hot|ice|jam|juice|ketchup|lemon|lime|maple|"
    "melted|milk|minced|mustard|nuts|oats|oil|olive|onions?|orange|packed|parsley|pasta|peanut|"
    "peas|pepper|powdered|raisins|rice|salt|sauce|shredded|sifted|sliced|soft|sour|soy|spinach|"
    "stock|strawberries|sugar|syrup|tomato(?:es)?|unsalted|vanilla|vinegar|walnuts|warm|water|"
    "wheat|white|whole|wine|yeast|yogurt"
)
_UNIT_BEHIND = LatePattern(UNIT)
_COOKED = re.compile(
    rf"(?<![\w.,$€£#/-])(?P<number>{NUMBER}|\d/[2-9])[ \u00a0](?P<name>c|C|T|t|Tb)\."
    rf"(?=[ \u00a0](?:of[ \u00a0])?(?i:{_FOODS})\b)"
)


def _cooked(match: re.Match[str]) -> Token:
    number = _number(match["number"])
    unit = _NAMES[match["name"]]
    text, end = match.string, match.end()
    if number.part is not None and not number.whole:
        words = part_of(number.part, number.words, unit)
    else:
        words = f"{number.words} {unit if number.is_one else f'{unit}s'}"
    following = text[end:].lstrip()[:1]
    ends = following.isupper() and stop_ends_sentence(text, end - 1)
    return token(match, "measure", words, end=end - ends)


def _number(written: str) -> Number:
    top, slash, bottom = written.partition("/")
    if slash and len(top) == 1:
        return Number(0, part=Fraction(int(top), int(bottom)))
    return parse_number(written)


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


RULES = (Rule(_COOKED, _cooked), Rule(_PARTS, _parts))
