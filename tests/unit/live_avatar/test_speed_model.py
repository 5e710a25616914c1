"""How long a block and a segment take on a placement."""

from dataclasses import replace

import pytest

from model.live_avatar.examine.layer_fit import Point, fit_layer
from model.live_avatar.planning.cost import Flops, Plan, decode_flops, prefill_flops, step_flops
from model.live_avatar.planning.gpus import GPUS
from model.live_avatar.planning.offload import (
    Offload,
)
from model.live_avatar.planning.placement import ALONE, Placement
from model.live_avatar.planning.sizes import MODELS
from model.live_avatar.planning.speed_model import (
    Layout,
    Rates,
    SpeedEstimate,
    assumed_rates,
    estimate_speed,
)

MODEL = MODELS["live-avatar-14b"]
PLAN = Plan(MODEL, 704, 384)
H200 = assumed_rates(GPUS["h200"], "bfloat16")


def pass_s(flops: Flops) -> float:
    """By hand: an H200's 989 TFLOP/s and 4.8 TB/s, and what of them is assumed to be attained."""
    matrices, attention = (flops.linear + flops.injectors) / 1e12, flops.attention / 1e12
    return matrices / (0.73 * 989) + attention / (0.60 * 989) + 3.53 * matrices / (0.77 * 4800)


STEP_S = pass_s(step_flops(MODEL.transformer, PLAN.tokens))
DECODE_TFLOP = decode_flops(MODEL.vae, 704, 384, 3) / 1e12
DECODE_S = DECODE_TFLOP / (0.15 * 989) + 4.03 * DECODE_TFLOP / (0.77 * 4800)


def paced(
    placement: Placement = ALONE, offload: Offload | None = None, **rates: float
) -> SpeedEstimate:
    return estimate_speed(Layout(PLAN, placement, offload or Offload()), replace(H200, **rates))


def test_without_a_calibration_the_counted_work_and_the_datasheet_tell_the_seconds():
    alone = paced()

    assert alone.step_s == pytest.approx(STEP_S)
    assert alone.decode_s == pytest.approx(DECODE_S)
    assert alone.block_s == alone.first_s == pytest.approx(4 * STEP_S + DECODE_S)
    narrow = assumed_rates(GPUS["h200"], "float8")
    assert narrow.linear_s == pytest.approx(1 / (0.58 * 1979) + 4.68 / (0.77 * 4800))
    assert narrow.attention_s == H200.attention_s


def test_a_pipeline_is_as_fast_as_its_slowest_stage_and_first_fills():
    four = paced(Placement(stages=4))
    decoder = paced(Placement(stages=4, has_decoder=True))
    three = paced(Placement(stages=3))

    assert four.block_s == pytest.approx(STEP_S + DECODE_S)  # the last one decodes too
    assert decoder.block_s == pytest.approx(STEP_S)
    assert three.block_s == pytest.approx(2 * STEP_S)
    assert four.first_s == decoder.first_s == pytest.approx(4 * STEP_S + DECODE_S)


def test_heads_divide_the_work_and_cost_their_exchanges():
    link = {"link_gbps": 1e9}
    exchanges = 40 * 4 * 30e-6

    assert paced(Placement(heads=4), **link).step_s == pytest.approx(STEP_S / 4 + exchanges)
    assert paced(Placement(heads=4), link_gbps=10).step_s > STEP_S / 4 + exchanges


def test_where_the_host_is_the_slower_one_more_cards_that_share_heads_gain_nothing():
    small = replace(PLAN, width=384, height=256, dtype="float8", is_compiled=True)
    rates = assumed_rates(GPUS["h200"], "float8")
    exchanges = 40 * 4 * 30e-6

    def step_s(heads: int, known: Rates = rates, plan: Plan = small) -> float:
        return estimate_speed(Layout(plan, Placement(heads=heads), Offload()), known).step_s

    host_s = 985 * 5e-6 + 132 * 100e-6 + exchanges  # started by the host, and exchanged
    assert step_s(4) == step_s(5) == step_s(8) == pytest.approx(host_s)
    assert step_s(2) > step_s(4)
    measured = replace(rates, compiled_host_layer_s=0.0)  # where it is a part of the figures
    assert step_s(8, measured) < step_s(4, measured) < step_s(4)
    standard = replace(small, width=688, height=368)
    assert step_s(4, plan=standard) < 0.6 * step_s(2, plan=standard)


