"""Seconds of passes through a few layers of the transformer, as they are and compiled."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import torch
from torch import Tensor

from model.errors import ResourceError
from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE, MOTION_LATENTS
from model.live_avatar.examine.layer_fit import LayerFit, Point, fit_layer
from model.live_avatar.network.attention import attend
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.kernels import run_by
from model.live_avatar.parallel.quantize import FLOAT8_RULES, float8_put
from model.live_avatar.planning.cost import count_tokens, prefill_flops, step_flops
from model.live_avatar.planning.sizes import MODELS, ModelSizes
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.settings import AUTO
from model.live_avatar.weights.state import built_empty, put

_FEW, _MANY = 1, 3  # layers
# width, height, infer_frames: the last has the memory of one block, and so little attention
_POINTS = ((704, 384, 48), (384, 256, 48), (704, 384, 12))
_TINY_POINTS = ((192, 128, 48), (64, 64, 48), (192, 128, 12))
_REPEATS, _MOST_S = 7, 8.0  # of one measurement: the median of so many, or of those in this time
_TERA = 1e12


@dataclass(frozen=True)
class Bench:
    """Where it is measured.

    Attributes:
        device: that computes.
        dtype: of weights and values.
        name: the dtype's, by the engine's setting.
        model: the model's name.
    """

    device: torch.device
    dtype: torch.dtype
    name: str
    model: str

    @property
    def sizes(self) -> ModelSizes:
        """Of the model."""
        return MODELS[self.model]

    @property
    def points(self) -> tuple[tuple[int, int, int], ...]:
        """Width, height and frames of a clip; the first is the usual size."""
        return _TINY_POINTS if self.model == "tiny" else _POINTS

    def seconds(self, work: Callable[[], Any]) -> float:
        """The median of some runs, after one that is not counted."""
        self._timed(work)
        times: list[float] = []
        while len(times) < _REPEATS and sum(times) < _MOST_S:
            times.append(self._timed(work))
        return median(times)

    def _timed(self, work: Callable[[], Any]) -> float:
        self.settle()
        started = time.perf_counter()
        work()
        self.settle()
        return time.perf_counter() - started

    def settle(self) -> None:
        """Wait for what the device has been given to do."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def drawn(self, *shape: int) -> Tensor:
        """Random values on the device."""
        return torch.randn(shape, device=self.device).to(self.dtype)


def measure_layers(bench: Bench) -> dict[str, float]:
    """Figures of layers and passes, and how far the filling of the sink is from them."""
    points = bench.points
    timed = [list(_pass_seconds(bench, point)) for point in points]
    layer_s = [(many - few) / (_MANY - _FEW) for (few, _), (many, _) in timed]
    floor = min(few for (few, _), _ in timed) * 1e-3  # noise can make a difference negative
    fitted = fit_layer(
        [
            _point(bench, point, max(seconds, floor))
            for point, seconds in zip(points, layer_s, strict=True)
        ]
    )
    rest = median(
        few - max(each, floor) for ((few, _), _), each in zip(timed, layer_s, strict=True)
    )
    filled_s = timed[0][1][1]
    return {
        **fitted._asdict(),
        "pass_s": max(0.0, rest),
        "prefill": filled_s / _expected_prefill_s(bench, points[0], fitted, max(0.0, rest)),
    }


def _layers(bench: Bench, num_layers: int) -> Any:
    """The transformer's sizes with so many layers, which hear nothing."""
    return replace(bench.sizes.transformer, num_layers=num_layers, inject_layers=())


def _pass_seconds(bench: Bench, point: tuple[int, int, int]) -> Iterator[tuple[float, float]]:
    """Of a block and step, and of the sink: with few layers, then with many."""
    for num_layers in (_FEW, _MANY):
        passes = _Passes.of(bench, _transformer(bench, num_layers), point)
        passes.fill()
        yield bench.seconds(passes.step), bench.seconds(passes.sink)


def _transformer(bench: Bench, num_layers: int) -> Transformer:
    """With random weights."""
    config = _layers(bench, num_layers)
    rule = FLOAT8_RULES.get(bench.name)
    put_weight = float8_put(config, rule, bench.device) if rule else put
    empty = built_empty(lambda: Transformer(config))
    return filled(empty, bench.dtype, bench.device, put_weight)


