"""What did not fit, what is tried next, and which errors mean a full memory; without torch."""

import pickle

import numpy as np
import pytest

from model.engine import SegmentJob, check_settings
from model.errors import SMALLER_SIZE
from model.live_avatar.devices.memory_ladder import (
    Attempt,
    KnownMisfits,
    Load,
    MemoryFullError,
    rungs_of,
    where_full,
)
from model.live_avatar.engine import LiveAvatarEngine
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
    read_offload,
)
from model.live_avatar.settings import DEFAULTS

ALL = "kv,sink,weights,text"


def job(**changes) -> SegmentJob:
    fields = {
        "key": "k",
        "portrait": np.zeros((64, 64, 3), np.uint8),
        "rig": None,
        "handoff": None,
        "pcm": np.zeros(0, np.int16),
        "left_context": 0,
        "right_context": 0,
        "phonemes": None,
        "prompt": "",
        "seed": 0,
        "width": 704,
        "height": 384,
        "num_frames": 12,
        "settings": dict(DEFAULTS),
    }
    return SegmentJob(**(fields | changes))


def attempt(**settings) -> Attempt:
    return Attempt.of(job(settings={**DEFAULTS, **settings}), NO_OFFLOAD)


def told(tried: Attempt, where="GPU", *, has_float8=True) -> list[str]:
    return [str(rung) for rung in rungs_of(tried, where, has_float8=has_float8)]


def test_weights_that_ranks_share_are_not_offered_to_the_host():
    rungs = rungs_of(attempt(), "GPU", has_float8=False, num_shards=4)
    assert [str(rung) for rung in rungs][:2] == ["offload=kv", "offload=kv,sink,text"]


def test_the_rungs_of_a_full_gpu_go_from_what_costs_time_to_what_costs_pixels():
    rungs = rungs_of(attempt(), "GPU", has_float8=True)

    assert [str(rung) for rung in rungs] == [
        "offload=kv",
        f"offload={ALL}",
        "dtype=float8",
        "sample_steps=3",
        "size=smaller",
    ]
    assert [rung.changes_pixels for rung in rungs] == [False, False, True, True, True]
    assert rungs[-1] is SMALLER_SIZE


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ({"offload": "kv"}, f"offload={ALL}"),
        ({"offload": "text"}, "offload=kv,text"),
        ({"offload": "weights,text"}, "offload=kv,weights,text"),
        ({"offload": ALL}, "dtype=float8"),
        ({"offload": ALL, "dtype": "float8"}, "sample_steps=3"),
        ({"offload": ALL, "dtype": "float8", "sample_steps": 3}, "size=smaller"),
        ({"offload": ALL, "dtype": "float8", "sample_steps": 2}, "size=smaller"),
    ],
)
def test_a_rung_adds_to_what_is_set_already(settings, first):
    assert told(attempt(**settings))[0] == first


def test_where_the_hosts_memory_is_full_nothing_more_is_offloaded_to_it():
    assert told(attempt(), "host") == ["dtype=float8", "sample_steps=3", "size=smaller"]


def test_a_device_without_float8_is_not_offered_it():
    assert "dtype=float8" not in told(attempt(), has_float8=False)


def test_what_the_environment_offloads_counts_with_what_the_job_does():
    tried = Attempt.of(job(settings=dict(DEFAULTS) | {"offload": "text"}), Offload(kv=True))

    assert str(tried.offload) == "kv,text"
    assert Load.of(tried.dtype, tried.offload) == Load("bfloat16", False, True)


def test_what_is_offloaded_is_read_and_written_alike():
    for text in ("", "kv", "kv,sink", ALL, "text"):
        assert str(read_offload(text)) == text


# --- never the same failure twice ---


def test_what_did_not_fit_is_not_tried_again_and_anything_else_is():
    misfits = KnownMisfits(lambda: 60.0)
    misfits.note(attempt(), MemoryFullError("full", "GPU"))

    with pytest.raises(MemoryFullError, match=r"full; that was 0 min ago, and the engine host"):
        misfits.check(attempt())
    misfits.check(attempt(offload="kv"))
    misfits.check(attempt(sample_steps=3))
    misfits.check(Attempt.of(job(width=384), NO_OFFLOAD))
    misfits.check(Load("bfloat16", False, False))


def test_what_did_not_fit_is_tried_again_after_hours_and_told_with_its_first_words():
    now = [0.0]
    misfits = KnownMisfits(lambda: now[0])
    misfits.note(attempt(), MemoryFullError("first", "host"))
    misfits.note(attempt(), MemoryFullError("second", "host"))

    now[0] = 5 * 3600.0
    with pytest.raises(MemoryFullError, match=r"first; that was 300 min ago") as found:
        misfits.check(attempt())
    assert found.value.where == "host"
    now[0] = 7 * 3600.0
    misfits.check(attempt())


# --- which errors they are ---


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity", "GPU"),
        ("CUDA error: out of memory\nCUDA kernel errors might be asynchronously", "GPU"),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", "GPU"),
        ("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", "GPU"),
        (
            "NCCL error in: ProcessGroupNCCL.cpp:3699, unhandled cuda error (run with "
            "NCCL_DEBUG=INFO for details), NCCL version 2.27.5\nncclUnhandledCudaError: Call to "
            "CUDA function failed.\nLast error:\nCuda failure 2 'out of memory'",
            "GPU",
        ),
        ("NCCL error: Failed to CUDA calloc async 608 bytes", "GPU"),
        (
            "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate "
            "memory: you tried to allocate 4294967296 bytes. Error code 12 (Cannot allocate "
            "memory)",
            "host",
        ),
        ("std::bad_alloc", "host"),
        (
            "OpenCV(5.0.0) /io/opencv/modules/core/src/alloc.cpp:73: error: (-4:Insufficient "
            "memory) Failed to allocate 3932160 bytes in function 'OutOfMemoryError'",
            "host",
        ),
        ("could not create a primitive", "host"),
        ("could not create a primitive descriptor for the convolution", "host"),
        ("could not execute a primitive", "host"),
        ("could not create a memory object", "host"),
        ("CUDA error: an illegal memory access was encountered", None),
        ("CUDA error: device-side assert triggered", None),
        ("mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)", None),
        ("NCCL error: unhandled system error, Last error: socketStartConnect failed", None),
    ],
)
def test_errors_of_a_full_memory_are_told_from_others_by_their_text(text, where):
    assert where_full(text) == where


def test_the_error_of_a_full_memory_survives_pickling():
    error = pickle.loads(pickle.dumps(MemoryFullError("full", "host", (SMALLER_SIZE,))))

    assert (str(error), error.where, error.rungs) == ("full", "host", (SMALLER_SIZE,))
    assert error.fault == "resource"


# --- silent settings ---


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> LiveAvatarEngine:
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    return LiveAvatarEngine()


def test_a_job_may_carry_a_setting_that_no_row_has(engine: LiveAvatarEngine):
    check_settings(engine, dict(DEFAULTS))
    check_settings(engine, dict(DEFAULTS) | {"offload": "kv"})
    assert "offload" not in engine.identity.settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"offload": "sink"}, "offload names sink without kv"),
        ({"offload": "disk"}, "offload names disk; set one or more of kv"),
        ({"offload": True}, "offload must be a str"),
        ({"upload": "kv"}, "settings must be"),
    ],
)
def test_a_silent_setting_obeys_its_rules(engine: LiveAvatarEngine, settings, message):
    with pytest.raises(ValueError, match=message):
        check_settings(engine, dict(DEFAULTS) | settings)