def test_what_moves_beside_the_computing_counts_where_it_takes_longer():
    weights_s = 2 * 15.938e9 / 10e9
    ring_s = 4 * 5120 * 40 * (12 - 3) * 1056 / 1e9 / 10

    quick = paced(offload=Offload(kv=True, weights=True), to_gpu_gbps=1e6, to_host_gbps=1e6)
    slow = paced(offload=Offload(kv=True, weights=True), to_gpu_gbps=10, to_host_gbps=1e6)
    outward = paced(offload=Offload(kv=True), to_gpu_gbps=1e6, to_host_gbps=1)

    assert quick.step_s == pytest.approx(STEP_S)
    assert slow.step_s == pytest.approx(weights_s + ring_s, rel=1e-3)
    assert outward.step_s == pytest.approx(4 * 5120 * 40 * 3 * 1056 / 1e9)


def test_shards_gather_weights_and_divide_no_work():
    slow = paced(Placement(shards=4), link_gbps=10)

    assert paced(Placement(shards=4), link_gbps=1e6).step_s == pytest.approx(STEP_S)
    assert slow.step_s == pytest.approx(2 * 15.938 * 0.75 / 10, rel=1e-3)


def test_a_segment_begins_with_its_sink_and_advances_it_after_a_clip():
    at = paced()
    prefill_s = pass_s(prefill_flops(MODEL.transformer, PLAN.tokens))

    assert at.advance_s == pytest.approx(prefill_s)
    assert at.segment_s(48, 4) == pytest.approx(at.start_s + 4 * at.block_s)
    assert at.segment_s(49, 4) == pytest.approx(at.start_s + 5 * at.block_s + prefill_s)
    context = estimate_speed(Layout(PLAN, ALONE, Offload()), H200, is_context=True)
    assert context.start_s - at.start_s == pytest.approx(3 * 4 * STEP_S)


def test_what_compiling_gains_is_gained_beside_attention():
    compiled = replace(PLAN, is_compiled=True)
    known, unknown = replace(H200, compiled=0.5), replace(H200, compiled=0.0)

    def step_s(plan: Plan, rates: Rates) -> float:
        return estimate_speed(Layout(plan, ALONE, Offload()), rates).step_s

    attention = step_flops(MODEL.transformer, PLAN.tokens).attention / 1e12 * H200.attention_s
    assert step_s(PLAN, known) == pytest.approx(STEP_S)
    assert step_s(compiled, known) == pytest.approx(attention + (STEP_S - attention) / 2)
    assert step_s(compiled, unknown) == pytest.approx(STEP_S)
    assert step_s(compiled, H200) < STEP_S


def test_what_compiling_the_decoder_gains_is_gained_where_it_decodes():
    compiled = replace(PLAN, is_vae_compiled=True)
    decoded = 18.1e-3  # s a block: 2.44 GB less for each of 27.4 TFLOP, at 3.7 TB/s

    def pace(plan: Plan, **rates: float) -> SpeedEstimate:
        return estimate_speed(Layout(plan, ALONE, Offload()), replace(H200, **rates))

    assert pace(PLAN).decode_s - pace(compiled).decode_s == pytest.approx(decoded, rel=0.01)
    assert pace(PLAN).block_s - pace(compiled).block_s == pytest.approx(decoded, rel=0.01)
    assert pace(PLAN).step_s == pace(compiled).step_s
    assert pace(PLAN).start_s > pace(compiled).start_s
    unknown = pace(compiled, compiled_decode=0.0)
    assert unknown == pace(PLAN)


def test_rates_are_read_from_figures_by_their_names():
    needed = ("linear_s", "attention_s", "decode_s", "encode_s", "layer_s", "pass_s")
    figures = dict.fromkeys((*needed, "to_gpu_gbps", "to_host_gbps"), 1.0)

    assert Rates.of(figures).link_gbps == 0
    with pytest.raises(ValueError, match=r"lack \['pass_s'\]"):
        Rates.of({name: value for name, value in figures.items() if name != "pass_s"})
    with pytest.raises(ValueError, match=r"unknown \['speed'\]"):
        Rates.of(figures | {"speed": 1.0})


# --- fitting ------------------------------------------------------------------------------------

WORK = ((3.0, 1.0), (1.0, 0.2), (3.0, 0.3), (0.5, 0.05))


def test_figures_are_found_again_in_the_times_they_make():
    points = [Point(a, b, 2 * a + 3 * b + 0.25) for a, b in WORK]

    assert fit_layer(points) == pytest.approx((2, 3, 0.25))


def test_no_figure_is_negative_however_noisy_the_times_are():
    falling = [Point(a, b, 1 / (a + b)) for a, b in WORK]

    assert min(fit_layer(falling)) >= 0
    assert max(fit_layer(falling)) > 0


@pytest.mark.parametrize("points", [[], [Point(1, 1, 1)] * 2, [Point(1, 1, 0)] * 3])
def test_too_few_or_impossible_times_are_refused(points):
    with pytest.raises(ValueError, match=r"three points|empty"):
        fit_layer(points)
