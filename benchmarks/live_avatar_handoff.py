"""How far segments are from one unbroken run, for both handoffs; a random tiny model on the CPU.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/live_avatar_handoff.py [--seams 3]

A run is cut and goes on from its handoff, with the same noise, distances and speech as the run that
was not cut. After the seam both are compared, block by block: latents, and pixels of 0 to 255. What
two runs of other noise differ by is the measure of nothing in common.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.engine import Pixels
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_FRAMES, BLOCK_LATENTS, LATENT_SIDE, MOTION_FRAMES
from model.live_avatar.network.audio_encoder import block_tokens
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.sampling.noise import distances, generator, noise
from model.live_avatar.sampling.rollout import Rollout
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import Parts

WIDTH, HEIGHT = 64, 64
NUM_STEPS = 4
BEFORE, AFTER = 6, 6  # blocks


@dataclass(frozen=True)
class Made:
    """A block: its latents ``(1, 16, 3, h, w)`` and its frames."""

    latents: Tensor
    frames: Pixels


class Scene:
    """What every run of one seed is given."""

    def __init__(self, parts: Parts, seed: int, blocks_per_clip: int) -> None:
        self.parts, self.seed, self.blocks_per_clip = parts, seed, blocks_per_clip
        self.portrait = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        self._text = parts.encode_text("a person speaks")
        config = parts.transformer.config
        source = torch.Generator().manual_seed(seed)
        shape = (BEFORE + AFTER, 1, config.num_audio_layers, config.audio_dim, BLOCK_FRAMES)
        heard = torch.randn(shape, generator=source)
        encoder = parts.transformer.audio_encoder
        self.heard = [AudioTokens(*block_tokens(encoder, each, MOTION_FRAMES)) for each in heard]

    def run(self) -> Rollout:
        sampler = Sampler(
            self.parts.transformer,
            make_schedule(NUM_STEPS),
            height=HEIGHT // LATENT_SIDE,
            width=WIDTH // LATENT_SIDE,
            num_past_latents=self.blocks_per_clip * BLOCK_LATENTS,
        )
        sampler.set_text(self._text)
        return Rollout(sampler, self.parts.vae, self.blocks_per_clip)

    def made(self, run: Rollout, blocks: Sequence[int], draws: str = "same") -> list[Made]:
        """The next blocks of ``run``, each with what belongs to its number."""
        weight = self.parts.transformer.patch_embedding.weight
        shape = (1, 16, BLOCK_LATENTS, HEIGHT // LATENT_SIDE, WIDTH // LATENT_SIDE)
        found: list[Made] = []
        for index in blocks:
            source = generator(self.seed, draws, index)
            drawn = distances(source, NUM_STEPS)
            latents = noise(source, shape, weight.dtype, weight.device)
            run.submit(latents, self.heard[index], drawn)
            frames = run.fetch().frames()
            found.append(Made(run.made.latents, frames))
        return found


def difference(ours: Made, theirs: Made) -> tuple[float, ...]:
    """Latents: root mean square and largest; pixels: the same."""
    latents = (ours.latents - theirs.latents).float()
    pixels = ours.frames.astype(np.float32) - theirs.frames.astype(np.float32)
    return (
        float(latents.square().mean().sqrt()),
        float(latents.abs().max()),
        float(np.sqrt(np.square(pixels).mean())),
        float(np.abs(pixels).max()),
    )


def compared(scene: Scene) -> dict[str, list[tuple[float, ...]]]:
    """Differences of every block after the seam, by what went on."""
    whole = scene.run()
    whole.begin(scene.portrait)
    before = scene.made(whole, range(BEFORE))
    past = whole.past
    after = range(BEFORE, BEFORE + AFTER)
    unbroken = scene.made(whole, after)

    context = scene.run()
    num_past = len(past.blocks)
    context.go_on(scene.portrait, past, scene.heard[BEFORE - num_past : BEFORE])
    fresh = scene.run()
    fresh.begin(before[-1].frames[-1])
    other = scene.run()
    other.begin(scene.portrait)
    scene.made(other, range(BEFORE), "other")
    runs = {
        "context": scene.made(context, after),
        "last-frame": scene.made(fresh, after),
        "other noise": scene.made(other, after, "other"),
    }
    return {
        kind: [difference(*pair) for pair in zip(blocks, unbroken, strict=True)]
        for kind, blocks in runs.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seams", type=int, default=3)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    parts = untrained("tiny", torch.float32, "cpu")
    print(
        f"{WIDTH}x{HEIGHT}, {NUM_STEPS} steps, seam after block {BEFORE}, medians of "
        f"{wanted.seams} seams\n"
    )
    print(
        "| past blocks | handoff | block after the seam: latents rms (largest) | pixels rms "
        "(largest) |\n|---|---|---|---|"
    )
    for blocks_per_clip in (2, 3, 4):
        with torch.no_grad():
            scenes = [compared(Scene(parts, seed, blocks_per_clip)) for seed in range(wanted.seams)]
        for kind in scenes[0]:
            rows = [
                [statistics.median(values) for values in zip(*each, strict=True)]
                for each in zip(*(scene[kind] for scene in scenes), strict=True)
            ]
            latents = ", ".join(f"{row[0]:.2g} ({row[1]:.2g})" for row in rows)
            pixels = ", ".join(f"{row[2]:.2g} ({row[3]:.0f})" for row in rows)
            print(f"| {blocks_per_clip - 1} | {kind} | {latents} | {pixels} |", flush=True)


if __name__ == "__main__":
    main()
