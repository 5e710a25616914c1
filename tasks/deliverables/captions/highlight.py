"""Which words of a caption are lit when: written words, found in its lines. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tasks.media.captions import Caption
from tasks.screen.lettering import drawable
from tasks.speech.clauses.word_times import SpokenWord

_HELD_MS = 250
"""A word stays lit over a shorter gap to the next one."""


@dataclass(frozen=True)
class LitWord:
    """A word of a caption, lit for ``start_ms <= t < end_ms``.

    ``parts`` are index of a line, first character and the one behind the last: a word that is wider
    than a line has several.
    """

    parts: tuple[tuple[int, int, int], ...]
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class _Found:
    """A spoken word in a caption."""

    word: SpokenWord
    caption: int
    parts: tuple[tuple[int, int, int], ...]


def with_word_times(shown: Sequence[Caption], words: Sequence[SpokenWord]) -> tuple[Caption, ...]:
    """Captions that follow each other at once, the later one from when its first word is said."""
    starts: dict[int, int] = {}
    for found in _found(shown, words):
        starts.setdefault(found.caption, found.word.start_ms)
    moved = list(shown)
    for index in range(1, len(moved)):
        before, after = moved[index - 1 : index + 1]
        start = starts.get(index, after.start_ms)
        is_next = before.end_ms == after.start_ms
        if is_next and before.start_ms < start < after.end_ms:
            moved[index - 1] = before.model_copy(update={"end_ms": start})
            moved[index] = after.model_copy(update={"start_ms": start})
    return tuple(moved)


def lit_words(
    shown: Sequence[Caption], words: Sequence[SpokenWord]
) -> tuple[tuple[LitWord, ...], ...]:
    """The lit words of each caption, in order, inside its time."""
    of_captions: list[list[LitWord]] = [[] for _ in shown]
    found = _found(shown, words)
    for each, following in pairwise([*found, None]):
        assert each is not None
        caption = shown[each.caption]
        end = each.word.end_ms
        if following and following.caption == each.caption:
            next_ms = following.word.start_ms
            end = next_ms if next_ms - end < _HELD_MS else end
        start, end = max(each.word.start_ms, caption.start_ms), min(end, caption.end_ms)
        if start < end:
            of_captions[each.caption].append(LitWord(each.parts, start, end))
    return tuple(map(tuple, of_captions))


def _found(shown: Sequence[Caption], words: Sequence[SpokenWord]) -> list[_Found]:
    """Words in the captions that show them; what is not drawn of a word is not looked for."""
    places = [
        (number, index, column, sign)
        for number, caption in enumerate(shown)
        for index, line in enumerate(caption.lines)
        for column, sign in enumerate(line)
        if not sign.isspace()
    ]
    text = "".join(sign for *_, sign in places)
    found: list[_Found] = []
    at = 0
    for word in words:
        letters = "".join(drawable(word.text).split())
        start = text.find(letters, at)
        if not letters or start < 0:
            continue
        at = start + len(letters)
        signs = places[start:at]
        caption = signs[0][0]
        columns: dict[int, list[int]] = {}
        for number, line, column, _ in signs:
            if number == caption:
                columns.setdefault(line, []).append(column)
        parts = tuple((line, min(each), max(each) + 1) for line, each in columns.items())
        found.append(_Found(word, caption, parts))
    return found
