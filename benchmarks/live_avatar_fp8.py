"""What 8 bits cost and save: errors of a layer, a call and a clip; on a GPU, seconds of the layers.

    OMP_NUM_THREADS=1 python -m benchmarks.live_avatar_fp8
    python -m benchmarks.live_avatar_fp8 --device cuda:0

Weights are random. Errors are root mean squares of the difference to float32, over that of what
float32 gives. Trained models have what random ones lack, a few large tokens and channels: the first
table has them, put in by hand. Layers are timed with what goes in quantized in the time, without
compilation, at the sizes of 14B and 704x384; best of the rounds, which take turns.
"""

import argparse
import platform
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from torch import Tensor

from benchmarks.full_size import make_job
from model.live_avatar.assembly.loader import Loaded
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import LIVE_AVATAR_14B, TINY
from model.live_avatar.parallel.quantize import (
    Float8,
    Product,
    Scaled,
    float8_put,
    product_on,
    scaled,
)
from model.live_avatar.sampling.segment import Parts
from model.live_avatar.weights.state import Put, put

CPU = torch.device("cpu")
CLIP_FRAMES = 48
RULES: Mapping[str, Float8] = {
    "channel, token": Float8(),
    "channel, tensor": Float8(by_token=False),
    "tensor, token": Float8(by_channel=False),
    "tensor, tensor": Float8(by_channel=False, by_token=False),
}
KEPT: Mapping[str, Float8] = {
    "but for the first block": Float8(num_first_kept=1),
    "but for the last block": Float8(num_last_kept=1),
    "but for adaptive norms": Float8(keeps_adaptive=True),
    "injectors alone": Float8(num_first_kept=3),
}


def relative(difference: Tensor, exact: Tensor) -> float:
    """Root mean square of a difference, over that of what it should be."""
    return float((difference.square().mean() / exact.square().mean()).sqrt())


# --- a layer ---


def inputs(num_rows: int, width: int) -> dict[str, Tensor]:
    """Activations ``(M, K)``: even ones, and such as trained models have."""
    source = torch.Generator().manual_seed(1)
    even = torch.randn(num_rows, width, generator=source)
    large_tokens, large_channels, both = even.clone(), even.clone(), even.clone()
    large_tokens[::64] *= 1000
    large_channels[:, ::256] *= 1000
    both[::64, ::256] *= 100_000
    return {
        "even": even,
        "every 64th token x 1000": large_tokens,
        "every 256th channel x 1000": large_channels,
        "where they meet x 100 000": both,
    }


def layer_error(x: Tensor, weight: Tensor, rule: Float8) -> float:
    """Of one product; the middle of the tokens, so that large ones do not hide the others."""
    product = product_on(CPU, rule)
    rows, held = scaled(x, by_row=rule.by_token), scaled(weight, by_row=rule.by_channel)
    exact = F.linear(x, weight)
    difference = product(rows, held, None, torch.float32) - exact
    return float((difference.norm(dim=1) / exact.norm(dim=1)).median())


def tell_layers() -> None:
    source = torch.Generator().manual_seed(2)
    width = 1024
    even = torch.randn(256, width, generator=source) / width**0.5
    uneven = even * torch.logspace(-2, 2, 256)[:, None]  # of channels, the largest 10 000 times
    print("| one layer, 256 x 1024: error of a token, median | " + " | ".join(RULES) + " |")
    print("|---|" + "---|" * len(RULES))
    for weight_name, weight in (("", even), ("; weight's channels x 0.01 to 100", uneven)):
        for name, x in inputs(512, width).items():
            errors = (f"{layer_error(x, weight, rule):.4f}" for rule in RULES.values())
            print(f"| {name}{weight_name} | {' | '.join(errors)} |", flush=True)


# --- a call and a clip ---


