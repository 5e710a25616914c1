"""The shared sounds of clauses: spoken once, proved when read, spoken again where damaged."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.speech.utterance import TimedSymbol, Utterance
from tasks.errors import DamagedError, DiskFullError
from tasks.speech.clauses.sounds import ClauseSounds, read_sound, sound_bytes
from tasks.speech.clauses.speakers import spoken_in_order
from tasks.speech.speech import SpeechRequest, make_speech
from tasks.store.shared_files import (
    UNUSED_DAYS,
    LocalFiles,
    sound_name,
    sweep_shared_parts,
    sweep_sounds,
)

KEY = "ab" * 32


def utterance(seconds: float = 0.5) -> Utterance:
    times = np.arange(round(seconds * 24_000)) / 24_000
    pcm = (0.3 * np.sin(2 * np.pi * 200 * times)).astype(np.float32)
    return Utterance(pcm, 24_000, (TimedSymbol("a", 0, len(pcm)),))


class Counted:
    """A voice that counts how often it speaks."""

    def __init__(self, sound: Utterance) -> None:
        self.num_calls, self._sound = 0, sound

    def __call__(self) -> Utterance:
        self.num_calls += 1
        return self._sound


def same(one: Utterance, other: Utterance) -> bool:
    is_pcm = one.pcm.dtype == other.pcm.dtype and np.array_equal(one.pcm, other.pcm)
    return is_pcm and (one.sample_rate_hz, one.phonemes) == (other.sample_rate_hz, other.phonemes)


@pytest.mark.parametrize("made", [utterance(), Utterance(utterance().pcm, 22_050, None)])
def test_a_sound_is_read_back_as_its_voice_gave_it_and_players_play_it(
    made: Utterance, tmp_path: Path
) -> None:
    data = sound_bytes(KEY, made)
    (tmp_path / "a.wav").write_bytes(data)
    pcm, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")

    assert same(read_sound("a.wav", data, KEY), made)
    assert rate == made.sample_rate_hz
    assert np.array_equal(pcm, made.pcm)


def test_a_flipped_byte_anywhere_is_found_or_changes_nothing_that_is_heard() -> None:
    made = utterance(0.01)
    data = sound_bytes(KEY, made)
    harmless = 0
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        try:
            assert same(read_sound("a.wav", bytes(damaged), KEY), made)
            harmless += 1
        except DamagedError:
            continue
    assert harmless < 60  # sizes and formats that players read, and not we


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", sound_bytes("c" * 64, utterance())]
)
def test_what_is_no_sound_or_another_one_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedError):
        read_sound("a.wav", data, KEY)


def test_a_damaged_sound_is_spoken_again_and_kept(tmp_path: Path) -> None:
    sounds, speak = ClauseSounds(LocalFiles(tmp_path)), Counted(utterance())
    sounds.sound(KEY, speak)
    path = tmp_path / sound_name(KEY)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + b"x" + whole[-8:])

    assert same(sounds.sound(KEY, speak), utterance())
    assert speak.num_calls == 2
    assert path.read_bytes() == whole
    assert same(sounds.sound(KEY, speak), utterance())
    assert speak.num_calls == 2


def test_silence_is_not_kept(tmp_path: Path) -> None:
    silent = Counted(Utterance(np.zeros(2400, np.float32), 24_000, None))
    ClauseSounds(LocalFiles(tmp_path)).sound(KEY, silent)
    assert list(tmp_path.rglob("*.wav")) == []


def test_two_rows_that_want_one_sound_at_once_speak_it_once(tmp_path: Path) -> None:
    sounds, speak, begun = ClauseSounds(LocalFiles(tmp_path)), Counted(utterance()), []
    gate = threading.Event()

    def slow() -> Utterance:
        begun.append(1)
        assert gate.wait(30)
        return speak()

    threads = [threading.Thread(target=sounds.sound, args=(KEY, slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert (speak.num_calls, len(begun)) == (1, 1)


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(DiskFullError) as error:
        ClauseSounds(LocalFiles(tmp_path)).sound(KEY, utterance)
    assert "\n" not in str(error.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_rows_and_campaigns_that_share_clauses_share_their_sounds_and_sound_as_if_alone(
    tmp_path: Path,
) -> None:
    shared = LocalFiles(tmp_path)
    first = SpeechRequest(text="Hello Anna. Welcome to the house. Goodbye.")
    second = SpeechRequest(text="Hello Bert. Welcome to the house. Goodbye.")
    make_speech(first, tmp_path / "june" / "speech", shared)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("clauses/*/*.wav")}
    mixed = make_speech(second, tmp_path / "june" / "speech", shared)
    alone = make_speech(second, tmp_path / "alone")
    renamed = make_speech(first, tmp_path / "july" / "speech", LocalFiles(tmp_path))

    assert mixed == alone
    assert renamed.speech_id != mixed.speech_id
    assert len(stamps) == 3
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert len(list(tmp_path.rglob("clauses/*/*.wav"))) == 4


def test_the_order_of_clauses_does_not_depend_on_who_speaks_first() -> None:
    held = threading.Event()

    def speak(number: int) -> int:
        if number == 0:
            assert held.wait(30)
        else:
            held.set()
        return number

    assert list(spoken_in_order(range(6), speak, 2)) == [0, 1, 2, 3, 4, 5]


def test_a_sweep_removes_old_sounds_that_no_campaign_speaks_and_old_parts(tmp_path: Path) -> None:
    shared = LocalFiles(tmp_path)
    make_speech(SpeechRequest(text="Hello Anna. Goodbye."), tmp_path / "june" / "speech", shared)
    ClauseSounds(shared).sound(KEY, utterance)
    part = tmp_path / "speech" / "clauses" / "ab" / ".part-1-x.wav"
    part.write_bytes(b"x")
    now = datetime.now(UTC)
    later = now + timedelta(days=UNUSED_DAYS + 1)

    assert (sweep_sounds(shared, now), sweep_shared_parts(shared, now)) == (0, 0)
    receipt = next((tmp_path / "june" / "speech").glob("*.json"))
    whole = receipt.read_bytes()
    receipt.write_bytes(whole.replace(b"hibari", b"habiri"))
    assert sweep_sounds(shared, later) == 0, "a receipt that cannot be read may name any sound"
    receipt.write_bytes(whole)
    assert (sweep_sounds(shared, later), sweep_shared_parts(shared, later)) == (1, 1)
    assert not (tmp_path / sound_name(KEY)).exists()
    assert len(list(tmp_path.rglob("clauses/*/*.wav"))) == 2
    receipt.unlink()
    assert sweep_sounds(shared, later) == 2
