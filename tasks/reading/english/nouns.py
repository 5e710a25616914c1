"""Whether a measure describes the noun behind it: a 5 kg bag, 12-oz. cans, but 5 kg of rice."""

import re

from tasks.reading.english.rules import word_after, word_before, word_set

_DETERMINERS = word_set(
    "a an the this that our your my his her its their each every another one any"
)
_DESCRIBED = word_set(
    "vol volume adapter bag bags bank battery batteries bottle bottles box bulb bulbs cable "
    "cables camera "
    "charger "
    "chargers charging display drive fast fuse hose jar lens monitor motor pack packs panel "
    "pool race dash relay screen "
    "kit kits tire tires tray wheelbarrow saw blade hose basket cooler backpack steak burger "
    "loaf wheel "
    "wheels trailer pipe rope cord ladder mattress fridge freezer washer heater pump compressor "
    "generator mower drill chuck socket screws nails boards roll rolls roast fillet filter filters "
    "screens speaker speakers tank mug mugs jug denim warranty warranties rug rugs card cards "
    "frame frames photo photos prints poster posters canvas tile tiles mat mats jack plug hole "
    "breaker circuit outlet gift value delivery turnaround support "
    "cans carton cartons vial flight drive journey trip trial workout session round video clip"
    " lesson class course ride walk commute layover stopover  tins tubes tubs sachets pouches"
    " vials doses kettlebell kettlebells "
    "dumbbell dumbbells plates barrel barrels shelf shelves keg kegs "
    "prize prizes bonus voucher vouchers coupon coupons discount rebate deposit fee reward refund "
    "credit bill ticket tickets giveaway range stills sensor phone phones laptop laptops tablet "
    "tablets kettle kettles lead leads sirloin ribeye rump tabs luggage suitcase "
    "joint purchase purch caps capsule capsules bolts pot pots"
)
"""Nouns that a measure in front of them describes: 65W charger, 5 kg bag."""
NOT_NOUNS = word_set(
    "thin thinner thicker taller too very "
    "a above across after ago all and apart are as at away back before below between but by "
    "cheaper "
    "deep each either else every extra faster fewer for free from further had has have he heavier "
    "high i if in into is it left less long longer lower max maximum min minimum more no now "
    "of off on only or out "
    "over per plus right since slower so than that the then they thick this tall to today tomorrow "
    "total "
    "under until up was we were when where while wide will with within worth you"
)


_OPEN_BRACKET = re.compile(r"\d[ \u00a0]\($")


_OF_THINGS = re.compile(
    r"\d[ \u00a0]?(?:mm|cm|in|inch|\"|ft|W|kW|V|kV|A|Ah|mAh|Wh|kWh|MP|Hz|kHz|MHz|GHz|GB|TB|MB|K"
    r"|nm|gsm|fps|bit|lm|dB|hp|HP|cc)\.?$"
)
_NOT_PLURALS = word_set(
    "is was has does its this less plus across towards upwards always always vs versus minus"
    " thus us perhaps "
    "sometimes as goes runs lasts makes gives uses costs comes fits keeps works means lets gets"
    " needs takes "
    "weighs measures sits stands reaches delivers offers starts ends covers sounds feels looks"
    " seems others fails exceeds requires includes remains drops rises falls expires applies"
)


_GLUED = re.compile(r"\d(?:mm|W|V|Ah|mAh|Wh|MP|Hz|MHz|GHz|GB|TB|L)$")
_NO_THINGS = NOT_NOUNS | word_set(
    "too very so also just still even if when because which who whose not thin thinner thicker"
    " slim tall taller "
    "narrow short shorter or plus a an it its this these those your our my his her their there"
    " here again "
    "about around near only always never can could may might must should would will do does did"
    " be been being "
    "are is was like without instead during until next behind beneath against once that total"
    " wider deeper closer "
    "ip any some such both much many few several one two three four five usable usb free used"
    " left remaining clear standby peak typical "
    "idle rms continuous output input each fails exceeds requires includes remains drops applies"
)
_VESSEL = re.compile(r"\d[ \u00a0-]?(?:fl\.? )?(?:oz|ml|mL|cl|L|g)\b\.?$")
_STOPS = re.compile(r"[.,;)!?]|$")
_PAYERS = word_set(
    "adults kids children seniors students members guests concessions infants juniors teens "
    "pensioners visitors families couples groups youths toddlers"
)
_NO_MORE = re.compile(r"[.,;:)!?|]|$|[ \u00a0](?:under|over|and|or|from|aged?|with|[-–|&])(?!\w)")
_BOUNDS = word_set("min max minimum maximum")
_MONEY = re.compile(r"[$€£¥₹]\d[\d,]*(?:\.\d\d)?$")


