"""Whether a speech that was made earlier would be read otherwise today, and which words of it."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from model.speech.phones import sounding
from tasks.speech.clauses.script_times import ALIGNMENT_VERSION
from tasks.speech.request import SpeechRequest, request_sha256
from tasks.speech.spoken_script import SpokenScript, front_end_sha256, spoken_script
from tasks.speech_records import Reread, Speech

ALIGNED = {"alignment": str(ALIGNMENT_VERSION)}
"""Versions of a speech of a voice from outside in which its script was looked for, and found or
not."""
_Heard = tuple[str, str]  # a clause as it is written, and what its voice was given


def rereadings(speech: Speech, request: SpeechRequest) -> tuple[Reread, ...]:
    """The words that would be read otherwise today; empty where nothing would.

    Speech of releases that kept no readings is compared by its phones, which tell neither tones
    nor stress.

    Args:
        speech: that was made of ``request``, by this release or an earlier one.
        request: of a script; a recording is not read.

    Raises:
        SpeechError: today the script cannot be spoken.
    """
    if request.audio_path is not None or speech.front_end == front_end_sha256():
        return ()
    read = spoken_script(request)
    before, now = (
        (_kept(speech), _lines(read)) if speech.clauses else (_phones(speech), _sounding(read))
    )
    if not speech.clauses and speech.phonemes is None:
        now = _lines(read)
    changed: list[Reread] = []
    for tag, _, _, first, last in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        if tag != "equal":
            changed += _words(read, range(first, last))
    if not changed and before != now:
        changed = _words(read, range(len(now)))
    return tuple(dict.fromkeys(changed))


def may_hide_changes(speech: Speech) -> bool:
    """Whether :func:`rereadings` could miss a change: a tone that no record of the speech tells."""
    is_spoken = speech.source != "recording" and speech.phonemes is not None
    return speech.language == "zh" and is_spoken and not speech.clauses


def is_made_of(speech: Speech, request: SpeechRequest) -> bool:
    """Whether the same was asked when ``speech`` was made, however it was read then.

    Raises:
        SpeechError: neither text nor recording, or an unknown voice.
    """
    return request_sha256(request) in (speech.request_sha256, speech.speech_id)


def _kept(speech: Speech) -> list[_Heard]:
    lines = (clause.line for clause in speech.clauses)
    return [(cue.text, line) for cue, line in zip(speech.cues, lines, strict=True)]


def _lines(read: SpokenScript) -> list[_Heard]:
    return [
        (clause.text, spoken.line)
        for clause, spoken in zip(read.script.clauses, read.spoken, strict=True)
    ]


def _phones(speech: Speech) -> list[_Heard]:
    """The phones inside each caption; of a voice from outside, the captions it was given."""
    if speech.phonemes is None:
        return [(cue.text, cue.text) for cue in speech.cues]
    heard: list[_Heard] = []
    phones = list(speech.phonemes)
    for cue, following in zip(speech.cues, (*speech.cues[1:], None), strict=True):
        border = following.start_sample * 16_000 / speech.sample_rate_hz if following else None
        count = sum(border is None or phone.start < border for phone in phones)
        heard.append((cue.text, "".join(phone.symbol for phone in phones[:count])))
        phones = phones[count:]
    return heard


def _sounding(read: SpokenScript) -> list[_Heard]:
    return [(text, sounding(line)) for text, line in _lines(read)]


def _words(read: SpokenScript, clauses: Sequence[int]) -> list[Reread]:
    """What is written in those clauses and read otherwise than by its letters; else all of it."""
    words: list[Reread] = []
    for index in clauses:
        clause = read.script.clauses[index]
        pairs = clause.words or ((clause.text, clause.spoken),)
        words += (Reread(written=written, spoken=spoken) for written, spoken in pairs)
    return words
