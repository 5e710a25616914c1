"""The transformer and the sampler as the golden calls need them; sizes come from the set alone."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
from einops import rearrange
from torch import Tensor, nn

from model.live_avatar.config import (
    BLOCK_LATENTS,
    PATCH,
    REFERENCE_POSITION,
    TransformerConfig,
)
from model.live_avatar.encoders.vae import LATENT_SIDE
from model.live_avatar.network.attention import Attend
from model.live_avatar.network.audio_encoder import block_tokens
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.cache import Sink, StepCache, take_sinks
from model.live_avatar.network.past import KeysValues
from model.live_avatar.network.rope import motion_table, rope_table, turn_into
from model.live_avatar.network.transformer import Transformer
from tests.parity.golden import GoldenSet
from tests.parity.published import joined


@dataclass(frozen=True)
class Arithmetic:
    """How a transformer computes.

    Attributes:
        turning_dtype: in which keys and queries are turned; float32 or float64.
        is_explicit: attention is spelled out, past before sink, instead of torch's own kernel.
        norm3_dtype: of the text attention's norm; None: the weights'.
    """

    turning_dtype: torch.dtype = torch.float32
    is_explicit: bool = False
    norm3_dtype: torch.dtype | None = None


#: the product's
OURS = Arithmetic()
#: the reference's order of operations: bit-equal with as many threads on the same kind of CPU
LITERAL = Arithmetic(torch.float64, is_explicit=True)
#: with its rounding before norm3 too, which makes up to 1e-3 of a difference in a last bit
LITERAL_NORM3 = Arithmetic(torch.float64, is_explicit=True, norm3_dtype=torch.bfloat16)


class KeepsSink(Transformer):
    """Keeps what the latest prefill made of every layer; the product needs it no longer."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.sinks: list[Sink] = []

    def prefill(
        self, reference: Tensor, motion: Tensor, text: Sequence[KeysValues], table: Tensor
    ) -> Iterator[Sink]:
        """See :meth:`Transformer.prefill`."""
        self.sinks = list(super().prefill(reference, motion, text, table))
        yield from self.sinks


class ExactlyTurned(KeepsSink):
    """Turns keys and queries in float64, by tables of the same values."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.turn = lambda target, keys, table: turn_into(target, keys, table.double())

    def prefill(
        self, reference: Tensor, motion: Tensor, text: Sequence[KeysValues], table: Tensor
    ) -> Iterator[Sink]:
        """See :meth:`Transformer.prefill`."""
        return super().prefill(reference, motion, text, table.double())

    def forward(
        self,
        latents: Tensor,
        timesteps: Tensor,
        audio: AudioTokens,
        text: Sequence[KeysValues],
        cache: StepCache,
        table: Tensor,
        *rest: Any,
    ) -> Tensor:
        """See :meth:`Transformer.forward`."""
        return super().forward(latents, timesteps, audio, text, cache, table.double(), *rest)


def transformer_of(
    golden: GoldenSet,
    arithmetic: Arithmetic = OURS,
    weights: dict[str, Tensor] | None = None,
) -> KeepsSink:
    """The set's transformer in float32; ``weights`` by the published names, the set's if None."""
    weights = weights or golden.tensors("weights_dit")
    made = KeepsSink if arithmetic.turning_dtype == torch.float32 else ExactlyTurned
    model = made(golden.transformer_config())
    values = {name: value.float() for name, value in weights.items()}
    model.load_state_dict(joined(model, values))
    if arithmetic.norm3_dtype is not None:
        for block in model.layers:
            block.norm3 = Rounded(block.norm3, arithmetic.norm3_dtype)
    if arithmetic.is_explicit:
        spell_out_attention(model, num_sink_tokens(golden))
    return model.eval().requires_grad_(False)


class Rounded(nn.Module):
    """A norm whose input and output are rounded to another dtype."""

    def __init__(self, norm: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.norm, self.dtype = norm, dtype

    def forward(self, x: Tensor) -> Tensor:
        """In ``x``'s dtype again."""
        return self.norm(x.to(self.dtype)).to(x.dtype)


