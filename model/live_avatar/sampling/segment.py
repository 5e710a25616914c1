"""One segment: portrait, handoff, speech and prompt -> frames, block by block.

Two ways to go on from the segment before:

*last-frame*   its last frame is the reference of this one; nothing else is carried on. Every
               segment begins afresh, so an hour is as even as a minute; the face may drift.
*context*      the portrait stays the reference. The handoff holds the latents of the past blocks
               at every step's noise level, and the memories are filled from them before the first
               new block. It is not the unbroken run: what the past itself looked back to is gone.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias, cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from einops import rearrange
from torch import Tensor

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS, Handoff, Pixels, SegmentJob, Setting
from model.live_avatar.config import BLOCK_FRAMES, BLOCK_LATENTS, MOTION_FRAMES
from model.live_avatar.devices.copy_streams import toward
from model.live_avatar.devices.memory import memory_errors_named
from model.live_avatar.encoders.audio import Level, SpeechEncoder
from model.live_avatar.encoders.vae import LATENT_SIDE
from model.live_avatar.network.audio_encoder import block_tokens
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.sampling.noise import distances, generator, noise
from model.live_avatar.sampling.output_checks import check_frames
from model.live_avatar.sampling.rollout import Past, Rollout
from model.live_avatar.sampling.sampler import BlockSampler
from model.picture import cover

HandoffKind: TypeAlias = Literal["last-frame", "context"]

_NEUTRAL = "neutral"
_KEY = "key"
_SAMPLES_PER_BLOCK = BLOCK_FRAMES * ENGINE_SAMPLE_RATE_HZ // FPS


@dataclass(frozen=True)
class Parts:
    """The models, loaded.

    Attributes:
        encode_text: a prompt -> ``(tokens, text_dim)``.
    """

    transformer: Transformer
    vae: AutoencoderKLWan
    speech: SpeechEncoder
    encode_text: Callable[[str], Tensor]


@dataclass(frozen=True)
class SegmentSettings:
    """How segments are made.

    Attributes:
        num_steps: of denoising.
        shift: of the schedule.
        is_truncated: without the schedule's last, nearly idle step.
        infer_frames: of a clip; rounded up to whole blocks of 12.
        handoff: how a segment goes on from the one before.
        continuation: what follows the prompt in every segment but the first.
    """

    num_steps: int = 4
    shift: float = 3.0
    is_truncated: bool = False
    infer_frames: int = 48
    handoff: HandoffKind = "last-frame"
    continuation: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, Setting]) -> "SegmentSettings":
        """From a job's settings, which have been checked."""
        return cls(
            num_steps=int(settings["sample_steps"]),
            shift=float(settings["sample_shift"]),
            is_truncated=bool(settings["truncate_schedule"]),
            infer_frames=int(settings["infer_frames"]),
            handoff=cast("HandoffKind", settings["handoff"]),
            continuation=str(settings["continuation"]),
        )

    @property
    def blocks_per_clip(self) -> int:
        """Blocks of a clip, which is also how far a block looks back, itself included."""
        return -(-self.infer_frames // BLOCK_FRAMES)


class SegmentRendering:
    """Frames of one segment, block by block; see :class:`model.engine.Rendering`.

    Args:
        parts: the models.
        settings: how it is made.
        job: what is made.
        sampler: of the job's size and the settings; it is reset, and in use to the end.
        text_of: a prompt, encoded: the same tensor for the same prompt.
    """

    def __init__(
        self,
        parts: Parts,
        settings: SegmentSettings,
        job: SegmentJob,
        sampler: BlockSampler,
        text_of: Callable[[str], Tensor],
    ) -> None:
        self._parts, self._settings, self._job = parts, settings, job
        self._sampler, self._text_of = sampler, text_of
        self._weight = parts.transformer.patch_embedding.weight
        self._handoff: Handoff | None = None
        self._frames = self._render()

    def __iter__(self) -> Iterator[Pixels]:
        return self

    def __next__(self) -> Pixels:
        with memory_errors_named(f"at {self._job.width}x{self._job.height}"), torch.no_grad():
            return next(self._frames)

    @property
    def handoff(self) -> Handoff:
        """What the next segment starts from; valid once exhausted."""
        if self._handoff is None:
            raise ValueError("the rendering is not exhausted yet")
        return self._handoff

    def _render(self) -> Iterator[Pixels]:
        job, before = self._job, self._job.handoff
        past = None
        if before is not None and self._settings.handoff == "context":
            past = Past.of(before.state, self._weight)
        heard = self._heard(len(past.blocks) if past else 0)
        run = self._begun_run(past, heard)
        last = before.last_frame if before else None
        num_left, index, ahead = job.num_frames, 0, self._sampler.ahead
        left = iter(range(-(-job.num_frames // BLOCK_FRAMES)))
        while num_left:
            if ahead is not None:
                ahead.finish()
            self._submit(run, left, heard)
            fetched = run.fetch()
            if ahead is not None:  # the next block is asked for while this one's frames come
                ahead.begin(partial(self._submit, run, left, heard))
            frames = fetched.frames()[:num_left]
            check_frames(frames, index, last)
            last, num_left, index = frames[-1].copy(), num_left - len(frames), index + 1
            yield frames
        if ahead is not None:
            ahead.finish()
        assert last is not None
        self._handoff = Handoff(last, self._state(run))

    def _submit(self, run: Rollout, left: Iterator[int], heard: Iterator[AudioTokens]) -> None:
        """Begin as many of the blocks that are left as can be under way."""
        job = self._job
        while run.may_submit and (index := next(left, None)) is not None:
            source = generator(job.seed, _predecessor(job.handoff), index)
            draws = distances(source, self._sampler.num_steps)
            run.submit(self._noise(source), next(heard), draws)

    def _begun_run(self, past: Past | None, heard: Iterator[AudioTokens]) -> Rollout:
        job, before = self._job, self._job.handoff
        settings, sampler = self._settings, self._sampler
        goes_on = before is not None
        prompt = f"{job.prompt} {settings.continuation}" if goes_on else job.prompt
        run = Rollout(sampler, self._parts.vae, settings.blocks_per_clip)
        sampler.set_text(self._text_of(prompt.strip()))
        if past is not None:
            portrait = cover(job.portrait, job.width, job.height)
            run.go_on(portrait, past, [next(heard) for _ in past.blocks])
        elif before is not None:
            run.begin(before.last_frame)
        else:
            run.begin(cover(job.portrait, job.width, job.height))
        return run

    def _heard(self, num_past_blocks: int) -> Iterator[AudioTokens]:
        """What every block hears, ``num_past_blocks`` before the segment's own first."""
        job = self._job
        num_blocks = num_past_blocks - (-job.num_frames // BLOCK_FRAMES)
        left = job.left_context - num_past_blocks * _SAMPLES_PER_BLOCK
        missing = max(0, -left)  # a chain's beginning: before it there is silence
        pcm = np.pad(job.pcm, (missing, 0))
        features = self._parts.speech.segment_features(
            pcm, left + missing, num_blocks * BLOCK_FRAMES, Level.of(job.pcm)
        ).to(self._weight.device)
        encoder, there = self._parts.transformer.audio_encoder, self._sampler.inputs
        ahead: deque[list[Callable[[], Tensor]]] = deque()
        for block in rearrange(features, "s d (b t) -> b 1 s d t", t=BLOCK_FRAMES):
            tokens = block_tokens(encoder, block, MOTION_FRAMES)
            ahead.append([toward(each, there) for each in tokens])
            if len(ahead) > 1:  # a block before they are needed, so that nothing waits for them
                yield AudioTokens(*(arrived() for arrived in ahead.popleft()))
        for left in ahead:
            yield AudioTokens(*(arrived() for arrived in left))

    def _noise(self, source: torch.Generator) -> Tensor:
        job, channels = self._job, self._parts.transformer.config.latent_channels
        shape = (1, channels, BLOCK_LATENTS, job.height // LATENT_SIDE, job.width // LATENT_SIDE)
        return noise(source, shape, self._weight.dtype, self._sampler.inputs)

    def _state(self, run: Rollout) -> dict[str, np.ndarray]:
        key = np.frombuffer(self._job.key.encode(), np.uint8).copy()
        past = run.past.state() if self._settings.handoff == "context" else {}
        return {_KEY: key, **past}


def _predecessor(before: Handoff | None) -> str:
    """Key of the segment before.

    Raises:
        ValueError: the handoff is of another engine.
    """
    if before is None:
        return _NEUTRAL
    if _KEY not in before.state:
        raise ValueError(
            f'the handoff holds {sorted(before.state)}, but no "{_KEY}": another engine made it'
        )
    return bytes(before.state[_KEY].astype(np.uint8)).decode()
