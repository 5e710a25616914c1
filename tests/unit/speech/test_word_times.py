"""Words of a script have the times of their own phones, however they are read."""

from itertools import pairwise
from pathlib import Path

import pytest

from tasks.speech.clauses.word_times import word_times
from tasks.speech.request import SpeechRequest
from tasks.speech.speech import make_speech
from tasks.speech_records import Cue, Speech, SpokenClause, TimedPhoneme

TEXT = (
    "The state-of-the-art 5G phone costs $1,299.99 — call 555-0123 by 12/24/2026. "
    "Dr. O'Neil's 3x faster CPU, e.g. the M2, wins 🎉 again."
)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Speech:
    return make_speech(SpeechRequest(text=TEXT), tmp_path_factory.mktemp("speech"))


def phones_of(speech: Speech, start_ms: int, end_ms: int) -> str:
    """The phones that begin while a word is said."""
    assert speech.phonemes is not None
    return "".join(
        phone.symbol for phone in speech.phonemes if start_ms <= phone.start / 16 + 0.6 < end_ms
    )


def test_each_said_word_has_the_time_of_its_own_phones(speech: Speech):
    words = word_times(speech)
    assert words is not None
    said = {word.text: phones_of(speech, word.start_ms, word.end_ms) for word in words}

    assert [word.text for word in words] == [w for w in TEXT.split() if w not in ("—", "🎉")]
    assert said["5G"] == "fIvʤi"
    assert said["$1,299.99"].startswith("wʌnθWz")
    assert said["$1,299.99"].endswith("sɛnts")
    assert said["call"] == "kɔl"
    assert said["O'Neil's"] == "Onilz"
    assert said["3x"] == "θɹitImz"
    assert said["CPU,"] == "sipiju"
    assert said["M2,"] == "ɛmtu"
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(words))


def test_a_speech_without_phones_or_of_an_early_release_has_no_times_of_words(speech: Speech):
    assert word_times(speech.model_copy(update={"phonemes": None})) is None
    assert word_times(speech.model_copy(update={"clauses": ()})) is None
    other = speech.clauses[0].model_copy(update={"line": "hɛlˈO"})
    strange = speech.model_copy(update={"clauses": (other, *speech.clauses[1:])})
    assert word_times(strange) is None, "a line whose phones these are not"


def test_the_words_of_a_speech_are_those_that_its_phones_say_in_order(tmp_path: Path):
    text = "When the evening comes, the lamp grows warm by itself."
    words = word_times(make_speech(SpeechRequest(text=text), tmp_path))

    assert words is not None
    assert [word.text for word in words] == text.split()
    assert all(40 <= word.end_ms - word.start_ms <= 900 for word in words)


def recorded(*cues: tuple[int, int], readings: tuple[str, ...], phones: str) -> Speech:
    """A recording whose phones last 100 ms each."""
    return Speech(
        speech_id="s",
        source="recording",
        voice="a.wav",
        language="en",
        sample_rate_hz=48_000,
        num_channels=1,
        num_samples=480_000,
        engine_gain_db=0,
        grid_levels_db=(),
        cues=tuple(Cue(text="Go on", start_sample=start, end_sample=end) for start, end in cues),
        phonemes=tuple(
            TimedPhoneme(symbol=symbol, start=1600 * place, end=1600 * (place + 1))
            for place, symbol in enumerate(phones)
        ),
        clauses=tuple(
            SpokenClause(spoken="Go on", line="", sound="", reading=each) for each in readings
        ),
        file_sha256="f",
        engine_file_sha256="e",
    )


def test_clauses_of_a_recording_keep_their_words_around_one_that_has_no_sound():
    cues = ((0, 14_400), (14_400, 14_880), (14_400, 28_800))  # it is shown where it stands
    speech = recorded(*cues, readings=("ɡˈO ɔ", "", "ɡˈO ˈɔ"), phones="ɡOɔɡOɔ")
    assert [word.start_ms for word in word_times(speech) or ()] == [0, 200, 300, 500]


def test_words_of_a_clause_that_is_not_said_have_no_times():
    cues = ((0, 19_200), (19_200, 38_400))
    speech = recorded(*cues, readings=("", "ɡˈO ˈɔn"), phones="zzzzɡOɔn")
    assert [word.start_ms for word in word_times(speech) or ()] == [400, 600]


def test_a_clause_of_a_built_in_voice_is_written_as_every_release_wrote_it():
    clause = SpokenClause(spoken="Go", line="ɡˈO", sound="key")
    assert clause.model_dump_json() == '{"spoken":"Go","line":"ɡˈO","sound":"key"}'
    found = clause.model_copy(update={"reading": "ɡˈO"})
    assert SpokenClause.model_validate_json(found.model_dump_json()) == found
