"""Copies that were written one behind the other are cut apart where their marks are, or not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tasks.speech.recordings.decoding import Decoding, joins_of
from tasks.speech.recordings.joined_copies import Join, cut_apart

RATE_HZ = 48_000


def join_in(folder: Path, num_channels: int = 1, sample_format: str = "s16") -> Join:
    copies = tuple(folder / f"{index}.wav" for index in range(3))
    streams = ("[v0]", "[v1]", "[v2]")
    path = folder / "joined.wav"
    return Join("j", path, streams, copies, RATE_HZ, num_channels, sample_format)


def write_joined(join: Join, sounds: list[bytes]) -> None:
    """As ffmpeg does: every sound with a mark behind it."""
    kind = "FLOAT" if join.sample_format == "flt" else "PCM_16"
    data = b"".join(sound + join.mark for sound in sounds)
    with soundfile.SoundFile(
        join.path, "w", RATE_HZ, join.num_channels, subtype=kind, format="WAV"
    ) as file:
        file.buffer_write(data, "float32" if kind == "FLOAT" else "int16")


def noise(join: Join, num_samples: int, seed: int) -> bytes:
    values = np.random.default_rng(seed).uniform(-0.5, 0.5, num_samples * join.num_channels)
    if join.sample_format == "flt":
        return values.astype("<f4").tobytes()
    return (values * 32768).astype("<i2").tobytes()


@pytest.mark.parametrize(("num_channels", "form"), [(1, "s16"), (2, "s16"), (1, "flt")])
def test_every_copy_is_its_own_sound_in_a_file_of_its_own(
    tmp_path: Path, num_channels: int, form: str
) -> None:
    join = join_in(tmp_path, num_channels, form)
    sounds = [noise(join, length, length) for length in (1, 5_000, 777)]
    write_joined(join, sounds)
    assert cut_apart(join)
    for copy, sound in zip(join.copies, sounds, strict=True):
        with soundfile.SoundFile(copy) as file:
            assert (file.samplerate, file.channels) == (RATE_HZ, num_channels)
            assert file.read(dtype="float32" if form == "flt" else "int16").tobytes() == sound
        size = copy.stat().st_size
        assert int.from_bytes(copy.read_bytes()[4:8], "little") == size - 8


def test_a_recording_that_holds_the_mark_itself_is_not_cut(tmp_path: Path) -> None:
    join = join_in(tmp_path)
    inner = noise(join, 400, 1) + join.mark + noise(join, 300, 2)
    write_joined(join, [noise(join, 500, 3), inner, noise(join, 600, 4)])
    assert not cut_apart(join)
    assert not any(copy.exists() for copy in join.copies)


def test_of_a_copy_that_ended_early_nothing_is_used(tmp_path: Path) -> None:
    join = join_in(tmp_path)
    write_joined(join, [noise(join, 500, 3), noise(join, 200, 5)])
    assert not cut_apart(join)
    write_joined(join, [noise(join, 500, 3), noise(join, 200, 5), noise(join, 600, 4)])
    join.path.write_bytes(join.path.read_bytes()[:-2])
    assert not cut_apart(join)


def test_a_copy_without_sound_is_left_to_ffmpeg_which_makes_none(tmp_path: Path) -> None:
    join = join_in(tmp_path)
    write_joined(join, [noise(join, 500, 3), b"", noise(join, 600, 4)])
    assert not cut_apart(join)


def test_what_is_no_wav_is_not_cut(tmp_path: Path) -> None:
    join = join_in(tmp_path)
    join.path.write_bytes(b"")
    assert not cut_apart(join)


def decoding_of(number: int, folder: Path, num_channels: int | None) -> Decoding:
    channels = folder / f"{number}.c" if num_channels != 1 else None
    source, copies = folder / f"{number}.wav", (folder / f"{number}.v", folder / f"{number}.e")
    return Decoding(source, *copies, channels, 10.0, num_channels)


def test_copies_are_joined_with_those_of_as_many_channels_that_are_known_for_sure(
    tmp_path: Path,
) -> None:
    decodings = [decoding_of(n, tmp_path, c) for n, c in enumerate((1, 2, None, 1, 2, None))]
    streams = {join.name: join.streams for join in joins_of(decodings)}
    assert streams == {
        "je": ("[e0]", "[e1]", "[e2]", "[e3]", "[e4]", "[e5]"),
        "ju": ("[v0]", "[v3]"),
        "jv": ("[v1]", "[v4]"),
        "jc": ("[c1]", "[c4]"),
    }
    assert joins_of(decodings[:1]) == ()


def test_only_so_much_is_joined_as_may_be_held_in_memory(tmp_path: Path) -> None:
    decodings = [replace(decoding_of(n, tmp_path, 1), duration_s=50.0) for n in range(4)]
    assert {join.streams for join in joins_of(decodings)} == {
        ("[e0]", "[e1]"),
        ("[v0]", "[v1]"),
    }
