"""Segments of the whole model at tiny sizes with random weights: chains, seeds, handoffs."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from model.engine import Handoff, SegmentJob
from model.live_avatar.assembly.loader import Loaded
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.sampling.output_checks import (
    BadFramesError,
    check_figures,
    check_frames,
    latent_figures,
)
from model.live_avatar.sampling.rollout import Past
from model.live_avatar.settings import DEFAULTS

pytestmark = pytest.mark.parity

SAMPLES_PER_FRAME = 640
WIDTH, HEIGHT = 64, 64
SETTINGS = dict(DEFAULTS) | {"dtype": "float32", "sample_steps": 2, "infer_frames": 24}


@pytest.fixture(scope="module")
def loaded(pictures_encoded_once: None) -> Loaded:
    torch.set_num_threads(1)
    return Loaded(untrained("tiny", torch.float32, "cpu"), "float32")


def job(start: int, num_frames: int, handoff: Handoff | None = None, **changes) -> SegmentJob:
    """Frames ``start`` to ``start + num_frames`` of one track, with a second of context."""
    track = np.random.default_rng(4).normal(0, 3000, 400 * SAMPLES_PER_FRAME).astype(np.int16)
    left = min(start, 100) * SAMPLES_PER_FRAME
    first = start * SAMPLES_PER_FRAME - left
    last = (start + num_frames + 25) * SAMPLES_PER_FRAME
    portrait = np.random.default_rng(5).integers(0, 255, (96, 80, 3), np.uint8)
    fields = {
        "key": f"key-{start}",
        "portrait": portrait,
        "rig": None,
        "handoff": handoff,
        "pcm": track[first:last],
        "left_context": left,
        "right_context": 25 * SAMPLES_PER_FRAME,
        "phonemes": None,
        "prompt": "a person speaks",
        "seed": 7,
        "width": WIDTH,
        "height": HEIGHT,
        "num_frames": num_frames,
        "settings": SETTINGS,
    }
    return SegmentJob(**(fields | changes))


def rendered(loaded: Loaded, asked: SegmentJob, **settings) -> tuple[np.ndarray, Handoff]:
    rendering = loaded.render(replace(asked, settings=SETTINGS | settings))
    frames = np.concatenate(list(rendering))
    return frames, rendering.handoff


@pytest.fixture(scope="module")
def short(loaded: Loaded) -> np.ndarray:
    """The first block of a plain segment."""
    return rendered(loaded, job(0, 12))[0]


@pytest.mark.parametrize("kind", ["last-frame", "context"])
def test_a_chain_is_the_same_segment_by_segment_and_whatever_ran_before(
    loaded, pictures_encoded_anew, kind
):
    render = partial(rendered, loaded, handoff=kind)
    first, handoff = render(job(0, 24))
    second, last = render(job(24, 6, handoff))
    assert (len(first), len(second)) == (24, 6)
    assert np.array_equal(first[-1], handoff.last_frame)
    assert np.array_equal(second[-1], last.last_frame)

    rendered(loaded, job(0, 12, width=80))  # other memories, then these again
    again, _ = render(job(24, 6, handoff))

    assert np.array_equal(again, second)


def test_a_rendering_that_was_given_up_leaves_nothing_behind(loaded, short):
    given_up = loaded.render(replace(job(0, 36, seed=8), settings=SETTINGS))
    next(given_up)

    assert np.array_equal(rendered(loaded, job(0, 12))[0], short)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 8},
        {"prompt": "another prompt, longer"},
        {"portrait": np.zeros((96, 80, 3), np.uint8)},
        {"pcm": np.zeros(61 * SAMPLES_PER_FRAME, np.int16)},
        {"width": 80},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_input_changes_the_frames(loaded, short, changes):
    other, _ = rendered(loaded, job(0, 12, **changes))

    assert short.shape != other.shape or not np.array_equal(short, other)


@pytest.mark.parametrize(
    "settings",
    [{"sample_steps": 1}, {"sample_shift": 5.0}, {"truncate_schedule": True}],
    ids=lambda settings: next(iter(settings)),
)
def test_every_setting_of_the_schedule_changes_the_first_block(loaded, short, settings):
    assert not np.array_equal(rendered(loaded, job(0, 12), **settings)[0], short)


def test_the_clip_the_handoff_and_the_continuation_change_what_follows(loaded):
    """A clip of one block looks back at nothing; the others differ in the second segment."""
    render = partial(rendered, loaded, sample_steps=1)
    whole, handoff = render(job(0, 24))
    alone, _ = render(job(0, 24), infer_frames=12)
    assert np.array_equal(whole[:12], alone[:12])
    assert not np.array_equal(whole[12:], alone[12:])
    rounded, _ = render(job(0, 24), infer_frames=13)
    assert np.array_equal(whole, rounded)

    follows, _ = render(job(24, 12, handoff))
    assert not np.array_equal(render(job(24, 12, handoff), continuation="smiles")[0], follows)
    _, memory = render(job(0, 24), handoff="context")
    assert not np.array_equal(render(job(24, 12, memory), handoff="context")[0], follows)


def test_a_context_of_clips_of_one_block_holds_no_past_blocks(loaded):
    render = partial(rendered, loaded, sample_steps=1, infer_frames=12, handoff="context")
    _, handoff = render(job(0, 24))
    follows, last = render(job(24, 12, handoff))

    assert handoff.state["seen"].size == 0
    assert follows.shape[0] == 12
    assert last.state["num_blocks"].item() == 3


@pytest.mark.parametrize("width", [112, pytest.param(64, marks=pytest.mark.sweep)])
def test_any_size_from_64_pixels_on_is_filled(loaded, width):
    frames, handoff = rendered(loaded, job(0, 5, width=width, height=80), sample_steps=1)

    assert frames.shape == (5, 80, width, 3)
    assert handoff.last_frame.shape == (80, width, 3)


def test_silence_and_speech_shorter_than_a_block_are_rendered(loaded):
    short = np.zeros(25 * SAMPLES_PER_FRAME + 1, np.int16)
    frames, _ = rendered(loaded, job(0, 1, pcm=short, right_context=0), sample_steps=1)

    assert frames.shape == (1, HEIGHT, WIDTH, 3)


def test_another_engines_handoff_is_refused(loaded):
    stranger = Handoff(np.zeros((HEIGHT, WIDTH, 3), np.uint8), {"next_frame": np.array([3])})
    with pytest.raises(ValueError, match="another engine"):
        next(loaded.render(job(36, 12, stranger)))

    _, handoff = rendered(loaded, job(0, 12))
    with pytest.raises(ValueError, match="another handoff setting"):
        rendered(loaded, job(12, 12, handoff), handoff="context")


def test_blocks_without_a_picture_are_never_let_through():
    noise = np.random.default_rng(1).integers(0, 255, (12, 8, 8, 3), np.uint8)
    check_frames(noise, 0, None)
    with pytest.raises(BadFramesError, match="black"):
        check_frames(np.zeros_like(noise), 3, None)
    with pytest.raises(BadFramesError, match="single colour"):
        check_frames(np.full_like(noise, 120), 3, None)
    tinted = noise.copy()
    tinted[7] = (20, 120, 220)
    with pytest.raises(BadFramesError, match="block 3: frame 7 of its 12 is of a single colour"):
        check_frames(tinted, 3, None)
    with pytest.raises(BadFramesError, match="block 3: all its 12 frames equal"):
        check_frames(np.repeat(noise[:1], 12, 0), 3, noise[0])
    good = torch.ones(2, 16, 3, 4, 4)
    check_figures(latent_figures(good, good[:1]), 0)
    bad = good.clone()
    bad[1, 0, 0, 0, 0] = float("nan")
    with pytest.raises(BadFramesError, match="block 5, after 1 steps"):
        check_figures(latent_figures(bad, good[:1]), 5)


def test_a_context_handoff_is_exact_and_small_in_bf16():
    """At 704x384, 48 frames a clip and 4 steps: 7.8 MB."""
    loaded = Loaded(untrained("tiny", torch.bfloat16, "cpu"), "bfloat16")
    asked = replace(job(0, 24), settings=SETTINGS | {"dtype": "bfloat16", "handoff": "context"})
    rendering = loaded.render(asked)
    list(rendering)

    state = rendering.handoff.state
    like = torch.zeros(1, dtype=torch.bfloat16)
    again = Past.of(state, like).state()
    assert all(np.array_equal(state[name], again[name]) for name in again)
    latent = 16 * (HEIGHT // 8) * (WIDTH // 8)  # values of one
    num_latents = 2 * 3 + 19 + 2  # a past block at two steps, clean ones, reference and first
    assert sum(array.nbytes for array in state.values()) - 2 * latent * num_latents < 200
