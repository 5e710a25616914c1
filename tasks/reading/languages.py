"""Which language a script is written in, and whether a built-in voice can say it. Pure."""

import re
import unicodedata
from collections import Counter
from functools import cache
from typing import Literal, TypeAlias

from tasks.reading.flaws import Flaw
from tasks.reading.foreign.latin_languages import latin_language

Language: TypeAlias = Literal["en", "zh"]

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")
# addresses, marks, entities, and words that digits are part of: units, models, formulas
_NO_PROSE = re.compile(
    r"<[^<>]*>|&\w+;|https?://[!-~]+|(?<![\w.+-])[\w.+-]+@[\w.-]+"
    r"|(?<![A-Za-z0-9-])[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+[/?#!-~]*"
    r"|(?<![A-Za-z0-9])[A-Za-z]*\d[A-Za-z0-9²³]*(?:/[A-Za-z]+)*|/[A-Za-z]{1,3}(?![A-Za-z])",
    re.ASCII,
)
_PHRASE = re.compile(r"[A-Za-z]+(?:['’ ,-]+[A-Za-z]+)*")
_ACRONYM_CHARS = 4
_LEAST_ENGLISH = 2  # words, one of them small
_PHRASE_WORDS = 3  # so many Latin words in a row are all counted
_UNITS = frozenset(
    (
        *("kg", "g", "mg", "km", "m", "cm", "mm", "ml", "l", "h", "s", "ms", "min", "hz", "khz"),
        *("mhz", "ghz", "w", "kw", "kwh", "mah", "v", "a", "mb", "gb", "tb", "kb", "mbps", "gbps"),
        *("fps", "dpi", "rpm", "db", "px", "ppm", "inch", "oz", "lb", "ft"),
    )
)
_SAYS_ENGLISH = frozenset(
    (
        *("a", "an", "the", "and", "or", "but", "of", "to", "in", "on", "at", "by", "for", "with"),
        *("from", "is", "are", "was", "were", "be", "have", "has", "had", "do", "does", "i", "you"),
        *("we", "they", "he", "she", "it", "my", "your", "our", "their", "his", "her", "this"),
        *("that", "these", "those", "not", "can", "will", "what", "who", "how", "where", "when"),
    )
)

_CHINESE_STOP = re.compile("[，。；、！？：]")
_KANA = ("HIRAGANA", "KATAKANA")
_ONLY_CHINESE = frozenset("们這这吗嗎呢吧你您她么麼啊哪很没沒让讓给給把说說对對")
_ONLY_JAPANESE = frozenset(
    "円発売価気駅図対応検実広帰単戦県済権変弾歳毎渋桜楽続総緑薬訳読転鉄関顔験働込峠枠銭択駆覚観勧歓拠"
    "恵継掲鶏撃圏剣険顕効鉱砕剤雑桟賛歯児釈収従渉焼奨畳譲醸粋瀬斉摂専巣騒蔵臓滝聴鋳逓稲徳悩拝"
    "廃髪抜払辺舗満黙揺謡頼覧隣塁齢録亜悪圧囲壱隠栄営塩縁仮"
)
"""Shapes of characters that are written in Japan alone."""
_ONLY_CANTONESE = frozenset("嘅咗哋啲喺嚟冇乜嘢佢攞搵嗰喎嘞啱㗎瞓唔咁")
"""Characters of spoken Cantonese; Mandarin has one of them at most, in a name or a quotation."""
_LEAST_CANTONESE = 2
_CHINESE_GRAMMAR = _ONLY_CHINESE | frozenset("的了是在和与或就都也还還及为為请請")
_LEAST_KANA_SHARE = 0.15
_LEAST_KANJI = 4
_LETTERS_A_WORD = {"HANGUL": 2, "HIRAGANA": 2, "KATAKANA": 2, "THAI": 4, "LAO": 4, "KHMER": 4} | {
    "MYANMAR": 4,
    "TIBETAN": 4,
}
_WIDTHS = ("FULLWIDTH", "HALFWIDTH", "CJK")
# of these a voice says all that it can, or they are signs and accents of other letters
_OWN = frozenset(
    ("LATIN", "CJK", "IDEOGRAPHIC", "MODIFIER", "COMBINING", "MASCULINE", "FEMININE", "MICRO")
)
_LETTERS = {
    "CYRILLIC": "Cyrillic letters (Russian, Ukrainian or another language)",
    "ARABIC": "Arabic letters (Arabic, Persian, Urdu or another language)",
    "DEVANAGARI": "Devanagari (Hindi, Marathi or another language)",
    "HANGUL": "Korean",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "GREEK": "Greek",
    "HEBREW": "Hebrew",
    "THAI": "Thai",
    "MATHEMATICAL": "mathematical letters that only look like the alphabet",
}
_WAYS_OUT = (
    'give a recording of it in the column "audio", or a voice of your own: "http:<voice>" with '
    '--voice-url, or "command:<voice>" with --voice-command'
)


