"""Golden files of whole videos: latents, memories, sinks, taps, VAE calls, pixels."""

import re
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from model.live_avatar.encoders.vae import encode, pixels_of
from model.live_avatar.network.cache import StepCache
from model.live_avatar.sampling.sampler import Denoised
from tests.parity.compared import Numbers
from tests.parity.generations import Generation, clips_of
from tests.parity.golden import GoldenSet
from tests.parity.live_avatar import LITERAL_NORM3, OURS, Arithmetic, transformer_of
from tests.parity.modes import PARITY_OFFLINE, PARITY_ONLINE, PARITY_TPP, Mode
from tests.parity.taps import Taps

MODES = {
    "generate_online": PARITY_ONLINE,
    "generate_online_rdconst": PARITY_ONLINE,
    "generate_online_norm3bf16": PARITY_ONLINE,
    "generate_offline": PARITY_OFFLINE,
    "generate_tpp": PARITY_TPP,
}


def generation(golden: GoldenSet, name: str) -> Numbers:
    """A video with the product's own kernels."""
    yield from _generation(golden, name, MODES[name], OURS)


def generation_norm3(golden: GoldenSet, name: str) -> Numbers:
    """The same, with the reference's literal rounding: every operation in its order."""
    yield from _generation(golden, name, MODES[name], LITERAL_NORM3)


def _generation(golden: GoldenSet, name: str, mode: Mode, arithmetic: Arithmetic) -> Numbers:
    steps, per_clip = golden.config["steps"], golden.blocks_per_clip
    model = transformer_of(golden, arithmetic)
    taps = Taps(model, golden.outputs(name), steps)
    made = Generation(golden, name, mode, model, arithmetic)
    yield from _sink(golden, name, made, 0)
    motions, frames, latents = [made.run.motion], list[Tensor](), list[Tensor]()
    for block in made.blocks():
        if block.index == per_clip and mode.advances_reference:
            yield from _sink(golden, name, made, 1)
            motions.append(made.run.motion)
        yield from _steps(block.index, steps, block.denoised)
        frames.append(block.frames)
        latents.append(block.denoised.latents)
    taps.close()
    yield from taps.seen.items()
    yield from _velocities(taps.velocities, steps)
    for index, clip in enumerate(clips_of(golden, latents)):
        yield f"clip{index}.output_latents", clip
    yield from _memories(golden, name, made.sampler.caches)
    yield from _vae_calls(golden, name, made, motions)
    video = [stretch for stretch in frames if stretch.shape[1]]
    yield from _pixels(golden, name, torch.cat(video, dim=1))
    yield "cond_latents_block0", torch.zeros_like(latents[0])  # no pose is what zeros are


def _sink(golden: GoldenSet, name: str, made: Generation, index: int) -> Numbers:
    """What the prefill of clip ``index`` was given, and what it left."""
    call = f"sink{index * golden.config['steps']:03d}"
    yield f"{call}.ref_latents", made.run.reference
    yield f"{call}.motion_latents", made.run.motion
    yield f"rank0.sink{index}.ref_latents", made.run.reference
    yield f"sink{index}.motion_latents", made.run.motion
    if index == 0:
        warm = made.run.motion[:, :, : made.run.mode.num_warm_latents]
        yield "vae_rank.stream_in00", warm
    for tensor in golden.outputs(name):
        if found := re.fullmatch(rf"{call}\.layer(\d+)\.cond_([kv])", tensor):
            sink = made.sinks[int(found[1])]
            yield tensor, sink.keys if found[2] == "k" else sink.values


def _steps(block: int, num_steps: int, made: Denoised) -> Numbers:
    for step, latents in enumerate((*made.seen[1:], made.latents[0])):
        yield f"infer{block * num_steps + step:03d}.latent_out", latents


def _velocities(velocities: list[Tensor], num_steps: int) -> Numbers:
    for call, velocity in enumerate(velocities):
        block, step = divmod(call, num_steps)
        yield f"infer{call:03d}.noise_pred", velocity
        yield f"block{block:02d}.step{step}.noise_pred", velocity


def _memories(golden: GoldenSet, name: str, caches: Sequence[StepCache]) -> Numbers:
    for tensor in golden.outputs(name):
        if found := re.fullmatch(r"final_kv\.step(\d+)\.layer(\d+)\.([kv])@tok(\d+)", tensor):
            layer = caches[int(found[1]) - 1].layers[int(found[2])]
            kept = layer.keys if found[3] == "k" else layer.values
            yield tensor, kept[:, layer.num_sink :: int(found[4])]


def _vae_calls(golden: GoldenSet, name: str, made: Generation, motions: list[Tensor]) -> Numbers:
    """The reference encodes the picture, the motion frames, a pose it drops, then the first clip.

    What it encodes after later clips goes before the next one alone, and is seen in its pixels.
    """
    pixels = pixels_of(made.picture[None])
    few = pixels.expand(-1, -1, made.run.mode.num_reference_frames, -1, -1)
    calls = golden.info(name).get("vae_calls", [])
    encodings = [index for index, call in enumerate(calls) if call["op"] == "encode"]
    for order, index in enumerate(encodings):
        tensor = f"vae_call{index:02d}.encode.out"
        if tensor not in golden.outputs(name):
            continue
        if order == 0:
            yield tensor, encode(made.vae, few)
        elif order == 1:
            yield tensor, motions[0]
        elif order == 3 and len(motions) > 1:
            yield tensor, motions[1]


def _pixels(golden: GoldenSet, name: str, video: Tensor) -> Iterator[tuple[str, Tensor]]:
    yield "video_head", video[:, :1]
    yield "video_tail", video[:, -1:]
    for tensor in golden.outputs(name):
        if found := re.fullmatch(r"video_f16_(?:t(\d+))?s(\d+)", tensor):
            assert list(video.shape) == golden.info(name)["video_shape"]
            side = int(found[2])
            yield tensor, video[:, :: int(found[1] or side), ::side, ::side]