def num_sink_tokens(golden: GoldenSet) -> int:
    """Tokens of the reference and the motion memory at the set's size."""
    height, width = (golden.config[side] // LATENT_SIDE for side in "HW")
    motion = motion_table(height, width, golden.transformer_config().head_dim)
    return height // PATCH * (width // PATCH) + motion.shape[1]


def explicit_attention(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Softmax of the scaled products, spelled out; an :data:`Attend`."""
    q, k, v = (rearrange(x, "b l n d -> b n l d") for x in (queries, keys, values))
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return rearrange(scores.softmax(-1) @ v, "b n l d -> b l n d").contiguous()


def past_first(num_sink: int) -> Attend:
    """The same, with the sink behind the past: sums are not the same in another order."""

    def kernel(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        keys, values = (
            torch.cat((x[:, num_sink:], x[:, :num_sink]), dim=1) for x in (keys, values)
        )
        return explicit_attention(queries, keys, values)

    return kernel


def spell_out_attention(model: Transformer, num_sink: int) -> None:
    """Give a finished model the kernels of :data:`LITERAL`."""
    for block in model.layers:
        block.self_attn.kernel = past_first(num_sink)
        block.cross_attn.kernel = explicit_attention
    for injector in model.audio_injectors:
        injector.attention.kernel = explicit_attention


@contextmanager
def posed(model: Transformer, pose: Tensor) -> Iterator[None]:
    """Let blocks have a pose ``(1, 16, F, h, w)``, of which the product knows none."""

    def pose_tokens(_: Tensor) -> Tensor:
        return rearrange(model.cond_encoder(pose), "b d f h w -> b (f h w) d").contiguous()

    with mock.patch.object(model, "pose_tokens", pose_tokens):
        yield


@dataclass
class Direct:
    """The calls of ``direct``: one prefill, then blocks on a small ring."""

    outputs: list[Tensor]
    cache: StepCache
    sinks: list[Sink]


def direct_calls(
    golden: GoldenSet,
    model: Transformer,
    name: str = "direct",
    count: int | None = None,
) -> Direct:
    """Make the calls of ``name``; what it does not hold is that of ``direct``."""
    tensors = {**golden.tensors("direct"), **golden.tensors(name)}
    inputs = {key: value.float() for key, value in tensors.items()}
    info = golden.info(name) or golden.info("direct")
    height, width = inputs["in.ref_latents"].shape[-2:]
    rows, columns, dim = range(height // PATCH), range(width // PATCH), model.config.head_dim

    def table_of(*frames: int) -> Tensor:
        return rope_table(frames, rows, columns, dim)

    text = model.text_keys_values(inputs["in.context"])
    motion = motion_table(height, width, dim)
    table = torch.cat((table_of(REFERENCE_POSITION), motion), dim=1)
    sinks = list(model.prefill(inputs["in.ref_latents"], inputs["in.motion_latents"], text, table))
    assert table.shape[1] == info["cond_end"]
    cache = StepCache.empty(
        num_layers=model.config.num_layers,
        num_sink=table.shape[1],
        ring_size=info["cache_tokens"],
        num_heads=model.config.num_heads,
        head_dim=dim,
        dtype=torch.float32,
        device="cpu",
    )
    take_sinks([cache], sinks, table, len(rows) * len(columns))
    outputs: list[Tensor] = []
    calls = list(zip(info["current_start"], info["relative_dist"], strict=True))
    for call, (start, distance) in enumerate(calls[:count]):
        first = start // (len(rows) * len(columns))
        position = max(REFERENCE_POSITION, first + distance)
        cache.move_reference(position, table_of(position), model.turn)
        whole, local = block_tokens(
            model.audio_encoder, inputs[f"in.call{call}.audio"], info["motion_frames"][0]
        )
        with posed(model, inputs[f"in.call{call}.cond"]):
            velocity = model(
                inputs[f"in.call{call}.x"][None],
                inputs[f"in.call{call}.t"][0],
                AudioTokens(whole, local, inputs.get("in.mask")),
                text,
                cache,
                table_of(*range(first, first + BLOCK_LATENTS)),
                start,
            )
        outputs.append(velocity[0])
    return Direct(outputs, cache, sinks)
