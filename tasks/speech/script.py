"""A script, cut into the clauses that are spoken one by one. Pure.

A clause keeps all of its text for the captions; what no voice can say is not
spoken.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]

MAX_CLAUSE_CHARS: dict[Language, int] = {"en": 100, "zh": 32}
"""About seven seconds of speech: a segment's usual length."""
MIN_CLAUSE_CHARS: dict[Language, int] = {"en": 20, "zh": 6}
_DIGIT_EXTRA = 2  # a digit is a word
ABBREVIATIONS = frozenset(
    (
        *("mr", "mrs", "ms", "dr", "prof", "st", "mt", "gen", "gov", "sen"),
        *("rep", "capt", "lt", "col", "sgt", "rev", "hon", "jr", "sr", "vs"),
        *("no", "vol", "fig", "approx", "e.g", "i.e", "etc", "inc", "ltd", "co"),
        *("corp", "dept", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep"),
        *("sept", "oct", "nov", "dec"),
    )
)
_SENTENCE_END = re.compile(
    r"""[。！？；]+[”’」』）)"']*|[.!?;…]+["'”’)\]」』）]*(?=\s|$)|[!?…]+(?=[\u3400-\u9fff])|\n+"""
)
_COMMA = re.compile(r"[，、：]|[,:—–](?=\s)|——")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")
_JOINERS = frozenset("\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff\u00ad")


@dataclass(frozen=True)
class Clause:
    """A stretch of the script spoken in one breath; ``ends_sentence`` asks for a longer gap."""

    text: str
    spoken: str
    ends_sentence: bool


@dataclass(frozen=True)
class Script:
    """A script's clauses and what was left out of them, for people."""

    clauses: tuple[Clause, ...]
    warnings: tuple[str, ...]


def language_of(script: str) -> Language:
    """Told from the characters: Mandarin where Han characters are at least as many as words."""
    num_han = len(_HAN.findall(script))
    return "zh" if num_han and num_han >= len(_LATIN_WORD.findall(script)) else "en"


def read_script(text: str, language: Language) -> Script:
    """Clauses of ``text``; one without anything to say is added to the caption before it."""
    clean, num_controls = _without_controls(text)
    clauses: list[Clause] = []
    dropped: list[str] = []
    for sentence in _sentences(clean):
        parts = _split_long(sentence, language)
        for index, part in enumerate(parts):
            spoken, unspeakable = _speakable(part)
            dropped += unspeakable
            if any(sign.isalnum() for sign in spoken):
                clauses.append(Clause(part, spoken, index == len(parts) - 1))
            elif clauses and unspeakable:
                last = clauses.pop()
                clauses.append(Clause(f"{last.text} {part}", last.spoken, last.ends_sentence))
    return Script(tuple(clauses), _warnings(dropped, num_controls))


def _warnings(dropped: list[str], num_controls: int) -> tuple[str, ...]:
    warnings: list[str] = []
    if dropped:
        signs = " ".join(dict.fromkeys(dropped))
        warnings.append(f"not spoken, kept in the captions: {signs}")
    if num_controls:
        warnings.append(f"{num_controls} control characters removed from the script")
    return tuple(warnings)


def _without_controls(text: str) -> tuple[str, int]:
    """``text`` with one kind of line end and without control characters, and their number."""
    text = re.sub(r"\r\n?|\u2028|\u2029|\x85|\v|\f", "\n", text).replace("\t", " ")
    kept = "".join(sign for sign in text if sign == "\n" or unicodedata.category(sign) != "Cc")
    return kept, len(text) - len(kept)


def _speakable(text: str) -> tuple[str, list[str]]:
    """What a voice is given, and the signs it is not: emoji, symbols, private characters."""
    spoken: list[str] = []
    dropped: list[str] = []
    for sign in text:
        category = unicodedata.category(sign)
        if sign in _JOINERS or (category in ("Cf", "Mn") and ord(sign) > 0x2000):
            continue
        if category in ("So", "Sk", "Co", "Cn", "Cs") and sign not in "°℃℉㎡^`©®™¦":
            dropped.append(sign)
            spoken.append(" ")
        else:
            spoken.append(sign)
    return " ".join("".join(spoken).split()), dropped


def _sentences(text: str) -> list[str]:
    sentences: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if not _is_end(text, match):
            continue
        sentences.append(text[start : match.end()].strip())
        start = match.end()
    sentences.append(text[start:].strip())
    return [" ".join(sentence.split()) for sentence in sentences if sentence]


def _is_end(text: str, match: re.Match[str]) -> bool:
    """False for the full stop of an abbreviation or an initial, or before a small letter."""
    sign = match[0][0]
    if sign not in ".…":
        return True
    following = text[match.end() :].lstrip(" ")
    if following[:1].islower():
        return False
    if match[0] != ".":
        return True
    word = re.split(r"[\s(\"“]", text[: match.start()])[-1]
    is_initial = len(word) == 1 and word.isalpha() and word.isupper() and word != "I"
    return not (following and (word.lower() in ABBREVIATIONS or is_initial))


def _split_long(sentence: str, language: Language) -> list[str]:
    """Cut a long sentence at the comma nearest its middle, again and again."""
    if len(sentence) + _DIGIT_EXTRA * sum(map(str.isdigit, sentence)) <= MAX_CLAUSE_CHARS[language]:
        return [sentence]
    shortest = MIN_CLAUSE_CHARS[language]
    cuts = [
        match.end()
        for match in _COMMA.finditer(sentence)
        if shortest <= match.end() <= len(sentence) - shortest
    ]
    if not cuts:
        return [sentence]
    cut = min(cuts, key=lambda place: abs(place - len(sentence) / 2))
    left, right = sentence[:cut].strip(), sentence[cut:].strip()
    return [*_split_long(left, language), *_split_long(right, language)]
