import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.engine import Handoff, Pixels, SegmentJob, Setting, load_engine
from model.errors import MachineError, ResourceError, RowError
from model.null import CRASH_EXIT_CODE, NullEngine, read_counter


def job(num_frames: int, size: tuple[int, int] = (384, 256), **settings: Setting) -> SegmentJob:
    return SegmentJob(
        key="k",
        portrait=np.full((300, 200, 3), (200, 150, 90), np.uint8),
        rig=None,
        handoff=None,
        pcm=np.zeros(0, np.int16),
        left_context=0,
        right_context=0,
        phonemes=None,
        prompt="",
        seed=0,
        width=size[0],
        height=size[1],
        num_frames=num_frames,
        settings={"delay_ms": 0, "fail": ""} | settings,
    )


def frames_of(segment: SegmentJob) -> tuple[Pixels, Handoff]:
    rendering = NullEngine().render(segment)
    frames = np.concatenate(list(rendering))
    return frames, rendering.handoff


@pytest.mark.parametrize("size", [(384, 256), (48, 16), (704, 384), (256, 512)])
def test_every_frame_carries_its_number_on_over_segments(size: tuple[int, int]) -> None:
    first, handoff = frames_of(job(29, size))
    second, _ = frames_of(replace(job(13, size), handoff=handoff))
    assert first.shape == (29, size[1], size[0], 3)
    numbers = [read_counter(frame) for frame in np.concatenate([first, second])]
    assert numbers == list(range(42))
    assert np.array_equal(handoff.last_frame, first[-1])


def test_a_number_survives_lossy_compression() -> None:
    handoff = Handoff(np.zeros((256, 384, 3), np.uint8), {"next_frame": np.array([11_184_810])})
    frame = frames_of(replace(job(1), handoff=handoff))[0][0]
    is_encoded, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 20])
    assert is_encoded
    assert read_counter(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)) == 11_184_810


def test_the_same_job_gives_the_same_bytes() -> None:
    assert np.array_equal(frames_of(job(20))[0], frames_of(job(20))[0])


def test_the_delay_is_per_frame() -> None:
    start = time.perf_counter()
    frames_of(job(10, delay_ms=5))
    assert time.perf_counter() - start >= 0.05


@pytest.mark.parametrize(
    ("failure", "error"),
    [("row", RowError), ("resource", ResourceError), ("machine", MachineError)],
)
def test_it_fails_as_asked_after_its_first_frames(failure: str, error: type[Exception]) -> None:
    rendering = NullEngine().render(job(5, fail=failure))
    assert len(next(rendering)) == 5
    with pytest.raises(error, match="null engine was asked"):
        next(rendering)


def test_a_crash_ends_the_process_at_once() -> None:
    script = (
        "from test_null import NullEngine, job\n"
        "frames = NullEngine().render(job(5, fail='crash'))\n"
        "next(frames); next(frames)\n"
    )
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[3])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    assert subprocess.run([sys.executable, "-c", script], env=env).returncode == CRASH_EXIT_CODE


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        (job(5, delay_ms=-1), "delay_ms must be"),
        (job(5, delay_ms=True), "delay_ms must be"),
        (job(5, fail="maybe"), "fail must be one of"),
        (job(5, other=1), "settings must be"),
        (job(5, (32, 32)), "width must be at least 48, got 32"),
        (replace(job(5), handoff=Handoff(np.zeros((256, 384, 3), np.uint8), {})), "another engine"),
    ],
)
def test_a_job_that_breaks_the_rules_is_refused(segment: SegmentJob, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NullEngine().render(segment)


def test_the_registry_knows_it() -> None:
    identity = load_engine("null").identity
    assert (identity.name, identity.needs_face, identity.is_preview) == ("null", False, True)
