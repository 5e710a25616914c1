"""Golden files of single calls of the transformer, with and without the LoRA."""

import re

import torch

from model.live_avatar.network.transformer import Transformer
from model.live_avatar.weights.checkpoint import Lora
from model.live_avatar.weights.state import load_transformer
from tests.parity.compared import Numbers
from tests.parity.golden import GoldenSet
from tests.parity.live_avatar import (
    LITERAL,
    LITERAL_NORM3,
    OURS,
    Arithmetic,
    Direct,
    direct_calls,
    transformer_of,
)
from tests.parity.published import published_part


def direct(golden: GoldenSet, name: str) -> Numbers:
    """Blocks on a ring, with the product's own kernels."""
    yield from _direct(golden, name, OURS)


def direct_norm3(golden: GoldenSet, name: str) -> Numbers:
    """The same, with the reference's literal rounding: every operation in its order."""
    yield from _direct(golden, name, LITERAL_NORM3)


def direct_literal(golden: GoldenSet, name: str) -> Numbers:
    """Every operation in the reference's order, nothing rounded: equal bits on equal hardware."""
    yield from _direct(golden, name, LITERAL)


def _direct(golden: GoldenSet, name: str, arithmetic: Arithmetic) -> Numbers:
    model = transformer_of(golden, arithmetic)
    made = direct_calls(golden, model, name)
    for call, output in enumerate(made.outputs):
        yield f"out.call{call}.out", output
    for tensor in golden.outputs(name):
        if found := re.fullmatch(r"out\.(prefill|final)\.layer(\d+)\.(cond_)?([kv])", tensor):
            sink = made.sinks[int(found[2])]
            if found[1] == "prefill":
                yield tensor, sink.keys if found[4] == "k" else sink.values
            else:
                yield tensor, _ring(made, int(found[2]), found[4])


def _ring(made: Direct, layer_index: int, kind: str) -> torch.Tensor:
    layer = made.cache.layers[layer_index]
    return (layer.keys if kind == "k" else layer.values)[:, layer.num_sink :]


def lora_of(golden: GoldenSet) -> Lora:
    info = golden.info("lora")
    return Lora(golden.path("lora"), info["rank"], info["alpha"])


def merged(golden: GoldenSet, dtype: torch.dtype) -> Transformer:
    """The set's transformer with its LoRA merged while it was loaded."""
    return load_transformer(
        golden.transformer_config(),
        golden.path("weights_dit"),
        lora=lora_of(golden),
        dtype=dtype,
        device="cpu",
    )


def lora_merged(golden: GoldenSet, name: str) -> Numbers:
    """Merged weights in both dtypes, and what the merged model computes."""
    models = {
        "merged": merged(golden, torch.float32),
        "merged_bf16": merged(golden, torch.bfloat16),
    }
    calls = [tensor for tensor in golden.outputs(name) if tensor.startswith("direct_with_lora.")]
    made = direct_calls(golden, models["merged"], count=len(calls))
    for call, output in enumerate(made.outputs):
        yield f"direct_with_lora.call{call}.out", output
    for tensor in golden.outputs(name):
        kind, _, published = tensor.partition(".")
        if kind in models:
            weight = published_part(models[kind].state_dict(), published)
            expected = golden.tensors(name)[tensor]
            assert weight.dtype == expected.dtype, tensor
            yield tensor, weight[: expected.shape[0]]
