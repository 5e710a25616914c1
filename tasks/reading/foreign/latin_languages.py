"""Languages in Latin letters that no built-in voice speaks, told from English. Pure.

English texts are full of names and borrowed words, so two witnesses must agree: words that English
does not have, and a model of the letters, which is asked only where there are such words. The words
are small ones of other languages, or most of a text's are in no English dictionary.
"""

import re
import unicodedata

from tasks.reading.foreign.borrowed_phrases import without_phrases
from tasks.reading.foreign.evidence import (
    ANOTHER,
    SHARED_WORDS,
    SMALL_ENGLISH,
    SURE_ENGLISH,
    is_english,
    is_no_english,
    language_of_words,
)
from tasks.reading.foreign.latin_words import (
    AMBIGUOUS,
    BORROWED,
    SHORT_LINES,
    SLOGANS,
    SMALL_WORDS,
)
from tasks.reading.foreign.letter_model import LATIN, NAMES, ranking
from tasks.reading.foreign.short_lines import language_of_short_line
from tasks.reading.foreign.syllables import language_of_syllables

_LEAST_WORDS = 2
_FEW_WORDS = 2  # of which each must be foreign
_ENOUGH = 2  # foreign words; where there is one, the model must be almost certain
_ALMOST_CERTAIN = 0.9
_LEAST_FOREIGN_SHARE = 0.25
_MOST_ENGLISH = 0.1  # the model's probability that a text of another language is English
_SURE_OF_FEW = 0.6
_LEAST_SURE = 0.4  # its probability for the best language; relatives share the rest
_FOREIGN_PER_ENGLISH = 2
_LEAST_WITH_ENGLISH = 3  # foreign words where fewer than twice as many are English too
_CERTAIN = 0.95
_SURE_OF_PHRASES = 0.8
_SURE_OF_HALF = 0.5  # where half of the words are unknown
_HARDLY_ENGLISH = 0.05
_FEW_UNKNOWN_SHARE = 0.3
_LONG_WORD = 7  # letters
_NO_ENGLISH = 0.01
_LEAST_UNKNOWN = 2  # words in no English dictionary
_LEAST_UNKNOWN_SHARE = 0.4
_SHORTEST_UNKNOWN = 3  # letters; shorter ones are units and abbreviations
_SURE_OF_UNKNOWN = 0.75
_LONGEST_JUDGED = 2000

_LONGEST_MOTTO = 5  # words
_LONGEST_SURE_MOTTO = 3
_SURE_OF_MOTTO = 0.85
_LANGUAGE_OF_LINE = {
    line: name
    for listed in (SLOGANS, SHORT_LINES)
    for name, lines in listed.items()
    for line in lines.split("|")
}
"""Whole sentences too short for the model, none of which anybody writes in an English text."""
_LEAST_LISTED = 3  # parts
_MOST_LISTED_WORDS = 4  # in a part
_MOST_OF_PAIR = 4
_LEAST_TYPED = 3
_LEAST_OF_CLAUSE = 3  # words
_LEAST_UNKNOWN_OF_CLAUSE = 0.6
_LEAST_UNKNOWN_OF_TEXT = 0.5
_GREETINGS = frozenset(
    (
        *("bienvenue", "bienvenidos", "bienvenidas", "bienvenido", "benvenuti", "benvenuto"),
        *("willkommen", "välkommen", "velkommen", "welkom", "tervetuloa", "witamy", "vítejte"),
        *("üdvözöljük", "dobrodošli", "benvinguts"),
    )
)
"""No English sentence begins with one of these, so one is as good as two words."""
_BORROWED_WORDS = frozenset(BORROWED.split())
_AMBIGUOUS_WORDS = frozenset(AMBIGUOUS.split())
_FOREIGN_WORDS = frozenset(SMALL_WORDS.split()) - SMALL_ENGLISH
_STRONG_WORDS = _FOREIGN_WORDS - _AMBIGUOUS_WORDS
_NO_PROSE = re.compile(r"<[^<>]*>|&\w+;|https?://\S+|\S+@\S+|\b\w+(?:\.\w+)+(?:/\S*)?|[@#]\w+")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_FIRST_WORD = re.compile(r"(?:^|[.!?¡¿…:\n])[\s\"“„«]*([^\W\d_]+(?:['’][^\W\d_]+)*)")
_LINE_END = re.compile(r"[.!?…,:;\n]+")
_NAME_PARTICLES = re.compile(
    r"\b([A-ZÀ-Þ][\w'’]*)(?: (?:d[aeio]|d[ao]s|del|dei|della|delle|degli|du|van|von|l[aeo]s?|el|al"
    r"|alla|ibn|bin|der?|den?))+ (?=[A-ZÀ-Þ])"
)
_PERFORMS = re.compile(
    r"\s*(?:[A-ZÀ-Þ][\w'’-]*\s){2,4}(?:plays|sings|performs|conducts|wins|beats|reads|hosts|stars|joins"
    r"|meets|speaks|talks|returns|presents|directs|signs|scores|teaches|paints|writes|visits|explains)\b"
)
"""Someone with a name of two words or more, and what they do: Lang Lang plays Rachmaninoff."""
_LIST_COMMA = re.compile(r"[,;:•·|/&\n]|\.(?=\s)")
_PAIR = re.compile(r"\s*[^\s,]+(?: [^\s,]+){0,2}, [^\s,]+(?: [^\s,]+){0,2}\s*")
"""Dishes, brands or places, two of them: ``Crème caramel, île flottante.``"""
_SENTENCE_END = re.compile(r"[.!?…:](?=(?:\s+[^\s,;]+){4,})")
_CLAUSE_END = re.compile(r"[^\w\s'’-]+|\n")
_ELISION = re.compile(r"(?:l|d|qu|n|j|s|c|m|dell|all|nell|dall|un)['’][a-zàâæéèêëîïôœùûü]{2,}")


