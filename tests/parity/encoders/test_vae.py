"""The VAE against the reference's, its streaming decoder, its published names."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from safetensors.torch import save_file
from torch import Tensor

from model.errors import WeightsError
from model.live_avatar.config import TINY_VAE, WAN_VAE
from model.live_avatar.encoders.vae import (
    Arriving,
    StreamingDecoder,
    build_vae,
    encode,
    load_vae,
    pixels_of,
    published_vae_names,
)
from model.live_avatar.weights.state import built_empty
from tests.parity.golden import GoldenSet, difference, golden_set, real_keys
from tests.parity.numbers_alone import vae_config_of, vae_of

pytestmark = pytest.mark.parity

TOLERANCE = 1e-5  # of float32 kernels that sum in another order; measured: 2e-6


@pytest.fixture(scope="module")
def golden() -> GoldenSet:
    return golden_set()


@pytest.fixture(scope="module")
def vae(golden: GoldenSet) -> AutoencoderKLWan:
    return vae_of(golden)


@pytest.fixture(scope="module")
def latents(golden: GoldenSet) -> Tensor:
    return golden.tensors("vae")["dec.latent_in"].float()[None, :, :8]


@pytest.fixture(scope="module")
def pixels(golden: GoldenSet) -> Tensor:
    return golden.tensors("vae")["enc.video_in"].float()[None]


@pytest.fixture(scope="module")
def video(vae: AutoencoderKLWan, latents: Tensor) -> Tensor:
    return StreamingDecoder(vae).decode(latents)


# --- the streaming decoder ---


def test_the_first_latent_is_one_frame_and_every_other_four(video: Tensor, latents: Tensor) -> None:
    assert video.shape[2] == 1 + 4 * (latents.shape[2] - 1)


@pytest.mark.parametrize("size", [*(pytest.param(n, marks=pytest.mark.sweep) for n in (1, 5)), 3])
def test_pieces_in_a_row_are_the_whole(
    vae: AutoencoderKLWan, latents: Tensor, video: Tensor, size: int
) -> None:
    decoder = StreamingDecoder(vae)
    pieces = [decoder.decode(piece) for piece in latents.split(size, dim=2)]
    assert torch.equal(torch.cat(pieces, dim=2), video)


def test_diffusers_own_decode_gives_the_same_video(
    vae: AutoencoderKLWan, latents: Tensor, video: Tensor
) -> None:
    mean = torch.tensor(vae.config["latents_mean"]).view(1, -1, 1, 1, 1)
    inverse_std = 1 / torch.tensor(vae.config["latents_std"]).view(1, -1, 1, 1, 1)
    with torch.no_grad():
        (whole,) = vae.decode(latents / inverse_std + mean, return_dict=False)
    assert difference(video, whole) <= TOLERANCE


@pytest.mark.parametrize(
    "stopped_after", [0, 1, *(pytest.param(n, marks=pytest.mark.sweep) for n in (2, 5))]
)
def test_another_decoder_goes_on_where_one_stopped(
    vae: AutoencoderKLWan, latents: Tensor, video: Tensor, stopped_after: int
) -> None:
    first = StreamingDecoder(vae)
    before = [first.decode(latents[:, :, :stopped_after])] if stopped_after else []
    state = from_bytes(to_bytes(first.state()))
    first.decode(latents[:, :, stopped_after:])  # what it does later is not in the state
    second = StreamingDecoder(vae)
    second.restore(state)
    assert second.has_begun == bool(stopped_after)
    after = second.decode(latents[:, :, stopped_after:])
    assert torch.equal(torch.cat([*before, after], dim=2), video)


def test_a_reset_decoder_begins_anew(vae: AutoencoderKLWan, latents: Tensor, video: Tensor) -> None:
    decoder = StreamingDecoder(vae)
    decoder.decode(latents[:, :, 5:])
    decoder.reset()
    assert torch.equal(decoder.decode(latents), video)


def test_two_decoders_of_one_vae_do_not_disturb_each_other(
    vae: AutoencoderKLWan, latents: Tensor, video: Tensor
) -> None:
    ours, other = StreamingDecoder(vae), StreamingDecoder(vae)
    pieces = []
    for piece in latents.split(4, dim=2):
        pieces.append(ours.decode(piece))
        other.decode(-piece)
    assert torch.equal(torch.cat(pieces, dim=2), video)


def test_the_state_of_another_decoder_is_refused(vae: AutoencoderKLWan) -> None:
    decoder = StreamingDecoder(vae)
    with pytest.raises(ValueError, match="slot99"):
        decoder.restore({"slot99": torch.zeros(1)})


def test_later_latents_change_no_earlier_frame(
    vae: AutoencoderKLWan, latents: Tensor, video: Tensor
) -> None:
    changed = latents.clone()
    changed[:, :, 6:] += 1
    other = StreamingDecoder(vae).decode(changed)
    first_changed = 1 + 4 * 5
    assert torch.equal(other[:, :, :first_changed], video[:, :, :first_changed])
    assert not torch.equal(other[:, :, first_changed], video[:, :, first_changed])


# --- encoding ---


def test_later_frames_change_no_earlier_latent(vae: AutoencoderKLWan, pixels: Tensor) -> None:
    whole = encode(vae, pixels)
    changed = pixels.clone()
    changed[:, :, 9:] *= -1
    assert torch.equal(encode(vae, changed)[:, :, :3], whole[:, :, :3])
    assert difference(encode(vae, pixels[:, :, :9]), whole[:, :, :3]) <= TOLERANCE


@pytest.mark.parametrize("num_frames", [2, 4, 12])
def test_frames_that_fill_no_latent_are_refused(vae: AutoencoderKLWan, num_frames: int) -> None:
    with pytest.raises(ValueError, match=rf"must be 4n \+ 1, got {num_frames}"):
        encode(vae, torch.zeros(1, 3, num_frames, 16, 16))


def test_a_size_that_fills_no_latent_is_refused(vae: AutoencoderKLWan) -> None:
    with pytest.raises(ValueError, match="multiples of 8, got 20x16"):
        encode(vae, torch.zeros(1, 3, 1, 16, 20))


# --- pixels ---


def test_frames_come_back_from_pixels_as_they_were() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    frames = np.concatenate((levels, levels[:, ::-1], levels[:, :, ::-1]), axis=3)
    frames.flags.writeable = False  # as frames that came through a socket are
    pixels = pixels_of(frames)
    assert pixels.shape == (1, 3, 1, 16, 16)
    assert (float(pixels.min()), float(pixels.max())) == (-1.0, 1.0)
    assert np.array_equal(Arriving(pixels).frames(), frames)


def test_pixels_are_rounded_to_the_nearest_level() -> None:
    between = torch.tensor([100.4, 100.6, 100.6]) / 127.5 - 1
    assert Arriving(between.view(1, 3, 1, 1, 1)).frames().tolist() == [[[[100, 101, 101]]]]


def test_pixels_that_are_no_numbers_are_refused() -> None:
    pixels = torch.zeros(1, 3, 1, 2, 2)
    pixels[0, 1, 0, 1, 1] = float("nan")
    with pytest.raises(ValueError, match="not a number"):
        Arriving(pixels).frames()


# --- names and versions ---


def test_every_published_parameter_has_its_place() -> None:
    published = real_keys()["vae"]["tensors"]
    vae = built_empty(lambda: build_vae(WAN_VAE))
    ours = {
        name: tuple(vae.get_parameter(at).shape) for name, at in published_vae_names(vae).items()
    }
    assert ours == {name: tuple(at["shape"]) for name, at in published.items()}
    assert len(ours) == len(vae.state_dict()) == 194


def test_weights_of_another_vae_are_refused(golden: GoldenSet, tmp_path: Path) -> None:
    weights = dict(golden.tensors("weights_vae"))
    del weights["conv1.bias"]
    weights["decoder.head.9.weight"] = torch.zeros(2)
    save_file(weights, tmp_path / "vae.safetensors")
    with pytest.raises(
        WeightsError, match=r"missing: conv1\.bias.*\n.*unexpected: decoder\.head\.9"
    ):
        load_vae(
            tmp_path / "vae.safetensors",
            config=vae_config_of(golden),
            dtype=torch.float32,
            device="cpu",
        )


def test_the_weights_can_be_read_in_another_dtype(golden: GoldenSet, latents: Tensor) -> None:
    path, config = golden.path("weights_vae"), vae_config_of(golden)
    vae = load_vae(path, config=config, dtype=torch.bfloat16, device="cpu")
    few = latents[:, :, :2]
    gap = difference(
        StreamingDecoder(vae).decode(few), StreamingDecoder(vae_of(golden)).decode(few)
    )
    assert 0 < gap < 0.1  # of values in -1..1; measured: 2e-2


def test_the_tiny_vae_decodes() -> None:
    torch.manual_seed(0)
    video = StreamingDecoder(build_vae(TINY_VAE)).decode(torch.randn(1, 16, 2, 4, 6))
    assert video.shape == (1, 3, 5, 32, 48)


def test_diffusers_is_the_version_whose_cache_was_measured() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    pins = [pin for pin in project["project"]["optional-dependencies"]["gpu"] if "diffusers" in pin]
    assert pins == [f"diffusers=={version('diffusers')}"]
