"""What fits GPUs, and how: the specification's cases, cards of 24 GB, what must always hold."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.live_avatar.config import LIVE_AVATAR_14B
from model.live_avatar.planning.cost import Plan, kv_bytes, weight_bytes
from model.live_avatar.planning.gpus import GIB, Pool, read_pools, usable_bytes
from model.live_avatar.planning.offload import (
    Offload,
    read_offload,
)
from model.live_avatar.planning.placement import ALONE, Placement, read_placement
from model.live_avatar.planning.planner import (
    Choice,
    Work,
    choose,
    fault_of,
    float8_note,
    gpu_faults,
    offer_of,
    offloads,
    placements,
)
from model.live_avatar.planning.rank_memory import CUDA_BYTES, NCCL_BYTES, SPARE, fit, rank_memories
from model.live_avatar.planning.sizes import (
    MODELS,
    num_speech_parameters,
    num_text_parameters,
    num_transformer_parameters,
    num_vae_parameters,
)
from model.live_avatar.planning.speed_model import assumed_rates
from tests.examples import examples

MODEL = MODELS["live-avatar-14b"]
SIZES = ((384, 256), (672, 352), (688, 368), (704, 384))
LARGEST = Plan(MODEL, 704, 384)
MINUTE = (144,) * 10 + (60,)
USABLE_24 = 22.15


def held(plan: Plan, *names: str) -> float:
    """GB of some of what one GPU holds that does everything."""
    (rank,) = rank_memories(plan, ALONE)
    everything = {**rank.memory.held, **rank.memory.passing}
    return sum(everything[name] for name in names) / 1e9


def gib(plan: Plan, placement: str, offload: str = "") -> list[float]:
    """GiB of every kind of rank."""
    told = rank_memories(plan, read_placement(placement), read_offload(offload))
    return [rank.memory.total / GIB for rank in told]


def found(pool: str, size: tuple[int, int], **fields: object) -> Choice:
    (named,) = read_pools(pool)
    plan = replace(Plan(MODEL, *size), **fields)
    rates = {plan.dtype: assumed_rates(named.gpu, plan.dtype)}
    return choose(named, [Work(plan, MINUTE)], rates)


@pytest.mark.parametrize("dtype", ["bfloat16", "float8"])
@pytest.mark.parametrize("pool", ["4xH200", "8xH200", "8xH100"])
def test_at_the_smallest_size_no_more_than_two_compiled_cards_share_heads(pool: str, dtype: str):
    """By count the host needs as long to start a step as four of them take for it."""
    choice = found(pool, (384, 256), dtype=dtype, is_compiled=True)

    assert choice.rush is not None
    assert choice.bulk is not None
    assert choice.rush.layout.placement.heads <= 2
    assert choice.bulk.layout.placement == ALONE


# --- the specification's cases ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "num_rings", "table_gb"),
    [("bfloat16", 4, 78), ("float8", 4, 62), ("float8", 1, 31)],
    ids=["bf16", "fp8", "fp8, memories offloaded"],
)
def test_one_gpu_takes_what_the_specification_says(dtype, num_rings, table_gb):
    """Its layout: one sink for all steps, one step's memory if offloaded, text and VAE away."""
    plan = replace(LARGEST, dtype=dtype)
    ring = held(replace(plan, num_steps=1), "ring of the past, every step")
    sink = held(replace(plan, num_steps=1), "sink, turned, every step")
    rest = sink + held(plan, "transformer weights", "transformer activations")

    assert rest + num_rings * ring == pytest.approx(table_gb, rel=0.1)


def test_this_engine_holds_a_sink_for_every_step_and_all_encoders_beside_that():
    assert gib(LARGEST, "stages=1") == [pytest.approx(95.2, abs=0.05)]
    assert gib(LARGEST, "stages=1", "text") == [pytest.approx(84.6, abs=0.1)]


@pytest.mark.parametrize(("dtype", "table_gb"), [("bfloat16", 48), ("float8", 32)])
def test_a_stage_of_one_step_takes_what_the_specification_says(dtype, table_gb):
    first = next(rank_memories(replace(LARGEST, dtype=dtype), Placement(stages=4)))
    without_text = first.memory.total - CUDA_BYTES - NCCL_BYTES
    text = 2 * num_text_parameters(MODEL.text)

    assert without_text / 1e9 == pytest.approx(table_gb, rel=0.1)
    assert (without_text + text) / 1e9 == pytest.approx(table_gb + 11, rel=0.1)


