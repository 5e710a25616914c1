"""The transformer and the sampler as the golden calls need them; sizes come from the set alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.live_avatar.audio_encoder import block_tokens
from model.live_avatar.cache import StepCache
from model.live_avatar.config import BLOCK_LATENTS, FRAMES_PER_LATENT, REFERENCE_POSITION
from model.live_avatar.names import our_names
from model.live_avatar.rope import motion_table, rope_table
from model.live_avatar.sampler import Sampler
from model.live_avatar.schedule import make_schedule
from model.live_avatar.transformer import AudioTokens, Transformer
from tests.parity.golden import GoldenSet

BLOCK_FRAMES = BLOCK_LATENTS * FRAMES_PER_LATENT


def transformer_of(
    golden: GoldenSet,
    weights: dict[str, Tensor] | None = None,
    norm3_dtype: torch.dtype | None = None,
) -> Transformer:
    """The set's transformer in float32; ``weights`` by the published names, the set's if None."""
    weights = weights or golden.tensors("weights_dit")
    renamed = our_names(weights)
    model = Transformer(golden.transformer_config(), norm3_dtype=norm3_dtype)
    model.load_state_dict({renamed[name]: value.float() for name, value in weights.items()})
    return model.eval().requires_grad_(False)


@dataclass
class Direct:
    """The calls of ``direct``: one prefill, then blocks on a small ring."""

    outputs: list[Tensor]
    cache: StepCache


def direct_calls(
    golden: GoldenSet, model: Transformer, name: str = "direct", count: int | None = None
) -> Direct:
    """Make the calls of ``name``; what it does not hold is that of ``direct``."""
    tensors = {**golden.tensors("direct"), **golden.tensors(name)}
    inputs = {key: value.float() for key, value in tensors.items()}
    info = golden.info(name) or golden.info("direct")
    height, width = inputs["in.ref_latents"].shape[-2:]
    rows, columns, dim = range(height // 2), range(width // 2), model.config.head_dim
    per_frame = len(rows) * len(columns)
    text = model.text_keys_values(inputs["in.context"])
    reference = rope_table([REFERENCE_POSITION], rows, columns, dim)
    table = torch.cat((reference, motion_table(height, width, dim)), dim=1)
    sink = model.prefill(inputs["in.ref_latents"], inputs["in.motion_latents"], text, table)
    assert table.shape[1] == info["cond_end"]
    cache = StepCache.empty(
        num_layers=model.config.num_layers,
        num_sink=table.shape[1],
        ring_size=info["cache_tokens"],
        num_heads=model.config.num_heads,
        head_dim=dim,
        dtype=torch.float32,
        device="cpu",
    )
    cache.take_sink(sink, table)
    outputs: list[Tensor] = []
    for call, (start, distance) in enumerate(
        zip(info["current_start"], info["relative_dist"], strict=True)
    ):
        if count is not None and call == count:
            break
        first = start // per_frame
        position = max(REFERENCE_POSITION, first + distance)
        cache.move_reference(position, rope_table([position], rows, columns, dim))
        whole, local = block_tokens(
            model.audio_encoder, inputs[f"in.call{call}.audio"], info["motion_frames"][0]
        )
        velocity = model(
            inputs[f"in.call{call}.x"][None],
            inputs[f"in.call{call}.t"][0],
            AudioTokens(whole, local, inputs.get("in.mask")),
            text,
            cache,
            rope_table(range(first, first + BLOCK_LATENTS), rows, columns, dim),
            start,
            inputs[f"in.call{call}.cond"],
        )
        outputs.append(velocity[0])
    return Direct(outputs, cache)


class Generation:
    """The blocks of a ``generate_*`` file, clip by clip, with the reference's noise and draws."""

    def __init__(self, golden: GoldenSet, model: Transformer) -> None:
        config = golden.config
        self.golden, self._model = golden, model
        self.num_clips: int = config["clips"]
        self.clip_frames: int = config["infer_frames"]
        self.blocks_per_clip = self.clip_frames // BLOCK_FRAMES
        self._prefix = config["motion_frames"]
        buckets = golden.tensors("audio")["bucket_25fps"].float()
        self._audio = buckets.permute(1, 2, 0)[None]  # (1, layers, dim, frames)
        calls = golden.info("generate_online")["calls"]
        draws = [call for call in calls if call["call"].startswith("infer")]
        self.draws: list[int] = [call["relative_dist"] for call in draws]
        self.sampler = Sampler(
            model,
            make_schedule(config["steps"]),
            height=config["H"] // 8,
            width=config["W"] // 8,
            num_past_latents=self.clip_frames // FRAMES_PER_LATENT,
        )
        self.sampler.set_text(golden.tensors("generate_online")["context"].float())

    def clip(self, clip_index: int, draws: Sequence[int]) -> Tensor:
        """Latents ``(1, 16, F, h, w)`` of the next clip."""
        return torch.cat(list(self._blocks(clip_index, draws)), dim=2)

    def _blocks(self, clip_index: int, draws: Sequence[int]) -> Iterator[Tensor]:
        steps = self.golden.config["steps"]
        online = self.golden.tensors("generate_online")
        for index in range(self.blocks_per_clip):
            block = clip_index * self.blocks_per_clip + index
            start = block * BLOCK_FRAMES
            heard = self._audio[..., start : start + BLOCK_FRAMES]
            whole, local = block_tokens(self._model.audio_encoder, heard, self._prefix)
            made = self.sampler.denoise(
                block,
                online[f"infer{block * steps:03d}.latent_in"][None],
                AudioTokens(whole, local),
                draws[block * steps : (block + 1) * steps],
            )
            yield made.latents
