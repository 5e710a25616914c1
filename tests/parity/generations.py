"""The videos of the golden set: the parity modes with the reference's own noise and distances."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from einops import rearrange
from torch import Tensor

from model.live_avatar.config import FRAMES_PER_LATENT
from model.live_avatar.encoders.vae import LATENT_SIDE
from model.live_avatar.network.cache import Sink
from model.live_avatar.sampling.sampler import Denoised, Sampler
from model.live_avatar.sampling.schedule import make_schedule
from tests.parity.golden import GoldenSet
from tests.parity.live_avatar import OURS, Arithmetic, KeepsSink
from tests.parity.modes import Mode, ModeRollout
from tests.parity.numbers_alone import vae_of
from tests.parity.one_pass import Draw, generate

#: the file whose picture, prompt and noise the others share
SHARED_INPUTS = "generate_online"


@dataclass(frozen=True)
class MadeBlock:
    """One block of a generation.

    Attributes:
        index: from the video's beginning.
        denoised: its latents at every step.
        frames: what it adds to the video, ``(3, T, H, W)``.
    """

    index: int
    denoised: Denoised
    frames: Tensor


class Generation:
    """One golden video, block by block.

    Attributes:
        run: what the blocks come from.
        sampler: of the run.
        vae: the same.
        picture: the reference picture, ``(H, W, 3)``.
    """

    def __init__(
        self,
        golden: GoldenSet,
        name: str,
        mode: Mode,
        model: KeepsSink,
        arithmetic: Arithmetic = OURS,
    ) -> None:
        config, inputs = golden.config, golden.tensors(SHARED_INPUTS)
        self._golden, self._name, self._model = golden, name, model
        self.sampler = Sampler(
            model,
            make_schedule(config["steps"]),
            height=config["H"] // LATENT_SIDE,
            width=config["W"] // LATENT_SIDE,
            num_past_latents=config["infer_frames"] // FRAMES_PER_LATENT,
        )
        self.sampler.set_text(inputs["context"].float())
        mode = replace(mode, num_motion_frames=config["motion_frames"])
        buckets = golden.tensors("audio")["bucket_25fps"].float()
        self._features = rearrange(buckets, "t s d -> 1 s d t")
        self.vae = vae_of(golden)
        self.run = ModeRollout(self.sampler, self.vae, golden.blocks_per_clip, mode)
        self.picture = inputs["image_u8"].numpy()
        self.run.begin(self.picture)

    @property
    def sinks(self) -> list[Sink]:
        """What the latest prefill made of every layer."""
        return self._model.sinks

    def blocks(self) -> Iterator[MadeBlock]:
        """All blocks of all clips; after the first clip without frames, if the file has none."""
        has_video = any(name.startswith("video") for name in self._golden.outputs(self._name))
        num_decoded = None if has_video else self._golden.blocks_per_clip
        encoder, draws = self._model.audio_encoder, self.draws()
        made = generate(self.run, encoder, self._features, draws, num_decoded)
        for index, frames in enumerate(made):
            yield MadeBlock(index, self.run.made, frames[0])

    def draws(self) -> Iterator[Draw]:
        """The reference's noise and distances, of all blocks."""
        noise = self._golden.tensors(SHARED_INPUTS)
        distances = distances_of(self._golden, self._name)
        steps = self._golden.config["steps"]
        for block in range(self._golden.config["clips"] * self._golden.blocks_per_clip):
            drawn = [distances[block, step] for step in range(steps)]
            yield Draw(noise[f"infer{block * steps:03d}.latent_in"][None], drawn)


def distances_of(golden: GoldenSet, name: str) -> dict[tuple[int, int], int]:
    """``(block, step)`` -> the distance that the reference drew; a rank makes its own step."""
    found: dict[tuple[int, int], int] = {}
    for call in golden.info(name)["calls"]:
        if "relative_dist" in call:
            block = call["clip"] * golden.blocks_per_clip + call["block"]
            found[block, call["rank"] if "rank" in call else call["step"]] = call["relative_dist"]
    return found


def clips_of(golden: GoldenSet, latents: list[Tensor]) -> Iterator[Tensor]:
    """Blocks ``(1, 16, 3, h, w)`` joined to clips ``(16, F, h, w)``."""
    clips: dict[int, list[Tensor]] = defaultdict(list)
    for index, block in enumerate(latents):
        clips[index // golden.blocks_per_clip].append(block[0])
    yield from (torch.cat(clip, dim=1) for clip in clips.values())
