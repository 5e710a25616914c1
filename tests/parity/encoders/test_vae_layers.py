"""The VAE's lean layers against those of diffusers: the same values, with less written and read."""

from collections.abc import Callable

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import (
    AutoencoderKLWan,
    WanCausalConv3d,
    WanRMS_norm,
    WanUpsample,
)
from torch import Tensor

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import TINY_VAE
from model.live_avatar.encoders.vae import StreamingDecoder, build_vae, encode
from model.live_avatar.encoders.vae_layers import CausalConv, Enlarged, Norm
from model.live_avatar.weights.state import built_empty

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
DTYPES = [torch.float32, torch.bfloat16]
LEAN = {CausalConv: WanCausalConv3d, Norm: WanRMS_norm, Enlarged: WanUpsample}
# the CPU's convolutions with zeros of their own sum the same products, the last bits may differ
LAST_BITS = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


def drawn(dtype: torch.dtype, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3)).to(dtype)


def pair(dtype: torch.dtype) -> tuple[AutoencoderKLWan, AutoencoderKLWan]:
    """The VAE as it is built here, and with the layers as diffusers has them."""
    torch.set_num_threads(1)
    lean, plain = (filled(built_empty(lambda: build_vae(TINY_VAE)), dtype, CPU) for _ in range(2))
    for module in plain.modules():
        module.__class__ = LEAN.get(type(module), type(module))
    return lean, plain


def test_every_layer_that_has_a_lean_form_has_it():
    lean, plain = pair(torch.float32)
    kinds = {type(module) for module in lean.modules()}

    assert LEAN.keys() <= kinds
    assert not kinds & set(LEAN.values())
    assert {type(module) for module in plain.modules()} >= set(LEAN.values())


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@torch.no_grad()
def test_norms_and_enlarged_pictures_are_the_same_to_the_bit(dtype: torch.dtype):
    lean, plain = pair(dtype)
    of: list[Callable[[AutoencoderKLWan], torch.nn.Module]] = [
        lambda vae: vae.decoder.norm_out,
        lambda vae: vae.decoder.mid_block.attentions[0].norm,
        lambda vae: vae.decoder.up_blocks[0].upsamplers[0].resample[0],
    ]
    for layer in of:
        gamma = getattr(layer(lean), "gamma", None)
        shape = (1, gamma.shape[0], 3, 6, 5) if gamma is not None else (3, 8, 6, 5)
        x = drawn(dtype, *shape if gamma is None or gamma.dim() == 4 else (3, *shape[1:2], 6, 5))
        kept = x.clone()
        assert torch.equal(layer(lean)(x), layer(plain)(x))
        assert torch.equal(x, kept)  # what goes in is used again beside the norm


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@torch.no_grad()
def test_pictures_are_encoded_and_decoded_alike(dtype: torch.dtype):
    lean, plain = pair(dtype)
    pixels, latents = drawn(dtype, 1, 3, 5, 32, 48).clamp(-1, 1), drawn(dtype, 1, 16, 4, 4, 6)

    assert (encode(lean, pixels) - encode(plain, pixels)).abs().max() <= LAST_BITS[dtype]
    videos = [StreamingDecoder(vae).decode(latents) for vae in (lean, plain)]
    assert (videos[0] - videos[1]).abs().max() <= LAST_BITS[dtype]
