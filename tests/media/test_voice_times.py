"""Voices from outside tell no phones: those of their script are laid into what they say."""

import shutil
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.speech.phones import sounding
from model.speech.voices import load_voice
from tasks.speech.clauses.word_times import is_unaligned, word_times
from tasks.speech.speech import SpeechRequest, VoiceSettings, make_speech, speech_id_of
from tasks.speech.speech_files import speech_files
from tasks.speech_records import Speech
from tasks.store.record_json import record_bytes

pytestmark = pytest.mark.media
CLAUSES = ("Fill the kettle, press the button, and pour.", "Only $49 this week!")
# finds the sound of a clause by the number of its letters
PROGRAM = """
import pathlib, shutil, sys
text_file, out = sys.argv[1:]
name = len(pathlib.Path(text_file).read_text(encoding="utf-8"))
shutil.copy(pathlib.Path(__file__).with_name(f"{name}.wav"), out)
"""


def voice_in(folder: Path, sounds: dict[str, str], text: str) -> SpeechRequest:
    """A voice that says ``sounds`` where it is asked for their keys."""
    folder.mkdir()
    for asked, said in sounds.items():
        utterance = load_voice("hibari").speak(said)
        path = folder / f"{len(asked)}.wav"
        soundfile.write(path, utterance.pcm, utterance.sample_rate_hz, subtype="PCM_16")
    program = folder / "voice.py"
    program.write_text(PROGRAM)
    settings = VoiceSettings(command=f"'{sys.executable}' '{program}' {{text_file}} {{out}}")
    return SpeechRequest(text=text, voice="command:x", settings=settings)


@pytest.fixture(scope="module")
def request_of_both(tmp_path_factory: pytest.TempPathFactory) -> SpeechRequest:
    folder = tmp_path_factory.mktemp("voice") / "of"
    said = {CLAUSES[0]: CLAUSES[0], CLAUSES[1]: "Only forty-nine dollars this week!"}
    return voice_in(folder, said, " ".join(CLAUSES))


@pytest.fixture(scope="module")
def spoken(
    request_of_both: SpeechRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Speech, Path]:
    folder = tmp_path_factory.mktemp("spoken")
    return make_speech(request_of_both, folder), folder


def store_of_then(speech: Speech, folder: Path, request: SpeechRequest, then: Path) -> Speech:
    """What a release kept that laid no phones into sounds."""
    clauses = tuple(each.model_copy(update={"reading": ""}) for each in speech.clauses)
    told = {"speech_id": speech_id_of(request), "phonemes": None, "versions": {}}
    kept = speech.model_copy(update=told | {"clauses": clauses})
    then.mkdir()
    now, before = speech_files(speech.speech_id, folder), speech_files(kept.speech_id, then)
    shutil.copy(now.viewer, before.viewer)
    shutil.copy(now.engine, before.engine)
    before.receipt.write_bytes(record_bytes(kept))
    return kept


def test_words_of_a_voice_from_outside_have_the_times_of_a_built_in_one(spoken, tmp_path) -> None:
    speech, _ = spoken
    own = make_speech(SpeechRequest(text=" ".join(CLAUSES)), tmp_path)
    words, known = word_times(speech), word_times(own)

    assert words is not None
    assert known is not None
    assert [word.text for word in words] == " ".join(CLAUSES).split()
    off_ms = [abs(a.start_ms - b.start_ms) for a, b in zip(words, known, strict=True)]
    assert np.median(off_ms) <= 25
    assert max(off_ms) <= 120
    assert speech.warnings == own.warnings == ()
    assert [clause.line for clause in speech.clauses] == list(CLAUSES)
    assert [clause.line for clause in own.clauses] == [each.reading for each in speech.clauses]


def test_phones_stay_in_the_block_of_their_clause(spoken) -> None:
    speech, _ = spoken
    cues = speech.cues
    border = (cues[0].end_sample + cues[1].start_sample) / 2 * 16_000 / speech.sample_rate_hz
    phones = speech.phonemes or ()
    first = next(index for index, phone in enumerate(phones) if phone.end > border)
    said = "".join(phone.symbol for phone in phones[first:])
    assert phones[first].start >= border
    assert said == sounding(speech.clauses[1].reading)
    assert all(one.end <= two.start for one, two in pairwise(phones))


def test_a_word_or_two_are_not_doubted(tmp_path) -> None:
    text = "Hi."
    speech = make_speech(voice_in(tmp_path / "of", {text: text}, text), tmp_path / "out")
    assert [word.text for word in word_times(speech) or ()] == [text]
    assert speech.warnings == ()


def test_speech_of_a_release_that_laid_no_phones_stays_until_it_is_asked_for(
    spoken, request_of_both, tmp_path
) -> None:
    then = store_of_then(*spoken, request_of_both, tmp_path / "then")

    assert make_speech(request_of_both, tmp_path / "then") == then
    today = make_speech(request_of_both, tmp_path / "then", reread=True)

    assert is_unaligned(then)
    assert not is_unaligned(today)
    assert word_times(then) is None
    assert word_times(today)
    assert today.speech_id != then.speech_id
    assert make_speech(request_of_both, tmp_path / "then") == today


def test_a_voice_that_says_something_else_is_told(tmp_path) -> None:
    request = voice_in(tmp_path / "of", {CLAUSES[0]: "We cannot speak this text."}, CLAUSES[0])

    speech = make_speech(request, tmp_path / "out")

    assert speech.phonemes is None
    assert word_times(speech) is None
    assert any("the voice does not seem to say its script" in told for told in speech.warnings)
    assert speech.speech_id == speech_id_of(request)
    assert not is_unaligned(speech)


def test_nothing_is_told_of_a_voice_that_speaks_another_language(tmp_path) -> None:
    text = "Bonjour à tous et bienvenue dans notre boutique."
    request = voice_in(tmp_path / "of", {text: CLAUSES[0]}, text)

    speech = make_speech(request, tmp_path / "out")

    assert (speech.phonemes, speech.warnings) == (None, ())
    assert not is_unaligned(speech)
