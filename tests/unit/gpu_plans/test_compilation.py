"""Whether a plan's blocks are compiled: as calibrated, as it was before, or as a row says."""

from datetime import UTC, datetime

import pytest

from model.live_avatar.planning.gpus import GPUS
from model.live_avatar.settings import DEFAULTS
from tasks.gpu_plans.calibration import CalibrationEntry
from tasks.gpu_plans.compilation import (
    compilation_kept,
    compilation_notices,
    compilation_of,
    is_compilation_refused,
    with_compilation,
)
from tasks.gpu_plans.requests import Videos, work_of
from tasks.gpu_plans.speeds import Speed
from tasks.manifest.row_settings import RowSettings

MODEL = "live-avatar-14b"
SETTINGS = dict(DEFAULTS)
NOBODY: frozenset[str] = frozenset()


def entry(gpu: str, share: float | None, dtype: str = "bfloat16", **more: str) -> CalibrationEntry:
    return CalibrationEntry(
        engine="live-avatar",
        model=more.get("model", MODEL),
        gpu=gpu,
        dtype=dtype,
        memory_bytes=GPUS["h200"].memory_bytes,
        measured_at=datetime(2026, 11, 20, tzinfo=UTC),
        measured_in_s=100.0,
        figures={} if share is None else {"compiled": share},
        kernels={},
        versions={},
    )


def test_new_plans_are_compiled_where_that_is_faster_on_every_calibrated_device():
    assert compilation_of([entry("H100", 0.7), entry("H200", 0.8)], MODEL) == {"bfloat16"}


@pytest.mark.parametrize("share", [None, 0.99, 1.2], ids=["cannot", "as fast", "slower"])
def test_one_device_that_gains_nothing_or_cannot_compile_is_enough_for_none(share):
    assert compilation_of([entry("H100", 0.7), entry("RTX 4090", share)], MODEL) == NOBODY


def test_each_dtype_is_decided_alone_and_other_sizes_are_not_asked():
    entries = [entry("H100", 0.7, "float8"), entry("H100", 1.0), entry("cpu", 0.1, model="tiny")]

    assert compilation_of(entries, MODEL) == {"float8"}


def test_kinds_of_float8_are_compiled_as_float8_is():
    kept = {**SETTINGS, "dtype": "float8-kept"}

    assert with_compilation(kept, {"float8"}, NOBODY)["compile"] is True
    assert with_compilation(SETTINGS, {"float8"}, NOBODY)["compile"] is False


@pytest.mark.parametrize("said", [True, False])
def test_what_somebody_says_of_it_stays(said: bool):
    asked = {**SETTINGS, "compile": said}

    assert with_compilation(asked, {"bfloat16"}, {"compile"}) == asked
    assert is_compilation_refused(asked, {"compile"}) is not said


def test_silence_refuses_nothing_and_engines_without_the_setting_are_left_alone():
    assert not is_compilation_refused(SETTINGS, NOBODY)
    assert with_compilation({"blinks": "few"}, {"bfloat16"}, NOBODY) == {"blinks": "few"}


@pytest.mark.parametrize("was_compiled", [True, False])
def test_a_plan_that_was_made_stays_compiled_or_not_in_its_dtype(was_compiled: bool):
    before = {**SETTINGS, "compile": was_compiled}

    for calibrated in (NOBODY, frozenset({"bfloat16"})):
        kept = compilation_kept(calibrated, before)
        assert with_compilation(SETTINGS, kept, NOBODY)["compile"] is was_compiled
    assert compilation_kept({"float8"}, before) >= {"float8"}
    assert compilation_kept({"float8"}, {"blinks": "few"}) == {"float8"}


def test_people_are_told_of_rows_that_leave_it_open():
    def row(asked: frozenset[str]) -> RowSettings:
        return RowSettings(48, 3, SETTINGS, asked)

    (told,) = compilation_notices([row(NOBODY), row(frozenset({"compile"}))], {"bfloat16"})

    assert "new plans in bfloat16 are rendered with compile=true" in told
    assert compilation_notices([row(frozenset({"compile"}))], {"bfloat16"}) == []
    assert compilation_notices([row(NOBODY)], NOBODY) == []


def test_plan_counts_on_it_where_new_plans_have_it_and_where_it_is_named():
    speed = Speed.of(GPUS["h200"], [entry("NVIDIA H200", 0.7)])
    assert speed.compilation == {"bfloat16"}

    def is_counted(**settings: bool) -> bool:
        videos = Videos("one", 704, 384, settings, {"video": (144,)})
        return work_of(videos, speed.gpu, speed.compilation).plan.is_compiled

    assert is_counted()
    assert is_counted(compile=True)
    assert not is_counted(compile=False)
