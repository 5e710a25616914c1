"""Where an H200's time for a block goes by the counted work, and what each way to shorten it gives.

Nothing is measured. Writes `benchmarks/results/block_time-2026-11.md`, or prints it.

    make card-tables
    .venv/bin/python -m benchmarks.block_time --print
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from model.live_avatar.config import BLOCK_FRAMES, BLOCK_LATENTS, MOTION_FRAMES, WARM_LATENTS
from model.live_avatar.planning.cost import (
    Plan,
    decode_flops,
    encode_flops,
    prefill_flops,
    step_flops,
    still_flops,
    warm_flops,
)
from model.live_avatar.planning.counted_work import (
    ATTAINED,
    COMPILED_DECODE_GB,
    COMPILED_NARROW_STEP_GB,
    COMPILED_NARROW_STEP_KERNELS,
    COMPILED_STEP_GB,
    COMPILED_STEP_KERNELS,
    DECODE_GB,
    GRAPH_CALLS,
    GRAPH_S,
    LAUNCH_S,
)
from model.live_avatar.planning.gpus import GPUS
from model.live_avatar.planning.offload import NO_OFFLOAD
from model.live_avatar.planning.placement import ALONE, Placement
from model.live_avatar.planning.sizes import MODELS, PUBLISHED, decoder_layers
from model.live_avatar.planning.speed_model import Layout, assumed_rates, estimate_speed

PATH = Path(__file__).parent / "results" / "block_time-2026-11.md"
CARD = "H200"
SIZE, STANDARD, SMALL = (704, 384), (688, 368), (384, 256)
NUM_STEPS = 4
DTYPES = ("bfloat16", "float8")
GOALS = {"bfloat16": 14.5, "float8": 18.0}
LAUNCHES = {"bfloat16": COMPILED_STEP_KERNELS, "float8": COMPILED_NARROW_STEP_KERNELS}
#: that decode a block, which is not compiled, of `counted_work-2026-11.md`
DECODE_LAUNCHES = 1030
_SLOW_LAUNCH_S = 8e-6  # assumed, of the host
# assumed, after what others report of an H100 or H200
_CONVOLUTIONS, _FLASH3, _NARROW_ATTENTION = 0.30, 0.66, 0.50
_QUANTIZING_BYTES = 9  # of a value, by `tests/fake_gpu`: read thrice, written in 16 bits and in 8
# of values in 16 bits, in widths of the model for each token: what a layer's two compiled halves
# move, and the least that kernels written by hand would, products and GELU left as they are
_MOVED_VALUES = {"bfloat16": (488.7 + 663.1) / 32.44, "float8": (472.5 + 684.3) / 32.44}
_LEAST_VALUES = {"bfloat16": 8 + 13 + 2 * 2.7, "float8": 7.5 + 15 + 1.5 * 2.7}
_VALUE_BYTES = 2
_GELU_BYTES = 4  # of a hidden value: written by one product, read and written before the next
_KEPT_TAPS = 4 / 9  # of a 3x3 kernel over an enlarged picture, whose values repeat
_MS, _GIGA, _TERA = 1e3, 1e9, 1e12
_WIDTH = 100  # of a line of text


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


@dataclass(frozen=True)
class Parts:
    """Seconds of a block, compiled.

    Attributes:
        matrices: products with weights.
        attention: products of queries, keys and values.
        moved: what a step reads and writes beside them.
        convolutions: of the VAE.
        vae_moved: what the VAE reads and writes beside them.
    """

    matrices: float
    attention: float
    moved: float
    convolutions: float
    vae_moved: float

    @property
    def total(self) -> float:
        """One after the other."""
        return self.matrices + self.attention + self.moved + self.convolutions + self.vae_moved


def plan_of(dtype: str, size: tuple[int, int] = SIZE) -> Plan:
    """What is rendered, compiled."""
    sizes = MODELS[PUBLISHED]
    return Plan(sizes, *size, num_steps=NUM_STEPS, dtype=dtype, is_compiled=True)


def parts_of(dtype: str, size: tuple[int, int] = SIZE) -> Parts:
    """Of a block; they add up to what :mod:`model.live_avatar.planning.speed_model` says."""
    gpu, plan, moved = GPUS[CARD.lower()], plan_of(dtype, size), _bytes_a_second()
    flops = step_flops(plan.model.transformer, plan.tokens)
    matrices = NUM_STEPS * (flops.linear + flops.injectors) / _TERA
    narrow = dtype == "float8"
    product = gpu.fp8_tflops * ATTAINED.narrow if narrow else gpu.tflops * ATTAINED.matrices
    gigabytes = COMPILED_NARROW_STEP_GB if narrow else COMPILED_STEP_GB
    decoded = decode_flops(plan.model.vae, *size, BLOCK_LATENTS) / _TERA
    return Parts(
        matrices=matrices / product,
        attention=NUM_STEPS * flops.attention / _TERA / (gpu.tflops * ATTAINED.attention),
        moved=matrices * gigabytes * _GIGA / moved,
        convolutions=decoded / (gpu.tflops * ATTAINED.convolutions),
        vae_moved=decoded * DECODE_GB * _GIGA / moved,
    )


def _bytes_a_second() -> float:
    return GPUS[CARD.lower()].bandwidth * ATTAINED.bandwidth * _TERA


# --- ways to shorten it ---


@dataclass(frozen=True)
class Way:
    """One way to shorten a block.

    Attributes:
        name: what is done.
        saved_s: seconds of a block, by dtype.
        says: where it stands, and what can be proved without a GPU.
    """

    name: str
    saved_s: Callable[[str], float]
    says: str


def _faster_convolutions(dtype: str) -> float:
    return parts_of(dtype).convolutions * (1 - ATTAINED.convolutions / _CONVOLUTIONS)


def _flash3(dtype: str) -> float:
    return parts_of(dtype).attention * (1 - ATTAINED.attention / _FLASH3)


def _narrow_attention(dtype: str) -> float:
    """Of self-attention, less what quantizing reads and writes."""
    gpu, plan = GPUS[CARD.lower()], plan_of(dtype)
    config, tokens = plan.model.transformer, plan.tokens
    flops = NUM_STEPS * step_flops(config, tokens).self_attention / _TERA
    before = flops / (gpu.tflops * ATTAINED.attention)
    after = flops / (gpu.fp8_tflops * _NARROW_ATTENTION)
    values = NUM_STEPS * config.num_layers * config.dim * (tokens.block + 2 * tokens.keys)
    return before - after - values * _QUANTIZING_BYTES / _bytes_a_second()


def _compiled_vae(dtype: str) -> float:
    return parts_of(dtype).vae_moved * (1 - COMPILED_DECODE_GB / DECODE_GB)


def _fused_gelu(dtype: str) -> float:
    """In 8 bits the same kernel quantizes, so that only a product of ours could do it."""
    plan = plan_of(dtype)
    hidden = NUM_STEPS * plan.model.transformer.num_layers * plan.model.transformer.ffn_dim
    return hidden * plan.tokens.block * _GELU_BYTES / _bytes_a_second()


def _own_kernels(dtype: str) -> float:
    """Of blocks: norms, rotation and the places in the ring in one pass, sums in another."""
    plan = plan_of(dtype)
    config = plan.model.transformer
    values = NUM_STEPS * config.num_layers * plan.tokens.block * config.dim
    saved = _MOVED_VALUES[dtype] - _LEAST_VALUES[dtype]
    return values * saved * _VALUE_BYTES / _bytes_a_second()


def _small_taps(dtype: str) -> float:
    layers = list(decoder_layers(plan_of(dtype).model.vae))
    work = {layer: layer.flops(BLOCK_LATENTS, 1, is_beginning=False) for layer in layers}
    enlarged = sum(
        flops for layer, flops in work.items() if (layer.kernel_frames, layer.kernel_side) == (1, 3)
    )
    whole = sum(layer.flops(BLOCK_LATENTS, 1, is_beginning=False) for layer in layers)
    return parts_of(dtype).convolutions * (1 - _KEPT_TAPS) * enlarged / whole


def _no_graphs(dtype: str) -> float:
    """What the host takes longer than the GPU at the small size: nothing, if it is faster."""
    return NUM_STEPS * max(0.0, host_s(dtype, _SLOW_LAUNCH_S) - _step_s(dtype, SMALL))


def host_s(dtype: str, launch_s: float) -> float:
    """Of a compiled step, to start its kernels, each in ``launch_s``."""
    return LAUNCHES[dtype] * launch_s + GRAPH_CALLS * GRAPH_S


def _step_s(dtype: str, size: tuple[int, int]) -> float:
    parts = parts_of(dtype, size)
    return (parts.matrices + parts.attention + parts.moved) / NUM_STEPS


WAYS = (
    Way(
        f"the VAE's convolutions at {_percent(_CONVOLUTIONS)} of the peak",
        _faster_convolutions,
        f"no change, but another assumption: {_percent(ATTAINED.convolutions)} is what was assumed "
        "before channels came last in memory, and stays until a GPU says better",
    ),
    Way(
        "self-attention in 8 bits",
        _narrow_attention,
        f"built (`attention=flash3-float8`), never run. At {_percent(_NARROW_ATTENTION)} of the "
        "8-bit peak, less what quantizing moves: nine bytes a value, by count. Changes pixels: how "
        "much, only the published weights can say",
    ),
    Way(
        "the VAE compiled",
        _compiled_vae,
        "built (`compile_vae=true`), never run. By torch's scheduler, which joins what lies "
        f"between two convolutions: {COMPILED_DECODE_GB:.2f} GB for a TFLOP of them instead of "
        f"{DECODE_GB:.2f}. Moves last bits",
    ),
    Way(
        "FlashAttention-3",
        _flash3,
        f"built (`attention=flash3`), never run. At {_percent(_FLASH3)} of the peak instead of "
        f"{_percent(ATTAINED.attention)}; not on top of 8 bits",
    ),
    Way(
        "enlarging and convolving in one",
        _small_taps,
        "not built. Four taps instead of nine wherever a picture is enlarged; moves last bits, "
        "provable on a CPU",
    ),
    Way(
        "kernels of our own (Triton) in a block",
        _own_kernels,
        "not built: below 2 %. The compiler turns queries and keys in two passes of their own "
        "behind their norms, seven of a layer's 36 values a token, and reads sums twice; all else "
        "is at its least",
    ),
    Way(
        "GELU in the product before it",
        _fused_gelu,
        "not built. cuBLAS can in bfloat16; in 8 bits it takes a product of our own, whose speed "
        "nothing here can prove",
    ),
    Way(
        "CUDA graphs at 384x256",
        _no_graphs,
        "not built: nothing to gain, see below",
    ),
)


# --- the page ---

_TITLE = "# Where the time of a block goes, by count, November 2026"
_TOLD = (
    "`make card-tables` wrote this page; do not edit it by hand. **Nothing here ran on a GPU.** It "
    f"divides the seconds that `plan --gpus` says without a calibration: one {CARD}, 704x384, "
    f"{NUM_STEPS} steps, a long segment with `compile`. Work and bytes were "
    "[counted](counted_work-2026-11.md), those of compiled graphs by [torch's "
    "scheduler](cubins-2026-11.md). How much of its peaks the card attains is assumed: "
    f"{_percent(ATTAINED.matrices)} of 16-bit products, {_percent(ATTAINED.narrow)} of 8-bit ones, "
    f"{_percent(ATTAINED.attention)} in attention, {_percent(ATTAINED.convolutions)} in the VAE's "
    f"convolutions, {_percent(ATTAINED.bandwidth)} of the bandwidth."
)


def page() -> str:
    """All of it."""
    told = f"{_TITLE}\n\n{fill(_TOLD, _WIDTH)}\n"
    sections = (_parts_section(), _ways_section(), _graphs_section(), _start_section())
    return "\n".join((told, *sections))


def _parts_section() -> str:
    found = [parts_of(dtype) for dtype in DTYPES]
    names = {
        "products with weights": "matrices",
        "attention": "attention",
        "moved beside both": "moved",
        "the VAE's convolutions": "convolutions",
        "moved beside them": "vae_moved",
        "a block": "total",
    }
    rows = [
        (name, *(f"{getattr(parts, field) * _MS:.0f}" for parts in found))
        for name, field in names.items()
    ]
    rows.append(("FPS", *(f"{BLOCK_FRAMES / parts.total:.1f}" for parts in found)))
    goals = [BLOCK_FRAMES / GOALS[dtype] for dtype in DTYPES]
    rows.append(("the goal's block", *(f"{goal * _MS:.0f}" for goal in goals)))
    bound = [(parts.total - parts.moved - parts.vae_moved) for parts in found]
    return _section(
        "A block",
        [("ms", *DTYPES), *rows],
        f"If nothing were moved beside products, attention and convolutions, a block would take "
        f"{bound[0] * _MS:.0f} ms in bfloat16 and {bound[1] * _MS:.0f} in float8, which is "
        f"{BLOCK_FRAMES / bound[0]:.1f} and {BLOCK_FRAMES / bound[1]:.1f} FPS. So no fusing of "
        f"kernels reaches the goals of {GOALS['bfloat16']} and {GOALS['float8']:.0f} FPS: they "
        "hang on the shares of the peaks, which are assumed and which only a GPU can tell.",
    )


def _ways_section() -> str:
    rows = [("what", *(f"ms, {dtype}" for dtype in DTYPES), *(f"FPS, {d}" for d in DTYPES), "")]
    for way in sorted(WAYS, key=lambda each: -each.saved_s("float8")):
        saved = [way.saved_s(dtype) for dtype in DTYPES]
        left = [BLOCK_FRAMES / (parts_of(d).total - s) for d, s in zip(DTYPES, saved, strict=True)]
        cells = (
            *(f"{-each * _MS:.0f}" if each else "0" for each in saved),
            *(f"{each:.1f}" for each in left),
        )
        rows.append((way.name, *cells, way.says))
    other, first = "FlashAttention-3", WAYS[0].name  # 16 bits, where the products have 8
    best, sure = ([_all_but(d, *out) for d in DTYPES] for out in ((other,), (other, first)))
    return _section(
        "What would shorten it",
        rows,
        f"Each alone. All together, self-attention in 8 bits: {best[0]:.1f} FPS in bfloat16, "
        f"{best[1]:.1f} in float8. Without the convolutions, which are an assumption about the "
        f"card: {sure[0]:.1f} and {sure[1]:.1f}. What can be proved here bit by bit, without a "
        "setting, lies before the first block; it was done first.",
    )


def _all_but(dtype: str, *without: str) -> float:
    saved = sum(way.saved_s(dtype) for way in WAYS if way.name not in without)
    return BLOCK_FRAMES / (parts_of(dtype).total - saved)


def _graphs_section() -> str:
    launches_s = (LAUNCH_S, _SLOW_LAUNCH_S)
    rows: list[tuple[object, ...]] = []
    for dtype in DTYPES:
        seconds = [*(host_s(dtype, each) for each in launches_s), _step_s(dtype, SMALL)]
        rows.append((f"a step, {dtype}", LAUNCHES[dtype], *_ms(seconds)))
    parts = parts_of("bfloat16", SMALL)  # the VAE's are the same in both
    decode_s = parts.convolutions + parts.vae_moved
    seconds = [*(DECODE_LAUNCHES * each for each in launches_s), decode_s]
    rows.append(("a block decoded", DECODE_LAUNCHES, *_ms(seconds)))
    fast, slow = (f"{each * 1e6:.0f}" for each in launches_s)
    two, four = _ms(_step_s("float8", SMALL) / ranks for ranks in (2, 4))
    least, most = _ms(host_s("float8", each) for each in launches_s)
    columns = (f"ms of the host, {fast} us", f"ms of the host, {slow} us", "ms of the GPU")
    return _section(
        "CUDA graphs",
        [("384x256", "kernels", *columns), *rows],
        f"The host starts a kernel in {fast} to {slow} us and calls a compiled graph in "
        f"{GRAPH_S * 1e6:.0f} us, all assumed. At this size, the smallest of a preset, one {CARD} "
        "is busy for longer than the host needs, in every step and in the VAE, here without "
        "`compile_vae`. So recorded graphs would save nothing. They would also need one address "
        "for all that a layer reads and writes, while every block goes to another place of the "
        "ring. Cards that share heads divide their own time but not the host's: in float8 two of "
        f"them need {two} ms a step, beside what they exchange, and four {four}, where the host "
        f"needs {least} to {most}, and starts the exchanges besides. So a third card that shares "
        "heads gains next to nothing at this size, and no plan for these cards has one there (with "
        "`compile`, uncalibrated); stages and videos side by side do gain. At 688x368 four need "
        f"{_heads_ms(4)} ms a step in float8, {_exchange_ms(4)} of them for the exchange, where "
        f"two need {_heads_ms(2)}: there the exchange costs less than it gains, and a plan for one "
        "video may have them.",
    )


def _heads_ms(heads: int) -> str:
    """Of a float8 step at the standard size."""
    rates = assumed_rates(GPUS[CARD.lower()], "float8")
    layout = Layout(plan_of("float8", STANDARD), Placement(heads=heads), NO_OFFLOAD)
    return f"{estimate_speed(layout, rates).step_s * _MS:.0f}"


def _exchange_ms(heads: int) -> str:
    alone = _step_s("float8", STANDARD) / heads
    return f"{float(_heads_ms(heads)) - alone * _MS:.0f}"


def _ms(seconds: Iterable[float]) -> list[str]:
    return [f"{each * _MS:.0f}" for each in seconds]


def _start_section() -> str:
    sizes, count = MODELS[PUBLISHED], 1 + MOTION_FRAMES // 4
    plan = plan_of("bfloat16")
    whole = encode_flops(sizes.vae, *SIZE, count) + encode_flops(sizes.vae, *SIZE, 1)
    work = {
        "picture encoded, every copy": whole,
        "picture encoded until its layers are settled": still_flops(sizes.vae, *SIZE, count),
        "sink filled": prefill_flops(sizes.transformer, plan.tokens).without_text_kv,
        "decoder warmed": warm_flops(sizes.vae, *SIZE, WARM_LATENTS),
    }
    rates = assumed_rates(GPUS[CARD.lower()], "bfloat16")
    saved = (whole - work["picture encoded until its layers are settled"]) * rates.encode_s / _TERA
    firsts = [_first_s(dtype) for dtype in DTYPES]
    return _section(
        "The first frame",
        [("before the first block", "TFLOP"), *((k, f"{v / _TERA:.1f}") for k, v in work.items())],
        f"On a warm host, with its prompt known, the first frame comes after {firsts[0]:.2f} s in "
        f"bfloat16 and {firsts[1]:.2f} s in float8, both compiled (the goal was 2 s). Until "
        f"2026-11-30 every one of the 73 copies of the picture passed through the whole encoder, "
        f"and the picture once more: {saved:.2f} s longer.",
    )


def _first_s(dtype: str) -> float:
    layout = Layout(plan_of(dtype), ALONE, NO_OFFLOAD)
    speed = estimate_speed(layout, assumed_rates(GPUS[CARD.lower()], dtype))
    return speed.start_s + speed.first_s


def _section(title: str, rows: Sequence[Sequence[object]], text: str) -> str:
    head, *rest = rows
    lines = [head, ("---",) * len(head), *rest]
    table = "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)
    return f"## {title}\n\n{table}\n\n{fill(text, _WIDTH)}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="print the page, write nothing")
    if parser.parse_args().print:
        print(page())
        return
    PATH.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
