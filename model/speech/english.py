"""English text to phonemes: what hibari's reader gets wrong is put into words first.

hibari reads times, dates, units, percentages and abbreviations well. Measured wrong, so done here:
web addresses, money (a currency leaks into the next number), telephone numbers before a full stop,
"24/7", ratios, a word's full stop that is no sentence end ("e.g."), the letter A, and the full stop
behind a letter.
"""

import re
from collections.abc import Sequence
from functools import cache

from model.speech.utterance import Piece, Reading, Sounds

CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yuan", "yuan", "fen", "fen"),
    "￥": ("yuan", "yuan", "fen", "fen"),
}
SCALES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion"}
LATIN_ABBREVIATIONS = {"e.g.": "for example", "i.e.": "that is", "etc.": "et cetera"}

_MONEY = re.compile(
    r"([$£€¥￥])\s?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?"
    r"(?:\s?(hundred|thousand|million|billion|trillion|bn|[kKmMbB])\b)?"
)
_URL = re.compile(
    r"(?:https?://)?(?:www\.)?((?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|ai|edu|gov|cn|uk|de|fr|app|co)"
    r"(?![a-z]))((?:[/?#](?:[^\s,;!?)\"”]|[?!](?=\w))*)?)",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"([A-Za-z0-9._+-]+)@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})")
_PHONE = re.compile(
    r"(?<![\w.,$-])(\+?\d{1,3}[ -])?(\(\d{3}\) ?|\d{3}[ -])?\d{3}-\d{4}(?!\w|[.-]\d)"
)
_RATIO = re.compile(r"(?<![\d:.])(\d{1,2}):(\d{1,2})(?![\d:])")
_ALWAYS_OPEN = re.compile(r"(?<![\d/])24/7(?![\d/])")
_LATIN = re.compile(r"(?<![\w.])(e\.g\.|i\.e\.|etc\.)", re.IGNORECASE)
_LETTER_A = re.compile(
    r"(?<=\b[B-HJ-Z] )A\b|\bA(?= [A-Z]\b)|\bA(?= (?:plus|minus)\b)"  # U S A, A P I, A plus
    r"|(?<=[a-z] )A\b(?! [A-Z][a-z])"  # seat twelve A, vitamin A
    r"|(?<=(?:Plan|Gate|Room|Seat) )A\b(?! [A-Z][a-z])"
)
_LAST_LETTER = re.compile(r"\b[A-Z]\.$")
_FULL_WIDTH = str.maketrans("，。！？；：（）％、", ",.!?;:()%,")
_SPEAKABLE = re.compile(
    r"[A-Za-z0-9À-ÖØ-öø-ɏ]|[\s'’‘\"“”.,;:!?…()\[\]$£€¥￥%&@#+=/<>~°¢§±×÷½¼¾²³µ*^_|\\•–—‒―-]"
)
_SILENT = frozenset("™®©\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f")


def read_english(text: str, *, is_british: bool = False) -> Reading:
    """Phonemes of an English text, as one line; characters no reader knows are reported."""
    return read_english_pieces((text,), is_british=is_british)


def read_english_pieces(pieces: Sequence[Piece], *, is_british: bool = False) -> Reading:
    """The same of words and of sounds between them.

    Raises:
        ValueError: sounds that are not phonemes between slashes.
    """
    line: list[str] = []
    unspoken: list[str] = []
    for piece in pieces:
        if isinstance(piece, Sounds):
            line.append(_linked(piece))
        else:
            spoken, unknown = speakable(piece)
            line.append(_with_edges(with_letter_a(words_of(spoken)), spoken))
            unspoken += unknown
    words = "".join(line)
    symbols = " ".join(_reader(is_british)(words).split())
    is_stop_lost = _LAST_LETTER.search(words) and not symbols.endswith(".")
    return Reading(symbols + "." if is_stop_lost else symbols, tuple(dict.fromkeys(unspoken)))


def phonemes_in(sounds: Sounds) -> str:
    """What stands between the slashes of a notation.

    Raises:
        ValueError: there are no two slashes, or nothing between them.
    """
    match = re.fullmatch(r"/([^/()\[\]]+)/", sounds.notation)
    if match is None:
        raise ValueError(f'"{sounds.notation}" must be phonemes between slashes, such as /nˈIki/')
    return match[1]