def language_of(script: str) -> Language:
    """Mandarin where Han characters are at least as many as English words; else English.

    Units, addresses, models and brands are no English words; without a small word of English
    (``the``, ``is``) Latin words in a Chinese text are names. Numbers alone are read in the
    language whose punctuation stands between them.
    """
    num_han = len(_HAN.findall(script))
    if not num_han:
        is_number = not _LATIN_WORD.search(script)
        return "zh" if is_number and _CHINESE_STOP.search(script) else "en"
    if earlier_language_of(script) == "zh":
        return "zh"
    words = _english_words(script)
    if num_han >= len(words):
        return "zh"
    is_english = any(word.lower() in _SAYS_ENGLISH for word in words)
    return "zh" if not is_english and _is_set_as_chinese(script) else "en"


def earlier_language_of(script: str) -> Language:
    """As releases before 0.2 told it: every run of Latin letters is a word.

    Recordings and voices of a person's own keep it, because the language is part of what their
    finished speech is known by.
    """
    num_han = len(_HAN.findall(script))
    return "zh" if num_han and num_han >= len(_LATIN_WORD.findall(script)) else "en"


def english_word_of(script: str) -> tuple[int, int] | None:
    """Where a text that is read as Mandarin has a small word of English, and no word of Chinese.

    ``茅台 1935 is $180 a bottle`` may be an English script with a Chinese name in it.
    """
    is_chinese = _CHINESE_STOP.search(script) or _CHINESE_GRAMMAR & set(script)
    words = [word for word in _LATIN_WORD.finditer(script) if word[0][1:].islower()]
    if is_chinese or len(words) < _LEAST_ENGLISH or re.search(rf"{_HAN.pattern}{{6}}", script):
        return None
    small = [word.span() for word in words if word[0] in _SAYS_ENGLISH]
    return small[0] if small else None


def language_flaw(script: str, *, is_insisted: bool) -> Flaw | None:
    """Why no built-in voice can say ``script``; None where one can.

    Args:
        script: without marks.
        is_insisted: a person named the language in the row: a text in Latin letters is then read.
    """
    letters = None if script.isascii() else _foreign_letters(script)
    if letters:
        rule = f"the script is written in {letters}, which no built-in voice can say"
        return Flaw(_start(script), rule, _WAYS_OUT)
    if not is_insisted and len(_ONLY_CANTONESE & set(script)) >= _LEAST_CANTONESE:
        rule = "the script seems to be Cantonese, which no built-in voice speaks"
        way_out = f'{_WAYS_OUT}; to have it read as Mandarin, write "zh" in the column "language"'
        return Flaw(_start(script), rule, way_out)
    if is_insisted or _HAN.search(script):
        return None
    name = latin_language(script)
    if name is None:
        return None
    rule = f"the script seems to be {name}, which no built-in voice speaks"
    way_out = f'{_WAYS_OUT}; to have it read as English, write "en" in the column "language"'
    return Flaw(_start(script), rule, way_out)


def _start(script: str) -> str:
    shown = " ".join(script.split())
    return shown if len(shown) <= 60 else shown[:59] + "…"


# --- English or Mandarin --------------------------------------------------------------------------


