"""A picture that stands still: encoding it has the bits of encoding every copy, for less work."""

from unittest import mock

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import MOTION_FRAMES, TINY_VAE, WAN_VAE, VaeConfig
from model.live_avatar.encoders import vae as vae_module
from model.live_avatar.encoders.vae import build_vae, encode, encode_still
from model.live_avatar.encoders.vae_layers import put_channels_last
from model.live_avatar.planning.cost import encode_flops, still_flops
from model.live_avatar.planning.sizes import encoder_settled
from model.live_avatar.weights.state import built_empty
from tests.parity.modes import copies

pytestmark = pytest.mark.parity

DEEP = VaeConfig(dim=4, num_res_blocks=2)  # as many layers as the published one has
NUM_LATENTS = 1 + MOTION_FRAMES // 4


def built(config: VaeConfig, dtype: torch.dtype = torch.float32):
    torch.set_num_threads(1)
    empty = built_empty(lambda: build_vae(config))
    return filled(empty, dtype, torch.device("cpu"), put_channels_last)


@pytest.fixture(scope="module")
def picture() -> Tensor:
    source = torch.Generator().manual_seed(2)
    return torch.rand((1, 3, 1, 32, 24), generator=source) * 2 - 1


@pytest.mark.parametrize("config", [TINY_VAE, DEEP], ids=["tiny", "deep"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("num_frames", [1, 5, 21, MOTION_FRAMES])
def test_latents_have_the_bits_that_they_have_when_every_copy_is_encoded(
    picture, config, dtype, num_frames
):
    vae = built(config, dtype)
    still = encode_still(vae, picture, num_frames)

    assert torch.equal(still.lasting, encode(vae, copies(picture, num_frames)))
    assert torch.equal(still.alone, encode(vae, picture))


def test_the_published_encoder_settles_coarse_layers_last():
    fine, coarse = (2, 3, 4, 4, 5, 6, 6), (8, 10, 10, 14, 18, 26, 28)

    assert encoder_settled(WAN_VAE) == encoder_settled(DEEP) == (*fine, *coarse)
    assert max(fine) < NUM_LATENTS < max(coarse)


@pytest.mark.parametrize("layer", range(11))
def test_one_latent_less_would_be_seen(picture, layer):
    """So no layer settles later than it must."""
    vae, settled = built(DEEP), list(encoder_settled(DEEP))
    settled[layer] -= 1
    settled[: layer + 1] = [min(each, settled[layer]) for each in settled[: layer + 1]]
    with mock.patch.object(vae_module, "encoder_settled", return_value=tuple(settled)):
        found = encode_still(vae, picture, MOTION_FRAMES).lasting

    assert not torch.equal(found, encode(vae, copies(picture, MOTION_FRAMES)))


def test_the_work_is_what_the_plan_counts(picture):
    vae = built(DEEP)
    with FlopCounterMode(display=False) as counter:
        encode_still(vae, picture, MOTION_FRAMES)
    counted = still_flops(DEEP, 24, 32, NUM_LATENTS)
    # attention in the middle is counted by torch alone
    assert counter.get_total_flops() == pytest.approx(counted, rel=0.02)


def test_most_of_the_work_is_saved():
    size = (704, 384, NUM_LATENTS)

    assert still_flops(WAN_VAE, *size) < 0.4 * encode_flops(WAN_VAE, *size)


def test_a_size_and_a_length_that_fill_no_latent_are_refused(picture):
    vae = built(TINY_VAE)
    with pytest.raises(ValueError, match=r"must be 4n \+ 1, got 4"):
        encode_still(vae, picture, 4)
    with pytest.raises(ValueError, match="multiples of 8, got 20x16"):
        encode_still(vae, torch.zeros(1, 3, 1, 16, 20), 5)
