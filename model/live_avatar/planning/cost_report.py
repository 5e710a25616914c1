"""What a size costs on a device, printed; computed from the model's sizes, without torch.

python -m model.live_avatar.planning.cost_report --size 704x384
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence

from model.live_avatar.config import BLOCK_FRAMES, BLOCK_LATENTS
from model.live_avatar.planning.cost import (
    DTYPES,
    Device,
    Memory,
    Plan,
    Tokens,
    count_tokens,
    decode_flops,
    engine_memory,
    floor_s,
    handoff_bytes,
    is_narrow,
    kv_bytes,
    prefill_flops,
    segment_start_flops,
    step_bytes,
    step_flops,
    weight_bytes,
)
from model.live_avatar.planning.sizes import MODELS, PUBLISHED

_OTHER_WORDS = {"fp8": "float8"}  # as the field says it
_TERA, _GIGA, _MEGA = 1e12, 1e9, 1e6


def report(name: str, plan: Plan, device: Device) -> Iterator[str]:
    """Lines of the report on one plan; ``name`` is the model's."""
    yield (
        f"{name} at {plan.width}x{plan.height}, infer_frames {plan.infer_frames}, "
        f"{plan.num_steps} steps, {plan.dtype}"
    )
    yield from _token_lines(plan.tokens)
    yield from _flop_lines(plan)
    yield from _byte_lines(plan)
    yield from _floor_lines(plan, device)
    yield from _memory_lines(engine_memory(plan))
    yield "\nhanded on by a segment, uncompressed (MB)"
    for kind, size in handoff_bytes(plan).items():
        yield _line(kind, _rounded(size / _MEGA, 2))


def _token_lines(tokens: Tokens) -> Iterator[str]:
    yield "\ntokens"
    yield _line("a latent frame, p", f"{tokens.per_latent:,}")
    yield _line("a block, N", f"{tokens.block:,}")
    yield _line("the sink, C", f"{tokens.sink:,}")
    yield _line("keys of a block and step, K", f"{tokens.keys:,}")


def _flop_lines(plan: Plan) -> Iterator[str]:
    config, size = plan.model.transformer, (plan.width, plan.height)
    step = step_flops(config, plan.tokens)
    yield "\none block, one step, the ring being full (TFLOP)"
    yield _tera("linear layers", step.linear)
    yield _tera("keys and values of the prompt", step.text_kv)
    yield _tera("self-attention", step.self_attention)
    yield _tera("text attention", step.text_attention)
    yield _tera("audio injectors", step.injectors)
    yield _tera("total", step.total, digits=1)
    yield _tera("of these here (the prompt's are kept)", step.without_text_kv, digits=1)
    yield "\nbeside the steps (TFLOP)"
    yield _tera("filling the sink", prefill_flops(config, plan.tokens).total, digits=1)
    decoded = decode_flops(plan.model.vae, *size, BLOCK_LATENTS)
    yield _tera("decoding a block", decoded, digits=1)
    for kind, flops in segment_start_flops(plan).items():
        yield _tera(f"before a segment's first block, {kind}", flops, digits=1)


def _byte_lines(plan: Plan) -> Iterator[str]:
    config, tokens, dtype = plan.model.transformer, plan.tokens, plan.dtype
    yield "\nread in one block and step (GB)"
    yield _giga("weights", weight_bytes(config, dtype))
    yield _giga("ring", kv_bytes(config, tokens.ring, dtype))
    yield _giga("sink", kv_bytes(config, tokens.sink, dtype))
    yield _giga("total", step_bytes(config, tokens, dtype), digits=1)


def _floor_lines(plan: Plan, device: Device) -> Iterator[str]:
    config, tokens = plan.model.transformer, plan.tokens
    seconds = floor_s(step_flops(config, tokens), plan.dtype, device)
    reading = step_bytes(config, tokens, plan.dtype) / (device.bandwidth * _TERA)
    rates = f"{device.tflops:g} TFLOP/s"
    if is_narrow(plan.dtype):
        rates += f", {device.fp8_tflops:g} in 8 bits"
    yield f"\nfloors at {rates}, {device.bandwidth:g} TB/s"
    yield _line("a block and step, by its FLOPs", f"{_rounded(seconds * 1000, 1)} ms")
    yield _line("a block and step, by its bytes", f"{_rounded(reading * 1000, 1)} ms")
    yield _line("frames a second, a device for each step", f"{BLOCK_FRAMES / seconds:.1f}")
    whole = BLOCK_FRAMES / seconds / plan.num_steps
    yield _line("frames a second, one device", f"{whole:.1f}")


def _memory_lines(memory: Memory) -> Iterator[str]:
    yield "\nheld by this engine (GB)"
    for name, size in memory.held.items():
        yield _giga(name, size)
    for name, size in memory.passing.items():
        yield _giga(f"{name}, estimated", size)
    yield _giga("total, with the larger of the activations", memory.total, digits=1)


def _tera(name: str, flops: int, digits: int = 2) -> str:
    return _line(name, _rounded(flops / _TERA, digits))


def _giga(name: str, size: int, digits: int = 2) -> str:
    return _line(name, _rounded(size / _GIGA, digits))


def _rounded(value: float, digits: int) -> str:
    """With so many digits after the point; small values keep three that count."""
    return f"{value:.{digits}f}" if value >= 10.0**-digits else f"{value:.3g}"


def _line(name: str, value: str) -> str:
    return f"  {name:<50}{value:>10}"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    summary = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(
        prog="model.live_avatar.planning.cost_report", description=summary
    )
    parser.add_argument("--size", required=True, help="size of the video: WxH, multiples of 16")
    parser.add_argument("--infer-frames", type=int, default=48, help="frames per clip; default 48")
    parser.add_argument("--sample-steps", type=int, default=4, help="denoising steps; default 4")
    parser.add_argument(
        "--dtype",
        choices=[*DTYPES, *_OTHER_WORDS],
        default="bfloat16",
        help="number format of the weights; default bfloat16",
    )
    parser.add_argument("--config", choices=MODELS, default=PUBLISHED, help="sizes of the model")
    rates = {
        "--tflops": (989.0, "TFLOP/s in 16 bits"),
        "--fp8-tflops": (1979.0, "TFLOP/s in 8 bits"),
        "--bandwidth": (3.35, "memory bandwidth in TB/s"),
    }
    for option, (usual, what) in rates.items():
        parser.add_argument(option, type=float, default=usual, help=f"{what}; default {usual:g}")
    options = parser.parse_args(arguments)
    found = re.fullmatch(r"(\d+)[x*](\d+)", options.size)
    if not found:
        parser.error(f"--size {options.size}: must be WxH, such as 704x384")
    options.width, options.height = int(found[1]), int(found[2])
    options.dtype = _OTHER_WORDS.get(options.dtype, options.dtype)
    rules = {
        "--sample-steps": options.sample_steps,
        "--tflops": options.tflops,
        "--fp8-tflops": options.fp8_tflops,
        "--bandwidth": options.bandwidth,
    }
    for option, value in rules.items():
        if value <= 0:
            parser.error(f"{option} {value}: must be above 0")
    try:
        count_tokens(options.width, options.height, options.infer_frames)
    except ValueError as error:
        parser.error(str(error))
    return options


def main(arguments: Sequence[str]) -> None:
    """Write the report to standard output."""
    options = _options(arguments)
    plan = Plan(
        MODELS[options.config],
        options.width,
        options.height,
        options.infer_frames,
        options.sample_steps,
        options.dtype,
    )
    device = Device(options.tflops, options.fp8_tflops, options.bandwidth)
    sys.stdout.write("\n".join(report(options.config, plan, device)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
