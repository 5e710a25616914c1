"""The page that divides a block's time is what the code reckons now."""

import re

import pytest

from benchmarks.block_time import (
    DECODE_LAUNCHES,
    DTYPES,
    LAUNCHES,
    PATH,
    WAYS,
    Layout,
    page,
    parts_of,
    plan_of,
)
from model.live_avatar.planning.gpus import GPUS
from model.live_avatar.planning.offload import NO_OFFLOAD
from model.live_avatar.planning.placement import ALONE
from model.live_avatar.planning.speed_model import assumed_rates, estimate_speed

CUBINS = PATH.with_name("cubins-2026-11.md")


def test_the_page_is_as_the_code_makes_it_now():
    assert PATH.read_text(encoding="utf-8") == page(), "run `make card-tables`"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(704, 384), (384, 256)])
def test_the_parts_are_all_of_what_the_plan_says(dtype, size):
    rates = assumed_rates(GPUS["h200"], dtype)
    block_s = estimate_speed(Layout(plan_of(dtype, size), ALONE, NO_OFFLOAD), rates).block_s

    assert parts_of(dtype, size).total == pytest.approx(block_s, rel=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_kernels_of_a_step_are_those_that_were_compiled_for_this_card(dtype):
    _, _, section = CUBINS.read_text(encoding="utf-8").partition(f"## H200 (sm_90a), {dtype}\n")
    told = re.search(r"and the step (\d+)\.", section)

    assert told is not None
    assert LAUNCHES[dtype] == int(told[1])


def test_kernels_that_decode_a_block_are_those_that_were_counted():
    counted = PATH.with_name("counted_work-2026-11.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| block decoded \| (\d+) ", counted, re.MULTILINE)) == {
        str(DECODE_LAUNCHES)
    }


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_way_saves_more_than_there_is(dtype):
    assert all(0 <= way.saved_s(dtype) < 0.2 * parts_of(dtype).total for way in WAYS)
