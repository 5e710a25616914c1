"""Recordings decoded together: fewer starts of ffmpeg, the same bytes, each with its own fault."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from threading import Barrier, Event
from typing import TypeVar

import numpy as np
import pytest
import soundfile

from model.errors import SpeechError, StoppedError
from tasks.processes.ffmpeg import run_ffmpeg
from tasks.processes.stop_request import stop_asked_by
from tasks.speech.recordings import decoding
from tasks.speech.recordings.decoding import Decoding, decode, decoding_args
from tasks.speech.recordings.recording import Recording, import_recording

pytestmark = pytest.mark.media
NUM_RECORDINGS = 6
Result = TypeVar("Result")


def recordings(folder: Path) -> list[Path]:
    """Of all that differ in rate, channels and format."""
    paths: list[Path] = []
    for index in range(NUM_RECORDINGS):
        rate = (24_000, 44_100, 48_000)[index % 3]
        tone = 0.3 * np.sin(np.arange(2 * rate) * (0.02 + index / 1000))
        pcm = tone if index % 2 else np.stack([tone, 0.5 * tone], axis=1)
        paths.append(folder / f"talk {index}.{'flac' if index == 4 else 'wav'}")
        soundfile.write(paths[-1], pcm, rate)
    return paths


def side_by_side(work: Callable[[Path], Result], paths: Sequence[Path]) -> list[Result]:
    """All begun before the first is decoded."""
    barrier = Barrier(len(paths))

    def begun(path: Path) -> Result:
        barrier.wait(30)
        return work(path)

    with ThreadPoolExecutor(len(paths)) as pool:
        futures = [pool.submit(copy_context().run, begun, path) for path in paths]
        return [future.result() for future in futures]


def imported_into(folder: Path) -> Callable[[Path], Recording]:
    folder.mkdir()
    return lambda path: import_recording(
        path, folder / f"{path.stem}.wav", folder / f"{path.stem}.16k.wav"
    )


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many recordings each start of ffmpeg was given."""
    seen: list[int] = []

    def counted(decodings: Sequence[Decoding]) -> list[str]:
        seen.append(len(decodings))
        return decoding_args(decodings)

    monkeypatch.setattr(decoding, "decoding_args", counted)
    return seen


def test_recordings_decoded_together_are_the_bytes_of_each_alone(
    tmp_path: Path, starts: list[int]
) -> None:
    paths = recordings(tmp_path)
    alone = [imported_into(tmp_path / path.stem)(path) for path in paths]
    assert starts == [1] * NUM_RECORDINGS
    starts.clear()
    together = side_by_side(imported_into(tmp_path / "together"), paths)
    assert sum(starts) == NUM_RECORDINGS
    assert len(starts) <= 3, "the first may start alone; all that came meanwhile start at once"
    assert [each.warnings for each in together] == [each.warnings for each in alone]
    for path in paths:
        for name in (f"{path.stem}.wav", f"{path.stem}.16k.wav"):
            made = (tmp_path / "together" / name).read_bytes()
            assert made == (tmp_path / path.stem / name).read_bytes()
    assert len(list((tmp_path / "together").iterdir())) == 2 * NUM_RECORDINGS


def test_each_recording_of_a_start_has_a_graph_of_its_own(tmp_path: Path) -> None:
    together = [
        Decoding(tmp_path / f"{name}.wav", tmp_path / name, tmp_path / f"{name}16", compared, 2.0)
        for name, compared in (("a", None), ("b", tmp_path / "b2"))
    ]
    for each in together:
        soundfile.write(each.source, np.zeros(480), 24_000)
    args = decoding_args(together)
    graphs = [args[i + 1] for i, arg in enumerate(args) if arg == "-filter_complex"]
    assert [graph.split("]")[0] for graph in graphs] == ["[0:a:0", "[1:a:0"]
    assert ["[c1]" in graph for graph in graphs] == [False, True]


def test_a_damaged_recording_fails_alone(tmp_path: Path) -> None:
    paths = recordings(tmp_path)
    whole = paths[4].read_bytes()
    paths[4].write_bytes(whole[: len(whole) // 2] + bytes(4000) + whole[len(whole) // 2 + 4000 :])
    imported = imported_into(tmp_path / "out")
    told: list[str] = []

    def with_fault(path: Path) -> Recording | None:
        try:
            return imported(path)
        except SpeechError as error:
            told.append(str(error))
            return None

    made = side_by_side(with_fault, paths)
    assert len(told) == 1
    assert told[0].startswith(f"{paths[4]} cannot be decoded to its end")
    assert [each is None for each in made] == [index == 4 for index in range(NUM_RECORDINGS)]


def test_who_waits_for_a_start_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = recordings(tmp_path)[:3]
    is_begun, may_go_on, is_stopped = Event(), Event(), Event()

    def slow(args: Sequence[str], *, timeout_s: float) -> bytes:
        is_begun.set()
        assert may_go_on.wait(60)
        return run_ffmpeg(args, timeout_s=timeout_s)

    def decoded(path: Path) -> None:
        decode(Decoding(path, tmp_path / f"{path.stem}.v", tmp_path / f"{path.stem}.e", None, 2.0))

    def stopped(path: Path) -> None:
        with stop_asked_by(is_stopped.is_set):
            decoded(path)

    monkeypatch.setattr(decoding, "run_ffmpeg", slow)
    with ThreadPoolExecutor(3) as pool:
        leader = pool.submit(decoded, first)
        assert is_begun.wait(60)
        waiting, other = pool.submit(stopped, second), pool.submit(decoded, third)
        is_stopped.set()
        with pytest.raises(StoppedError):
            waiting.result(60)
        may_go_on.set()
        leader.result(60)
        other.result(60)
    assert not (tmp_path / f"{second.stem}.v").exists()
    assert (tmp_path / f"{third.stem}.v").exists()
