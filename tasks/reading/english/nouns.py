"""Whether a measure describes the noun behind it: a 5 kg bag, 12-oz. cans, but 5 kg of rice."""

from tasks.reading.english.rules import word_after, word_before, word_set

_DETERMINERS = word_set(
    "a an the this that our your my his her its their each every another one any"
)
_DESCRIBED = word_set(
    "adapter bag bags bank battery batteries bottle bottles box bulb bulbs cable cables camera "
    "charger "
    "chargers charging display drive fast fuse hose jar lens monitor motor pack packs panel "
    "pool race dash relay screen "
    "screens speaker speakers tank mug mugs jug denim warranty warranties rug rugs card cards "
    "frame frames photo photos prints poster posters canvas tile tiles mat mats jack plug hole "
    "breaker circuit outlet gift value delivery turnaround support "
    "cans carton cartons tins tubes tubs sachets pouches vials doses kettlebell kettlebells "
    "dumbbell dumbbells plates barrel barrels shelf shelves keg kegs "
    "prize prizes bonus voucher vouchers coupon coupons discount rebate deposit fee reward refund "
    "credit bill ticket tickets giveaway range stills sensor phone phones laptop laptops tablet "
    "tablets"
)
"""Nouns that a measure in front of them describes: 65W charger, 5 kg bag."""
NOT_NOUNS = word_set(
    "a above across after ago all and apart are as at away back before below between but by "
    "cheaper "
    "deep each either else every extra faster fewer for free from further had has have he heavier "
    "high i if in into is it left less long longer lower max maximum min minimum more no now "
    "of off on only or out "
    "over per plus right since slower so than that the then they thick this tall to today tomorrow "
    "total "
    "under until up was we were when where while wide will with within worth you"
)


def is_noun_next_to(text: str, start: int, end: int) -> bool:
    """Whether the quantity describes a noun: a 5 kg bag, the $20 voucher."""
    following = word_after(text, end)
    if not following or following.lower() in NOT_NOUNS or following.endswith("ly"):
        return False
    if text[end] == "-" or text[end - 1] == "°":
        return True
    return word_before(text, start).lower() in _DETERMINERS or following.lower() in _DESCRIBED
