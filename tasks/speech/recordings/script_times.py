"""When a recording says the words of its script: the times of captions, and phones for the lips.

The script is read as the built-in voices read it, and its phones are laid into the sound. The same
phones backwards tell how well any words would fit; a script that fits no better is not what the
recording says.
"""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from model.alignment.alignment import Alignment, SaidLine, aligned
from model.engine import ENGINE_SAMPLE_RATE_HZ
from model.speech.voices import load_voice
from tasks.reading.languages import Language, language_flaw
from tasks.records import TimedPhoneme
from tasks.speech.loudness import FRAMES_PER_SECOND
from tasks.speech.script import Script
from tasks.speech.voices import default_voice

ALIGNMENT_VERSION = 1
"""Raised by every change that lays phones into recordings at other times."""
# over other words, as measured in benchmarks/results/alignment-xeon-2026-11.md; what chance may add
# falls with the root of the seconds
_LEAST_ADVANTAGE, _CHANCE = 0.05, 0.09
_LEAST_ADVANTAGE_OF_A_LINE = 0.03
_MOST_UNSAID = 0.2
_CHARS_SHOWN = 40


@dataclass(frozen=True)
class ScriptTimes:
    """Where a recording says its script.

    Attributes:
        phonemes: None where it says something else.
        spans: of each clause, in frames of 10 ms; None likewise.
        notices: what people should know.
    """

    phonemes: tuple[TimedPhoneme, ...] | None
    spans: tuple[tuple[int, int], ...] | None
    notices: tuple[str, ...] = ()


NO_SCRIPT = ScriptTimes(None, None)


def script_times(engine_copy: Path, script: Script, language: Language) -> ScriptTimes:
    """When each clause of ``script`` is said in the engines' copy of its recording."""
    text = " ".join(clause.text for clause in script.clauses)
    flaw = language_flaw(text, is_insisted=False)
    if flaw:
        return ScriptTimes(None, None, (f"lips follow the sound, not the script: {flaw.rule}",))
    voice = load_voice(default_voice(language))
    lines = [voice.read(clause.pieces).symbols for clause in script.clauses]
    with soundfile.SoundFile(engine_copy) as file:

        def between(start: int, end: int) -> NDArray[np.float32]:
            file.seek(start)
            return np.asarray(file.read(end - start, dtype="float32"), np.float32)

        found = aligned(between, int(file.frames), lines)
    if found is None:
        return _fallen_back("the recording is too short for its script")
    return _judged(found, [clause.text for clause in script.clauses])


def _judged(found: Alignment, texts: Sequence[str]) -> ScriptTimes:
    """What was found, where it fits so much better than other words would."""
    said = found.lines
    least = found.other_likeness + _LEAST_ADVANTAGE_OF_A_LINE
    unsaid = [i for i, line in enumerate(said) if line.phones and line.likeness < least]
    num_phones = sum(len(line.phones) for line in said)
    num_unsaid = sum(len(said[index].phones) for index in unsaid)
    advantage = found.likeness - found.other_likeness
    is_said = advantage >= _LEAST_ADVANTAGE + _CHANCE / math.sqrt(max(_spoken_s(said), 1.0))
    if not is_said or num_unsaid > _MOST_UNSAID * num_phones:
        return _fallen_back("the recording does not seem to say its script")
    notices = tuple(_told(texts[index], said[index]) for index in unsaid)
    phonemes = tuple(
        TimedPhoneme(symbol=phone.symbol, start=phone.start, end=phone.end)
        for line in said
        for phone in line.phones
    )
    return ScriptTimes(phonemes, _spans(said), notices)


def _fallen_back(reason: str) -> ScriptTimes:
    notice = f"{reason}; lips follow the sound alone: check the script"
    return ScriptTimes(None, None, (notice,))


def _told(text: str, line: SaidLine) -> str:
    shown = text if len(text) <= _CHARS_SHOWN else f"{text[: _CHARS_SHOWN - 1]}…"
    start_s = line.phones[0].start / ENGINE_SAMPLE_RATE_HZ
    return f'something else than "{shown}" seems to be said at {start_s:.1f} s; check the script'


def _spoken_s(said: Sequence[SaidLine]) -> float:
    num_samples = sum(phone.end - phone.start for line in said for phone in line.phones)
    return num_samples / ENGINE_SAMPLE_RATE_HZ


def _spans(said: Sequence[SaidLine]) -> tuple[tuple[int, int], ...]:
    """Of lines without phones, the moment at which the line before ends."""
    step = ENGINE_SAMPLE_RATE_HZ // FRAMES_PER_SECOND
    spans: list[tuple[int, int]] = []
    end = 0
    for line in said:
        start = line.phones[0].start // step if line.phones else end
        end = line.phones[-1].end // step if line.phones else end + 1
        spans.append((start, end))
    return tuple(spans)
