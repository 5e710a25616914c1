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
    "tablets"
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
    " seems others"
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
    "idle rms continuous output input each"
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


def is_noun_next_to(text: str, start: int, end: int) -> bool:
    """Whether the quantity describes a noun: a 5 kg bag, the $20 voucher."""
    following = word_after(text, end)
    if _OPEN_BRACKET.search(text[:start]) and text[end : end + 1] == ")":
        return word_after(text, end + 1).lower() in _DESCRIBED  # 2 (14.5 oz) cans
    if following in _BOUNDS and word_before(text, start).lower() in ("a", "an", "the", "no"):
        return True
    if following == "can" and _VESSEL.search(text[start:end]) and _STOPS.match(text, end + 4):
        return True  # a 16 oz. can.
    if following == "MAX" and _GLUED.search(text[start:end]):
        return True  # a 20V MAX drill
    if not following or following.lower() in NOT_NOUNS or following.endswith("ly"):
        return False
    is_paid = following in _PAYERS and _MONEY.match(text[start:end])
    if is_paid and _NO_MORE.match(text, end + 1 + len(following)):
        return word_before(text, start).lower() in _DETERMINERS  # £12 adults, £8 kids
    if is_plural(following) and (is_length_of(text, start, end) or _MONEY.match(text[start:end])):
        return True
    if (
        _GLUED.search(text[start:end])
        and following.islower()
        and len(following) > 2
        and following not in _NO_THINGS
    ):
        return True
    if text[end] == "-" or text[end - 1] == "°":
        return True
    return word_before(text, start).lower() in _DETERMINERS or following.lower() in _DESCRIBED
