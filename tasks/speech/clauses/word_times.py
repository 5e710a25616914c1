"""When each written word of a speech is said: told by its phones. Pure.

A clause keeps its phonemes, a group for each spoken word: the line that a built-in voice was given,
or the reading that was found in a sound from elsewhere. Written words are matched with spoken ones
("$49" is three of them), these with groups, groups with phones.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from model.engine import ENGINE_SAMPLE_RATE_HZ
from model.speech.phones import sounding
from tasks.speech_records import Speech, TimedPhoneme


@dataclass(frozen=True)
class SpokenWord:
    """A word as it is written, with its punctuation: said from ``start_ms`` to ``end_ms``."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class _Group:
    """Phones of one spoken word, in samples at 16 kHz."""

    start: int
    end: int
    num_phones: int


@dataclass(frozen=True)
class _Word:
    """A written word, about how many phones it has, and how many spoken words it is."""

    text: str
    length: float
    num_said: float


def is_unaligned(speech: Speech) -> bool:
    """Whether the release that made this sound did not look for the words of its script in it."""
    if speech.source == "recording":
        has_words = bool(speech.clauses) or speech.phonemes is None
        return bool(speech.cues) and not (speech.front_end and has_words)
    return speech.source != "builtin" and "alignment" not in speech.versions


def word_times(speech: Speech) -> tuple[SpokenWord, ...] | None:
    """The words of all captions in order; those that are not said (a dash) are left out.

    So are those of a clause that a recording or a voice from outside does not seem to say. None:
    the speech has no times of words, as those have none that do not say their script.
    """
    if not speech.phonemes or len(speech.clauses) != len(speech.cues):
        return None
    words: list[SpokenWord] = []
    phones = _phones_of_cues(speech, speech.phonemes)
    for cue, clause, said in zip(speech.cues, speech.clauses, phones, strict=True):
        line = clause.line if speech.source == "builtin" else clause.reading
        if not line:
            continue
        groups = _groups(line, said)
        if groups is None:
            return None
        words += _timed(cue.text.split(), clause.spoken.split(), groups)
    return tuple(words)


def _phones_of_cues(
    speech: Speech, phones: Sequence[TimedPhoneme]
) -> Iterator[Sequence[TimedPhoneme]]:
    """The phones of each caption; between two captions is silence, or nothing in a recording."""
    rate = speech.sample_rate_hz
    middles = [
        min(one.end_sample + two.start_sample, 2 * two.start_sample)
        for one, two in pairwise(speech.cues)
    ]
    borders = [middle * ENGINE_SAMPLE_RATE_HZ // (2 * rate) for middle in middles]
    starts = [phone.start for phone in phones]
    places = [0, *(bisect_left(starts, border) for border in borders), len(phones)]
    return (phones[first:last] for first, last in pairwise(places))


def _groups(line: str, phones: Sequence[TimedPhoneme]) -> list[_Group] | None:
    """The groups of a line with their phones, of which some had no time; None: it is another's."""
    groups: list[_Group] = []
    at = 0
    for part in line.split():
        first = at
        for symbol in sounding(part):
            if at < len(phones) and phones[at].symbol == symbol:
                at += 1
        if at > first:
            groups.append(_Group(phones[first].start, phones[at - 1].end, at - first))
    return groups if at == len(phones) else None


def _timed(
    written: Sequence[str], spoken: Sequence[str], groups: Sequence[_Group]
) -> Iterator[SpokenWord]:
    """The written words of a clause that are said, with their times."""
    spoken = [word for word in spoken if _letters(word)]
    plain = [_letters(word) for word in written]
    matcher = SequenceMatcher(None, plain, [_letters(word) for word in spoken], autojunk=False)
    blocks = matcher.get_opcodes()
    words: list[_Word] = []
    for _, first, last, start, end in blocks:
        own = sum(map(len, plain[first:last])) or 1
        length = sum(map(_length, spoken[start:end]))
        for text, letters in zip(written[first:last], plain[first:last], strict=True):
            share = len(letters) / own
            words.append(_Word(text, length * share, (end - start) * share))
    # groups are matched by length inside each stretch whose groups are known, else in all of it
    stretches = [block[1:] for block in blocks]
    if len(spoken) != len(groups):
        stretches = [(0, len(written), 0, len(groups))]
    for first, last, start, end in stretches:
        yield from _placed(words[first:last], _cut(words[first:last], groups[start:end]))


def _placed(words: Sequence[_Word], shares: Sequence[Sequence[_Group]]) -> Iterator[SpokenWord]:
    """Words with the groups that each has; one that has none shares those of its neighbour."""
    pending: list[tuple[str, float]] = []
    for position, (word, groups) in enumerate(zip(words, shares, strict=True)):
        if word.length == 0 and not groups:
            continue
        pending.append((word.text, max(word.length, 1.0)))
        if not groups and any(shares[position + 1 :]):
            continue
        if not groups:
            return  # nothing sounds any more
        start, end = groups[0].start, groups[-1].end
        total, at = sum(length for _, length in pending), 0.0
        for text, length in pending:
            moments = (start + (end - start) * part / total for part in (at, at + length))
            first, last = (round(1000 * moment / ENGINE_SAMPLE_RATE_HZ) for moment in moments)
            yield SpokenWord(text, first, last)
            at += length
        pending = []


def _cut(words: Sequence[_Word], groups: Sequence[_Group]) -> list[Sequence[_Group]]:
    """Groups in as many runs as there are words, each as long, and of as many, as a word asks."""
    if len(words) == len(groups) and all(word.length for word in words):
        return [[group] for group in groups]
    ends = [0, *accumulate(group.num_phones for group in groups)]
    scale = ends[-1] / max(sum(word.length for word in words), 1e-9)
    costs = [0.0, *[math.inf] * len(groups)]
    chosen: list[list[int]] = []
    for word in words:
        wanted = word.length * scale
        found, origin = [math.inf] * len(costs), [0] * len(costs)
        for end in range(len(costs)):
            for start in range(end + 1):
                off = ends[end] - ends[start] - wanted
                cost = costs[start] + off * off / (wanted + 1) + (end - start - word.num_said) ** 2
                if cost < found[end]:
                    found[end], origin[end] = cost, start
        costs = found
        chosen.append(origin)
    runs: list[Sequence[_Group]] = []
    end = len(groups)
    for origin in reversed(chosen):
        runs.append(groups[origin[end] : end])
        end = origin[end]
    return runs[::-1]


def _length(word: str) -> int:
    """About how many phones a spoken word has; letters that are said one by one have two each."""
    return len(_letters(word)) * (1 + word.isupper())


def _letters(word: str) -> str:
    return "".join(sign for sign in word.lower() if sign.isalnum())
