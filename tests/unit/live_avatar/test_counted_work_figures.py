"""The speed model's figures are those of the page that was counted."""

import re
from pathlib import Path

import pytest

from model.live_avatar.config import MOTION_FRAMES
from model.live_avatar.planning.cost import (
    Plan,
    decode_flops,
    prefill_flops,
    step_flops,
    still_flops,
    warm_flops,
)
from model.live_avatar.planning.counted_work import (
    COMPILED_NARROW_STEP_GB,
    COMPILED_STEP_GB,
    DECODE_GB,
    ENCODE_GB,
    NARROW_STEP_GB,
    PEAK,
    STEP_GB,
    roofline,
)
from model.live_avatar.planning.gpus import GPUS
from model.live_avatar.planning.sizes import MODELS, PUBLISHED

PAGE = Path(__file__).parents[3] / "benchmarks/results/counted_work-2026-11.md"
CUBINS = PAGE.with_name("cubins-2026-11.md")
PLAN = Plan(MODELS[PUBLISHED], 704, 384)
NUM_STEPS = 4
TERA = 1e12


def rows(name: str) -> dict[str, dict[str, float]]:
    """A section of the page: by what was done, the figures by their columns."""
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"\n## {name}\n")
    table = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    head, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {what: dict(zip(head[1:], map(float, cells), strict=True)) for what, *cells in lines}


@pytest.mark.parametrize(("name", "figure"), [("bfloat16", STEP_GB), ("float8", NARROW_STEP_GB)])
def test_bytes_of_a_step_are_those_that_were_counted(name, figure):
    counted = rows(name)
    step = counted["step, ring full"]
    beside = step["GB of the rest"] + counted["rest of a block"]["GB of the rest"] / NUM_STEPS

    assert figure == pytest.approx(beside / step["TFLOP matrices"], rel=0.01)


@pytest.mark.parametrize(
    ("name", "eager", "compiled"),
    [
        ("bfloat16", STEP_GB, COMPILED_STEP_GB),
        ("float8", NARROW_STEP_GB, COMPILED_NARROW_STEP_GB),
    ],
)
def test_bytes_of_a_compiled_step_are_those_of_the_graphs_for_an_h200(name, eager, compiled):
    _, _, section = CUBINS.read_text(encoding="utf-8").partition(f"\n## H200 (sm_90a), {name}\n")
    told = re.search(r"brings ([\d.]+) GB with it, and compiled ([\d.]+)\.", section)

    assert told is not None
    assert (eager, compiled) == pytest.approx((float(told[1]), float(told[2])), abs=0.011)


def test_bytes_of_the_vae_are_those_that_were_counted():
    counted = rows("bfloat16")

    for what, figure in (("block decoded", DECODE_GB), ("picture encoded", ENCODE_GB)):
        found = counted[what]["GB of the rest"] / counted[what]["TFLOP convolutions"]
        assert figure == pytest.approx(found, rel=0.01)


def test_flops_by_formula_are_those_that_were_counted():
    counted, config = rows("bfloat16"), PLAN.model.transformer
    step, sink = step_flops(config, PLAN.tokens), prefill_flops(config, PLAN.tokens)
    motion = 1 + MOTION_FRAMES // 4

    for what, flops in (("step, ring full", step), ("sink filled", sink)):
        matrices = (flops.matrices - flops.text_kv) / TERA
        assert matrices == pytest.approx(counted[what]["TFLOP matrices"], rel=0.01)
        assert flops.attention / TERA == pytest.approx(counted[what]["TFLOP attention"], rel=0.01)
    decoded = decode_flops(PLAN.model.vae, 704, 384, 3) / TERA
    assert decoded == pytest.approx(counted["block decoded"]["TFLOP convolutions"], rel=0.01)
    for what, by_formula in (("picture encoded", still_flops), ("decoder warmed", warm_flops)):
        flops = by_formula(PLAN.model.vae, 704, 384, motion) / TERA
        assert flops == pytest.approx(counted[what]["TFLOP convolutions"], rel=0.01)


@pytest.mark.parametrize("name", GPUS)
def test_what_is_attained_is_never_faster_than_a_cards_peaks(name):
    for dtype in ("bfloat16", "float8", "float32"):
        here, floor = roofline(GPUS[name], dtype), roofline(GPUS[name], dtype, PEAK)

        assert here.linear_s > floor.linear_s
        assert here.linear_s > here.compiled_linear_s > floor.compiled_linear_s
        assert here.attention_s > floor.attention_s
        assert here.decode_s > floor.decode_s
        assert here.decode_s > here.compiled_decode_s > floor.compiled_decode_s
        assert here.encode_s > floor.encode_s


def test_eight_bits_move_more_and_multiply_faster():
    h200 = GPUS["h200"]
    wide, narrow = roofline(h200, "bfloat16", PEAK), roofline(h200, "float8", PEAK)

    assert narrow.linear_s - wide.linear_s == pytest.approx(
        1 / 1979 - 1 / 989 + (NARROW_STEP_GB - STEP_GB) / 4800
    )
    assert roofline(GPUS["a100"], "float8").linear_s > roofline(GPUS["a100"], "bfloat16").linear_s