def _english_words(script: str) -> list[str]:
    words: list[str] = []
    for phrase in _PHRASE.findall(_NO_PROSE.sub("。", script)):
        in_row = _LATIN_WORD.findall(phrase)
        is_phrase = len(in_row) >= _PHRASE_WORDS
        words += (word for word in in_row if is_phrase or _is_word(word))
    return words


def _is_word(word: str) -> bool:
    """Neither a unit nor an acronym nor a brand like ``iPhone``."""
    if word.lower() in _UNITS or len(word) == 1:
        return False
    if word.isupper():
        return len(word) > _ACRONYM_CHARS
    return word.islower() or word.istitle()


def _is_set_as_chinese(script: str) -> bool:
    """Chinese punctuation, or letters or digits right beside Han characters."""
    return bool(
        re.search(rf"{_HAN.pattern}[，。！？；：、A-Za-z0-9]|[A-Za-z0-9]{_HAN.pattern}", script)
    )


# --- letters that no voice can say ----------------------------------------------------------------


def _foreign_letters(script: str) -> str | None:
    """The letters that most of ``script`` is written in, where no voice can say them."""
    counts = Counter(_letters_of(sign) for sign in script if not sign.isascii() and sign.isalpha())
    num_kana = counts["HIRAGANA"] + counts["KATAKANA"] - script.count("の")
    words = _LATIN_WORD.findall(_NO_PROSE.sub(" ", script))
    num_latin = sum(1 for word in words if _is_small_word(word))
    if num_kana > num_latin and _is_japanese(script, num_kana, counts["CJK"]):
        return _LETTERS["HIRAGANA"]
    if not num_kana and counts["CJK"] >= _LEAST_KANJI and _is_kanji(script):
        return _LETTERS["HIRAGANA"]
    foreign = {name: num for name, num in counts.items() if name not in _OWN}
    if not foreign or (counts["CJK"] and set(foreign) <= set(_KANA)):
        return None
    name = max(foreign, key=lambda each: foreign[each])
    if _num_words(script, name, foreign[name]) <= num_latin + counts["CJK"]:
        return None
    return _LETTERS.get(name, f"{name.title()} letters")


def _is_small_word(word: str) -> bool:
    return len(word) > 1 and word.islower() and word not in _UNITS


def _is_japanese(script: str, num_kana: int, num_han: int) -> bool:
    """Kana between Han characters, and not the words of a Chinese text about a Japanese name."""
    if not num_han:
        return False
    has_grammar = re.search(r"[\u3041-\u306d\u306f-\u309f]", script)  # hiragana but の
    is_enough = num_kana >= _LEAST_KANA_SHARE * (num_kana + num_han)
    is_enough |= bool(has_grammar) and not _CHINESE_GRAMMAR & set(script)
    num_chinese = sum(sign in _ONLY_CHINESE for sign in script)
    is_shaped = bool(_ONLY_JAPANESE & set(script))
    is_told = has_grammar or is_shaped or num_kana > num_han
    return bool(is_enough and not num_chinese and is_told)


def _is_kanji(script: str) -> bool:
    """Japanese without kana, as in headlines: 新商品発売."""
    shapes = _ONLY_JAPANESE & set(script)
    if not shapes or _CHINESE_GRAMMAR & set(script):
        return False
    han = "".join(_HAN.findall(script))
    return han.encode("cp932", errors="ignore").decode("cp932") == han  # simplified ones are not


def _num_words(script: str, name: str, num_letters: int) -> int:
    """Words in the letters ``name``; where no spaces part them, by their number."""
    if name in _LETTERS_A_WORD:
        return -(-num_letters // _LETTERS_A_WORD[name])
    num_words = length = 0
    for sign in f"{script} ":
        if not sign.isascii() and _letters_of(sign) == name:
            length += 1
        elif not unicodedata.category(sign).startswith("M"):
            num_words += length > 1
            length = 0
    return num_words


@cache
def _letters_of(sign: str) -> str:
    """``CYRILLIC``, ``CJK``: the word of a sign's name that says what letters it belongs to."""
    words = unicodedata.name(sign, "UNNAMED").split()
    if words[0] in _WIDTHS and len(words) > 1 and words[1] not in ("UNIFIED", "COMPATIBILITY"):
        return words[1]
    return words[0]
