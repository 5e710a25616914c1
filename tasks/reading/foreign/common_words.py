"""The words of a text, and the languages that have them, typed with or without their marks. Pure.

For each language ``common_words.tsv`` lists the words that its slogans and greetings are made of.
"""

import csv
import re
import unicodedata
from pathlib import Path

from model.loading import loaded_once
from tasks.reading.foreign.folding import without_marks

_TOKEN = re.compile(r"[^\W_]+(?:['’ʻ-][^\W_]+)*")
_STOP = re.compile(r"[.!?¡¿…:;\n|]")
_VOWEL = re.compile(r"[aeiouy]")
_IN_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
PARTICLES = frozenset(
    (
        *("da", "de", "del", "della", "delle", "dei", "degli", "di", "do", "dos", "das", "du"),
        *("des", "van", "von", "der", "den", "ter", "ten", "zu", "la", "le", "les", "los", "las"),
        *("el", "al", "alla", "allo", "ai", "bin", "ibn", "y", "e", "i", "et", "te", "na", "a"),
    )
)
"""Small words inside names, where they stand between two capitals."""
_ABBREVIATIONS = frozenset(
    (
        *("mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun", "jan", "feb"),
        *("mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "min", "mins"),
        *("pt", "ed", "eds", "vol", "no", "cu", "in", "oz", "lb", "lbs", "vit", "iu", "approx"),
        *("ave", "tbsp", "incl", "excl", "max", "avg", "am", "pm", "a", "p", "e", "z", "net", "wt"),
        *("est", "comb", "thru"),
    )
)
_LONGEST_CUT = 4  # letters
_NAME = 0.5  # what a capital inside a sentence counts


def words_of(prose: str) -> dict[str, float]:
    """Each word once, in small letters, and how much it counts: 1, or less where it is a name."""
    words: dict[str, float] = {}
    matches = list(_TOKEN.finditer(prose))
    is_shouted = prose.isupper()
    for index, match in enumerate(matches):
        word = match[0]
        around = prose[max(0, match.start() - 2) : match.end() + 1]
        if _is_short(word, around) or _is_cut(word, prose[match.end() : match.end() + 3]):
            continue
        before = prose[matches[index - 1].end() if index else 0 : match.start()]
        begins = not index or bool(_STOP.search(before))
        if word in PARTICLES and not begins and _is_between_names(matches, index):
            continue
        is_name = word[0].isupper() and not begins and not is_shouted
        for part in _parts(word):
            words[part] = max(words.get(part, 0), _NAME if is_name else 1.0)
    return words


def languages_with(word: str) -> frozenset[str]:
    """The languages whose list has ``word``; marks that it is typed with must be those there."""
    return _index().get(word, frozenset())


def _is_short(word: str, around: str) -> bool:
    """Numbers, units, models and short forms: ``Mar. 3``, ``qty.``, ``20 min``."""
    lower = word.lower()
    if lower in _index():
        return lower in _ABBREVIATIONS and bool(re.search(r"\d|\.$", around))
    has_digit = any(map(str.isdigit, word))
    return has_digit or lower in _ABBREVIATIONS or (lower.isascii() and not _VOWEL.search(lower))


def _is_cut(word: str, after: str) -> bool:
    """A full stop inside a sentence: ``op. margin``."""
    return len(word) <= _LONGEST_CUT and bool(re.match(r"\.[ -]?[a-z\d]", after))


def _is_between_names(matches: list[re.Match[str]], index: int) -> bool:
    after = next((m[0] for m in matches[index + 1 :] if m[0] not in PARTICLES), "")
    before = next((m[0] for m in reversed(matches[:index]) if m[0] not in PARTICLES), "")
    return before[:1].isupper() and after[:1].isupper()


def _parts(word: str) -> list[str]:
    """``mag-order`` in two, where no list has it whole."""
    whole = unicodedata.normalize("NFC", word.lower().replace("’", "'"))
    if "-" not in whole or whole in _index():
        return [whole]
    return [part for part in whole.split("-") if part and part not in _ABBREVIATIONS]


@loaded_once
def _index() -> dict[str, frozenset[str]]:
    """The languages of a word, by the ways it is typed: with its marks, without, in two letters."""
    index: dict[str, set[str]] = {}
    path = Path(__file__).with_name("common_words.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            for word in row["words"].split():
                in_two = without_marks(word.translate(_IN_TWO_LETTERS))
                for typed in (word, without_marks(word), in_two):
                    index.setdefault(typed, set()).add(row["language"])
    return {word: frozenset(names) for word, names in index.items()}
