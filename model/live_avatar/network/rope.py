"""Rotary positions in time, rows and columns.

A head's D/2 pairs are shared out to three axes. Positions may be negative (what lies before the
video) and have no end. Cosines and sines are rounded to half precision, as the model was trained
and released with such tables: exact ones change its output by 2e-4.

A table is computed from its positions, in float64, when it is asked for: there is no longest
video (the reference's tables end after 45,000 latent frames, two hours). Nothing is re-based, as
nothing would be gained: after a million frames the angles are still exact to a tie in rounding,
and a tiny model whose positions are all shifted by 1, 45,000 or 1,000,000 gives outputs that are
7e-5, 1.1e-4 and 1e-4 off, of size 1: the rounding's own size, at any distance. Re-basing would
make such a jump at its seam.

Shapes: L tokens, D head dim, F frames, H rows, W columns; a table is ``(2, L, D/2)``: cos, sin.
"""

from collections.abc import Sequence

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

THETA = 10_000.0


def axis_dims(head_dim: int) -> tuple[int, int, int]:
    """How many of a head's channels turn with time, rows and columns."""
    spatial = 2 * (head_dim // 6)
    return head_dim - 2 * spatial, spatial, spatial


def rope_table(
    frames: Sequence[int], rows: Sequence[int], columns: Sequence[int], head_dim: int
) -> Tensor:
    """Table ``(2, F*H*W, D/2)`` float32 of a grid of tokens, in the order frame, row, column."""
    turns: list[np.ndarray] = []
    sizes = (len(frames), len(rows), len(columns))
    for axis, (positions, dim) in enumerate(
        zip((frames, rows, columns), axis_dims(head_dim), strict=True)
    ):
        speeds = THETA ** (-np.arange(0, dim, 2, dtype=np.float64) / dim)
        angles = np.outer(np.asarray(positions, np.float64), speeds)
        shape = [1, 1, 1, dim // 2]
        shape[axis] = sizes[axis]
        turns.append(np.broadcast_to(angles.reshape(shape), (*sizes, dim // 2)))
    angles = np.concatenate(turns, axis=-1).reshape(-1, head_dim // 2)
    # by way of float32, as the reference rounds: twice is not the same as once
    table = np.stack((np.cos(angles), np.sin(angles))).astype(np.float32).astype(np.float16)
    return torch.from_numpy(table).float()


def pooled(size: int, count: int) -> list[int]:
    """``count`` positions spread over ``size``: those of a grid whose patches are larger."""
    return [int(position) for position in np.linspace(0, size - 1, count)]


def rotate(x: Tensor, table: Tensor) -> Tensor:
    """Turn the pairs of ``x`` ``(B, L, N, D)`` by ``table``; computed in the table's dtype."""
    return _turned(x, table).to(x.dtype)


def turn_into(target: Tensor, x: Tensor, table: Tensor) -> None:
    """Put :func:`rotate`'s answer into ``target``, which has the shape and dtype of ``x``."""
    target.copy_(_turned(x, table))


def _turned(x: Tensor, table: Tensor) -> Tensor:
    """:func:`rotate`'s answer before it is rounded."""
    cos, sin = table[:, None, :, None]  # (1, L, 1, D/2) each
    even, odd = rearrange(x.to(table.dtype), "b l n (d two) -> two b l n d", two=2)
    turned = torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1)
    return rearrange(turned, "b l n d two -> b l n (d two)")


def motion_table(height: int, width: int, head_dim: int) -> Tensor:
    """Table of the motion memory, newest level first, for a latent of ``height`` x ``width``.

    The levels are patches of 1, 2 and 4 times the side. They lie before the video: the newest
    latent at -1, the two before it at -3, and the 16 before those at -19, -14, -9 and -4.
    """
    rows, columns = height // 2, width // 2
    levels = (
        ([-1], range(rows), range(columns)),
        ([-3], pooled(rows, height // 4), pooled(columns, width // 4)),
        ([-19, -14, -9, -4], pooled(rows, height // 8), pooled(columns, width // 8)),
    )
    return torch.cat([rope_table(*level, head_dim) for level in levels], dim=1)
