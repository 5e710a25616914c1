"""When a sound says the words of its script: the times of captions, and phones for the lips.

The sound is a recording, or that of a voice from outside, which tells no phones. The script is read
as the built-in voices read it, and its phones are laid into the sound. The same phones backwards
tell how well any words would fit; a script that fits no better is not what the sound says.
"""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from model.alignment.alignment import Alignment, SaidLine, aligned, aligned_in
from model.engine import ENGINE_SAMPLE_RATE_HZ
from model.speech.voices import load_voice
from tasks.reading.flaws import Flaw
from tasks.reading.languages import Language, language_flaw
from tasks.speech.clauses.clause import Clause
from tasks.speech.loudness import FRAMES_PER_SECOND
from tasks.speech.script import Script
from tasks.speech.voices import default_voice
from tasks.speech_records import TimedPhoneme

ALIGNMENT_VERSION = 1
"""Raised by every change that lays phones into sounds at other times."""
# over other words, as measured in benchmarks/results/alignment-xeon-2026-11.md; what chance may add
# falls with the root of the seconds
_LEAST_ADVANTAGE, _CHANCE = 0.05, 0.09
_LEAST_ADVANTAGE_OF_A_LINE = 0.03
_MOST_UNSAID = 0.2
_VOICES_DOUBTED_FROM_S = 1.0
_CHARS_SHOWN = 40


@dataclass(frozen=True)
class ScriptTimes:
    """Where a sound says its script.

    Attributes:
        phonemes: None where it says something else.
        spans: of each clause, in frames of 10 ms; None likewise.
        readings: of each clause, as phonemes; empty for one that does not seem to be said, whose
            words have no times, and for all of them where the script is not.
        notices: what people should know.
    """

    phonemes: tuple[TimedPhoneme, ...] | None
    spans: tuple[tuple[int, int], ...] | None
    readings: tuple[str, ...]
    notices: tuple[str, ...] = ()


NO_SCRIPT = ScriptTimes(None, None, ())


def script_times(engine_copy: Path, script: Script, language: Language) -> ScriptTimes:
    """When each clause of ``script`` is said in the engines' copy of its recording."""
    flaw = _flaw(script)
    if flaw:
        return _not_found(script, (f"lips follow the sound, not the script: {flaw.rule}",))
    lines = _read(script, language)
    with soundfile.SoundFile(engine_copy) as file:
        found = aligned(_reader(file), int(file.frames), lines)
    if found is None:
        return _fallen_back(script, "the recording is too short for its script")
    return _judged(found, script, lines, "recording")


def voice_times(
    engine_copy: Path, script: Script, language: Language, borders: Sequence[int]
) -> ScriptTimes:
    """The same where a voice was asked for each clause by itself.

    Voices from outside speak many languages; nothing is told of a script in another one.

    Args:
        engine_copy: of all clauses.
        script: that the voice was given.
        language: of the script.
        borders: between clauses, with both ends, in samples of ``engine_copy``.
    """
    if _flaw(script):
        return _not_found(script)
    lines = _read(script, language)
    with soundfile.SoundFile(engine_copy) as file:
        found = aligned_in(_reader(file), borders, lines)
    if found is None:
        return _fallen_back(script, "the voice is too fast for its script")
    return _judged(found, script, lines, "voice")


def _flaw(script: Script) -> Flaw | None:
    text = " ".join(clause.text for clause in script.clauses)
    return language_flaw(text, is_insisted=False)


def _read(script: Script, language: Language) -> tuple[str, ...]:
    voice = load_voice(default_voice(language))
    return tuple(voice.read(clause.pieces).symbols for clause in script.clauses)


def _reader(file: soundfile.SoundFile) -> Callable[[int, int], NDArray[np.float32]]:
    def between(start: int, end: int) -> NDArray[np.float32]:
        file.seek(start)
        return np.asarray(file.read(end - start, dtype="float32"), np.float32)

    return between


def _judged(
    found: Alignment, script: Script, lines: Sequence[str], source: Literal["recording", "voice"]
) -> ScriptTimes:
    """What was found, where it fits so much better than other words would."""
    said = found.lines
    spoken_s = _spoken_s(said)
    advantage = found.likeness - found.other_likeness
    is_said = advantage >= _LEAST_ADVANTAGE + _CHANCE / math.sqrt(max(spoken_s, 1.0))
    least = found.other_likeness + _LEAST_ADVANTAGE_OF_A_LINE
    unsaid = [i for i, line in enumerate(said) if line.phones and line.likeness < least]
    if source == "voice" and spoken_s < _VOICES_DOUBTED_FROM_S:
        # it was given these words, and of a word or two no more can be told
        is_said, unsaid = advantage >= -_LEAST_ADVANTAGE, []
    num_phones = sum(len(line.phones) for line in said)
    num_unsaid = sum(len(said[index].phones) for index in unsaid)
    if not is_said or num_unsaid > _MOST_UNSAID * num_phones:
        return _fallen_back(script, f"the {source} does not seem to say its script")
    notices = tuple(_told(script.clauses[index], said[index]) for index in unsaid)
    phonemes = tuple(
        TimedPhoneme(symbol=phone.symbol, start=phone.start, end=phone.end)
        for line in said
        for phone in line.phones
    )
    readings = tuple("" if index in unsaid else line for index, line in enumerate(lines))
    return ScriptTimes(phonemes, _spans(said), readings, notices)


def _not_found(script: Script, notices: tuple[str, ...] = ()) -> ScriptTimes:
    return ScriptTimes(None, None, ("",) * len(script.clauses), notices)


def _fallen_back(script: Script, reason: str) -> ScriptTimes:
    notice = f"{reason}; lips follow the sound alone, and no word has a time: check the script"
    return _not_found(script, (notice,))


def _told(clause: Clause, line: SaidLine) -> str:
    start_s = line.phones[0].start / ENGINE_SAMPLE_RATE_HZ
    read = f", read as {_short(clause.spoken)}," if clause.spoken != clause.text else ""
    return (
        f"something else than {_short(clause.text)}{read} seems to be said at {start_s:.1f} s; "
        "check the script (none of these words is highlighted)"
    )


def _short(text: str) -> str:
    return f'"{text if len(text) <= _CHARS_SHOWN else f"{text[: _CHARS_SHOWN - 1]}…"}"'


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