def test_a_rank_that_only_decodes_needs_about_six():
    *_, decoder = rank_memories(LARGEST, Placement(4, has_decoder=True), Offload(text=True))

    assert decoder.duty == "decodes"
    assert (decoder.memory.total - CUDA_BYTES - NCCL_BYTES) / 1e9 == pytest.approx(6, rel=0.15)


def test_naive_fsdp_fails_on_24_gb_for_its_root_unit_and_what_is_resident():
    """DiT/4, text, VAE, speech and the LoRA in float32; then all that is in no block unsharded."""
    whole = num_transformer_parameters(LIVE_AVATAR_14B)
    deaf = replace(LIVE_AVATAR_14B, inject_layers=())
    blocks = num_transformer_parameters(deaf) - num_transformer_parameters(
        replace(deaf, num_layers=0)
    )
    encoders = (
        num_text_parameters(MODEL.text)
        + num_vae_parameters(MODEL.vae)
        + num_speech_parameters(MODEL.speech)
    )
    lora = 676_331_520
    resident = (2 * whole / 4 + 2 * encoders + 4 * lora) / GIB
    unsharded = 2 * (whole - blocks) / GIB

    assert resident == pytest.approx(21.48, rel=0.005)
    assert unsharded == pytest.approx(4.17, abs=0.005)
    assert resident + unsharded == pytest.approx(25.65, rel=0.005)
    assert resident + unsharded > USABLE_24
    # per block, the LoRA merged, text in the host's memory: it fits
    assert max(gib(LARGEST, "shards=4", "")) > USABLE_24
    assert max(gib(LARGEST, "shards=4", "kv,text")) < USABLE_24


def test_usable_memory_is_reckoned_from_what_is_printed_on_the_card():
    told = {gb: round(usable_bytes(gb) / GIB, 2) for gb in (24, 48, 80, 141)}

    assert told == {24: 22.15, 48: 44.3, 80: 79.0, 141: 139.24}


# --- 24 GB --------------------------------------------------------------------------------------

