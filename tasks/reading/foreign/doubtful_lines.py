"""Short lines that may be of another language and hold words of English too: to be checked. Pure.

``Chocolat noir intense`` has too little to refuse it, and nothing to be sure of. A person is asked.
"""

import math
import re

from tasks.reading.foreign.borrowed_phrases import without_phrases
from tasks.reading.foreign.common_words import PARTICLES, languages_with
from tasks.reading.foreign.evidence import (
    POSSESSIVE,
    SMALL_ENGLISH,
    SURE_ENGLISH,
    is_english,
    is_no_english,
)
from tasks.reading.foreign.letter_model import LATIN, NAMES, ranking

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NO_LINE = re.compile(r"[\d$€£¥₹#@/&%()\[\]:;+=]|[.!?,]\s")
_FEWEST, _MOST = 2, 4  # words
_JOINTS = frozenset(
    (
        *("sans", "sin", "sem", "senza", "ohne", "zonder", "uten", "utan", "sense", "et", "und"),
        *("avec", "pour", "para", "mit", "für", "och", "med", "vom", "zum", "zur", "beim", "im"),
        *("aus", "dem", "aux", "chez", "dans", "nos", "unsere", "ogni", "sulla", "nella"),
    )
)
"""Small words that join two others and that no English dish or name has."""
_BY_LANGUAGE = {
    "French": (
        "agneau ail beurre boeuf bœuf boisson canard chaussures chemise crevettes fraises fromage"
        " gigot huile jambon lait légumes magret miel moutarde oeufs œufs poulet saucisse saucisson"
        " saumon sel soldes veau viande vin vins"
    ),
    "German": (
        "bier brot frische frischer frisches gemüse hähnchen heisse käse kuchen milch neu neue"
        " neuer neues obst rindfleisch schinken schuhe wein würste"
    ),
    "Spanish": (
        "aceite bolso carne cerveza jamón leche manzanas pescado pollo queso ropa vestido vino"
        " zapatos"
    ),
    "Italian": "borsa formaggio pane pesce scarpe vini vestiti",
}
_WORDS_OF_SHOPS = {word: name for name, words in _BY_LANGUAGE.items() for word in words.split()}
"""What short lines of shops begin with, though dictionaries of English may have the word."""
_BESIDE_SHOP_WORDS = frozenset(
    (
        *("cru", "cuit", "rouge", "blanc", "rosé", "sec", "doux", "frais", "complet", "entier"),
        *("noir", "vert", "fin", "bio", "maison", "fumé", "chaud", "froid", "nouveau", "haché"),
        *("rot", "weiss", "kalt", "frisch", "vom", "fass", "brot", "tinto", "blanco"),
        *("negro", "fresco", "largo", "frito", "crudo", "bianco", "rosso", "nero", "dolce"),
    )
)
"""Words of other languages that dictionaries of English have, as they follow those."""
_SHARED_END = re.compile(
    r"(?:al|um|or|ent|ens[ei]|ant|ive|ort|[ai]ble|en|ique|el|if|eur|ot|us|er|ction|oir|ert|age|aire|[aeou])$"
)
"""Ends of words that English shares with languages of Latin: original, intense, effort."""
_LEAST_BESIDE_FIRST = 1.5  # powers of e that the language is more probable than English
_LEAST_BESIDE_JOINT = 1.0
_SMOOTHING = 1e-3
_ASKED = frozenset(("fr", "es", "pt", "it", "de", "nl"))
"""Languages in which shops of English countries most often write a line."""


def doubtful_words(text: str) -> tuple[int, int, str] | None:
    """The word of a short line that speaks for another language, and which language.

    Args:
        text: a whole script that is read as English.

    Returns:
        Where it starts, the index behind it, and the language; None where the line may be English.
    """
    if _NO_LINE.search(text.strip()):
        return None
    words = list(_WORD.finditer(text))
    if not _FEWEST <= len(words) <= _MOST or without_phrases(text) != text:
        return None
    written = [word[0] for word in words]
    if not SURE_ENGLISH.isdisjoint(each.lower() for each in written) or POSSESSIVE.search(text):
        return None
    if name := _shop_line(written):
        return *words[0].span(), name
    told = ranking(text.strip().lower())
    if told.best in ("en", LATIN) or _is_name(written):
        return None
    letters = math.log((told.share + _SMOOTHING) / (told.english + _SMOOTHING))
    index = _foreign_word(written, letters, is_asked=told.best in _ASKED)
    if index is None or not all(_may_be_foreign(each) for each in written):
        return None
    return *words[index].span(), NAMES[told.best]


def _shop_line(words: list[str]) -> str | None:
    """The language of a line such as ``Jambon cru``; ``Vin Diesel`` and ``Robe sale`` are none."""
    first, second = words[0], words[1]
    name = _WORDS_OF_SHOPS.get(first.lower())
    if not first[1:].islower() or not (second.islower() or name == "German"):
        return None
    is_own = all(_is_unusual(word.lower(), name) for word in words[1:]) if name else False
    return name if is_own else None


def _is_unusual(word: str, name: str) -> bool:
    if name in languages_with(word):
        return word not in SMALL_ENGLISH
    return word in _BESIDE_SHOP_WORDS or not is_english(word)


def _is_name(words: list[str]) -> bool:
    """Antoine de Saint-Exupéry, Amarone della Valpolicella."""
    return len(words) > _FEWEST and words[1] in PARTICLES and words[2][0].isupper()


def _foreign_word(words: list[str], letters: float, *, is_asked: bool) -> int | None:
    """The index of the first word, or of one that joins others, that is of another language."""
    for index, word in enumerate(words[1:-1], 1):
        if word in _JOINTS and letters >= _LEAST_BESIDE_JOINT:
            return index
    first, second = words[0], words[1]
    is_listed = bool(languages_with(first.lower())) and first.lower() not in SMALL_ENGLISH
    is_told = is_listed or is_no_english(first.lower())
    is_title = first[1:].islower() and second.islower()
    is_told = is_told and is_asked and is_title
    return 0 if is_told and letters >= _LEAST_BESIDE_FIRST else None


def _may_be_foreign(word: str) -> bool:
    """Whether a word is unknown, of another language's list, or one that several languages have."""
    lower = word.lower()
    if word[0].isupper() or lower in SMALL_ENGLISH or languages_with(lower):
        return True
    return not is_english(lower) or bool(_SHARED_END.search(lower))