def is_length_of(text: str, start: int, end: int) -> bool:
    """Whether the measure is one that things have: 40mm drivers, but 10 g nuts are weighed."""
    return bool(_OF_THINGS.search(text[start:end]))


def is_plural(word: str) -> bool:
    """Whether ``word`` looks like several things."""
    is_word = word.islower() and len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return is_word and word not in _NOT_PLURALS


_WEIGHED = re.compile(r"\d(?:kg|g|L|l|m|ml|W|kWh|kW|V)$")
_NO_KINDS = word_set("last next this that more same every each of to in for total other spare")


def _is_kind_of_thing(text: str, start: int, end: int, following: str) -> bool:
    """A 10kg cabin bag, 5kg premium steak: a word stands between the measure and its noun."""
    if not _WEIGHED.search(text[start:end]) or not following.islower():
        return False
    if following in _NO_THINGS | _NO_KINDS or is_plural(following):
        return False
    return word_after(text, end + 1 + len(following)) in _DESCRIBED


_UNIT_AT_END = re.compile(r"[ \u00a0-]?([A-Za-z]+)\.?$")
_SIZED = word_set("sizes options formats strengths lengths sections")


def _is_one_of_sizes(text: str, start: int, end: int) -> bool:
    """Each of 12 oz., 16 oz. or 20 oz. sizes describes them."""
    unit = _UNIT_AT_END.search(text[start:end])
    if unit is None or unit.start() == 0:
        return False
    one = rf"\d+(?:\.\d+)?[ \u00a0-]?{unit[1]}\b\.?"
    others = re.compile(rf"(?:(?:,|,? (?:or|and|&)) {one})*[ \u00a0](?P<noun>[a-z]+)").match(
        text, end
    )
    if others is None:
        return False
    is_list = bool(re.match(r",|,? (?:or|and|&) \d", text[end:]))
    return others["noun"] in _SIZED or (is_list and others["noun"] in _DESCRIBED)


def is_noun_next_to(text: str, start: int, end: int) -> bool:
    """Whether the quantity describes a noun: a 5 kg bag, the $20 voucher."""
    following = word_after(text, end)
    if _OPEN_BRACKET.search(text[:start]) and text[end : end + 1] == ")":
        return word_after(text, end + 1).lower() in _DESCRIBED  # 2 (14.5 oz) cans
    if _is_at_its_end(text, start, end, following):
        return True
    if _is_one_of_sizes(text, start, end):
        return True
    if not following or following.lower() in NOT_NOUNS or following.endswith("ly"):
        return False
    if following == "drive" and text.startswith("away", end + 7):
        return False  # $24,990 drive away
    is_paid = following in _PAYERS and _MONEY.match(text[start:end])
    if is_paid and _NO_MORE.match(text, end + 1 + len(following)):
        return word_before(text, start).lower() in _DETERMINERS  # £12 adults, £8 kids
    if _is_told_by_measure(text, start, end, following):
        return True
    return word_before(text, start).lower() in _DETERMINERS or following.lower() in _DESCRIBED


def _is_at_its_end(text: str, start: int, end: int, following: str) -> bool:
    """A max, a 16 oz. can. and a 20V MAX drill: words that are no nouns elsewhere."""
    if following in _BOUNDS and word_before(text, start).lower() in ("a", "an", "the", "no"):
        return True
    if following == "can" and _VESSEL.search(text[start:end]):
        return bool(_STOPS.match(text, end + 4))
    return following == "MAX" and bool(_GLUED.search(text[start:end]))


def _is_told_by_measure(text: str, start: int, end: int, following: str) -> bool:
    """Whether what kind of measure it is says that it describes the noun: 40mm drivers."""
    measure = text[start:end]
    if is_plural(following) and (is_length_of(text, start, end) or _MONEY.match(measure)):
        return True
    is_thing = following.islower() and len(following) > 2 and following not in _NO_THINGS
    if _GLUED.search(measure) and is_thing:
        return True
    is_joined = text[end] == "-" or text[end - 1] == "°"
    return is_joined or _is_kind_of_thing(text, start, end, following)
