"""What a rank holds of a transformer whose weights are shared out; told without torch.

The rows of every matrix of blocks and audio injectors are shared out, as even as can be. Whole on
every rank is the rest: biases and norms, the embeddings, the audio encoder, the head. At 14B in
bfloat16 that is 0.67 GiB. Shared out, it would have to be gathered when a pass begins, and held
till its end: a share more, not less.

At most two units (blocks or injectors) are whole at a time: one at work and the next on its way,
or one in the stretch in which it came and in its own places.
"""

from typing import NamedTuple

from model.live_avatar.config import TransformerConfig
from model.live_avatar.planning.cost import DTYPES, is_narrow, weight_bytes
from model.live_avatar.planning.sizes import num_large_weights

NUM_WHOLE_UNITS = 2
_SCALE_BYTES = 4  # of a row in 8 bits


class ShardedBytes(NamedTuple):
    """Bytes of a rank.

    Attributes:
        shard: held all the time: its share of the matrices, and all that is not shared out.
        gathered: the most beside that, while the transformer is at work.
    """

    shard: int
    gathered: int


def sharded_bytes(config: TransformerConfig, dtype: str, num_shards: int) -> ShardedBytes:
    """Of a rank that shares the weights with ``num_shards - 1`` others.

    Args:
        config: of the transformer.
        dtype: one of :data:`model.live_avatar.planning.cost.DTYPES`.
        num_shards: 1: nothing is shared out, nor gathered.
    """
    whole = weight_bytes(config, dtype) - DTYPES[dtype][1] * num_large_weights(config)
    block, injector = (
        share_bytes(shapes, dtype, num_shards) for shapes in (_block(config), _injector(config))
    )
    shares = config.num_layers * block + len(config.inject_layers) * injector
    gathered = NUM_WHOLE_UNITS * num_shards * max(block, injector) if num_shards > 1 else 0
    return ShardedBytes(whole + shares, gathered)


def share_bytes(shapes: list[tuple[int, int]], dtype: str, num_shards: int) -> int:
    """Of one share of matrices (rows, columns): the first one, to whose size the others are padded.

    Where the matrices are in 8 bits, each row brings its scale.
    """
    scale = _SCALE_BYTES if is_narrow(dtype) else 0
    row = (DTYPES[dtype][1] * columns + scale for _, columns in shapes)
    return sum(-(-rows // num_shards) * each for (rows, _), each in zip(shapes, row, strict=True))


def _block(config: TransformerConfig) -> list[tuple[int, int]]:
    """Rows and columns of a block's matrices; queries, keys and values come from one."""
    dim, hidden = config.dim, config.ffn_dim
    return [(3 * dim, dim), *[(dim, dim)] * 5, (hidden, dim), (dim, hidden)]


def _injector(config: TransformerConfig) -> list[tuple[int, int]]:
    return [*[(config.dim, config.dim)] * 4, (2 * config.dim, config.dim)]
