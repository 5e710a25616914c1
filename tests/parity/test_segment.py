"""Segments of the whole model at tiny sizes with random weights: chains, seeds, handoffs."""

from functools import partial

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2Model

from model.engine import Handoff, SegmentJob
from model.live_avatar.audio import SpeechEncoder
from model.live_avatar.config import TINY
from model.live_avatar.faults import BadFramesError, check_frames, check_latents
from model.live_avatar.schedule import make_schedule
from model.live_avatar.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.transformer import Transformer
from model.live_avatar.vae import VaeConfig, build_vae

pytestmark = pytest.mark.parity

SAMPLES_PER_FRAME = 640
WIDTH, HEIGHT = 64, 64


def random_weights(model: torch.nn.Module, seed: int) -> None:
    """Small random values everywhere, so that nothing is switched off."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in sorted(model.named_parameters()):
            scale = 1 / np.sqrt(value[0].numel()) if value.dim() > 1 else 0.1
            value.copy_(torch.randn(value.shape, generator=source) * scale)
            if value.dim() == 1 and name.endswith("weight"):
                value.add_(1.0)


def encode_text(prompt: str) -> torch.Tensor:
    source = torch.Generator().manual_seed(len(prompt))
    return torch.randn(5, TINY.text_dim, generator=source)


@pytest.fixture(scope="module")
def parts() -> Parts:
    torch.set_num_threads(1)
    transformer = Transformer(TINY).eval().requires_grad_(False)
    random_weights(transformer, 1)
    vae = build_vae(VaeConfig(dim=4))
    random_weights(vae, 2)
    speech = Wav2Vec2Model(
        Wav2Vec2Config(
            hidden_size=TINY.audio_dim,
            num_hidden_layers=TINY.num_audio_layers - 1,
            num_attention_heads=2,
            intermediate_size=32,
            conv_dim=(16,) * 7,
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=2,
            do_stable_layer_norm=True,
            feat_extract_norm="layer",
            conv_bias=True,
            layerdrop=0.0,
        )
    )
    random_weights(speech, 3)
    return Parts(transformer, vae, SpeechEncoder(speech), encode_text)


SETTINGS = SegmentSettings(make_schedule(2), infer_frames=24, continuation="still")


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
        "settings": {},
    }
    return SegmentJob(**(fields | changes))


def rendered(parts: Parts, settings: SegmentSettings, asked: SegmentJob):
    rendering = SegmentRendering(parts, settings, asked)
    frames = np.concatenate(list(rendering))
    return frames, rendering.handoff


@pytest.fixture(scope="module")
def short(parts) -> np.ndarray:
    """The first block of a plain segment."""
    return rendered(parts, SETTINGS, job(0, 12))[0]


@pytest.mark.parametrize("kind", ["last-frame", "context"])
def test_a_chain_is_the_same_segment_by_segment_and_whatever_ran_before(parts, kind):
    settings = SegmentSettings(SETTINGS.schedule, 24, kind, "still")
    render = partial(rendered, parts, settings)
    first, handoff = render(job(0, 24))
    second, last = render(job(24, 6, handoff))
    assert (len(first), len(second)) == (24, 6)
    assert np.array_equal(first[-1], handoff.last_frame)
    assert np.array_equal(second[-1], last.last_frame)

    again, _ = render(job(24, 6, handoff))  # after another segment, on the same models

    assert np.array_equal(again, second)


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
def test_every_input_changes_the_frames(parts, short, changes):
    other, _ = rendered(parts, SETTINGS, job(0, 12, **changes))

    assert short.shape != other.shape or not np.array_equal(short, other)


@pytest.mark.parametrize(
    "settings",
    [SegmentSettings(make_schedule(1), 24), SegmentSettings(make_schedule(2, shift=5.0), 24)],
    ids=["steps", "shift"],
)
def test_steps_and_shift_change_the_first_block(parts, short, settings):
    assert not np.array_equal(rendered(parts, settings, job(0, 12))[0], short)


def test_the_clip_the_handoff_and_the_continuation_change_what_follows(parts):
    """A clip of one block looks back at nothing; the others differ in the second segment."""
    plain = SegmentSettings(make_schedule(1), 24)
    whole, handoff = rendered(parts, plain, job(0, 24))
    alone, _ = rendered(parts, SegmentSettings(make_schedule(1), 12), job(0, 24))
    assert np.array_equal(whole[:12], alone[:12])
    assert not np.array_equal(whole[12:], alone[12:])

    follows, _ = rendered(parts, plain, job(24, 12, handoff))
    smiling = SegmentSettings(make_schedule(1), 24, continuation="and smiles")
    assert not np.array_equal(rendered(parts, smiling, job(24, 12, handoff))[0], follows)
    context = SegmentSettings(make_schedule(1), 24, "context")
    _, memory = rendered(parts, context, job(0, 24))
    assert not np.array_equal(rendered(parts, context, job(24, 12, memory))[0], follows)


def test_another_engines_handoff_is_refused(parts):
    stranger = Handoff(np.zeros((HEIGHT, WIDTH, 3), np.uint8), {"next_frame": np.array([3])})
    with pytest.raises(ValueError, match="another engine"):
        next(SegmentRendering(parts, SETTINGS, job(36, 12, stranger)))

    context = SegmentSettings(make_schedule(2), 24, "context")
    _, handoff = rendered(parts, SETTINGS, job(0, 12))
    with pytest.raises(ValueError, match="another handoff setting"):
        next(SegmentRendering(parts, context, job(12, 12, handoff)))


def test_blocks_without_a_picture_are_never_let_through():
    noise = np.random.default_rng(1).integers(0, 255, (12, 8, 8, 3), np.uint8)
    check_frames(noise, 0, None)
    with pytest.raises(BadFramesError, match="black"):
        check_frames(np.zeros_like(noise), 3, None)
    with pytest.raises(BadFramesError, match="single colour"):
        check_frames(np.full_like(noise, 120), 3, None)
    with pytest.raises(BadFramesError, match="block 3: all its 12 frames equal"):
        check_frames(np.repeat(noise[:1], 12, 0), 3, noise[0])
    good = torch.ones(2, 16, 3, 4, 4)
    check_latents(good, good[:1], 0)
    bad = good.clone()
    bad[1, 0, 0, 0, 0] = float("nan")
    with pytest.raises(BadFramesError, match="block 5, after 1 steps"):
        check_latents(bad, good[:1], 5)