def latin_language(text: str) -> str | None:
    """The name of the language, where it is one that no voice speaks; None where it may be English.

    Args:
        text: in Latin letters, most of it.
    """
    prose = _NO_PROSE.sub(" ", text[:_LONGEST_JUDGED])
    if not prose.isascii():
        prose = unicodedata.normalize("NFC", prose)
    if (name := _language_of_lines(prose)) is not None:
        return name
    is_pair = len(prose.split()) <= _MOST_OF_PAIR and bool(_PAIR.fullmatch(prose))
    prose = without_phrases(prose)
    prose = _NAME_PARTICLES.sub(r"\1 ", prose)
    words = _WORD.findall(prose)
    if len(words) < _LEAST_WORDS or _PERFORMS.match(prose):
        return None
    lower = [word.lower().replace("’", "'") for word in words]
    common = (
        set(lower)
        if prose.isupper()
        else {word.replace("’", "'") for word in words if word.islower()}
    )
    common |= {word.lower() for word in _FIRST_WORD.findall(prose)}  # a capital there is no name
    num_english = sum(1 for word in lower if word in SMALL_ENGLISH and word != "a")
    num_listed = _num_listed(prose)
    is_list = num_listed >= _LEAST_LISTED
    found = language_of_words(prose, is_list=is_list)
    if not found and not num_listed:
        found = _of_small_words(prose, words, common, num_english)
    if found in (None, ANOTHER) and not is_list and sum(map(str.islower, words)) >= len(words) / 2:
        found = language_of_syllables(lower) or found
    if found and len(words) <= _LONGEST_SURE_MOTTO and _is_motto(prose):
        return None
    if found or is_list or prose.isupper():  # capitals would tell names
        return found
    if is_pair:
        return None
    found = _of_unknown_words(prose, lower, common, num_english)
    if found or num_listed:
        return found
    return language_of_short_line(prose, words, set(_FIRST_WORD.findall(prose)))


def _is_motto(prose: str) -> bool:
    told = ranking(prose.lower())
    return told.best == LATIN and told.share >= _SURE_OF_MOTTO


def _num_listed(prose: str) -> int:
    """How many short parts stand between commas: dishes, brands, ingredients. 0 in a sentence."""
    stripped = prose.strip(" .!\n")
    if _SENTENCE_END.search(stripped):
        return 0
    parts = [_WORD.findall(part) for part in _LIST_COMMA.split(stripped)]
    longest = max(map(len, parts))
    most = _MOST_LISTED_WORDS if len(parts) >= _LEAST_LISTED else _MOST_OF_PAIR
    is_listed = longest <= most
    return len(parts) * (is_listed and len(parts) > 1)


def _of_small_words(prose: str, words: list[str], common: set[str], num_english: int) -> str | None:
    """The language whose small words a text has."""
    num_foreign = len(_STRONG_WORDS & common) + sum(_weight(word) for word in set(words))
    if not num_foreign:
        return None
    num_foreign += len(_FOREIGN_WORDS & _AMBIGUOUS_WORDS & common) + bool(_GREETINGS & common)
    if num_foreign <= _FOREIGN_PER_ENGLISH * num_english:
        num_small = len(_FOREIGN_WORDS & common)  # words with accents may be dishes
        is_possible = num_small > num_english and num_small >= _LEAST_WITH_ENGLISH
        return _judged(prose.lower(), _CERTAIN, _NO_ENGLISH) if is_possible else None
    if num_foreign < _LEAST_FOREIGN_SHARE * len({word.lower() for word in words}):
        return None
    if len(words) <= _FEW_WORDS and num_foreign < len(words):
        return None
    if num_foreign < _ENOUGH:
        return _judged(prose.lower(), _ALMOST_CERTAIN)
    return _judged(prose.lower(), _LEAST_SURE if len(words) > _FEW_WORDS else _SURE_OF_FEW)


