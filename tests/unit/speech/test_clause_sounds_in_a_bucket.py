"""The shared sounds of clauses in S3, against moto: the rules of a folder hold there too."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from model.speech.utterance import TimedSymbol, Utterance
from tasks.speech.clauses.sounds import ClauseSounds, sound_bytes
from tasks.speech.speech import SpeechRequest, make_speech
from tasks.store.s3.bucket import Bucket
from tasks.store.shared_files import UNUSED_DAYS, BucketFiles, sound_name, sweep_sounds

KEY = "ab" * 32
NAME = sound_name(KEY)


def utterance(hertz: float = 200.0) -> Utterance:
    pcm = (0.3 * np.sin(2 * np.pi * hertz * np.arange(2400) / 24_000)).astype(np.float32)
    return Utterance(pcm, 24_000, (TimedSymbol("a", 0, len(pcm)),))


def fails() -> Utterance:
    raise AssertionError("a sound that is there is not spoken")


def test_a_sound_that_is_absent_is_spoken_and_kept_for_all_machines(bucket: Bucket) -> None:
    assert BucketFiles(bucket).read_bytes(NAME) is None

    made = ClauseSounds(BucketFiles(bucket)).sound(KEY, utterance)
    found = ClauseSounds(BucketFiles(bucket)).sound(KEY, fails)

    assert np.array_equal(found.pcm, made.pcm)
    assert (found.sample_rate_hz, found.phonemes) == (made.sample_rate_hz, made.phonemes)
    assert list(bucket.list()) == [NAME]


def test_of_two_machines_that_speak_one_clause_at_once_the_first_is_kept(bucket: Bucket) -> None:
    others = sound_bytes(KEY, utterance(300.0))

    def speak_while_another_writes() -> Utterance:
        assert BucketFiles(bucket).write_once(NAME, others)
        return utterance(200.0)

    mine = ClauseSounds(BucketFiles(bucket)).sound(KEY, speak_while_another_writes)

    assert np.array_equal(mine.pcm, utterance(200.0).pcm)
    assert BucketFiles(bucket).read_bytes(NAME) == others
    assert not BucketFiles(bucket).write_once(NAME, b"a third")


@pytest.mark.parametrize("place", [0, 60, -9])
def test_a_damaged_object_is_spoken_again_and_replaced(bucket: Bucket, place: int) -> None:
    whole = sound_bytes(KEY, utterance())
    damaged = bytearray(whole)
    damaged[place] ^= 0xFF
    bucket.put_bytes(bytes(damaged), NAME)

    found = ClauseSounds(BucketFiles(bucket)).sound(KEY, utterance)

    assert np.array_equal(found.pcm, utterance().pcm)
    assert BucketFiles(bucket).read_bytes(NAME) == whole


def test_a_sweep_removes_old_sounds_that_no_receipt_in_the_bucket_names(
    bucket: Bucket, tmp_path: Path
) -> None:
    files = BucketFiles(bucket)
    speech = make_speech(SpeechRequest(text="Hello Anna. Goodbye."), tmp_path, files)
    ClauseSounds(files).sound(KEY, utterance)
    receipt = (tmp_path / f"{speech.speech_id}.json").read_bytes()
    name = f"june/speech/{speech.speech_id}.json"
    bucket.put_bytes(receipt.replace(b"hibari", b"habiri"), name)
    now = datetime.now(UTC)
    later = now + timedelta(days=UNUSED_DAYS + 1)

    assert sweep_sounds(files, now) == 0
    assert sweep_sounds(files, later) == 0, "a receipt that cannot be read may name any sound"
    bucket.put_bytes(receipt, name)
    assert sweep_sounds(files, later) == 1
    assert files.read_bytes(NAME) is None
    assert {each.sound for each in speech.clauses} == {
        kept.rpartition("/")[2].removesuffix(".wav") for kept in files.matching("speech/*/*/*.wav")
    }
    bucket.delete(name)
    assert sweep_sounds(files, later) == 2
