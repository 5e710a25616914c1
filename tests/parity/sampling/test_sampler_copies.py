"""What a sampler brings from the host, told on the device that torch has without memory."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from model.live_avatar.config import TINY
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule

pytestmark = pytest.mark.parity

META = torch.device("meta")
SIDE = 8


class Brought(TorchDispatchMode):
    """Notes the shape of every tensor that goes from the host to the device."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        is_copy = "_to_copy" in str(func) or "copy_" in str(func)
        sources = [each for each in args if isinstance(each, Tensor)]
        if is_copy and out.device == META and any(each.device.type == "cpu" for each in sources):
            self.shapes.append(tuple(out.shape))
        return out


@pytest.fixture
def sampler() -> Sampler:
    with META:
        transformer = Transformer(TINY)
    sampler = Sampler(transformer, make_schedule(2), height=SIDE, width=SIDE, num_past_latents=6)
    sampler.set_text(torch.zeros(4, TINY.text_dim, device=META))
    return sampler


def latents(num_frames: int) -> Tensor:
    return torch.zeros(1, TINY.latent_channels, num_frames, SIDE, SIDE, device=META)


def make_block(sampler: Sampler, index: int, distance: int) -> None:
    heard = (torch.zeros(1, 3, count, TINY.dim, device=META) for count in (1, 5))
    sampler.submit(index, latents(3), AudioTokens(*heard), [distance] * 2)
    sampler.collect()


@torch.no_grad()
def test_a_sink_that_gives_way_in_a_segments_middle_brings_nothing_from_the_host(sampler: Sampler):
    """On a GPU it would wait for all that was asked for before."""
    sampler.set_sink(latents(1), latents(19))
    make_block(sampler, 0, 4)
    with Brought() as brought:
        sampler.set_sink(latents(1), latents(19))

    assert brought.shapes == []


@torch.no_grad()
def test_a_block_brings_its_tables_alone(sampler: Sampler):
    sampler.set_sink(latents(1), latents(19))
    with Brought() as brought:
        make_block(sampler, 0, 4)  # the reference is where it was
        make_block(sampler, 1, 30)  # and moves

    tokens = (SIDE // 2) ** 2
    tables = [(2, count * tokens, TINY.head_dim // 2) for count in (3, 3, 1)]
    assert sorted(brought.shapes) == sorted(tables)
