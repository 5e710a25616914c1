"""The one seam for attention kernels."""

from collections.abc import Callable
from typing import TypeAlias

import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange
from torch import Tensor

#: ``(queries (B, Lq, N, D), keys (B, Lk, N, D), values (B, Lk, N, D)) -> (B, Lq, N, D)``
Attend: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]


def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Every query looks at every key; no mask."""
    q, k, v = (rearrange(x, "b l n d -> b n l d") for x in (queries, keys, values))
    return rearrange(F.scaled_dot_product_attention(q, k, v), "b n l d -> b l n d")
