"""The attention kernel of a plan: what was calibrated, what a plan had before, what a row names."""

from datetime import UTC, datetime

import pytest

from tasks.gpu_plans.calibration import (
    CalibrationEntry,
    calibration_path,
    keep_calibration,
    read_calibrations,
)
from tasks.gpu_plans.kernels import (
    kernel_notices,
    kernels_kept,
    kernels_of,
    model_named,
    with_kernel,
)

MODEL = "live-avatar-14b"
OPEN = {"attention": "auto", "dtype": "float8"}


def entry(gpu: str, chosen: str, dtype: str = "bfloat16", **fields: object) -> CalibrationEntry:
    values: dict[str, object] = {
        "engine": "live-avatar",
        "model": MODEL,
        "gpu": gpu,
        "dtype": dtype,
        "memory_bytes": 79 << 30,
        "measured_at": datetime(2026, 11, 20, tzinfo=UTC),
        "measured_in_s": 100.0,
        "figures": {},
        "kernels": {"cudnn": 0.001, "flash": 0.002, "math": 0.1},
        "versions": {"attention auto": chosen} if chosen else {},
    }
    return CalibrationEntry.model_validate(values | fields)


H100, H200 = entry("H100", "cudnn"), entry("H200", "cudnn")
RTX = entry("RTX 4090", "flash", kernels={"flash": 0.004, "efficient": 0.005, "math": 0.2})


def test_what_torch_chooses_on_all_devices_is_the_kernel():
    assert kernels_of([H100, H200], MODEL) == {"bfloat16": "cudnn"}


def test_devices_that_disagree_have_the_fastest_kernel_that_all_of_them_have():
    assert kernels_of([H100, RTX], MODEL) == {"bfloat16": "flash"}


def test_a_kernel_that_rounds_to_8_bits_is_never_chosen_by_a_calibration():
    timed = {"flash3-float8": 0.0005, "flash": 0.002}
    entries = [entry("H100", "cudnn", kernels=timed), entry("H200", "flash", kernels=timed)]

    assert kernels_of(entries, MODEL) == {"bfloat16": "flash"}


def test_a_kernel_that_rounds_to_8_bits_stays_only_where_it_is_asked_for():
    kernels, before = {"bfloat16": "cudnn"}, {"attention": "flash3-float8", "dtype": "float8"}
    kept = kernels_kept(kernels, before)

    assert kept == kernels
    assert with_kernel(OPEN, kept)["attention"] == "cudnn"
    assert with_kernel({**OPEN, "attention": "flash3-float8"}, kept) == before


def test_devices_without_a_kernel_in_common_have_none():
    alone = entry("other", "efficient", kernels={"efficient": 0.1})
    assert kernels_of([H100, alone], MODEL) == {}


def test_attention_of_8_bit_weights_is_that_of_bfloat16_and_float16_has_its_own():
    entries = [entry("H100", "cudnn", "float8"), entry("H100", "flash", "float16")]

    kernels = kernels_of(entries, MODEL)

    assert kernels == {"bfloat16": "cudnn", "float16": "flash"}
    assert with_kernel(OPEN, kernels)["attention"] == "cudnn"
    assert with_kernel({**OPEN, "dtype": "float16"}, kernels)["attention"] == "flash"
    assert with_kernel({**OPEN, "dtype": "float32"}, kernels)["attention"] == "auto"


def test_other_engines_and_sizes_of_the_model_are_not_asked():
    others = [entry("cpu", "math", model="tiny"), entry("cpu", "math", engine="preview")]
    assert kernels_of(others, MODEL) == {}


def test_the_file_is_read_for_the_model_that_the_environment_names(tmp_path):
    path = tmp_path / "calibration.json"
    keep_calibration(path, H100)
    keep_calibration(path, entry("cpu", "flash", "float32", model="tiny"))
    environ = {"NIGHTSHOOT_CALIBRATION": str(path)}

    tiny = {**environ, "NIGHTSHOOT_WEIGHTS": "random:tiny"}

    kept = read_calibrations(calibration_path(environ))
    assert kernels_of(kept, model_named(environ)) == {"bfloat16": "cudnn"}
    assert kernels_of(kept, model_named(tiny)) == {"float32": "flash"}


@pytest.mark.parametrize("named", ["math", "flash"])
def test_a_kernel_that_a_row_names_stays(named: str):
    asked = {**OPEN, "attention": named}
    assert with_kernel(asked, {"bfloat16": "cudnn"}) == asked


@pytest.mark.parametrize("kept", ["auto", "flash"])
def test_a_plan_that_was_made_keeps_its_kernel_in_the_same_dtype(kept: str):
    before = {"attention": kept, "dtype": "bfloat16"}
    kernels = kernels_kept({"bfloat16": "cudnn", "float32": "flash"}, before)

    assert with_kernel(OPEN, kernels)["attention"] == kept
    assert with_kernel({**OPEN, "dtype": "float32"}, kernels)["attention"] == "flash"
    assert kernels_kept({"bfloat16": "cudnn"}, {"on_no_face": "fail"}) == {"bfloat16": "cudnn"}


def test_people_are_told_which_kernel_it_is_or_that_nobody_has_calibrated():
    named, missing = kernel_notices(
        [OPEN, {**OPEN, "dtype": "float32"}, {"attention": "math", "dtype": "float16"}],
        {"bfloat16": "cudnn"},
    )

    assert "the attention kernel cudnn for bfloat16" in named
    assert "no calibration says which attention kernel GPUs use for float32," in missing
    assert "nightshoot calibrate --engine live-avatar" in missing
    assert kernel_notices([{"attention": "math", "dtype": "float16"}], {}) == []
