"""Vietnamese without its marks, and pinyin: every word is syllables of a kind. Pure."""

import re

from tasks.reading.foreign.evidence import SMALL_ENGLISH, SURE_ENGLISH, is_english

_VIETNAMESE = re.compile(
    r"(?:ngh?|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnprstvx])?"
    r"(?:uye[nt]|uynh|uych|uya|ieng|ie[cmnptu]|uong|uo[cimntpu]|oang|oa[cintyp]|oa|oe[nt]?|oeo"
    r"|yeu|ye[nmt]|ua[ntyng]*|ue|uy|uu|ua|uoi|ui|ung|uc|u[mnpt]|ong|oc|oi|o[mnpt]|ang|anh|ach"
    r"|a[cimnoptuy]|eng|enh|ech|eo|e[cmnpt]|eu|inh|ich|iu|ia|i[mnpt]|[aeiouy])"
)
_PINYIN = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ueng|ian|iao|ing|ang|eng|ong|uai|uan|ia|ie|iu|in|ai|ao|an|ei|en|er|ou"
    r"|ua|uo|ui|un|ue|[aeiouvü]))+[1-5]?"
)
_NO_PINYIN = re.compile("[bpf]e(?![in])|[bpmf]u[aeino]|([aeiou])\\1")
"""What the parts of syllables allow and Mandarin does not have: ``beer``."""
_TONES = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ", "aaaaeeeeiiiioooouuuuüüüü")
PINYIN = "Mandarin in pinyin"
_LEAST_WORDS = 4
_LEAST_PINYIN = 3
_LEAST_UNKNOWN_SHARE = 0.4
_LEAST_SURE_SHARE = 0.2
_ONLY_PINYIN = re.compile(r"zh|[xq](?!u(?!an|e|n))|[jqx]i|[bdfgjlmnpt]iu\b|u[ae]ng|iong")
_TONED = re.compile("[āǎēěīǐōǒūǔǖǘǚǜ]")


def language_of_syllables(lower: list[str]) -> str | None:
    """Vietnamese or pinyin, where all words are its syllables and many are in no dictionary.

    Args:
        lower: the words of a text, in small letters.
    """
    if not SURE_ENGLISH.isdisjoint(lower):
        return None
    unknown = [word for word in lower if len(word) > 1 and not is_english(word)]
    if len(unknown) < _LEAST_UNKNOWN_SHARE * len(lower):
        return None
    num_english = sum(word in SMALL_ENGLISH for word in lower)
    if (
        len(lower) >= _LEAST_WORDS
        and all(map(_VIETNAMESE.fullmatch, lower))
        and (num_english <= len(lower) / 4)
    ):
        return "Vietnamese"
    plain = [word.translate(_TONES) for word in lower]
    if len(lower) < _LEAST_PINYIN or not all(map(_is_pinyin, plain)):
        return None
    num_sure = sum(bool(_ONLY_PINYIN.search(word)) for word in plain)
    num_sure += sum(bool(_TONED.search(word)) for word in lower)
    return PINYIN if num_sure >= _LEAST_SURE_SHARE * len(lower) else None


def _is_pinyin(word: str) -> bool:
    return bool(_PINYIN.fullmatch(word)) and not _NO_PINYIN.search(word)
