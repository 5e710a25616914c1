"""What the Live Avatar model costs, against the figures of its specification; without torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from model.live_avatar.config import LIVE_AVATAR_14B, UMT5_XXL, WAN_VAE
from model.live_avatar.engine import MIN_SIDE as ENGINE_MIN_SIDE
from model.live_avatar.planning import cost
from model.live_avatar.planning.cost import (
    MIN_SIDE,
    Device,
    Plan,
    count_tokens,
    decode_flops,
    encode_flops,
    engine_memory,
    floor_s,
    handoff_bytes,
    kv_bytes,
    prefill_flops,
    segment_start_flops,
    step_bytes,
    step_flops,
    vae_cache_bytes,
    weight_bytes,
)
from model.live_avatar.planning.cost_report import main
from model.live_avatar.planning.sizes import (
    MODELS,
    decoder_layers,
    num_large_weights,
    num_text_parameters,
    num_transformer_parameters,
    num_vae_parameters,
)
from model.live_avatar.settings import DTYPES as ENGINE_DTYPES

ROOT = Path(__file__).parents[3]
REAL_KEYS = ROOT.parent / "shared" / "golden" / "real_keys.json"
MODEL = MODELS["live-avatar-14b"]
H100 = Device(tflops=989, fp8_tflops=1979, bandwidth=3.35)
H200 = Device(tflops=989, fp8_tflops=1979, bandwidth=4.8)

# size -> a row of the specification's table
TABLE = {
    (704, 384): {
        "tokens": (1056, 3168, 2640, 15_312),
        "kv": (10.38, 41.52, 2.16),
        "flops": (75.74, 2.15, 39.74, 1.33, 3.99),
        "total": 122.9,
        "prefill": 72.1,
        "floors_ms": (124.3, 82.9, 13.5, 9.4),
        "fps": (96.5, 24.1, 144.8),
        "read": (45.1, 29.2),
        "decode": 27.4,
        "cache": (1.28, 2.56),
    },
    (720, 400): {
        "tokens": (1125, 3375, 2778, 16_278),
        "kv": (11.06, 44.24, 2.28),
        "flops": (80.69, 2.15, 45.01, 1.42, 4.25),
        "total": 133.5,
        "prefill": 76.0,
        "floors_ms": (135.0, 90.9, 13.7, 9.6),
        "fps": (88.9, 22.2, 132.0),
        "read": (45.9, 30.0),
        "decode": 29.2,
        "cache": (1.36, 2.72),
    },
}


@pytest.fixture(params=TABLE, ids=lambda size: "x".join(map(str, size)))
def size(request):
    return request.param


def test_tokens_are_those_of_the_specification(size):
    tokens = count_tokens(*size, infer_frames=48)

    found = (tokens.per_latent, tokens.block, tokens.sink, tokens.keys)
    assert found == TABLE[size]["tokens"]


def test_flops_of_a_step_and_of_the_prefill_are_those_of_the_specification(size):
    tokens = count_tokens(*size, infer_frames=48)
    step = step_flops(LIVE_AVATAR_14B, tokens)

    parts = (
        step.linear,
        step.text_kv,
        step.self_attention,
        step.text_attention,
        step.injectors,
    )
    assert tuple(round(part / 1e12, 2) for part in parts) == TABLE[size]["flops"]
    assert round(step.total / 1e12, 1) == TABLE[size]["total"]
    assert step.without_text_kv == step.total - step.text_kv
    assert round(prefill_flops(LIVE_AVATAR_14B, tokens).total / 1e12, 1) == TABLE[size]["prefill"]


def test_caches_and_what_a_step_reads_are_those_of_the_specification(size):
    tokens = count_tokens(*size, infer_frames=48)
    ring, sink = (
        kv_bytes(LIVE_AVATAR_14B, count, "bfloat16") for count in (tokens.ring, tokens.sink)
    )
    read = [step_bytes(LIVE_AVATAR_14B, tokens, dtype) / 1e9 for dtype in ("bfloat16", "float8")]

    assert tuple(round(held / 1e9, 2) for held in (ring, 4 * ring, sink)) == TABLE[size]["kv"]
    assert tuple(round(each, 1) for each in read) == TABLE[size]["read"]
    assert round(kv_bytes(LIVE_AVATAR_14B, 512, "bfloat16") / 1e9, 3) == 0.419


def test_floors_are_those_of_the_specification(size):
    tokens = count_tokens(*size, infer_frames=48)
    step = step_flops(LIVE_AVATAR_14B, tokens)
    read = step_bytes(LIVE_AVATAR_14B, tokens, "bfloat16")
    plain, fp8 = (floor_s(step, dtype, H100) for dtype in ("bfloat16", "float8"))
    seconds = (plain, fp8, *(read / (device.bandwidth * 1e12) for device in (H100, H200)))

    assert tuple(round(each * 1000, 1) for each in seconds) == TABLE[size]["floors_ms"]
    assert tuple(round(each, 1) for each in (12 / plain, 3 / plain, 12 / fp8)) == TABLE[size]["fps"]


def test_the_vae_costs_what_the_specification_says(size):
    flops = decode_flops(WAN_VAE, *size, 3)
    caches = [vae_cache_bytes(WAN_VAE, *size, dtype) for dtype in ("bfloat16", "float32")]

    assert round(flops / 1e12, 1) == TABLE[size]["decode"]
    assert round(flops / 1e6 / (12 * size[0] * size[1]), 3) == 8.445
    assert tuple(round(cache / 1e9, 2) for cache in caches) == TABLE[size]["cache"]


def test_whole_videos_of_the_reference_cost_the_vae_what_the_specification_says():
    assert round(encode_flops(WAN_VAE, 704, 384, 92) / 1e12) == 494
    decoded = decode_flops(WAN_VAE, 704, 384, 104, is_beginning=True)
    assert decoded / 1e12 == pytest.approx(943, abs=1)
    assert sum(layer.num_remembered > 0 for layer in decoder_layers(WAN_VAE)) == 32


def test_parameters_are_as_many_as_the_real_names_say():
    if not REAL_KEYS.is_file():
        pytest.skip("the list of the real model's names is not beside this checkout")
    real = json.loads(REAL_KEYS.read_text())["components"]

    assert num_transformer_parameters(LIVE_AVATAR_14B) == real["dit"]["params"] == 16_295_755_609
    assert num_text_parameters(UMT5_XXL) == real["t5"]["params"]
    assert num_vae_parameters(WAN_VAE) == real["vae"]["params"]


def test_eight_bits_are_for_all_but_a_fiftieth_of_the_weights():
    large = num_large_weights(LIVE_AVATAR_14B)

    assert round(large / 1e9, 3) == 15.938
    assert large / num_transformer_parameters(LIVE_AVATAR_14B) == pytest.approx(0.978, abs=5e-4)
    assert round(weight_bytes(LIVE_AVATAR_14B, "bfloat16") / 1e9, 2) == 32.59
    assert round(weight_bytes(LIVE_AVATAR_14B, "float8") / 1e9, 2) == 16.65
    both = (weight_bytes(LIVE_AVATAR_14B, dtype) for dtype in ("bfloat16", "float32"))
    assert next(both) * 2 == next(both)


def test_memory_grows_by_a_ring_and_a_sink_with_every_step():
    four = engine_memory(Plan(MODEL, 704, 384))
    five = engine_memory(Plan(MODEL, 704, 384, num_steps=5))
    tokens = count_tokens(704, 384, 48)

    assert five.total - four.total == kv_bytes(LIVE_AVATAR_14B, tokens.keys, "bfloat16")
    assert four.total == sum(four.held.values()) + four.passing["VAE activations"]


def test_memory_of_the_published_model_at_its_largest_size():
    """More than one card of 80 GB holds: other steps, a smaller clip or moving parts away help."""
    memory = engine_memory(Plan(MODEL, 704, 384))

    assert 95e9 < memory.total < 105e9
    assert memory.held["transformer weights"] == 2 * num_transformer_parameters(LIVE_AVATAR_14B)


def test_a_context_segment_begins_with_every_remembered_block_at_every_step():
    plan = Plan(MODEL, 704, 384)
    start = segment_start_flops(plan)
    step = step_flops(LIVE_AVATAR_14B, plan.tokens).without_text_kv

    assert start["context, at most"] - start["last-frame"] == 3 * 4 * step


def test_a_context_handoff_is_below_eight_megabytes():
    sizes = handoff_bytes(Plan(MODEL, 704, 384))

    assert sizes["last-frame"] == 811_008
    assert 7.5e6 < sizes["context"] - sizes["last-frame"] < 8e6


def test_infer_frames_are_rounded_up_to_whole_blocks():
    assert count_tokens(704, 384, 80) == count_tokens(704, 384, 84)
    assert count_tokens(704, 384, 48) != count_tokens(704, 384, 60)


@pytest.mark.parametrize("broken", [(700, 384, 48), (704, 48, 48), (704, 384, 0)])
def test_sizes_that_the_model_cannot_make_are_refused(broken):
    with pytest.raises(ValueError, match=r"must be .*got"):
        count_tokens(*broken)


def test_every_dtype_of_the_engine_can_be_reckoned_with():
    assert set(cost.DTYPES) == set(ENGINE_DTYPES)


def test_the_least_side_is_the_engines():
    assert MIN_SIDE == ENGINE_MIN_SIDE


@pytest.mark.parametrize("size", ["704x384", "704*384"])
def test_the_command_prints_the_specifications_figures(capsys, size):
    main(["--size", size])

    told = [" ".join(line.split()) for line in capsys.readouterr().out.split("\n")]
    assert told[0] == "live-avatar-14b at 704x384, infer_frames 48, 4 steps, bfloat16"
    wanted = (
        "keys of a block and step, K 15,312",
        "total 122.9",
        "filling the sink 72.1",
        "a block and step, by its FLOPs 124.3 ms",
        "transformer weights 32.59",
    )
    assert not set(wanted) - set(told)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--size", "704"], "must be WxH"),
        (["--size", "700x384"], "multiples of 16"),
        (["--size", "704x384", "--sample-steps", "0"], "must be above 0"),
        (["--size", "704x384", "--tflops", "-1"], "must be above 0"),
    ],
)
def test_the_command_refuses_what_it_cannot_reckon(capsys, arguments, fault):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2
    assert fault in capsys.readouterr().err


def test_the_command_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None;"
        "from model.live_avatar.planning.cost_report import main;"
        "main(['--size', '704x384', '--config', 'tiny', '--dtype', 'fp8'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tiny at 704x384")
