"""Random numbers of a segment: all from its seed and what came before it, on any device.

Drawn on the CPU in float32 and then moved and rounded, so that every device gets the same.
"""

import hashlib

import torch
from torch import Tensor

from model.live_avatar.config import SINK_DISTANCES
from model.live_avatar.devices.copy_streams import onto


def generator(seed: int, predecessor: str, block_index: int) -> torch.Generator:
    """The source of one block's draws.

    Args:
        seed: the row's.
        predecessor: the key of the segment before, or ``neutral``: no two segments of a video
            draw the same.
        block_index: within the segment.
    """
    digest = hashlib.sha256(f"{seed} {predecessor} {block_index}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big", signed=True))


def noise(
    source: torch.Generator, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Normal noise of ``shape``, rounded to ``dtype``, on ``device``."""
    drawn = torch.randn(shape, generator=source, dtype=torch.float32)
    return onto(drawn.to(dtype), device)


def distances(source: torch.Generator, num_steps: int) -> list[int]:
    """How far ahead of a block its reference is seen, one draw per denoising step."""
    least, most = SINK_DISTANCES
    return torch.randint(least, most + 1, (num_steps,), generator=source).tolist()
