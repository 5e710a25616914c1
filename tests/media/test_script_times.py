"""Recordings with a script: its phones are laid into the sound, or people are told why not."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.alignment import alignment
from tasks.reading.lexicon import Entry
from tasks.speech.clauses.word_times import is_unaligned, word_times
from tasks.speech.rereading import may_hide_changes
from tasks.speech.row_speech import is_reread, row_speech
from tasks.speech.speech import SpeechRequest, make_speech, speech_id_of, speech_ids_of
from tasks.speech.speech_files import speech_files
from tasks.speech_records import Speech, TimedPhoneme
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.record_json import record_bytes
from tests.unit.speech.test_rereading import plan_of

pytestmark = pytest.mark.media
SCRIPT = (
    "Please pick up both purple bags before the bus stops. "
    "My mother made a simple apple pie for lunch. Maybe the members accept."
)
OTHER = "What did you do with the yellow chair in the kitchen, and where is the other one now?"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Speech, Path]:
    """What a voice makes of the script, whose phones are known, and its sound."""
    folder = tmp_path_factory.mktemp("spoken")
    speech = make_speech(SpeechRequest(text=SCRIPT), folder)
    return speech, speech_files(speech.speech_id, folder).viewer


def symbols(phonemes: tuple[TimedPhoneme, ...]) -> str:
    return "".join(phone.symbol for phone in phonemes)


def assert_near(found: tuple[TimedPhoneme, ...], own: tuple[TimedPhoneme, ...]) -> None:
    assert symbols(found) == symbols(own)
    off_s = [abs(a.start - b.start) / 16_000 for a, b in zip(found, own, strict=True)]
    assert np.median(off_s) < 0.02
    assert np.percentile(off_s, 90) < 0.06


def test_lips_follow_the_script_of_a_recording(spoken, tmp_path) -> None:
    own, sound = spoken

    speech = make_speech(SpeechRequest(audio_path=sound, text=SCRIPT), tmp_path)

    assert_near(speech.phonemes or (), own.phonemes)
    assert not any("script" in warning for warning in speech.warnings)
    for cue, other in zip(speech.cues, own.cues, strict=True):
        assert cue.text == other.text
        start_s = cue.start_sample / speech.sample_rate_hz
        assert start_s == pytest.approx(other.start_sample / own.sample_rate_hz, abs=0.1)


def test_words_of_a_recording_have_the_times_at_which_they_are_said(spoken, tmp_path) -> None:
    own, sound = spoken
    speech = make_speech(SpeechRequest(audio_path=sound, text=SCRIPT), tmp_path)
    words, known = word_times(speech), word_times(own)

    assert words is not None
    assert known is not None
    assert [word.text for word in words] == SCRIPT.split()
    off_ms = [abs(a.start_ms - b.start_ms) for a, b in zip(words, known, strict=True)]
    assert np.median(off_ms) <= 25
    assert max(off_ms) <= 120


def test_words_of_sentences_that_follow_without_a_pause_are_told_apart(spoken, tmp_path) -> None:
    own, sound = spoken
    pcm, rate = soundfile.read(sound)
    parts = [pcm[cue.start_sample + 960 : cue.end_sample - 960] for cue in own.cues]
    soundfile.write(tmp_path / "hurried.wav", np.concatenate(parts), rate)

    request = SpeechRequest(audio_path=tmp_path / "hurried.wav", text=SCRIPT)
    words = word_times(make_speech(request, tmp_path / "out"))

    assert [word.text for word in words or ()] == SCRIPT.split()


def test_noise_and_a_pause_for_breath_do_not_matter(spoken, tmp_path) -> None:
    own, sound = spoken
    pcm, rate = soundfile.read(sound)
    pcm = np.concatenate([np.zeros(3 * rate), pcm])
    noise = np.random.default_rng(1).normal(0, 0.1 * np.sqrt((pcm**2).mean()), len(pcm))
    soundfile.write(tmp_path / "noisy.wav", pcm + noise, rate)

    request = SpeechRequest(audio_path=tmp_path / "noisy.wav", text=SCRIPT)
    speech = make_speech(request, tmp_path / "out")

    later = [p.model_copy(update={"start": p.start + 48_000}) for p in own.phonemes]
    assert_near(speech.phonemes or (), tuple(later))


def test_a_script_that_is_not_said_is_told_and_lips_follow_the_sound(spoken, tmp_path) -> None:
    _, sound = spoken
    other = make_speech(SpeechRequest(audio_path=sound, text=OTHER), tmp_path)
    assert other.phonemes is None
    assert [cue.text for cue in other.cues] == [OTHER]
    assert any("does not seem to say its script" in warning for warning in other.warnings)

    much = make_speech(SpeechRequest(audio_path=sound, text=SCRIPT * 9), tmp_path)
    assert much.phonemes is None
    assert any("too short for its script" in warning for warning in much.warnings)


def test_a_sentence_that_is_not_said_is_told(spoken, tmp_path) -> None:
    _, sound = spoken
    script = SCRIPT.replace("My mother made a simple apple pie for lunch.", OTHER[:44] + ".")

    speech = make_speech(SpeechRequest(audio_path=sound, text=script), tmp_path)

    told = [warning for warning in speech.warnings if "seems to be said" in warning]
    assert len(told) <= 1
    assert told or any("does not seem to say" in warning for warning in speech.warnings)


def test_the_words_of_the_one_sentence_that_is_not_said_have_no_times(spoken, tmp_path) -> None:
    _, sound = spoken
    pcm, rate = soundfile.read(sound)
    soundfile.write(tmp_path / "twice.wav", np.concatenate([pcm, pcm]), rate)
    last = "Maybe the members accept."
    script = f"{SCRIPT} {SCRIPT.replace(last, 'Nothing costs $7.')}"

    request = SpeechRequest(audio_path=tmp_path / "twice.wav", text=script)
    speech = make_speech(request, tmp_path / "out")

    told = [warning for warning in speech.warnings if "seems to be said" in warning]
    assert len(told) == 1
    assert 'something else than "Nothing costs $7.", read as "Nothing costs seven dol' in told[0]
    assert speech.phonemes
    words = [word.text for word in word_times(speech) or ()]
    assert words == [*SCRIPT.split(), *SCRIPT.split()[:-4]]


def test_a_script_in_another_language_is_left_to_the_captions(spoken, tmp_path) -> None:
    _, sound = spoken
    french = "Bonjour à tous et bienvenue dans notre boutique. Merci d'être venus."
    speech = make_speech(SpeechRequest(audio_path=sound, text=french), tmp_path)
    assert speech.phonemes is None
    assert any("French" in warning for warning in speech.warnings)


def store_of_then(request: SpeechRequest, folder: Path) -> Speech:
    """Keep the speech of a release that looked for no script in a recording."""
    today = make_speech(request, folder.with_name("today"))
    told = {"speech_id": speech_id_of(request), "phonemes": None, "front_end": ""}
    then = today.model_copy(update=told)
    folder.mkdir()
    files = speech_files(today.speech_id, folder.with_name("today"))
    kept = speech_files(then.speech_id, folder)
    shutil.copy(files.viewer, kept.viewer)
    shutil.copy(files.engine, kept.engine)
    kept.receipt.write_bytes(record_bytes(then))
    return then


def test_speech_of_releases_that_aligned_nothing_stays_until_it_is_asked_for(spoken, tmp_path):
    _, sound = spoken
    request = SpeechRequest(audio_path=sound, text=SCRIPT)
    then = store_of_then(request, tmp_path / "then")
    assert then.speech_id == speech_id_of(request)

    assert make_speech(request, tmp_path / "then") == then
    today = make_speech(request, tmp_path / "then", reread=True)

    assert today.phonemes
    assert today.speech_id != then.speech_id
    assert (
        make_speech(request, tmp_path / "then")
        == make_speech(request, tmp_path / "then", reread=True)
        == today
    )


def test_a_recording_that_does_not_say_its_script_is_read_again_but_once(spoken, tmp_path) -> None:
    _, sound = spoken
    request = SpeechRequest(audio_path=sound, text=OTHER)
    then = store_of_then(request, tmp_path / "then")

    today = make_speech(request, tmp_path / "then", reread=True)

    assert today.speech_id == then.speech_id
    assert not is_unaligned(today)
    assert is_unaligned(then)


def test_windows_of_a_long_recording_join(spoken, tmp_path, monkeypatch) -> None:
    own, sound = spoken
    whole = make_speech(SpeechRequest(audio_path=sound, text=SCRIPT), tmp_path / "whole")
    monkeypatch.setattr(alignment, "WINDOW_STEPS", 400)
    monkeypatch.setattr(alignment, "KEPT_STEPS", 300)

    parts = make_speech(SpeechRequest(audio_path=sound, text=SCRIPT), tmp_path / "parts")

    assert own.num_samples > 8 * own.sample_rate_hz
    assert_near(parts.phonemes or (), whole.phonemes)


@pytest.mark.sweep
def test_a_recording_is_read_again_for_no_tone_that_its_record_does_not_tell(tmp_path) -> None:
    script = "我们明天早上把包裹寄到北京。妈妈买了苹果、面包和牛奶。"
    own = make_speech(SpeechRequest(text=script, language="zh"), tmp_path)
    sound = speech_files(own.speech_id, tmp_path).viewer

    request = SpeechRequest(audio_path=sound, text=script, language="zh")
    speech = make_speech(request, tmp_path)

    assert_near(speech.phonemes or (), own.phonemes)
    assert not may_hide_changes(speech)


def test_a_lexicon_says_how_the_words_of_a_recording_sound(spoken, tmp_path) -> None:
    _, sound = spoken
    written = SCRIPT.replace("purple", "Xqz")
    plain = SpeechRequest(audio_path=sound, text=written)
    request = plain.model_copy(update={"entries": (Entry("Xqz", "en", "purple"),)})

    right = make_speech(SpeechRequest(audio_path=sound, text=SCRIPT), tmp_path)
    speech = make_speech(request, tmp_path)

    assert speech.phonemes == right.phonemes != make_speech(plain, tmp_path).phonemes
    assert [word.text for word in word_times(speech) or ()] == written.split()


def test_a_recording_that_was_read_without_the_lexicon_stays_until_it_is_asked_for(
    spoken, tmp_path
) -> None:
    _, sound = spoken
    folder = CampaignFolder(tmp_path / "june")
    plain = SpeechRequest(audio_path=sound, text=SCRIPT)
    request = plain.model_copy(update={"entries": (Entry("purple", "en", "blue"),)})
    before = make_speech(plain, folder.speech)
    stored = plan_of(before)

    assert row_speech(request, folder, stored, reread=False) == before
    assert row_speech(request, folder, None, reread=False) == before, "its plan was lost"
    assert is_reread(request, stored, folder)
    assert not is_reread(plain, stored, folder)
    today = row_speech(request, folder, stored, reread=True)
    assert today.speech_id not in (before.speech_id, *speech_ids_of(plain))
    other = request.model_copy(update={"entries": (Entry("purple", "en", "red"),)})
    another = row_speech(other, folder, plan_of(today), reread=False)
    assert another.speech_id in speech_ids_of(other)
    assert row_speech(plain, folder, plan_of(today), reread=False) == before
