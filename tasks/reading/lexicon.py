"""A person's own pronunciations: which words of a text they say, and how. Pure.

An entry in lower case is found in any case; one with a capital is found only as it is written. Of
two entries that fit, the longer is taken. What an entry says is never searched again, so entries
cannot run in circles.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from tasks.reading.languages import Language
from tasks.reading.tokens import Token

_HAN = "\u3400-\u9fff\uf900-\ufaff\u3007"
_LETTER = rf"[^\W{_HAN}\u3040-\u30ff\uac00-\ud7af]"
_FIRST = rf"(?<!{_LETTER})"
_LAST = rf"(?!{_LETTER}|[\u0300-\u036f])"
_APOSTROPHES = "'’‘ʼ＇"
_HYPHENS = "-‐‑–"
_POSSESSIVE = rf"(?:[{_APOSTROPHES}][sS]{_LAST})?"
_VOICELESS = frozenset("ptkfθ")
_SIBILANT = frozenset("szʃʒʧʤʦʣ")


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
        search = self._searches[language]
        found: list[tuple[int, int, Entry]] = []
        end = 0
        for start in search.starts.finditer(text) if search.starts else ():
            words = search.words.get(start[0].lower()[0])
            match = words.match(text, start.start()) if words else None
            if match and match.start() >= end:
                end = match.end()
                found.append((match.start(), end, search.entries[match.lastgroup or ""]))
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
    spoken, sounds = entry.spoken, entry.sounds
    tail = text[start:end].rstrip("sS")
    is_possessive = language == "en" and tail[-1:] in _APOSTROPHES and tail != text[start:end]
    if is_possessive and not _ends_in_possessive(entry.word):
        spoken += "'s"
        sounds = _with_s(sounds) if sounds else None
    return Token(start, end, "entry", spoken, sounds)


def _ends_in_possessive(word: str) -> bool:
    return bool(re.search(rf"[{_APOSTROPHES}][sS]$", word))


def _with_s(sounds: str) -> str:
    """Phonemes with the English ending ``'s``."""
    phonemes = sounds.strip("/")
    last = phonemes[-1:]
    ending = "ᵻz" if last in _SIBILANT else "s" if last in _VOICELESS else "z"
    return f"/{phonemes}{ending}/"


# --- search -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Search:
    """Where a word may start, words by their first character in lower case, entries by group."""

    starts: re.Pattern[str] | None
    words: dict[str, re.Pattern[str]]
    entries: dict[str, Entry]


def _search(entries: Iterable[Entry], language: Language) -> _Search:
    """What finds the entries of a language, the longest first; words composed or not."""
    first: dict[str, Entry] = {}
    for entry in entries:
        if entry.language in (None, language):
            for form in ("NFC", "NFD"):
                first.setdefault(unicodedata.normalize(form, entry.word), entry)
    groups: dict[str, Entry] = {}
    patterns: dict[str, list[str]] = {}
    for index, word in enumerate(sorted(first, key=lambda word: (-len(word), word))):
        groups[f"e{index}"] = first[word]
        patterns.setdefault(word[0].lower()[0], []).append(_pattern(word, f"e{index}", language))
    if not groups:
        return _Search(None, {}, {})
    words = {sign: re.compile("|".join(parts)) for sign, parts in patterns.items()}
    signs = "".join(map(re.escape, patterns))
    return _Search(re.compile(rf"[{signs}]", re.IGNORECASE), words, groups)


def _pattern(word: str, group: str, language: Language) -> str:
    """A pattern for ``word`` as people type it: any apostrophe, hyphen and spaces."""
    before = _FIRST if re.match(_LETTER, word[0]) else ""
    after = _LAST if re.match(_LETTER, word[-1]) else ""
    if after and language == "en":
        after = f"{_POSSESSIVE}{after}"
    flags = "" if word != word.lower() else "i"
    return f"(?P<{group}>{before}(?{flags}:{''.join(map(_sign, word))}){after})"


def _sign(sign: str) -> str:
    if sign in _APOSTROPHES:
        return f"[{_APOSTROPHES}]"
    if sign in _HYPHENS:
        return f"[{_HYPHENS}]"
    return r"\s+" if sign.isspace() else re.escape(sign)
