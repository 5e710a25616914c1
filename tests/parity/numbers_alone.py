"""Golden files of single parts: schedule, speech features, text encoder, VAE."""

import re
from collections.abc import Iterator
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from torch import Tensor, nn
from transformers.models.umt5.modeling_umt5 import UMT5Stack

from model.live_avatar.config import TextConfig, VaeConfig
from model.live_avatar.encoders.audio import (
    features_at_30_hz,
    frame_features,
    frame_indices,
    num_clips,
    num_features,
)
from model.live_avatar.encoders.text import encode_prompt, load_text_encoder
from model.live_avatar.encoders.vae import StreamingDecoder, encode, load_vae, published_vae_names
from model.live_avatar.sampling.schedule import make_schedule
from tests.parity.compared import Numbers
from tests.parity.golden import GoldenSet

TABLE_CLIP = 48  # frames of a clip in the golden index tables, whatever the set's own is


class Outputs:
    """What modules gave when they were first called, while this is open."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self.seen: dict[str, Tensor] = {}
        self._modules = modules

    def __enter__(self) -> "Outputs":
        self._handles = [
            module.register_forward_hook(self._keeper(name))
            for name, module in self._modules.items()
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _keeper(self, name: str):
        def keep(_module: object, _inputs: object, output: Tensor) -> None:
            self.seen.setdefault(name, output.clone())

        return keep


# --- schedule ---


def scheduler(golden: GoldenSet, name: str) -> Numbers:
    """Sigmas and timesteps of every number of steps, and a walk along the set's own."""
    for tensor in golden.outputs(name):
        if steps := re.fullmatch(r"n(\d+)\.(sigmas|timesteps)", tensor):
            yield tensor, getattr(make_schedule(int(steps[1])), steps[2])
    stored = golden.tensors(name)
    outputs = [tensor for tensor in stored if tensor.startswith("walk.model_output")]
    schedule = make_schedule(len(outputs))
    latents = stored["walk.x0"]
    for index in range(len(outputs)):
        latents = schedule.step(latents, stored[f"walk.model_output{index}"], index)
        yield f"walk.x{index + 1}", latents


# --- speech ---


def audio(golden: GoldenSet, name: str) -> Numbers:
    """Features at 30 Hz, what each frame hears, and index tables of many lengths."""
    states = golden.tensors(name)["w2v_hidden_states_50fps"].float()
    features = features_at_30_hz(states)
    clip = golden.config["infer_frames"]
    num_frames = num_clips(features.shape[1], clip) * clip
    yield "bucket_25fps", frame_features(features, num_frames).permute(2, 0, 1)
    yield "bucket_25fps_last_layer", frame_features(features[-1:], num_frames)[0].T
    for tensor in golden.outputs(name):
        if layers := re.fullmatch(r"feat_30fps_layers_([\d_]+)", tensor):
            yield tensor, features[[int(layer) for layer in layers[1].split("_")]]
        elif other := re.fullmatch(r"bucket_(\d+)fps_m(\d+)_first(\d+)dims", tensor):
            fps, neighbours, dims = map(int, other.groups())
            frames = golden.shape(name, tensor)[0]
            heard = frame_features(features[..., :dims], frames, fps, neighbours)
            yield tensor, heard.permute(2, 0, 1)
        elif ramp := re.fullmatch(r"idx\.n50_(\d+)\.interp_positions", tensor):
            positions = torch.arange(int(ramp[1]), dtype=torch.float32)
            yield tensor, features_at_30_hz(positions[None, :, None]).flatten()
        elif table := re.fullmatch(r"idx\.n50_(\d+)\.sample_indices", tensor):
            frames = num_clips(num_features(int(table[1])), TABLE_CLIP) * TABLE_CLIP
            yield tensor, frame_indices(frames).to(torch.int32)


# --- text ---


def text_encoder_of(golden: GoldenSet) -> UMT5Stack:
    sizes = golden.config["t5"]
    config = TextConfig(
        vocab_size=sizes["vocab_size"],
        dim=sizes["dim"],
        attention_dim=sizes["dim_attn"],
        ffn_dim=sizes["dim_ffn"],
        num_heads=sizes["num_heads"],
        num_layers=sizes["encoder_layers"],
        num_buckets=sizes["num_buckets"],
    )
    path = golden.path("weights_t5")
    return load_text_encoder(path, config=config, dtype=torch.float32, device="cpu")


