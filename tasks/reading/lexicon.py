"""A person's own pronunciations: which words of a text they say, and how. Pure.

An entry in lower case is found in any case; one with a capital is found only as it is written. Of
two entries that fit, the longer is taken. What an entry says is never searched again, so entries
cannot run in circles.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from tasks.reading.languages import Language
from tasks.reading.tokens import Token

_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\u3007]")
"""Scripts that put no space between words: their signs are words wherever they stand."""

_LATIN_WORD = re.compile(r"[A-Za-z0-9_]+")
_COMBINING = re.compile("[\u0300-\u036f]")
_APOSTROPHES = "'’‘ʼ＇"
_PLAIN = str.maketrans(
    dict.fromkeys("’‘ʼ＇", "'")
    | dict.fromkeys("‐‑–", "-")
    | dict.fromkeys("\t\n\r\u00a0\u2007\u2009\u202f\u3000", " ")
)
_POSSESSIVE = re.compile(rf"[{_APOSTROPHES}][sS](?!\w)")
_VOICELESS = frozenset("ptkfθ")
_SIBILANT = frozenset("szʃʒʧʤ")


@dataclass(frozen=True)
class Entry:
    """How one word, or several, are said.

    Attributes:
        word: as it is written in scripts.
        language: of the scripts it is for; None for both.
        spoken: words that are said in its place.
        sounds: how exactly it sounds, as in :class:`tasks.reading.tokens.Token`.
    """

    word: str
    language: Language | None
    spoken: str
    sounds: str | None = None

    @property
    def said(self) -> str:
        """What is said, for identities and for people."""
        return self.sounds or self.spoken


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Entries by which texts are searched; of two for the same word the first holds."""

    entries: tuple[Entry, ...] = ()

    def over(self, other: "Lexicon") -> "Lexicon":
        """Both, these entries first."""
        return Lexicon((*self.entries, *other.entries))

    @cached_property
    def _searches(self) -> dict[Language, "_Search"]:
        return {"en": _search(self.entries, "en"), "zh": _search(self.entries, "zh")}

    def found(self, text: str, language: Language) -> tuple[tuple[int, int, Entry], ...]:
        """Where entries are in ``text``, in order, without overlaps: start, end, entry."""
        words = self._searches[language]
        if not words:
            return ()
        plain = _plain_text(text)
        small = plain.small
        found: list[tuple[int, int, Entry]] = []
        at = 0
        while at < len(small):
            is_likely = small[at : at + 2] in words or small[at] in words
            entry = plain.entry_at(at, words) if is_likely else None
            if entry is None:
                word = _LATIN_WORD.match(plain.text, at)  # no entry begins inside it
                at = word.end() if word else at + 1
                continue
            start, at = at, at + len(entry.word)
            found.append((plain.places[start], plain.places[at], entry))
        return tuple(found)


NO_LEXICON = Lexicon()


def lexicon_tokens(text: str, language: Language, lexicon: Lexicon) -> tuple[Token, ...]:
    """The tokens of ``text`` that ``lexicon`` has entries for, in order."""
    return tuple(
        _token(text, start, end, entry, language)
        for start, end, entry in lexicon.found(text, language)
    )


def with_entries(tokens: Sequence[Token], entries: Sequence[Token]) -> tuple[Token, ...]:
    """A reader's tokens, and the lexicon's where they fit.

    An entry takes the place of the tokens it covers from end to end. Where it has only a part of a
    token (``nike`` of ``www.nike.com``), the token stays and the entry is not used.
    """
    kept = [
        entry
        for entry in entries
        if not any(_cuts_into(entry, token) for token in tokens if _overlap(entry, token))
    ]
    others = (token for token in tokens if not any(_overlap(token, entry) for entry in kept))
    return tuple(sorted((*others, *kept), key=lambda token: token.start))


def used_entries(text: str, language: Language, lexicon: Lexicon) -> tuple[Entry, ...]:
    """The entries that a text's reading depends on, each once, in order of their words."""
    used = {entry.word: entry for _, _, entry in lexicon.found(text, language)}
    return tuple(used[word] for word in sorted(used))


