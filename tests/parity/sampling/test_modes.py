"""Modes: what each does differently, on a tiny model; the golden set proves their numbers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_FRAMES, BLOCK_LATENTS, TINY
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import Parts
from tests.parity.modes import (
    DEFAULT,
    MODES,
    PARITY_OFFLINE,
    PARITY_ONLINE,
    PARITY_TPP,
    Mode,
    ModeRollout,
)
from tests.parity.one_pass import Draw, generate

pytestmark = pytest.mark.parity

SIDE = 64  # pixels
BLOCKS_PER_CLIP = 2
NUM_MOTION_FRAMES = 1


@pytest.fixture(scope="module")
def parts(pictures_encoded_once: None) -> Parts:
    torch.set_num_threads(1)
    return untrained("tiny", torch.float32, "cpu")


def begun(parts: Parts, mode: Mode) -> ModeRollout:
    sampler = Sampler(
        parts.transformer,
        make_schedule(1),
        height=SIDE // 8,
        width=SIDE // 8,
        num_past_latents=BLOCKS_PER_CLIP * BLOCK_LATENTS,
    )
    sampler.set_text(torch.ones(3, TINY.text_dim))
    run = ModeRollout(
        sampler, parts.vae, BLOCKS_PER_CLIP, replace(mode, num_motion_frames=NUM_MOTION_FRAMES)
    )
    run.begin(np.random.default_rng(6).integers(0, 255, (SIDE, SIDE, 3), np.uint8))
    return run


def draws(count: int) -> list[Draw]:
    source = torch.Generator().manual_seed(8)
    shape = (1, TINY.latent_channels, BLOCK_LATENTS, SIDE // 8, SIDE // 8)
    return [Draw(torch.randn(shape, generator=source), [4]) for _ in range(count)]


def features(num_blocks: int) -> Tensor:
    source = torch.Generator().manual_seed(9)
    shape = (1, TINY.num_audio_layers, TINY.audio_dim, num_blocks * BLOCK_FRAMES)
    return torch.randn(shape, generator=source)


def lengths(made: Sequence[Tensor]) -> list[int]:
    return [frames.shape[2] for frames in made]


def made_by(parts: Parts, run: ModeRollout, num_blocks: int, **options: int) -> list[Tensor]:
    encoder = parts.transformer.audio_encoder
    with torch.no_grad():
        return list(generate(run, encoder, features(num_blocks), draws(num_blocks), **options))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (DEFAULT, [12, 12, 12, 12]),
        (PARITY_TPP, [9, 12, 12, 12]),
        (PARITY_OFFLINE, [0, 21, 0, 24]),
        (PARITY_ONLINE, [0, 21, 0, 24]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_frames_come_when_the_mode_decodes_and_without_what_it_drops(parts, mode, expected):
    assert lengths(made_by(parts, begun(parts, mode), 4)) == expected


def test_modes_differ_in_the_sink_of_the_second_clip(parts):
    """The reference gives way in three of them, the motion memory in one."""
    for mode in MODES.values():
        run = begun(parts, mode)
        reference, motion = run.reference, run.motion
        made_by(parts, run, BLOCKS_PER_CLIP)
        assert torch.equal(run.reference, reference)
        made_by(parts, run, 1)
        assert torch.equal(run.reference, reference) != mode.advances_reference
        assert torch.equal(run.motion, motion) != mode.renews_motion


def test_the_default_is_the_tpp_pipeline_warmed_longer_and_whole():
    same = replace(
        DEFAULT,
        name=PARITY_TPP.name,
        num_warm_latents=PARITY_TPP.num_warm_latents,
        num_dropped_frames=PARITY_TPP.num_dropped_frames,
    )
    assert same == PARITY_TPP


def test_latents_alone_are_the_same_as_with_frames(parts):
    whole, latents = begun(parts, DEFAULT), begun(parts, DEFAULT)
    made_by(parts, whole, 3)
    frames = made_by(parts, latents, 3, num_decoded_blocks=1)

    assert lengths(frames) == [12, 0, 0]
    assert torch.equal(whole.made.latents, latents.made.latents)


def test_features_that_end_too_soon_are_refused(parts):
    run, encoder = begun(parts, DEFAULT), parts.transformer.audio_encoder
    with torch.no_grad(), pytest.raises(ValueError, match=r"block 1 needs 24 frames .* got 23"):
        list(generate(run, encoder, features(2)[..., :23], draws(2)))


def test_a_mode_of_whole_clips_cannot_go_on_where_another_run_ended(parts):
    run = begun(parts, DEFAULT)
    made_by(parts, run, 1)
    other = begun(parts, PARITY_OFFLINE)
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    with pytest.raises(ValueError, match="parity-offline decodes whole clips"):
        other.go_on(picture, run.past, [])


def test_a_mode_that_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="renews_motion needs decodes_clips"):
        replace(DEFAULT, renews_motion=True)
    with pytest.raises(ValueError, match=r"must be 4n \+ 1, got 4"):
        replace(DEFAULT, num_reference_frames=4)
    with pytest.raises(ValueError, match=r"must be 4n \+ 1, got 75"):
        replace(DEFAULT, num_motion_frames=75)


def test_the_page_of_the_model_tells_of_every_mode():
    words = (Path(__file__).parents[3] / "docs" / "model.md").read_text(encoding="utf-8")
    assert not [name for name in MODES if f"`{name}`" not in words]
