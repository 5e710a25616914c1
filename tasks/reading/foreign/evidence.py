"""What the words of a text say for a language and for English, weighed. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from model.speech.english import is_english_word
from tasks.reading.foreign.common_words import languages_with, words_of
from tasks.reading.foreign.latin_words import ALSO_FOREIGN, AMBIGUOUS, BORROWED, ENGLISH, GRAMMAR

ANOTHER = "a language other than English"
SMALL_ENGLISH = frozenset(ENGLISH.split())
SHARED_WORDS = frozenset(ALSO_FOREIGN.split())
"""English words that other languages have too."""
SURE_ENGLISH = frozenset(GRAMMAR.split()) - SHARED_WORDS
"""English sentences have one of these; shops elsewhere borrow other words."""
_BORROWED_WORDS = frozenset(BORROWED.split())
_IN_NAMES = frozenset((*AMBIGUOUS.split(), *BORROWED.split()))

_SHORT = 0.75  # a word of two letters
_WEAK = 0.5  # a word that English or its names have too
_HARDLY = 0.25  # a small word of English
_BORROWED = 0.3  # a small word of English that shops elsewhere use: "now", "free", "up"
_CONTENT = 0.2  # any other word of English
_UNKNOWN = 0.35  # a word in no dictionary, beside words of the language
_SHORTEST = 3  # letters
_FEW_WORDS = 2
_LEAST_OF_ONE = 1.0  # found, where nothing is English
_LEAST = 1.5
_LEAST_BESIDE_NAME = 2.0  # in a text of three words
_LEAST_SHARE = 0.4
_LEAST_WITHOUT_GRAMMAR = 0.3
_SEVERAL = 3  # words of a sentence without the grammar of English
_LEAST_SEVERAL = 0.5
_WITH_NOUNS_IN_CAPITALS = frozenset(("German", "Luxembourgish"))
_LEAST_OF_LIST = 0.5
_MOST_NAMED = 3  # languages that a text may be as well
WITH_POSSESSIVE = frozenset(("Afrikaans", "Dutch", "German"))
POSSESSIVE = re.compile(r"\b[A-Z][a-z]+['’]s\b")
_ENDING = re.compile(r"(?<=...)(?:e?s|e?d|e?r|ing|ly)$")
_ENDING_OF_Y = re.compile(r"(?<=...)i(?:es|ed|er|est|ly)$")  # accessories, tidied, happier


@dataclass(frozen=True)
class Evidence:
    """The words of a text, told apart for one language.

    Attributes:
        listed: words that the language's list has, and how much each counts.
        others: all other words, and how much each counts.
        is_list: they stand between commas, as dishes and brands do.
        is_shouted: all letters are capitals, so that names are not told from words.
    """

    listed: Mapping[str, float]
    others: Mapping[str, float]
    is_list: bool
    is_shouted: bool

    @property
    def found(self) -> float:
        """What is said for the language."""
        return sum(weight * _foreign_weight(word) for word, weight in self.listed.items())

    @property
    def english(self) -> float:
        """What is said for English."""
        return sum(weight * _english_weight(word) for word, weight in self.others.items())

    @property
    def num_unknown(self) -> int:
        """Words that neither the list nor English has, and that are no names."""
        return sum(weight >= 1 and _is_unknown(word) for word, weight in self.others.items())

    @property
    def _has_name(self) -> bool:
        return self.is_shouted or any(weight < 1 for weight in self.others.values())

    def is_foreign(self) -> bool:
        """Whether all of it says that no English person wrote this."""
        num_words = len(self.listed) + len(self.others)
        weight = sum((*self.listed.values(), *self.others.values()))
        found, english = self.found, self.english
        if self.is_list:
            return found >= max(_LEAST, _LEAST_OF_LIST * weight)
        if not english and self._is_all_new(num_words):
            return found >= _WEAK
        if num_words <= _FEW_WORDS:
            is_whole = all(each >= 1 for each in self.others.values())
            return not english and is_whole and found >= (_LEAST if self.is_shouted else 1)
        foreign = found + _UNKNOWN * min(self.num_unknown, 2 * found)
        has_grammar = not SURE_ENGLISH.isdisjoint(self.others)
        least = _LEAST_BESIDE_NAME if self._has_name and num_words == _SEVERAL else _LEAST
        is_enough = found >= (least if english else _LEAST_OF_ONE) and foreign >= least
        if not has_grammar and not (english and self.is_shouted) and self._is_sentence(num_words):
            return True
        least_share = _LEAST_SHARE if has_grammar else _LEAST_WITHOUT_GRAMMAR
        return is_enough and foreign > english and foreign >= least_share * weight

    def _is_all_new(self, num_words: int) -> bool:
        """Whether two words, and half of all, are in no English dictionary."""
        own = {word: w for word, w in self.listed.items() if word not in SMALL_ENGLISH}
        listed = [word for word, weight in own.items() if weight >= 1]
        num_new = sum(min(1.0, 2 * _foreign_weight(word)) for word in listed) + self.num_unknown
        return num_new >= max(_FEW_WORDS, num_words / 2) and not self._has_name

    def _is_sentence(self, num_words: int) -> bool:
        """Whether small words of the language hold it together, as those of English would."""
        listed = [word for word, weight in self.listed.items() if weight >= 1]
        own = [word for word in listed if word not in SMALL_ENGLISH]
        is_most = len(listed) + self.num_unknown >= max(_SEVERAL, _LEAST_SEVERAL * num_words)
        return is_most and len(own) >= _FEW_WORDS and len(own) + self.num_unknown >= _SEVERAL


def language_of_words(prose: str, *, is_list: bool) -> str | None:
    """The language whose words ``prose`` is made of; None where it may be English.

    Args:
        prose: in Latin letters, without addresses and marks.
        is_list: short parts between commas, as dishes and brands are listed.
    """
    words = words_of(prose)
    languages = {name for word in words for name in languages_with(word)}
    if len(words) < _FEW_WORDS or not languages:
        return None

    def evidence_for(name: str) -> Evidence:
        listed = {word for word in words if name in languages_with(word)} - SURE_ENGLISH
        nouns = name in _WITH_NOUNS_IN_CAPITALS
        return Evidence(
            {
                word: 1.0 if nouns and not is_english(word) else weight
                for word, weight in words.items()
                if word in listed
            },
            {word: weight for word, weight in words.items() if word not in listed},
            is_list,
            prose.isupper(),
        )

    found = {name: evidence_for(name).found for name in languages}
    best = sorted(name for name in languages if found[name] == max(found.values()))
    is_possessive = not WITH_POSSESSIVE.intersection(best) and POSSESSIVE.search(prose)
    if is_possessive or not evidence_for(best[0]).is_foreign():
        return None
    return " or ".join(best) if len(best) <= _MOST_NAMED else ANOTHER


def is_english(word: str) -> bool:
    """Whether the voice's dictionary has ``word``, or what it is a form of."""
    return _is_in_dictionary(word)