WEIGHTS_TOO, TEXT_TOO = "kv,weights", "kv,weights,text"
# what is offloaded for many videos on one card each; what one video takes on four, and on five
FIVE = "stages=4,decoder=own weights"
ON_24 = {
    (384, 256): (WEIGHTS_TOO, "stages=4 weights,text", FIVE),
    (672, 352): (TEXT_TOO, "stages=4 weights,text", FIVE),
    (688, 368): (TEXT_TOO, "stages=4 weights,text", FIVE),
    (704, 384): (TEXT_TOO, "stages=4 kv,weights,text", FIVE),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("count", [1, 4, 5])
def test_24_gb_hold_every_preset_once_weights_are_offloaded(count, size):
    alone, *soonest = ON_24[size]
    choice = found(f"{count}x24", size)
    assert choice.bulk is not None
    assert choice.rush is not None

    assert (choice.bulk.layout.placement, str(choice.bulk.layout.offload)) == (ALONE, alone)
    assert choice.bulk.num_engines == count
    assert not choice.bulk.fit.problem
    assert choice.bulk.fit.largest.memory.total <= USABLE_24 * GIB
    if count > 1:
        layout = choice.rush.layout
        assert f"{layout.placement} {layout.offload}" == soonest[count - 4]
    assert choice.rush.seconds_per_second <= choice.bulk.seconds_per_second
    assert choice.rush.layout.placement.num_ranks <= count


@pytest.mark.parametrize(
    ("size", "count", "fitting"),
    [
        ((384, 256), 4, None),
        ((384, 256), 5, "heads=4,shards=4,decoder=own"),
        *((size, 5, None) for size in SIZES[1:]),
    ],
)
def test_with_nothing_offloaded_only_the_smallest_size_fits_five_cards(size, count, fitting):
    (pool,) = read_pools(f"{count}x24")
    rates = {"bfloat16": assumed_rates(pool.gpu, "bfloat16")}
    choice = choose(pool, [Work(Plan(MODEL, *size), MINUTE)], rates, offload=Offload())

    if fitting:
        assert choice.bulk is not None
        assert fitting in {
            str(offer.layout.placement) for offer in choice.offers if not fault_of(offer)
        }
        return
    assert choice.bulk is None
    problem = fault_of(choice.nearest)
    assert "lacks" in problem
    assert "22.15 less a reserve of 3%" in problem


def test_what_does_not_fit_says_which_rank_lacks_how_much_and_of_what():
    (pool,) = read_pools("1x24")
    told = fit(LARGEST, ALONE, Offload(), pool.gpu.memory_bytes).problem

    assert told == (
        "rank 0 (does everything) lacks 73.72 GiB: it needs 95.21 GiB, and 22.15 less a "
        "reserve of 3% are usable; the largest part is ring of the past, every step, 38.67 GiB"
    )


def test_a_pool_with_little_host_memory_offloads_less_or_has_fewer_engines():
    (pool,) = read_pools("4x24")
    work = Work(LARGEST, MINUTE)
    rates = {"bfloat16": assumed_rates(pool.gpu, "bfloat16")}

    free = choose(pool, [work], rates).bulk
    bounded = choose(pool, [work], rates, host_bytes=200 * GIB).bulk
    nothing = choose(pool, [work], rates, host_bytes=20 * GIB)

    assert free is not None
    assert free.fit.host_bytes * free.num_engines > 300 * GIB
    assert bounded is not None
    assert bounded.fit.host_bytes * bounded.num_engines <= 200 * GIB
    assert nothing.bulk is None
    (known,) = [o for o in nothing.offers if o.layout == free.layout]
    assert fault_of(known, 20 * GIB).startswith("4 engines page-lock 316 GiB")


# --- larger cards -------------------------------------------------------------------------------


def test_many_videos_take_one_engine_for_each_gpu_and_one_video_takes_what_its_vae_can_follow():
    choice = found("8xH100", (704, 384))
    assert choice.bulk is not None
    assert choice.rush is not None

    assert choice.bulk.layout.placement == ALONE
    assert str(choice.bulk.layout.offload) == "kv"
    assert choice.bulk.num_engines == 8
    assert choice.rush.layout.placement == Placement(heads=5, has_decoder=True)
    assert choice.rush.layout.offload == Offload()
    assert choice.bulk.gpu_seconds_per_second < choice.rush.gpu_seconds_per_second


def test_an_h200_offloads_nothing():
    choice = found("1xH200", (704, 384))

    assert choice.bulk is not None
    assert choice.bulk.layout.offload == Offload()
    assert choice.bulk == choice.rush


def test_float8_is_for_cards_that_have_it_and_said_to_be_a_question_where_that_is_unknown():
    def note(pool: str) -> str:
        (named,) = read_pools(pool)
        return float8_note(named, [Work(LARGEST, MINUTE)], assumed_rates(named.gpu, "float8"))

    assert "A10 has no 8-bit products" in note("4xA10")
    assert "if the cards have 8-bit products (compute capability 8.9)" in note("4x24")
    assert note("1x4090").startswith("float8 (changes pixels) would fit as stages=1 with kv")
    (old,) = read_pools("1xA10")
    assert "no 8-bit products" in gpu_faults(old.gpu, "float8")
    assert not gpu_faults(old.gpu, "bfloat16")
    (older,) = read_pools("1xV100")
    assert older.gpu.usual_dtype == "float16"
    assert "take --dtype float16" in gpu_faults(older.gpu, "bfloat16")


# --- what must always hold ----------------------------------------------------------------------

plans = st.builds(
    Plan,
    st.just(MODEL),
    st.integers(8, 50).map(lambda n: 16 * n),
    st.integers(8, 50).map(lambda n: 16 * n),
    infer_frames=st.integers(1, 20).map(lambda n: 12 * n),
    num_steps=st.integers(1, 6),
    dtype=st.sampled_from(["bfloat16", "float8", "float16"]),
)


def most(plan: Plan, placement: Placement, offload: Offload) -> int:
    return fit(plan, placement, offload, 1).largest.memory.total


@given(plans, st.data())
@settings(max_examples=examples(20), deadline=None)
def test_more_that_is_offloaded_never_takes_more_of_the_gpu(plan, data):
    placement = data.draw(st.sampled_from(list(placements(5, [Work(plan, (12,))]))))
    known = list(offloads(placement))
    for less, more in product(known, known):
        if less | more == more:
            assert most(plan, placement, more) <= most(plan, placement, less)


@given(plans, st.sampled_from(["", "kv", "kv,sink,text"]))
@settings(max_examples=examples(20), deadline=None)
def test_more_ranks_in_a_stage_never_hold_more_each(plan, offload):
    moved = read_offload(offload)
    for kind in (lambda n: Placement(heads=n), lambda n: Placement(shards=n)):
        sizes = [most(plan, kind(count), moved) for count in (2, 4, 5, 8)]
        assert sizes == sorted(sizes, reverse=True)
    assert most(plan, Placement(heads=2), moved) <= most(plan, ALONE, moved) + NCCL_BYTES


@given(plans, st.sampled_from(["stages=1", "heads=4,shards=4", "shards=2,decoder=own"]))
@settings(max_examples=examples(20), deadline=None)
def test_memory_grows_with_size_and_clips_and_steps(plan, words):
    placement = read_placement(words)
    larger = [
        replace(plan, width=plan.width + 32),
        replace(plan, height=plan.height + 32),
        replace(plan, infer_frames=plan.infer_frames + 12),
        replace(plan, num_steps=plan.num_steps + 1),
    ]
    for offload in (Offload(), Offload(kv=True, text=True)):
        before = most(plan, placement, offload)
        assert all(most(each, placement, offload) >= before for each in larger)


def test_a_longer_video_needs_no_more_memory():
    (pool,) = read_pools("1x80")
    rates = {"bfloat16": assumed_rates(pool.gpu, "bfloat16")}
    short, long = (
        offer_of(pool, ALONE, Offload(), [Work(LARGEST, (48 * clips,))], rates)
        for clips in (100, 200)
    )

    assert long.fit == short.fit
    assert long.engine_s == pytest.approx(2 * short.engine_s, rel=0.01)


@given(plans, st.integers(1, 9))
@settings(max_examples=examples(8), deadline=None)
def test_every_offer_uses_gpus_that_are_there_and_says_why_it_cannot_be(plan, count):
    (known,) = read_pools("1x80")
    pool = Pool(count, known.gpu)
    choice = choose(pool, [Work(plan, (144,))], {plan.dtype: assumed_rates(pool.gpu, plan.dtype)})

    for offer in choice.offers:
        assert offer.layout.placement.num_ranks * offer.num_engines <= count
        fits = offer.fit.largest.memory.total <= (1 - SPARE) * pool.gpu.memory_bytes
        assert fits == (fault_of(offer) == "")
    best = [offer for offer in choice.offers if not fault_of(offer)]
    assert (choice.bulk is None) == (not best)


def test_several_kinds_of_videos_share_the_placement_that_holds_the_largest():
    (pool,) = read_pools("4x24")
    rates = {"bfloat16": assumed_rates(pool.gpu, "bfloat16")}
    works = [Work(Plan(MODEL, *size), MINUTE) for size in SIZES]

    choice = choose(pool, works, rates)

    assert choice.bulk is not None
    assert choice.bulk.layout.plan == works[-1].plan
    assert choice.bulk.engine_s == pytest.approx(
        sum(
            offer_of(pool, ALONE, choice.bulk.layout.offload, [work], rates).engine_s
            for work in works
        )
    )


def test_parts_that_a_rank_shares_are_those_of_the_formulas():
    first, *_ = rank_memories(LARGEST, Placement(heads=4))
    ring = kv_bytes(LIVE_AVATAR_14B, LARGEST.tokens.ring, "bfloat16")

    assert first.memory.held["ring of the past, every step"] == ring  # 4 steps, a quarter of each
    assert first.memory.held["transformer weights"] == weight_bytes(LIVE_AVATAR_14B, "bfloat16")
    assert "text encoder" not in first.memory.held
    assert first.name == "ranks 0 to 2 (all steps)"


# --- naming GPUs --------------------------------------------------------------------------------


def test_gpus_are_named_by_memory_or_by_product():
    pools = read_pools("4x24, 1x80GB,2xRTX4090,8*h100")

    assert [str(pool) for pool in pools] == ["4x24", "1x80", "2x4090", "8xH100"]
    assert pools[0].gpu.capability is None
    assert pools[2].gpu.has_float8


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("4x24+1x80", "kind"),
        ("4xBanana", r"or its name \(T4"),
        ("0x24", "from 1 to 64"),
        ("24", "write how many and of which kind"),
        ("4x23", r"its memory in GB \(16, 24"),
        ("", "write how many and of which kind"),
    ],
)
def test_gpus_that_cannot_be_planned_for_are_refused_with_a_way_out(text, fault):
    with pytest.raises(ValueError, match=fault):
        read_pools(text)


# --- the page -----------------------------------------------------------------------------------


def test_the_table_of_the_operations_page_is_what_is_planned():
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    cells = [
        row.split("|")[2:6]
        for row in page.splitlines()
        if row.startswith(("| 1, 4", "| 4, ", "| 5, one"))
    ]
    assert len(cells) == 3

    for column, size in enumerate(SIZES):
        alone, four, five = (row[column] for row in cells)
        for count, cell in ((1, alone), (4, four), (5, five)):
            offer = found(f"{count}x24", size).rush
            assert offer is not None
            words = re.findall(r"`([^`]+)`", cell)
            gib_told = float(re.findall(r"[\d.]+", cell)[-1])
            assert gib_told == pytest.approx(offer.fit.largest.memory.total / GIB, abs=0.051)
            if "the same" not in cell:
                assert words[-1] == str(offer.layout.offload)
            if count > 1 and "the same" not in cell:
                assert words[0] == str(offer.layout.placement)
