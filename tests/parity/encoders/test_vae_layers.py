"""The VAE's lean layers against those of diffusers: the same values, with less written and read."""

import pytest
import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_kl_wan import (
    AutoencoderKLWan,
    WanCausalConv3d,
    WanDecoder3d,
    WanEncoder3d,
    WanResample,
    WanResidualBlock,
    WanRMS_norm,
)
from torch import Tensor, nn

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import TINY_VAE
from model.live_avatar.encoders.vae import StreamingDecoder, build_vae, encode
from model.live_avatar.encoders.vae_layers import (
    CausalConv,
    Decoder,
    Encoder,
    Norm,
    Resample,
    Residual,
    activated,
    enlarged,
    put_channels_last,
    use_lean_layers,
)
from model.live_avatar.weights.state import built_empty

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
DTYPES = [torch.float32, torch.bfloat16]
LEAN: dict[type[nn.Module], type[nn.Module]] = {
    CausalConv: WanCausalConv3d,
    Norm: WanRMS_norm,
    Residual: WanResidualBlock,
    Resample: WanResample,
    Decoder: WanDecoder3d,
    Encoder: WanEncoder3d,
}
# the CPU's convolutions sum the same products, and their biases, in another order
LAST_BITS = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


def drawn(dtype: torch.dtype, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3)).to(dtype)


def built(dtype: torch.dtype) -> AutoencoderKLWan:
    return filled(built_empty(lambda: build_vae(TINY_VAE)), dtype, CPU, put_channels_last)


def pair(dtype: torch.dtype) -> tuple[AutoencoderKLWan, AutoencoderKLWan]:
    """The VAE as it is built here, and with the layers as diffusers has them."""
    torch.set_num_threads(1)
    lean, plain = (built(dtype) for _ in range(2))
    modules: list[nn.Module] = list(plain.modules())
    for module in modules:
        module.__class__ = LEAN.get(type(module), type(module))
    return lean, plain


class PlainDecoder(StreamingDecoder):
    """Of diffusers' layers."""

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        decoder, features, raw = self._vae.decoder, self._features, self._raw(latents)
        pieces = [decoder(features(one), feat_cache=self._slots, feat_idx=[0]) for one in raw]
        return torch.cat(pieces, dim=2).float().clamp(-1, 1)


def test_every_layer_that_has_a_lean_form_has_it():
    lean, plain = pair(torch.float32)
    kinds = {type(module) for module in lean.modules()}

    assert LEAN.keys() <= kinds
    assert not kinds & set(LEAN.values())
    assert {type(module) for module in plain.modules()} >= set(LEAN.values())


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@torch.no_grad()
def test_norms_are_the_same_up_to_float32s_last_bit(dtype: torch.dtype):
    lean, plain = pair(dtype)
    norm = plain.decoder.norm_out
    assert isinstance(norm, WanRMS_norm)
    channels = norm.gamma.shape[0]
    x, memory = drawn(dtype, 1, channels, 3, 6, 5), drawn(dtype, 1, channels, 2, 6, 5)
    kept = x.clone()

    joined, last = activated(x, norm.gamma, memory)
    assert torch.equal(joined[:, :, :2], memory)
    near = {"rtol": 5e-7 * (dtype == torch.float32), "atol": 0.0}  # sums in another order
    torch.testing.assert_close(joined[:, :, 2:], F.silu(norm(x)), **near)
    assert torch.equal(last, joined[:, :, -2:])
    assert torch.equal(x, kept)  # what goes in is used again beside the norm

    attention = [vae.decoder.mid_block.attentions[0].norm for vae in (lean, plain)]
    frames = drawn(dtype, 3, attention[0].gamma.shape[0], 6, 5)
    assert torch.equal(attention[0](frames), attention[1](frames))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_pictures_are_enlarged_as_diffusers_does_it(dtype: torch.dtype):
    _, plain = pair(dtype)
    larger = plain.decoder.up_blocks[0].upsamplers[0].resample[0]
    x = drawn(dtype, 1, 8, 3, 6, 5)
    doubled = torch.stack((x[:, :4], x[:, 4:]), dim=3).flatten(2, 3)

    for found, frames in ((enlarged(x, 1), x), (enlarged(x, 2), doubled)):
        assert torch.equal(found, larger(frames[0].transpose(0, 1)))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@torch.no_grad()
def test_pictures_are_encoded_and_decoded_alike(dtype: torch.dtype):
    lean, plain = pair(dtype)
    pixels, latents = drawn(dtype, 1, 3, 5, 32, 48).clamp(-1, 1), drawn(dtype, 1, 16, 4, 4, 6)

    assert (encode(lean, pixels) - encode(plain, pixels)).abs().max() <= LAST_BITS[dtype]
    videos = [StreamingDecoder(lean).decode(latents), PlainDecoder(plain).decode(latents)]
    assert (videos[0] - videos[1]).abs().max() <= LAST_BITS[dtype]


def is_channels_last(x: Tensor) -> bool:
    layout = torch.channels_last_3d if x.dim() == 5 else torch.channels_last
    return x.is_contiguous(memory_format=layout)


@torch.no_grad()
def test_channels_lie_last_in_weights_and_in_what_convolutions_in_time_read():
    """What they make has then the same layout, by cuDNN's rules in torch: nothing is copied."""
    vae, seen, astray = built(torch.bfloat16), set[str](), set[str]()
    for name, module in vae.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Conv3d)) and not is_channels_last(module.weight):
            astray.add(name)
        is_first = name.endswith("conv_in")  # reads what comes from outside
        if is_first or not isinstance(module, CausalConv) or module.kernel_size[0] == 1:
            continue

        def note(_: nn.Module, given: tuple[Tensor], made: Tensor, name: str = name) -> None:
            seen.add(name)
            if not is_channels_last(given[0]):
                astray.add(name)

        if module.stride[0] == 1:  # the others read what diffusers joins
            module.register_forward_hook(note)
    encode(vae, drawn(torch.bfloat16, 1, 3, 9, 32, 48))
    StreamingDecoder(vae).decode(drawn(torch.bfloat16, 1, 16, 3, 4, 6))

    assert len(seen) > 50
    assert astray == set()


def test_a_norm_with_a_bias_is_refused():
    vae = built(torch.float32)
    norm = vae.decoder.norm_out
    assert isinstance(norm, Norm)
    norm.bias = nn.Parameter(torch.zeros(8, 1, 1, 1))

    with pytest.raises(ValueError, match=r"^decoder\.norm_out must have no bias"):
        use_lean_layers(vae)
