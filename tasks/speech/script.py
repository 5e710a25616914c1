"""A script, cut into the clauses that are spoken one by one. Pure.

A clause keeps all of its text for the captions; what no voice can say is not spoken. What is read
as one (a price, a date, an address) is never cut, and a full stop in it ends no sentence.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tasks.reading.languages import Language
from tasks.reading.lexicon import NO_LEXICON, Lexicon
from tasks.reading.marks import Pause
from tasks.reading.reading import characters_to_check, read_aloud
from tasks.reading.script_text import script_text
from tasks.reading.tokens import Token, merged
from tasks.speech.clauses.clause import Clause, clause_of, without_controls

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
_WORD = re.compile(r"\S+")
_COMMA = re.compile(r"[，、：]|[,:—–](?=\s)|——")
_STOPS_BEHIND = re.compile(r"\s*[.,!?;:…。，！？；：、]+[”’」』）)]*")


@dataclass(frozen=True)
class Script:
    """A script's clauses, the silence before them, and what people should know of them."""

    clauses: tuple[Clause, ...]
    warnings: tuple[str, ...]
    lead_ms: int = 0


def read_script(text: str, language: Language, lexicon: Lexicon = NO_LEXICON) -> Script:
    """Clauses of ``text``; one without anything to say is added to the caption before it.

    Raises:
        ScriptError: something in it cannot be read as it stands.
    """
    marked = script_text(text, language)
    clean, places = without_controls(marked.text)
    spans = [replace(t, start=places[t.start], end=places[t.end]) for t in marked.spans]
    tokens = merged(read_aloud(clean, language, lexicon), spans)
    pauses = tuple(Pause(places[pause.index], pause.milliseconds) for pause in marked.pauses)
    cut = cut_text(clean, tokens, pauses, language)
    num_controls = _num_controls(marked.text, places)
    characters = characters_to_check(clean, language, tokens)
    doubts = (*_doubts(clean, tokens), *(each.doubt for each in characters))
    warnings = (*marked.notices, *_warnings(doubts, cut.unspeakable, num_controls))
    return Script(cut.clauses, warnings, cut.lead_ms)


@dataclass(frozen=True)
class Cut:
    """A text in clauses, the signs in it that no voice can say, and the silence before it."""

    clauses: tuple[Clause, ...]
    unspeakable: tuple[str, ...]
    lead_ms: int


def cut_text(
    text: str, tokens: Sequence[Token], pauses: Sequence[Pause], language: Language
) -> Cut:
    """Clauses of a text without marks; a pause always ends one."""
    borders = _Borders(text, tokens)
    pause_ms_at: dict[int, int] = defaultdict(int)
    for pause in pauses:
        pause_ms_at[borders.behind(pause.index)] += pause.milliseconds
    clauses: list[Clause] = []
    dropped: list[str] = []
    lead_ms = pause_ms_at.pop(0, 0)
    for start, end, ends_sentence in _stretches(text, borders, pause_ms_at, language):
        clause, unspeakable = clause_of(text, (start, end), tokens, ends_sentence=ends_sentence)
        dropped += unspeakable
        pause_ms = pause_ms_at.get(end, 0)
        if clause.is_speakable:
            clauses.append(replace(clause, pause_ms=pause_ms))
        elif clauses:
            last = clauses.pop()
            told = f"{last.text} {clause.text}" if unspeakable else last.text
            clauses.append(replace(last, text=told, pause_ms=last.pause_ms + pause_ms))
        else:
            lead_ms += pause_ms
    return Cut(tuple(clauses), tuple(dropped), lead_ms)


def _num_controls(text: str, places: Sequence[int]) -> int:
    """How many characters of ``text`` have no place; of a line end of two characters, none."""
    gone = sum(place == following for place, following in pairwise(places))
    return gone - text.count("\r\n")


def _doubts(text: str, tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.doubt is not None:
            yield f'"{text[token.start : token.end]}" is read "{token.spoken}" ({token.doubt})'


def _warnings(doubts: Sequence[str], dropped: Sequence[str], num_controls: int) -> tuple[str, ...]:
    warnings: list[str] = []
    if doubts:
        warnings.append(f"check these words: {'; '.join(dict.fromkeys(doubts))}")
    if dropped:
        signs = " ".join(dict.fromkeys(dropped))
        warnings.append(f"not spoken, kept in the captions: {signs}")
    if num_controls:
        warnings.append(f"{num_controls} control characters removed from the script")
    return tuple(warnings)


class _Borders:
    """Where a text may be cut: between tokens, not in them."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text = text
        self._starts = [token.start for token in tokens]
        self._ends = [token.end for token in tokens]

    def is_covered(self, index: int) -> bool:
        """Whether the character ``index`` belongs to a token."""
        token = bisect_left(self._ends, index + 1)
        return token < len(self._ends) and self._starts[token] <= index

    def is_inside(self, index: int) -> bool:
        """Whether a cut before the character ``index`` would part a token."""
        token = bisect_left(self._ends, index + 1)
        return token < len(self._ends) and self._starts[token] < index

    def behind(self, index: int) -> int:
        """The first place from ``index`` on where a pause may be: behind its token and its stop."""
        if self.is_inside(index):
            index = self._ends[bisect_left(self._ends, index + 1)]
        stops = _STOPS_BEHIND.match(self._text, index)
        return stops.end() if stops and not self.is_covered(stops.end() - 1) else index


def _stretches(
    text: str, borders: _Borders, pauses: Mapping[int, int], language: Language
) -> Iterator[tuple[int, int, bool]]:
    """Clauses as ranges of ``text``, and whether each ends its sentence."""
    sentence_ends = {*_sentence_ends(text, borders), len(text)}
    start = 0
    for end in sorted(sentence_ends | set(pauses)):
        parts = _split_long(text, start, end, borders, language)
        for index, (first, last) in enumerate(parts):
            yield first, last, index == len(parts) - 1 and end in sentence_ends
        start = end


def _sentence_ends(text: str, borders: _Borders) -> Iterator[int]:
    for match in _SENTENCE_END.finditer(text):
        is_parted = borders.is_covered(match.start()) or borders.is_inside(match.end())
        if not is_parted and _is_end(text, match):
            yield match.end()


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


def _split_long(
    text: str, start: int, end: int, borders: _Borders, language: Language
) -> list[tuple[int, int]]:
    """Cut a long sentence at the comma nearest its middle, again and again."""
    places = _places(text, start, end)
    sentence = "".join(" " if place < 0 else text[place] for place in places)
    if len(sentence) + _DIGIT_EXTRA * sum(map(str.isdigit, sentence)) <= MAX_CLAUSE_CHARS[language]:
        return [(start, end)]
    shortest = MIN_CLAUSE_CHARS[language]
    cuts = [
        match.end()
        for match in _COMMA.finditer(sentence)
        if shortest <= match.end() <= len(sentence) - shortest
        and not borders.is_covered(places[match.start()])
        and not borders.is_inside(places[match.end() - 1] + 1)
    ]
    if not cuts:
        return [(start, end)]
    cut = places[min(cuts, key=lambda place: abs(place - len(sentence) / 2)) - 1] + 1
    return [
        *_split_long(text, start, cut, borders, language),
        *_split_long(text, cut, end, borders, language),
    ]


def _places(text: str, start: int, end: int) -> list[int]:
    """Where the signs of a sentence stand, -1 for the one space between its words."""
    places: list[int] = []
    for match in _WORD.finditer(text, start, end):
        if places:
            places.append(-1)
        places += range(*match.span())
    return places