def _of_unknown_words(
    prose: str, lower: list[str], common: set[str], num_english: int
) -> str | None:
    """The language of a text most of whose words are in no English dictionary."""
    named = {word for word in lower if len(word) >= _SHORTEST_UNKNOWN and word in common}
    asked = named - SMALL_ENGLISH - _BORROWED_WORDS
    least = max(_LEAST_UNKNOWN, 2 * num_english, _LEAST_UNKNOWN_SHARE * len(lower))
    if len(asked) < least or sum(not is_english(word) for word in asked) < least:
        judged = None
    else:
        judged = _judged(prose.lower(), _SURE_OF_UNKNOWN, _NO_ENGLISH)
    if judged or not _is_unknown(prose):
        return judged or _of_phrases(prose, lower)
    if ranking(prose.lower()).best != LATIN:
        return ANOTHER
    return "Latin" if len(lower) > _LONGEST_MOTTO else None


def _is_unknown(prose: str) -> bool:
    """Whether no word is English; or clauses of several words, and half of a text, are none.

    Dishes and brands stand between commas or English words; a sentence does not.
    """
    begins = set(_FIRST_WORD.findall(prose))
    num_words = num_unknown = num_long = 0
    has_clause = False
    for clause in _CLAUSE_END.split(prose):
        words = _WORD.findall(clause)
        if any(w.lower() in SURE_ENGLISH for w in words):
            return False
        common = [w for w in words if w.islower() or w in begins]
        unknown = [w for w in common if is_no_english(w.lower())]
        num_words += len(words)
        num_unknown += len(unknown)
        num_long += sum(len(w) >= _SHORTEST_UNKNOWN for w in words)
        has_clause |= len(words) >= _LEAST_OF_CLAUSE and (
            len(unknown) >= _LEAST_UNKNOWN_OF_CLAUSE * len(words)
        )
    if num_unknown == num_long >= _LEAST_UNKNOWN:
        return True
    is_enough = num_unknown >= max(_LEAST_TYPED, _LEAST_UNKNOWN_OF_TEXT * num_words)
    if num_words > _LONGEST_MOTTO:
        return num_unknown >= max(_LEAST_TYPED, _LEAST_UNKNOWN_SHARE * num_words)
    return has_clause and is_enough


def _of_phrases(prose: str, lower: list[str]) -> str | None:
    """The language of phrases without an English word, where the model is sure of it."""
    clauses = [_WORD.findall(clause) for clause in _CLAUSE_END.split(prose)]
    is_listed = any(len(clause) == 1 for clause in clauses)
    has_english = any(word in SMALL_ENGLISH - SHARED_WORDS for word in lower)
    if is_listed or has_english or len(lower) < _LEAST_OF_CLAUSE:
        return None
    begins = set(_FIRST_WORD.findall(prose))
    common = [word for word in _WORD.findall(prose) if word.islower() or word in begins]
    num_unknown = sum(is_no_english(word.lower()) for word in common)
    if any(len(word) >= _LONG_WORD and not is_no_english(word.lower()) for word in common):
        return None  # a long English word is no chance
    if num_unknown < max(_LEAST_UNKNOWN, _FEW_UNKNOWN_SHARE * len(lower)):
        return None
    if num_unknown < _LEAST_UNKNOWN_OF_TEXT * len(lower):
        return _judged(prose.lower(), _SURE_OF_PHRASES, _HARDLY_ENGLISH)
    told = ranking(prose.lower())
    return NAMES.get(told.best) if told.best_share >= _SURE_OF_HALF else None


def _language_of_lines(prose: str) -> str | None:
    """The language of a text that is nothing but short lines that are known."""
    lines = [" ".join(_WORD.findall(line)).lower() for line in _LINE_END.split(prose)]
    names = {_LANGUAGE_OF_LINE.get(line) for line in lines if line}
    return names.pop() if len(names) == 1 else None


def _weight(word: str) -> int:
    """Small letters with an accent that English has not borrowed; letters before an apostrophe."""
    if word.isascii() and "'" not in word and "’" not in word:
        return 0
    lower = word.replace("’", "'")
    if not word.islower() or lower in _STRONG_WORDS:
        return 0
    return bool(_ELISION.fullmatch(lower)) + (not word.isascii() and lower not in _BORROWED_WORDS)


def _judged(prose: str, least_sure: float, most_english: float = _MOST_ENGLISH) -> str | None:
    told = ranking(prose)
    if told.best in (LATIN, "en"):
        return None
    is_sure = told.english < most_english and told.share >= least_sure
    return NAMES[told.best] if is_sure else None
