"""Warming the decoder: the bits of decoding everything, for a fraction of the work."""

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import TINY_VAE, WAN_VAE, WARM_LATENTS
from model.live_avatar.encoders.vae import StreamingDecoder, build_vae
from model.live_avatar.planning.cost import decode_flops, warm_flops
from model.live_avatar.planning.sizes import decoder_reach
from model.live_avatar.weights.state import built_empty

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def vae():
    torch.set_num_threads(1)
    return filled(built_empty(lambda: build_vae(TINY_VAE)), torch.float32, torch.device("cpu"))


@pytest.fixture(scope="module")
def latents() -> Tensor:
    source = torch.Generator().manual_seed(1)
    return torch.randn((1, 16, WARM_LATENTS + 3, 4, 4), generator=source)


def test_the_decoder_reaches_back_as_far_as_its_convolutions_look():
    assert decoder_reach(WAN_VAE) == decoder_reach(TINY_VAE) == (28, 14, 7, 4)


@pytest.mark.parametrize("count", [1, 5, 8, WARM_LATENTS])
def test_what_follows_has_the_bits_that_it_has_after_all_was_decoded(vae, latents, count):
    before, after = latents[:, :, :count], latents[:, :, count : count + 3]
    whole, warmed = StreamingDecoder(vae), StreamingDecoder(vae)
    whole.decode(before)
    warmed.warm(before)

    known, mine = whole.state(), warmed.state()
    assert known.keys() == mine.keys()
    assert all(torch.equal(known[name], mine[name]) for name in known)
    assert torch.equal(warmed.decode(after), whole.decode(after))


@pytest.mark.parametrize("block", [1, 2, 3])
def test_one_latent_less_would_be_seen(vae, latents, block):
    """So the reach is neither guessed nor too long."""
    before, after = latents[:, :, :WARM_LATENTS], latents[:, :, WARM_LATENTS:]
    whole, warmed = StreamingDecoder(vae), StreamingDecoder(vae)
    reach = list(warmed._reach)
    reach[block] -= 1
    reach[block + 1 :] = [min(each, reach[block]) for each in reach[block + 1 :]]
    warmed._reach = tuple(reach)
    whole.decode(before)
    warmed.warm(before)

    assert not torch.equal(warmed.decode(after), whole.decode(after))


def test_the_work_is_what_the_plan_counts(vae, latents):
    with FlopCounterMode(display=False) as counter:
        StreamingDecoder(vae).warm(latents[:, :, :WARM_LATENTS])
    counted = warm_flops(TINY_VAE, 32, 32, WARM_LATENTS)
    # attention in the middle is counted by torch alone; the first of a block's latents is shorter
    assert counter.get_total_flops() == pytest.approx(counted, rel=0.01)


def test_more_than_half_of_the_work_is_saved():
    size = (704, 384, WARM_LATENTS)
    whole = decode_flops(WAN_VAE, *size, is_beginning=True)
    assert warm_flops(WAN_VAE, *size) < 0.45 * whole


def test_a_decoder_that_has_begun_is_not_warmed(vae, latents):
    decoder = StreamingDecoder(vae)
    decoder.decode(latents[:, :, :1])
    with pytest.raises(ValueError, match="begun already"):
        decoder.warm(latents)
