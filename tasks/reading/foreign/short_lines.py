"""Short lines of shops that no list tells: what their letters and their words say together. Pure.

``Lampe en bois massif`` has one word that only French has; its letters are hardly English, and no
word of it speaks for English. Each of these alone says little. The weights were fitted to lines of
two to eight words, 14,000 of programs in 36 languages and 6,000 in English, and rounded.
"""

import math
from collections.abc import Collection, Sequence

from tasks.reading.foreign.common_words import PARTICLES, languages_with
from tasks.reading.foreign.evidence import (
    POSSESSIVE,
    SHARED_WORDS,
    SMALL_ENGLISH,
    SURE_ENGLISH,
    WITH_POSSESSIVE,
    is_english,
    is_no_english,
)
from tasks.reading.foreign.letter_model import LATIN, NAMES, Ranking, ranking

_FEW_WORDS, _MANY_WORDS = 2, 12
_LONGEST_DISH = 4  # words
_LEAST = 1.5
_LEAST_OF_DISH = 3.0  # as few words without a small one of the language may be one
_OF_ALL = -2.0
_OF_LETTERS = 1.0  # for each power of e that the best language is more probable than English
_OF_SMALL_LETTERS = 0.75  # an unknown word that is no name
_MOST_SMALL = 3
_OF_SHARE = 2.5  # if all words but names are unknown
_OF_ENGLISH = -1.0  # a word of English
_SHORTEST = 4  # letters of a word that says something; shorter ones are in many languages
_SMOOTHING = 1e-3
_NAMES_OF_LISTS = {"hr": "Croatian, Serbian or Bosnian", "tl": "Filipino"}


def language_of_short_line(prose: str, words: Sequence[str], begins: Collection[str]) -> str | None:
    """The language of a line, where letters and words together say that it is not English.

    Args:
        prose: the line.
        words: its words, as they are written.
        begins: those with which a sentence begins, where a capital makes no name.
    """
    lower = [word.lower().replace("’", "'") for word in words]
    if not _FEW_WORDS <= len(words) <= _MANY_WORDS or not SURE_ENGLISH.isdisjoint(lower):
        return None
    common = [word for word in words if word.islower() or word in begins]
    unknown = [word for word in common if is_no_english(word.lower())]
    small = {word for word in words if word.islower()}
    num_small = sum(is_no_english(word) for word in small)
    is_named = len(common) < max(_FEW_WORDS, len(words) / 2)
    is_told = any(len(word) >= _SHORTEST for word in unknown)
    is_held = any(map(_is_grammar, small)) or (num_small and len(words) > _LONGEST_DISH)
    is_dish = not is_held and (not num_small or len(common) < len(words))
    if is_named or not is_told or is_dish:
        return None
    told = ranking(prose.lower())
    is_possessive = POSSESSIVE.search(prose) and NAMES.get(told.best) not in WITH_POSSESSIVE
    if told.best in ("en", LATIN) or is_possessive or not _has_small_words(told, lower):
        return None
    num_english = sum(len(word) >= _SHORTEST and is_english(word.lower()) for word in common)
    num_english += sum(word in SMALL_ENGLISH - SHARED_WORDS for word in lower)
    letters = math.log((told.share + _SMOOTHING) / (told.english + _SMOOTHING))
    score = _OF_ALL + _OF_LETTERS * letters + _OF_ENGLISH * num_english
    score += _OF_SMALL_LETTERS * min(num_small, _MOST_SMALL) + _OF_SHARE * len(unknown) / len(
        common
    )
    return NAMES[told.best] if score >= (_LEAST if is_held else _LEAST_OF_DISH) else None


def _is_grammar(word: str) -> bool:
    """Whether a word in small letters is of other languages, and not of their names and dishes."""
    is_of_english = word in SMALL_ENGLISH or is_english(word)
    is_letter = len(word) == 1 and word not in "aey"
    is_own = is_letter or not (is_of_english or word in PARTICLES)
    return is_own and bool(languages_with(word))


def _has_small_words(told: Ranking, lower: Sequence[str]) -> bool:
    """Whether the language or a relative has all small words that look English: ``in``, ``do``."""
    names = {_NAMES_OF_LISTS.get(code, NAMES[code]) for code in told.relatives}
    shared = SHARED_WORDS.intersection(lower) - {"a", "i"}
    return all(names & languages_with(word) for word in shared)
