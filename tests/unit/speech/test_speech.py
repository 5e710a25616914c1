"""Clauses on the grid, voices and identities; hibari speaks, Kokoro only where it must."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.errors import SpeechError
from model.speech.network import split_symbols
from model.speech.phones import timed_phones
from model.speech.utterance import (
    TimedSymbol,
    Utterance,
)
from model.speech.voices import (
    CARDS,
    load_voice,
)
from tasks.speech.loudness import GRID_SAMPLES
from tasks.speech.speech import (
    SpeechRequest,
    VoiceSettings,
    default_voice,
    known_voice,
    load_speech,
    make_speech,
    request_sha256,
    speech_id_of,
    voice_language,
    voices,
)
from tasks.speech.timeline import gap_after, make_block

RATE = 24_000
GRID = RATE * 12 // 25


def _tone(seconds: float, rate: int = RATE) -> np.ndarray:
    times = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * 200 * times)).astype(np.float32)


def _utterance(seconds: float = 1.0, rate: int = RATE) -> Utterance:
    silence = np.zeros(rate // 2, np.float32)
    pcm = np.concatenate([silence, _tone(seconds, rate), silence])
    return Utterance(pcm, rate, (TimedSymbol("a", rate // 2, len(pcm) - rate // 2),))


@pytest.mark.parametrize("seconds", [0.05, 0.4, 1.0, 1.234])
@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100, 48_000])
def test_a_block_is_a_whole_multiple_of_twelve_frames_at_any_rate(
    seconds: float, rate: int
) -> None:
    block = make_block(_utterance(seconds, rate), gap_after(ends_sentence=True), rate)
    assert block is not None
    num_slots, rest = divmod(len(block.viewer), rate * 12 // 25)
    assert rest == 0
    assert len(block.engine) == num_slots * GRID_SAMPLES


def test_a_block_is_silent_at_both_ends_and_its_phones_are_on_its_sound() -> None:
    block = make_block(_utterance(), gap_after(ends_sentence=False), RATE)
    assert block is not None
    assert not block.viewer[: RATE * 60 // 1000].any()
    assert not block.viewer[-RATE * 60 // 1000 :].any()
    assert block.phonemes is not None
    (phone,) = block.phonemes
    sounding = np.flatnonzero(np.abs(block.engine) > 0.05)
    assert abs(phone.start - sounding[0]) <= 16  # 1 ms
    assert abs(phone.end - sounding[-1]) <= 16


def test_a_sentence_ends_in_a_longer_gap_than_a_comma() -> None:
    lengths: list[tuple[int, int]] = []
    for milliseconds in range(500, 1000, 20):
        blocks = [
            make_block(_utterance(milliseconds / 1000), gap_after(ends_sentence=ends), RATE)
            for ends in (True, False)
        ]
        assert all(blocks)
        lengths.append(tuple(len(block.viewer) for block in blocks if block))
    assert all(sentence >= comma for sentence, comma in lengths)
    assert any(sentence > comma for sentence, comma in lengths)


def test_silence_makes_no_block() -> None:
    silent = Utterance(np.zeros(RATE, np.float32), RATE, None)
    assert make_block(silent, gap_after(ends_sentence=True), RATE) is None


def test_stress_and_tone_marks_belong_to_their_phones() -> None:
    borders = np.arange(0, 9) * 600
    phones = timed_phones(["ˈ", "a", "→", " ", "n", "."], borders, 0, 10_000)
    assert phones == (TimedSymbol("a", 600, 2400), TimedSymbol("n", 3000, 3600))


def test_long_phoneme_strings_are_split_never_cut_off() -> None:
    text = ", ".join(["abc def ghi"] * 100)
    parts = list(split_symbols(text, 100))
    assert all(len(part) <= 100 for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert list(split_symbols("a" * 250, 100)) == ["a" * 100, "a" * 100, "a" * 50]


def test_equal_clauses_are_equal_bytes_wherever_they_stand(tmp_path: Path) -> None:
    request = SpeechRequest(text="Hello there. Equal clause. And more. Equal clause.")
    speech = make_speech(request, tmp_path)
    assert speech.num_samples % GRID == 0
    second, fourth = speech.cues[1], speech.cues[3]
    for suffix, rate in ((".wav", RATE), (".16k.wav", 16_000)):
        pcm, _ = soundfile.read(tmp_path / f"{speech.speech_id}{suffix}", dtype="int16")
        starts = [cue.start_sample * rate // RATE for cue in (second, fourth)]
        num = (second.end_sample - second.start_sample) * rate // RATE
        assert np.array_equal(pcm[starts[0] :][:num], pcm[starts[1] :][:num])
        assert (starts[1] - starts[0]) % (rate * 12 // 25) == 0


def test_cuts_between_clauses_fall_on_silence_of_the_grid(tmp_path: Path) -> None:
    speech = make_speech(SpeechRequest(text="One two three. Four five six."), tmp_path)
    slots = [cue.start_sample // GRID for cue in speech.cues]
    assert [speech.grid_levels_db[slot] for slot in slots] == [-120.0, -120.0]
    assert len(speech.grid_levels_db) == speech.num_samples // GRID + 1


def test_the_engines_copy_is_near_its_level(tmp_path: Path) -> None:
    text = "Big apples and plump berries make perfect pies, so please buy some more."
    speech = make_speech(SpeechRequest(text=text), tmp_path)
    pcm, rate = soundfile.read(tmp_path / f"{speech.speech_id}.16k.wav")
    assert rate == 16_000
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(axis=1)
    level = 10 * np.log10(power[power > power.max() / 300].mean())
    assert abs(level + 23) < 3  # the gain is fixed, clauses differ


def test_the_same_request_makes_the_same_bytes_and_is_spoken_once(tmp_path: Path) -> None:
    request = SpeechRequest(text="Hello there.", seed=3)
    first = make_speech(request, tmp_path / "a")
    other = make_speech(request, tmp_path / "b")
    assert first == other
    wav = tmp_path / "a" / f"{first.speech_id}.wav"
    made_at = wav.stat().st_mtime_ns
    assert make_speech(request, tmp_path / "a") == first
    assert wav.stat().st_mtime_ns == made_at
    assert load_speech(first.speech_id, tmp_path / "a") == first


@pytest.mark.parametrize("suffix", [".wav", ".16k.wav", ".json"])
def test_a_damaged_speech_is_not_found_and_is_made_again(tmp_path: Path, suffix: str) -> None:
    request = SpeechRequest(text="Hello there.")
    speech = make_speech(request, tmp_path)
    path = tmp_path / f"{speech.speech_id}{suffix}"
    path.write_bytes(path.read_bytes()[:-7] + b"damaged")
    assert load_speech(speech.speech_id, tmp_path) is None
    assert make_speech(request, tmp_path) == speech
    assert load_speech(speech.speech_id, tmp_path) == speech
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        f"{speech.speech_id}{end}" for end in (".wav", ".16k.wav", ".json")
    )


def test_the_id_changes_with_all_that_changes_the_sound() -> None:
    requests = [
        SpeechRequest(text="Hello."),
        SpeechRequest(text="Hello!"),
        SpeechRequest(text="Hello.", seed=1),
        SpeechRequest(text="Hello.", voice="af_heart"),
        SpeechRequest(text="Hello.", voice="bf_emma"),
        SpeechRequest(text="Hello.", settings=VoiceSettings(speed=1.1)),
        SpeechRequest(text="Hello.", voice="http:a", settings=VoiceSettings(base_url="http://x")),
        SpeechRequest(text="Hello.", voice="http:a", settings=VoiceSettings(base_url="http://y")),
    ]
    assert len({speech_id_of(request) for request in requests}) == len(requests)


@pytest.mark.parametrize(
    ("voice", "settings", "speech_id"),
    [
        (
            "http:a",
            VoiceSettings(base_url="http://user:PW@127.0.0.1:8880/v1"),
            "6022dafc0234d1591c97c24fbab7135ad48fd9bb2f945afc8ca666eca7cabb52",
        ),
        (
            "command:a",
            VoiceSettings(command="speak --token PW {text_file} {out}"),
            "0b8d458609415e916945c51ee7a519a9ff8c75932285c4b9c7cbf4efa496481a",
        ),
    ],
)
def test_a_secret_that_is_not_shown_is_still_part_of_the_id(
    voice: str, settings: VoiceSettings, speech_id: str
) -> None:
    """The ids of finished speech, which was made before anything was redacted."""
    request = SpeechRequest(text="Hello.", voice=voice, settings=settings)
    assert request_sha256(request) == speech_id


def test_a_kokoro_voice_that_draws_no_noise_is_spoken_once_for_all_seeds() -> None:
    ids = {speech_id_of(SpeechRequest(text="Hi.", voice="af_heart", seed=s)) for s in (0, 1)}
    assert len(ids) == 1


@pytest.mark.parametrize("text", ["", "  ", None])
def test_an_empty_script_is_refused(text: str | None) -> None:
    with pytest.raises(SpeechError, match="the script is empty"):
        speech_id_of(SpeechRequest(text=text))


def test_a_script_of_signs_only_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="nothing in the script can be spoken"):
        make_speech(SpeechRequest(text="🎉 … !"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_chinese_with_an_english_voice_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="choose zf_xiaoxiao"):
        make_speech(SpeechRequest(text="Hello 你好.", voice="hibari"), tmp_path)


def test_an_unknown_voice_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SpeechError, match=r'"nobody" is unknown; choose one of hibari, af_heart'):
        speech_id_of(SpeechRequest(text="Hi.", voice="nobody"))


def test_voices_are_known_by_name_and_language() -> None:
    listed = {voice.name for voice in voices()}
    assert set(CARDS) <= listed
    assert all(known_voice(name) for name in CARDS)
    assert known_voice("http:alloy")
    assert not known_voice("http:")
    assert voice_language("zm_yunxi") == "zh"
    assert voice_language("command:x") is None
    assert default_voice("zh") == "zf_xiaoxiao"
    assert default_voice("en") == "hibari"


def test_mandarin_speaks_with_phones_on_its_sound_and_nothing_dropped() -> None:
    utterance = load_voice("zf_xiaoxiao").speak("你好，再见。")
    assert utterance.unspoken == ()
    assert utterance.phonemes is not None
    assert "".join(phone.symbol for phone in utterance.phonemes) == "nixauʦaiʨjɛn"
    assert 0.8 < len(utterance.pcm) / utterance.sample_rate_hz < 3.0
    level = np.sqrt(np.mean(utterance.pcm**2))
    for phone in utterance.phonemes:
        if phone.symbol == "a":
            sound = utterance.pcm[phone.start_sample : phone.end_sample]
            assert np.sqrt(np.mean(sound**2)) > level


def test_a_very_long_clause_is_spoken_whole() -> None:
    words = "and so we go on and on without a pause " * 20
    utterance = load_voice("hibari").speak(words)
    assert len(utterance.pcm) / utterance.sample_rate_hz > 30
    assert utterance.phonemes is not None
    assert utterance.phonemes[-1].end_sample > len(utterance.pcm) * 0.95


@pytest.mark.parametrize("speed", [0.1, 3.0])
def test_a_speed_no_voice_was_made_for_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match=r"speed must be 0\.5 to 2\.0"):
        load_voice("hibari").speak("Hi.", speed=speed)