def _overlap(one: Token, other: Token) -> bool:
    return one.start < other.end and other.start < one.end


def _cuts_into(entry: Token, token: Token) -> bool:
    return not (entry.start <= token.start and token.end <= entry.end)


def _token(text: str, start: int, end: int, entry: Entry, language: Language) -> Token:
    """The entry's token; an English ``'s`` behind its word belongs to it."""
    ending = _POSSESSIVE.match(text, end) if language == "en" else None
    if ending is None or entry.word[-2:].lower() == "'s":
        return Token(start, end, "entry", entry.spoken, entry.sounds)
    sounds = _with_s(entry.sounds) if entry.sounds else None
    spoken = f"{entry.spoken}'s" if entry.spoken else ""
    return Token(start, ending.end(), "entry", spoken, sounds)


def _with_s(sounds: str) -> str:
    """Phonemes with the English ending ``'s``."""
    phonemes = sounds.strip("/")
    last = phonemes[-1:]
    ending = "ᵻz" if last in _SIBILANT else "s" if last in _VOICELESS else "z"
    return f"/{phonemes}{ending}/"


# --- search -------------------------------------------------------------------------------------

_Search: TypeAlias = dict[str, list[Entry]]
"""Entries by the first two characters of their words in small letters, the longest first."""


def _search(entries: Iterable[Entry], language: Language) -> _Search:
    first: dict[str, Entry] = {}
    for entry in entries:
        if entry.language in (None, language):
            word = plain_word(entry.word)
            first.setdefault(word, replace(entry, word=word))
    search: _Search = {}
    for word in sorted(first, key=lambda word: (-len(word), word)):
        search.setdefault(_small(word)[:2], []).append(first[word])
    return search


@dataclass(frozen=True)
class _PlainText:
    """A text with one kind of apostrophe, hyphen and space, letters composed.

    Attributes:
        text: what is compared.
        small: the same in small letters, as long.
        places: where each character, and the end, is in the original.
    """

    text: str
    small: str
    places: Sequence[int]

    def entry_at(self, at: int, search: _Search) -> Entry | None:
        """The longest entry that begins here."""
        for length in (2, 1):
            for entry in search.get(self.small[at : at + length], ()):
                compared = self.small if entry.word == entry.word.lower() else self.text
                if compared.startswith(entry.word, at) and self._is_word(at, len(entry.word)):
                    return entry
        return None

    def _is_word(self, at: int, length: int) -> bool:
        """Whether no letter or digit runs on at either end."""
        end = at + length
        runs_on = at > 0 and _is_joined(self.text[at - 1], self.text[at])
        return not (runs_on or (end < len(self.text) and _is_joined(*self.text[end - 1 : end + 1])))


def _is_joined(left: str, right: str) -> bool:
    return _is_in_word(left) and _is_in_word(right)


def _is_in_word(sign: str) -> bool:
    return (sign.isalnum() or sign == "_") and not _UNSPACED.match(sign)


def plain_word(word: str) -> str:
    """A word as it is compared: two that are equal here are found in the same places."""
    return _plain_text(word).text


def _plain_text(text: str) -> _PlainText:
    if "  " in (plain := text.translate(_PLAIN)) or _COMBINING.search(text):
        return _composed_text(text)
    return _PlainText(plain, _small(plain), range(len(text) + 1))


def _composed_text(text: str) -> _PlainText:
    """The same where letters and their marks are apart, or several spaces stand together."""
    signs: list[str] = []
    places: list[int] = []
    for part in re.finditer(r"\s+|.[\u0300-\u036f]*", text, re.DOTALL):
        written = " " if part[0].isspace() else unicodedata.normalize("NFC", part[0])
        signs.append(written.translate(_PLAIN))
        places += [part.start()] * len(written)
    plain = "".join(signs)
    return _PlainText(plain, _small(plain), (*places, len(text)))


def _small(text: str) -> str:
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)
