"""Self-attention of one matrix: what three would give, written into the ring and nowhere else."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import TINY
from model.live_avatar.network.block import Block, SelfAttention
from model.live_avatar.network.cache import LayerCache
from model.live_avatar.network.past import BlockPast, Past, SinkPast
from model.live_avatar.network.rope import rope_table, rotate
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.weights.state import built_empty, load_transformer
from tests.parity.published import published_tensors

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
NUM_TOKENS, NUM_SINK, RING_BLOCKS = 12, 5, 3
HEADS = (TINY.num_heads, TINY.head_dim)
# of a sum whose order may depend on a matrix's width; on the CPUs that were tried there is none
LAST_BITS = 1e-6


@pytest.fixture(scope="module")
def model() -> Transformer:
    torch.set_num_threads(1)
    return filled(built_empty(lambda: Transformer(TINY)), torch.float32, CPU)


@pytest.fixture
def block(model: Transformer) -> Block:
    return model.layers[1]


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5))


def table() -> Tensor:
    return rope_table(range(3), range(2), range(2), TINY.head_dim)


def in_three(attention: SelfAttention, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Turned queries, turned keys, values, and keys before: of three matrices, one by one."""
    parts = zip(attention.qkv.weight.chunk(3), attention.qkv.bias.chunk(3), strict=True)
    q, k, v = (F.linear(x, weight.clone(), bias) for weight, bias in parts)
    queries, keys, values = (
        each.unflatten(-1, HEADS) for each in (attention.norm_q(q), attention.norm_k(k), v)
    )
    return rotate(queries, table()), rotate(keys, table()), values, keys


def seen_through(past: Past, queries: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values that a kernel is given."""
    given: list[tuple[Tensor, Tensor]] = []

    def kernel(asked: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        given.append((keys, values))
        return asked

    assert past.look(queries, kernel) is queries
    return given[0]


@torch.no_grad()
def test_one_matrix_gives_what_three_give_and_fills_its_places_alone(block: Block):
    x = drawn(1, NUM_TOKENS, TINY.dim)
    ring = torch.zeros(2, 1, 5 * NUM_TOKENS, *HEADS)
    here = slice(2 * NUM_TOKENS, 3 * NUM_TOKENS)
    unturned = torch.zeros(1, NUM_TOKENS, *HEADS)

    queries = block.self_attn.remember(x, table(), ring[0][:, here], ring[1][:, here], unturned)

    made = (queries, ring[0][:, here], ring[1][:, here], unturned)
    for one, other in zip(made, in_three(block.self_attn, x), strict=True):
        assert torch.allclose(one, other, rtol=0, atol=LAST_BITS)
    ring[:, :, here] = 0
    assert not ring.any()


@torch.no_grad()
def test_a_block_writes_into_the_ring_itself_and_sees_what_it_wrote(block: Block):
    shape = (1, NUM_SINK + RING_BLOCKS * NUM_TOKENS, *HEADS)
    layer = LayerCache(torch.zeros(shape), torch.zeros(shape), NUM_SINK)
    past = BlockPast(layer, 4 * NUM_TOKENS, NUM_TOKENS)
    start = NUM_SINK + NUM_TOKENS  # the ring has gone round

    keys, values = past.places()
    assert [each.data_ptr() for each in (keys, values)] == [
        each[:, start:].data_ptr() for each in (layer.keys, layer.values)
    ]
    x, time = drawn(1, NUM_TOKENS, TINY.dim), drawn(3, 6, TINY.dim)
    queries = block.before(x, time, table(), keys, values)

    seen, _ = seen_through(past, queries)
    assert seen.shape[1] == NUM_SINK + 2 * NUM_TOKENS
    assert seen[:, start:].all()
    assert not seen[:, :start].any()


@torch.no_grad()
def test_a_sink_keeps_its_keys_as_they_are_before_they_are_turned(block: Block):
    x = drawn(1, NUM_TOKENS, TINY.dim)
    past = SinkPast.empty(x, (1, NUM_TOKENS, *HEADS))
    queries = block.self_attn.remember(x, table(), *past.places())

    turned, values = seen_through(past, queries)
    assert past.sink.values is values
    assert torch.equal(rotate(past.sink.keys, table()), turned)


def test_parts_of_a_matrix_may_come_in_any_order(model: Transformer, tmp_path: Path):
    tensors = published_tensors(model)
    path = tmp_path / "weights.safetensors"
    arrived: list[str] = []

    def noted(_: torch.nn.Module, name: str, value: Tensor) -> None:
        arrived.append(name)
        assert torch.equal(value, model.get_parameter(name))

    for names in (sorted(tensors), sorted(tensors, reverse=True)):
        save_file({name: tensors[name] for name in names}, path)
        load_transformer(TINY, path, lora=None, dtype=torch.float32, device=CPU, put_weight=noted)
    assert len(arrived) == 2 * len(dict(model.named_parameters()))