@dataclass(frozen=True)
class _Passes:
    """Of one size.

    Attributes:
        sink: fills it.
        step: of a block, its number given; none: of the one after those that fill the ring.
        num_blocks: that fill the ring.
    """

    sink: Callable[[], Any]
    step: Callable[..., Any]
    num_blocks: int

    def fill(self) -> None:
        """Sink and ring, as they are in a long segment."""
        self.sink()
        for block in range(self.num_blocks):
            self.step(block)

    @classmethod
    def of(cls, bench: Bench, model: Transformer, point: tuple[int, int, int]) -> "_Passes":
        """Of a transformer, at a size."""
        width, height, infer_frames = point
        tokens = count_tokens(width, height, infer_frames)
        shape = (height // LATENT_SIDE, width // LATENT_SIDE)
        config, num_blocks = model.config, tokens.ring // tokens.block
        sampler = Sampler(
            model,
            make_schedule(1),
            height=shape[0],
            width=shape[1],
            num_past_latents=num_blocks * BLOCK_LATENTS,
        )
        channels = config.latent_channels
        latents = bench.drawn(1, channels, BLOCK_LATENTS, *shape)
        reference, motion = (
            bench.drawn(1, channels, count, *shape) for count in (1, sum(MOTION_LATENTS))
        )
        silence = bench.drawn(1, BLOCK_LATENTS, 1, config.dim)
        audio = AudioTokens(silence, silence)  # nothing of it is heard
        sampler.set_text(bench.drawn(config.text_len, config.text_dim))

        def step(block: int = num_blocks) -> None:
            sampler.velocity(block * BLOCK_LATENTS, latents, audio, 0, 10)

        return cls(lambda: sampler.set_sink(reference, motion), step, num_blocks)


def _point(bench: Bench, point: tuple[int, int, int], seconds: float) -> Point:
    """With the work of one layer."""
    flops = step_flops(_layers(bench, 1), count_tokens(*point))
    return Point(flops.linear / _TERA, flops.attention / _TERA, seconds)


def _expected_prefill_s(
    bench: Bench, point: tuple[int, int, int], fitted: LayerFit, pass_s: float
) -> float:
    flops = prefill_flops(_layers(bench, _MANY), count_tokens(*point))
    computing = (flops.linear * fitted.linear_s + flops.attention * fitted.attention_s) / _TERA
    return computing + _MANY * fitted.layer_s + pass_s


# --- compiled ---


def measure_compiled(bench: Bench) -> tuple[dict[str, float], list[str]]:
    """Figures of ``compile`` at the usual size, and why there are none.

    ``compiled`` is what a pass takes beside attention, over what it takes when it is not compiled:
    both are timed on the same layers. ``compile_s`` is what the first pass takes longer, and
    ``compile_again_s`` the same where the code is found in the cache: in another process, or after
    a restart. A cache that has the code already leaves the first of them out.
    """
    from torch._dynamo import reset  # a second to import
    from torch._dynamo.utils import counters

    model, point = _transformer(bench, _MANY), bench.points[0]
    plain = _Passes.of(bench, model, point)
    plain.fill()
    eager_s = bench.seconds(plain.step)
    try:
        run_by(model, AUTO, is_compiled=True)
        reset()
        counters.clear()
        passes = _Passes.of(bench, model, point)
        first_s, fast_s = _first_and_usual(bench, passes)
        was_known = counters["inductor"]["fxgraph_cache_hit"] > 0
        reset()
        again_s, _ = _first_and_usual(bench, _Passes.of(bench, model, point))
    except ResourceError as error:
        return {}, [f"compile: {error}"]
    attention_s = _attention_s(bench, model, point)
    share = max(fast_s - attention_s, fast_s * 1e-3) / max(eager_s - attention_s, eager_s * 1e-3)
    figures = {"compiled": share, "compile_again_s": again_s}
    if was_known:
        return figures, ["compiling anew: this machine's cache has the code already"]
    return figures | {"compile_s": first_s}, []


def _first_and_usual(bench: Bench, passes: _Passes) -> tuple[float, float]:
    """Seconds by which the first sink and step take longer, and those of a later step."""
    started = time.perf_counter()
    passes.sink()
    passes.step(0)
    bench.settle()
    first_s = time.perf_counter() - started
    passes.fill()
    usual_s = bench.seconds(passes.step)
    return max(0.0, first_s - usual_s - bench.seconds(passes.sink)), usual_s


def _attention_s(bench: Bench, model: Transformer, point: tuple[int, int, int]) -> float:
    """Of a step's self-attention, which is the same kernel either way."""
    tokens, config = count_tokens(*point), model.config
    asked, known = (
        bench.drawn(1, length, config.num_heads, config.head_dim)
        for length in (tokens.block, tokens.keys)
    )
    return config.num_layers * bench.seconds(lambda: attend(asked, known, known))