def made(dtype: torch.dtype, put_weight: Put, num_steps: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    """Of a clip of the tiny model: the first call's velocity, latents and frames."""
    parts = untrained("tiny", dtype, CPU, put_weight)
    calls: list[Tensor] = []
    parts.transformer.register_forward_hook(lambda _module, _args, out: calls.append(out.clone()))
    settings = {"handoff": "context", "sample_steps": num_steps}  # the context holds the latents
    rendering = Loaded(parts, "").render(make_job(64, 64, CLIP_FRAMES, settings))
    frames = torch.from_numpy(np.concatenate(list(rendering))).float()
    return calls[0], _latents(parts, rendering.handoff.state["clean"]), frames


def _latents(parts: Parts, clean: object) -> Tensor:
    held = torch.from_numpy(np.array(clean))
    is_bits = parts.transformer.dtype == torch.bfloat16
    return held.view(torch.bfloat16).float() if is_bits else held.float()


def float8(rule: Float8) -> Put:
    return float8_put(TINY, rule, CPU)


def tell_model() -> None:
    exact = made(torch.float32, put)
    variants: dict[str, tuple[torch.dtype, Put]] = {
        "bfloat16": (torch.bfloat16, put),
        "float16": (torch.float16, put),
        **{
            f"float8 in bfloat16: {name}": (torch.bfloat16, float8(rule))
            for name, rule in RULES.items()
        },
        **{
            f"float8 in float32: {name}": (torch.float32, float8(rule))
            for name, rule in {**RULES, **KEPT}.items()
        },
    }
    print("\n| tiny model, 64x64, 4 steps | one call | the clip's latents | levels of 255, mean |")
    print("|---|---|---|---|")
    for name, variant in variants.items():
        velocity, latents, frames = made(*variant)
        levels = (frames - exact[2]).abs().mean()
        print(
            f"| {name} | {relative(velocity - exact[0], exact[0]):.4f} "
            f"| {relative(latents - exact[1], exact[1]):.4f} | {levels:.2f} |",
            flush=True,
        )


# --- seconds ---


def product_of(x: Tensor, weight: Scaled, bias: Tensor, rule: Float8, product: Product) -> Tensor:
    return product(scaled(x, by_row=rule.by_token), weight, bias, torch.bfloat16)


def seconds_of(calls: Mapping[str, Callable[[], Tensor]], rounds: int = 20) -> dict[str, float]:
    """Best of the rounds, by name; after three to warm up."""
    best = dict.fromkeys(calls, float("inf"))
    for index in range(rounds + 3):
        for name, call in calls.items():
            torch.cuda.synchronize()
            started = time.perf_counter()
            for _ in range(10):
                call()
            torch.cuda.synchronize()
            if index >= 3:
                best[name] = min(best[name], (time.perf_counter() - started) / 10)
    return best


def tell_seconds(device: torch.device) -> None:
    config, num_tokens = LIVE_AVATAR_14B, 3168
    rules = {**RULES, "channel, token, exact sums": Float8(adds_fast=False)}
    print("\n| layer, 3168 tokens: ms (TFLOP/s) | bfloat16 | " + " | ".join(rules) + " |")
    print("|---|" + "---|" * (1 + len(rules)))
    sizes = ((config.dim, config.dim), (config.dim, config.ffn_dim), (config.ffn_dim, config.dim))
    for num_in, num_out in sizes:
        x = torch.randn(num_tokens, num_in, device=device, dtype=torch.bfloat16)
        weight = torch.randn(num_out, num_in, device=device, dtype=torch.bfloat16)
        bias = torch.randn(num_out, device=device, dtype=torch.bfloat16)
        calls: dict[str, Callable[[], Tensor]] = {"bfloat16": partial(F.linear, x, weight, bias)}
        for name, rule in rules.items():
            held = scaled(weight, by_row=rule.by_channel)
            product = product_on(device, rule)
            calls[name] = partial(product_of, x, held, bias, rule, product)
        flops = 2 * num_tokens * num_in * num_out
        told = [f"{s * 1e3:.3f} ({flops / s / 1e12:.0f})" for s in seconds_of(calls).values()]
        print(f"| {num_in} to {num_out} | {' | '.join(told)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", help="cuda:0 times the layers too")
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.machine()}, torch {torch.__version__}, errors on the CPU, one thread\n")
    tell_layers()
    tell_model()
    device = torch.device(wanted.device)
    if device.type == "cuda":
        print(f"\n{torch.cuda.get_device_name(device)}")
        tell_seconds(device)
    else:
        print("\nNo layer was timed: seconds need --device cuda:0.")


if __name__ == "__main__":
    main()
