"""What ``compile_vae`` makes of the decoder at full size, by torch's scheduler, without a GPU."""

from functools import cache

import pytest
import torch
from torch import nn

from model.live_avatar.config import LATENT_SIDE, VaeConfig
from model.live_avatar.encoders.vae import build_vae
from model.live_avatar.encoders.vae_layers import (
    EAGER_VAE,
    Decoder,
    Slots,
    VaePieces,
    use_vae_pieces,
)
from model.live_avatar.parallel.decoder_kernels import compiled_vae
from model.live_avatar.parallel.kernels import BACKEND
from model.live_avatar.planning.counted_work import COMPILED_DECODE_GB, DECODE_GB
from model.live_avatar.planning.sizes import MODELS, PUBLISHED
from tests.fake_gpu.fresh_process import in_fresh_process
from tests.fake_gpu.fusing import Fusing, fusing
from tests.fake_gpu.hardware import DEVICE
from tests.fake_gpu.rendering import HEIGHT, WIDTH
from tests.fake_gpu.work import Work

pytestmark = [
    pytest.mark.parity,
    pytest.mark.sweep,
    pytest.mark.skipif(
        torch.version.cuda is not None, reason="this torch has CUDA; the fake GPU needs a CPU build"
    ),
]
VAE: VaeConfig = MODELS[PUBLISHED].vae
_DTYPE = torch.bfloat16


def decoder() -> Decoder:
    """Of the published sizes, its weights as the engine puts them."""
    with DEVICE:
        vae = build_vae(VAE)
    for name, weight in list(vae.named_parameters()):
        owner, _, last = name.rpartition(".")
        layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(weight.dim())
        is_convolution = last == "weight" and layout is not None
        there = torch.empty(weight.shape, dtype=_DTYPE, device=DEVICE)
        there = there.contiguous(memory_format=layout) if is_convolution else there
        setattr(vae.get_submodule(owner), last, nn.Parameter(there, requires_grad=False))
    assert isinstance(vae.decoder, Decoder)
    return vae.decoder


def third_latent(counted: Fusing, made: Decoder, pieces: VaePieces) -> Work:
    """What one more latent takes when all is remembered that there is to remember."""
    use_vae_pieces(made, pieces)
    slots: Slots = [None] * 64
    for _ in range(3):
        latent = torch.empty(
            (1, VAE.latent_channels, 1, HEIGHT // LATENT_SIDE, WIDTH // LATENT_SIDE),
            dtype=_DTYPE,
            device=DEVICE,
        )
        counted.work = Work()
        with counted:
            made(latent, slots, [0])
    return counted.work


@cache
def counted() -> tuple[Work, Work, int]:
    """Eager, compiled, and the graphs that were planned for that."""
    return in_fresh_process(_counted)


def _counted() -> tuple[Work, Work, int]:
    with fusing() as found:
        made = decoder()
        plain = third_latent(found, made, EAGER_VAE)
        assert not found.graphs
        return plain, third_latent(found, made, compiled_vae(BACKEND)), len(found.graphs)


def gb_a_tflop(work: Work) -> float:
    return work.other_bytes / work.convolutions * 1e3


def test_eager_the_decoder_moves_what_the_table_of_counted_work_says():
    plain, _, _ = counted()

    assert gb_a_tflop(plain) == pytest.approx(DECODE_GB, rel=0.01)


def test_compiled_it_moves_what_the_planner_reckons_with():
    plain, fused, num_graphs = counted()

    assert gb_a_tflop(fused) == pytest.approx(COMPILED_DECODE_GB, rel=0.01)
    assert (plain.kernels, fused.kernels, num_graphs) == (368, 166, 33)


def test_its_convolutions_and_attention_stay_as_they_are():
    plain, fused, _ = counted()

    assert (fused.convolutions, fused.attention) == (plain.convolutions, plain.attention)
    assert fused.matrix_bytes == pytest.approx(plain.matrix_bytes, rel=1e-4)