def _linked(sounds: Sounds) -> str:
    """The reader's own notation of a word whose phonemes are given."""
    return f"[word](/{phonemes_in(sounds)}/)"


def _with_edges(words: str, spoken: str) -> str:
    """``words`` with the space that ``spoken`` has before and after them."""
    before = " " if spoken[:1].isspace() else ""
    after = " " if spoken[-1:].isspace() else ""
    return f"{before}{words}{after}"


def speakable(text: str) -> tuple[str, tuple[str, ...]]:
    """``text`` without what English cannot say (other scripts, emoji, ...), and that."""
    unspoken = tuple(dict.fromkeys(sign for sign in text if not _is_speakable(sign)))
    kept = "".join(sign if _is_speakable(sign) else " " for sign in text if sign not in _SILENT)
    return kept, tuple(sign for sign in unspoken if sign not in _SILENT)


def words_of(text: str) -> str:
    """``text`` with addresses, money, telephone numbers, ratios and e.g. in words."""
    text = text.translate(_FULL_WIDTH)
    text = _EMAIL.sub(lambda m: f"{_dotted(m[1])} at {_dotted(m[2])}", text)
    text = _URL.sub(_address, text)
    text = _MONEY.sub(_money, text)
    text = _ALWAYS_OPEN.sub("twenty-four seven", text)
    text = _PHONE.sub(_telephone, text)
    text = _RATIO.sub(_ratio, text)
    text = _LATIN.sub(_latin, text)
    return " ".join(text.split())


def with_letter_a(text: str) -> str:
    """``text`` with another word for the letter A, which hibari takes for the article."""
    return _LETTER_A.sub("eh", text)


def _is_speakable(sign: str) -> bool:
    return bool(_SPEAKABLE.match(sign.translate(_FULL_WIDTH)))


def _dotted(name: str) -> str:
    for sign, word in ((".", "dot"), ("-", "dash"), ("_", "underscore"), ("+", "plus")):
        name = name.replace(sign, f" {word} ")
    return name


def _address(match: re.Match[str]) -> str:
    host, path = match[1], match[2]
    end = "." if path.endswith(".") else ""
    path = path.rstrip("./")
    for sign, word in (
        ("/", "slash"),
        ("?", "question mark"),
        ("=", "equals"),
        ("&", "and"),
        ("#", "hash"),
        ("%", "percent"),
    ):
        path = path.replace(sign, f" {word} ")
    return _dotted(host + path).strip() + end


def _money(match: re.Match[str]) -> str:
    sign, whole, part, scale = match.groups()
    one, many, small_one, small_many = CURRENCIES[sign]
    amount = whole.replace(",", "")
    if scale:
        number = f"{amount}.{part}" if part else amount
        return f"{number} {SCALES.get(scale.lower(), scale)} {many}"
    large = f"{amount} {one if amount == '1' else many}"
    if not part or int(part) == 0:
        return large
    if len(part) != 2:
        return f"{amount}.{part} {many}"
    small = f"{int(part)} {small_one if int(part) == 1 else small_many}"
    return small if int(amount) == 0 else f"{large} and {small}"


def _telephone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(" ".join(group) for group in groups)


def _ratio(match: re.Match[str]) -> str:
    left, right = match.groups()
    is_time = len(right) == 2 and int(left) <= 24 and int(right) <= 59
    return match[0] if is_time else f"{left} to {right}"


def _latin(match: re.Match[str]) -> str:
    words = LATIN_ABBREVIATIONS[match[1].lower()]
    is_last = not match.string[match.end() :].strip()
    return words + ("." if is_last else "")


def is_english_word(word: str) -> bool:
    """Whether the reader's dictionary has ``word`` in small letters."""
    lexicon = _reader(False).lexicon
    return word.lower() in lexicon.golds or word.lower() in lexicon.silvers


@cache
def _reader(is_british: bool):
    """Make hibari's lexicon reader; callable: text -> phonemes."""
    from hibari.g2p import G2P

    return G2P(british=is_british)
