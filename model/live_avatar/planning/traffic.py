"""Bytes that offloading moves between host and GPU, and what is left on each."""

from collections.abc import Mapping
from dataclasses import dataclass

from model.live_avatar.config import TextConfig, TransformerConfig
from model.live_avatar.planning.cost import (
    DTYPES,
    Memory,
    Plan,
    Tokens,
    engine_memory,
    kv_bytes,
)
from model.live_avatar.planning.offload import NUM_SLOTS, Offload
from model.live_avatar.planning.sizes import num_large_weights, num_text_parameters


@dataclass(frozen=True)
class Traffic:
    """Bytes between host and GPU.

    Attributes:
        inward: to the GPU.
        outward: to the host.
    """

    inward: int
    outward: int = 0


def step_traffic(
    offload: Offload, config: TransformerConfig, tokens: Tokens, dtype: str
) -> Traffic:
    """In one block and step, the ring being full.

    The block's own keys take the place of the oldest ones, which are not brought.
    """
    inward = outward = 0
    if offload.kv:
        inward += kv_bytes(config, tokens.ring - tokens.block, dtype)
        outward += kv_bytes(config, tokens.block, dtype)
    if offload.sink:
        inward += kv_bytes(config, tokens.sink, dtype)
    return Traffic(inward + pass_traffic(offload, config, dtype).inward, outward)


def pass_traffic(offload: Offload, config: TransformerConfig, dtype: str) -> Traffic:
    """Of weights, whenever all blocks are gone through.

    That is once in a block and step, and once for each new prompt and each new sink.
    """
    return Traffic(DTYPES[dtype][1] * num_large_weights(config) if offload.weights else 0)


def prompt_traffic(offload: Offload, config: TextConfig, dtype: str) -> Traffic:
    """When a prompt is encoded; the table of its tokens is read where it is."""
    return Traffic(DTYPES[dtype][0] * _num_text_matrices(config) if offload.text else 0)


# --- what is held ---


def offloaded_memory(offload: Offload, plan: Plan) -> Memory:
    """What the engine holds on the GPU; see :func:`.cost.engine_memory`."""
    memory, config, tokens = engine_memory(plan), plan.model.transformer, plan.tokens
    held, passing = dict(memory.held), dict(memory.passing)
    if offload.kv:
        for name in (_RING, _SINK, _REFERENCE):
            del held[name]
        held["staged keys and values"] = NUM_SLOTS * _layer_kv_bytes(plan)
        if not offload.sink:
            held["sink"] = kv_bytes(config, tokens.sink, plan.dtype)
    if offload.weights:
        moved = pass_traffic(offload, config, plan.dtype).inward
        held[_WEIGHTS] += staged_weight_bytes(config, plan.dtype) - moved
    if offload.text:
        small = plan.model.text.dim * (2 * plan.model.text.num_layers + 1)
        held[_TEXT] = DTYPES[plan.dtype][0] * small
        passing["text encoder, staged"] = NUM_SLOTS * _text_layer_bytes(plan)
    return Memory(held, passing)


def host_memory(offload: Offload, plan: Plan) -> Mapping[str, int]:
    """What is page-locked in the host's memory, by name."""
    config, tokens, dtype = plan.model.transformer, plan.tokens, plan.dtype
    text = plan.model.text
    held = {
        _RING: plan.num_steps * kv_bytes(config, tokens.ring, dtype) * offload.kv,
        "sink": kv_bytes(config, tokens.sink, dtype) * offload.sink,
        "matrices of the transformer": pass_traffic(offload, config, dtype).inward,
        _TEXT: prompt_traffic(offload, text, dtype).inward
        + DTYPES[dtype][0] * text.vocab_size * text.dim * offload.text,
    }
    return {name: size for name, size in held.items() if size}


def staged_weight_bytes(config: TransformerConfig, dtype: str) -> int:
    """Of the places for weights: each is as large as the largest block that takes it."""
    block = 8 * config.dim**2 + 2 * config.dim * config.ffn_dim
    injector = 6 * config.dim**2
    sizes = [
        block + injector * (index in config.inject_layers) for index in range(config.num_layers)
    ]
    values = sum(max(sizes[slot::NUM_SLOTS], default=0) for slot in range(NUM_SLOTS))
    return DTYPES[dtype][1] * values


_RING, _SINK = "ring of the past, every step", "sink, turned, every step"
_REFERENCE = "reference's keys, not turned"
_WEIGHTS, _TEXT = "transformer weights", "text encoder"


def _layer_kv_bytes(plan: Plan) -> int:
    config = plan.model.transformer
    return kv_bytes(config, plan.tokens.keys, plan.dtype) // config.num_layers


def _num_text_matrices(config: TextConfig) -> int:
    """Weights of the layers that are matrices; without the table of tokens."""
    norms = config.dim * (2 * config.num_layers + 1)
    return num_text_parameters(config) - norms - config.vocab_size * config.dim


def _text_layer_bytes(plan: Plan) -> int:
    config = plan.model.text
    return DTYPES[plan.dtype][0] * _num_text_matrices(config) // config.num_layers