def t5(golden: GoldenSet, name: str) -> Numbers:
    """Hidden states with and without padding, every layer's, and the relative positions."""
    stored, encoder = golden.tensors(name), text_encoder_of(golden)
    taps = (re.fullmatch(r"tap\.block(\d+)\.out", tensor) for tensor in golden.outputs(name))
    blocks = {tap[0]: encoder.get_submodule(f"block.{tap[1]}") for tap in taps if tap}
    with torch.no_grad(), Outputs(blocks) as taken:
        padded = encoder(input_ids=stored["ids"], attention_mask=stored["mask"])
    yield from taken.seen.items()
    yield "hidden_full", padded.last_hidden_state
    for index, (ids, mask) in enumerate(zip(stored["ids"], stored["mask"], strict=True)):
        yield f"context{index}", encode_prompt(encoder, ids[mask.bool()])
    yield "long.hidden", encode_prompt(encoder, stored["long.ids"][0])[None]
    attention: Any = encoder.get_submodule("block.0.layer.0.SelfAttention")
    count = len(stored["rel_pos"])
    positions = torch.arange(count) - count // 2
    yield "rel_pos", positions.to(torch.int32)
    for tensor in golden.outputs(name):
        if bias := re.fullmatch(r"pos_bias_block0_L(\d+)", tensor):
            yield tensor, attention.compute_bias(int(bias[1]), int(bias[1]))
        elif re.fullmatch(r"rel_bucket_\d+_\d+", tensor):
            yield tensor, attention._relative_position_bucket(positions).to(torch.int32)


# --- VAE ---


def vae_config_of(golden: GoldenSet) -> VaeConfig:
    sizes = golden.config["vae"]
    return VaeConfig(
        dim=sizes["dim"],
        latent_channels=golden.shape("vae", "scale.mean")[0],
        multipliers=tuple(sizes["dim_mult"]),
        num_res_blocks=sizes["num_res_blocks"],
        halves_time=tuple(sizes["temperal_downsample"]),
    )


def vae_of(golden: GoldenSet) -> AutoencoderKLWan:
    return load_vae(
        golden.path("weights_vae"),
        config=vae_config_of(golden),
        dtype=torch.float32,
        device="cpu",
    )


def vae(golden: GoldenSet, name: str) -> Numbers:
    """Latents, pixels and inner layers of a whole video and of its pieces."""
    stored, model = golden.tensors(name), vae_of(golden)
    pixels, latents = (stored[key].float()[None] for key in ("enc.video_in", "dec.latent_in"))
    taps = (re.fullmatch(r"tap\.(.+)\.chunk0", tensor) for tensor in golden.outputs(name))
    layers = {tap[0]: _layer(model, tap[1]) for tap in taps if tap}
    decoder = StreamingDecoder(model)
    with Outputs(layers) as taken:
        encoded, decoded = encode(model, pixels)[0], decoder.decode(latents)[0]
    yield from taken.seen.items()
    yield "scale.mean", torch.tensor(model.config["latents_mean"])
    yield "scale.inv_std", 1 / torch.tensor(model.config["latents_std"])
    yield "dec.video_f16_s2", decoded[:, ::2, ::2, ::2]
    yield "dec.unclamped_first2latents", unclamped_of(model, latents[:, :, :2])
    decoder.reset()
    pieces = [decoder.decode(piece)[0] for piece in latents.tensor_split([7, 10], dim=2)]
    for tensor in golden.outputs(name):
        if first := re.fullmatch(r"dec\.video_first(\d+)", tensor):
            yield tensor, decoded[:, : int(first[1])]
        elif last := re.fullmatch(r"dec\.video_last(\d+)", tensor):
            yield tensor, decoded[:, -int(last[1]) :]
        elif piece := re.fullmatch(r"stream\.block(\d+)_last(\d+)", tensor):
            yield tensor, pieces[int(piece[1])][:, -int(piece[2]) :]
        elif re.fullmatch(r"enc\.latent|stream\.encode_first_call_\d+frames", tensor):
            yield tensor, encoded
    yield from _encoded_stretches(golden, name, model, pixels)


def _encoded_stretches(
    golden: GoldenSet, name: str, model: AutoencoderKLWan, pixels: Tensor
) -> Iterator[tuple[str, Tensor]]:
    yield "enc.latent_first_frame_only", encode(model, pixels[:, :, :1])[0]
    for tensor in golden.outputs(name):
        if few := re.fullmatch(r"enc\.latent_(\d+)frames(_truncated)?", tensor):
            used = 1 + (int(few[1]) - 1) // 4 * 4  # the reference drops what fills no latent
            yield tensor, encode(model, pixels[:, :, :used])[0]


def _layer(model: AutoencoderKLWan, published: str) -> nn.Module:
    """The module whose parameters' published names begin with ``published``."""
    name, ours = next(
        pair for pair in published_vae_names(model).items() if pair[0].startswith(f"{published}.")
    )
    rest = name.removeprefix(f"{published}.")  # residual.0.gamma is norm1.gamma here
    return model.get_submodule(
        ours.rsplit(".", 1 + rest.count(".") - rest.startswith("residual."))[0]
    )


def unclamped_of(model: AutoencoderKLWan, latents: Tensor) -> Tensor:
    """What the decoder gives before it is cut to -1..1, taken from a hook on its last layer."""
    kept: list[Tensor] = []
    hook = model.decoder.register_forward_hook(lambda _m, _i, output: kept.append(output.clone()))
    StreamingDecoder(model).decode(latents)
    hook.remove()
    return torch.cat(kept, dim=2)[0]