def is_no_english(word: str) -> bool:
    """Whether a word in small letters is no unit, nothing that English borrowed, and unknown."""
    has_vowel = not word.isascii() or re.search("[aeiou]", word)  # units have none
    is_asked = len(word) >= _SHORTEST and has_vowel and word not in SMALL_ENGLISH | _BORROWED_WORDS
    return bool(is_asked) and not is_english(word)


@cache
def _is_in_dictionary(word: str) -> bool:
    stem = re.split("['’-]", word)[0]
    stems = (*(_ENDING.sub(end, stem) for end in ("", "e")), _ENDING_OF_Y.sub("y", stem))
    return any(map(is_english_word, (word, stem, *stems)))


def _is_unknown(word: str) -> bool:
    return len(word) >= _SHORTEST and word not in _IN_NAMES and not is_english(word)


def _english_weight(word: str) -> float:
    if word in SURE_ENGLISH:
        return 1.0
    if word in SMALL_ENGLISH:
        return _BORROWED
    return _CONTENT * (len(word) >= _SHORTEST and is_english(word))


def _foreign_weight(word: str) -> float:
    if word in SMALL_ENGLISH and word not in SHARED_WORDS:
        return _HARDLY
    if word in SHARED_WORDS or word in _IN_NAMES or is_english(word):
        return _WEAK
    return 1.0 if len(word) >= _SHORTEST else _SHORT
