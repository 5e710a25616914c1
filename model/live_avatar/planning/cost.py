"""What a block costs and what the engine holds, computed from the model's sizes; without torch.

FLOPs are those of matrix products and convolutions, a multiplication and an addition being two.
The VAE's attention (0.3 % of its convolutions) and all that works value by value are left out.

Shapes: p tokens of a latent frame, N of a block, C of the sink, R of the ring, d width, L layers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from model.live_avatar.config import (
    BLOCK_FRAMES,
    BLOCK_LATENTS,
    FRAMES_PER_LATENT,
    LATENT_SIDE,
    MOTION_FRAMES,
    PATCH,
    WARM_LATENTS,
    TransformerConfig,
    VaeConfig,
)
from model.live_avatar.planning.sizes import (
    ModelSizes,
    decoder_blocks,
    decoder_layers,
    decoder_reach,
    encoder_blocks,
    encoder_layers,
    encoder_settled,
    num_large_weights,
    num_speech_parameters,
    num_text_parameters,
    num_transformer_parameters,
    num_vae_parameters,
)

# bytes of a value of the caches, and of a weight of the large linear layers
DTYPES: Mapping[str, tuple[int, int]] = {
    "float32": (4, 4),
    "bfloat16": (2, 2),
    "float16": (2, 2),
    "float8": (2, 1),
    "float8-kept": (2, 1),
    "float8-tensor": (2, 1),
}
SIZE_MULTIPLE = LATENT_SIDE * PATCH
MIN_SIDE = 64  # the motion memory's largest patches are 8 latents wide
PROMPTS_KEPT = 4  # whose keys a sampler keeps; tests/parity compare
_FLOAT32 = 4
_MODULATIONS = 6
# live at the peak in the feed-forward layer, per token: values of a token's width in float32 and in
# the stream's dtype, and hidden ones; counted on the CPU (tests/parity)
_WIDE_LIVE, _STREAM_LIVE, _HIDDEN_LIVE = 2, 4, 2
# in float32 one of the stream's is the same tensor as a wide one
_SAME_IN_FLOAT32 = 1
# and where the time's modulations are projected in float32, of narrower weights
_EARLY_LIVE = 2
# keys and values of a layer of the sink: what is kept of it, and of the layer before beside it
_SINKS_LIVE = 4
# of the VAE's largest tensor: 704x384 takes 3.6 GiB in bfloat16, weights and cache included
_VAE_LIVE = 5.6
_TERA = 1e12


@dataclass(frozen=True)
class Tokens:
    """How many there are.

    Attributes:
        per_latent: p.
        sink: C, of the reference and the motion memory.
        ring: R, of the past that is remembered, the block included.
    """

    per_latent: int
    sink: int
    ring: int

    @property
    def block(self) -> int:
        """N."""
        return BLOCK_LATENTS * self.per_latent

    @property
    def keys(self) -> int:
        """What a block attends to once the ring is full."""
        return self.ring + self.sink


def count_tokens(width: int, height: int, infer_frames: int) -> Tokens:
    """Tokens of a video.

    Args:
        width: pixels.
        height: pixels.
        infer_frames: of a clip; rounded up to whole blocks.

    Raises:
        ValueError: a number breaks the model's rules.
    """
    if width % SIZE_MULTIPLE or height % SIZE_MULTIPLE or min(width, height) < MIN_SIDE:
        raise ValueError(
            f"size must be multiples of {SIZE_MULTIPLE} and at least {MIN_SIDE}, "
            f"got {width}x{height}"
        )
    if infer_frames < 1:
        raise ValueError(f"infer_frames must be at least 1, got {infer_frames}")
    rows, columns = height // LATENT_SIDE, width // LATENT_SIDE
    per_latent = (rows // PATCH) * (columns // PATCH)
    middle, far = (rows // 4) * (columns // 4), 4 * (rows // 8) * (columns // 8)
    blocks = -(-infer_frames // BLOCK_FRAMES)
    return Tokens(per_latent, 2 * per_latent + middle + far, blocks * BLOCK_LATENTS * per_latent)


# --- transformer ---


@dataclass(frozen=True)
class Flops:
    """Of one pass through the transformer.

    Attributes:
        linear: projections and feed-forward layers of the blocks.
        text_kv: keys and values of the prompt.
        self_attention: the products of queries, keys and values.
        text_attention: the same with the prompt.
        injectors: queries and outputs of the audio's attention.
    """

    linear: int
    text_kv: int
    self_attention: int
    text_attention: int
    injectors: int

    @property
    def matrices(self) -> int:
        """Of layers with weights."""
        return self.linear + self.text_kv + self.injectors

    @property
    def attention(self) -> int:
        """Of products of activations."""
        return self.self_attention + self.text_attention

    @property
    def total(self) -> int:
        """All."""
        return self.matrices + self.attention

    @property
    def without_text_kv(self) -> int:
        """What this engine does in each block and step; it keeps the prompt's keys."""
        return self.total - self.text_kv


def step_flops(config: TransformerConfig, tokens: Tokens) -> Flops:
    """Of one block and denoising step, the ring being full."""
    injectors = 4 * tokens.block * config.dim**2 * len(config.inject_layers)
    return _flops(config, tokens.block, tokens.keys, injectors)


def prefill_flops(config: TransformerConfig, tokens: Tokens) -> Flops:
    """Of the sink: it sees itself, and hears nothing."""
    return _flops(config, tokens.sink, tokens.sink, 0)


def _flops(config: TransformerConfig, queries: int, keys: int, injectors: int) -> Flops:
    dim, layers = config.dim, config.num_layers
    return Flops(
        linear=2 * queries * (6 * dim**2 + 2 * dim * config.ffn_dim) * layers,
        text_kv=4 * config.text_len * dim**2 * layers,
        self_attention=4 * queries * keys * dim * layers,
        text_attention=4 * queries * config.text_len * dim * layers,
        injectors=injectors,
    )


def weight_bytes(config: TransformerConfig, dtype: str) -> int:
    """Of the transformer's weights; ``dtype`` is one of :data:`DTYPES`."""
    other, large = DTYPES[dtype]
    num_large = num_large_weights(config) - num_kept_weights(config, dtype)
    return large * num_large + other * (num_transformer_parameters(config) - num_large)


def is_narrow(dtype: str) -> bool:
    """Whether the large linear layers are in 8 bits."""
    return DTYPES[dtype][1] == 1


def num_kept_weights(config: TransformerConfig, dtype: str) -> int:
    """Of the large layers, those that a dtype keeps as they are; see :mod:`.quantize`."""
    if dtype != "float8-kept":
        return 0
    blocks = 2 * (8 * config.dim**2 + 2 * config.dim * config.ffn_dim)
    return blocks + 2 * config.dim**2 * len(config.inject_layers)


def kv_bytes(config: TransformerConfig, num_tokens: int, dtype: str) -> int:
    """Of keys and values of ``num_tokens`` in every layer."""
    return 2 * DTYPES[dtype][0] * config.dim * config.num_layers * num_tokens


def step_bytes(config: TransformerConfig, tokens: Tokens, dtype: str) -> int:
    """Read in one block and step: all weights, and keys and values of ring and sink."""
    return weight_bytes(config, dtype) + kv_bytes(config, tokens.keys, dtype)


def activation_bytes(
    config: TransformerConfig, num_tokens: int, dtype: str, num_ranks: int = 1
) -> int:
    """Live at the peak of a pass, beside weights and caches; an estimate.

    Args:
        config: of the transformer.
        num_tokens: of the pass.
        dtype: one of :data:`DTYPES`.
        num_ranks: among which tokens are shared out.
    """
    value, mine = DTYPES[dtype][0], -(-num_tokens // num_ranks)
    num_stream = _STREAM_LIVE - _SAME_IN_FLOAT32 * (value == _FLOAT32)
    width = config.dim * (_WIDE_LIVE * _FLOAT32 + num_stream * value)
    small = _FLOAT32 * config.head_dim + value * config.latent_channels * PATCH**2
    fed = mine * (width + _HIDDEN_LIVE * config.ffn_dim * value + small)
    copied = _FLOAT32 * _MODULATIONS * config.dim**2 if value < _FLOAT32 else 0
    return max(fed, copied + _EARLY_LIVE * num_tokens * config.dim * value)


def sink_pass_bytes(
    config: TransformerConfig, tokens: Tokens, dtype: str, num_ranks: int = 1
) -> int:
    """Live at the peak while the sink is encoded, layer by layer: an estimate.

    Beside a pass, that is what is kept of a layer and of the one before: keys, turned and not, and
    values.
    """
    layer = kv_bytes(config, tokens.sink, dtype) // max(config.num_layers, 1)
    kept = -(-_SINKS_LIVE * layer // num_ranks)
    return kept + activation_bytes(config, tokens.sink, dtype, num_ranks)


# --- VAE ---


def decode_flops(
    config: VaeConfig, width: int, height: int, num_latents: int, *, is_beginning: bool = False
) -> int:
    """Of ``num_latents`` latent frames; the first of a video is one frame, every other is four."""
    pixels = (width // LATENT_SIDE) * (height // LATENT_SIDE)
    layers = decoder_layers(config)
    return sum(layer.flops(num_latents, pixels, is_beginning=is_beginning) for layer in layers)


def warm_flops(config: VaeConfig, width: int, height: int, num_latents: int) -> int:
    """Of warming the decoder with the first latents of a video; each block takes the last few."""
    pixels = (width // LATENT_SIDE) * (height // LATENT_SIDE)
    reach = decoder_reach(config)
    counts = [min(num_latents, each) for each in (num_latents, *reach, reach[-1])]
    return sum(
        layer.flops(count, pixels, is_beginning=count == num_latents)
        for count, block in zip(counts, decoder_blocks(config), strict=True)
        for layer in block
    )


def encode_flops(config: VaeConfig, width: int, height: int, num_latents: int) -> int:
    """Of a video of ``num_latents`` latent frames, from its first frame."""
    pixels = (width // LATENT_SIDE) * (height // LATENT_SIDE)
    return sum(
        layer.flops(num_latents, pixels, is_beginning=True) for layer in encoder_layers(config)
    )


def still_flops(config: VaeConfig, width: int, height: int, num_latents: int) -> int:
    """Of a picture that stands still for so many latents; each block is run until it is settled."""
    pixels = (width // LATENT_SIDE) * (height // LATENT_SIDE)
    blocks = zip(encoder_settled(config), encoder_blocks(config), strict=True)
    return sum(
        layer.flops(min(num_latents, 1 + settled), pixels, is_beginning=True)
        for settled, block in blocks
        for layer in block
    )


def vae_cache_bytes(config: VaeConfig, width: int, height: int, dtype: str) -> int:
    """What the streaming decoder remembers."""
    pixels = (width // LATENT_SIDE) * (height // LATENT_SIDE)
    values = sum(layer.num_remembered for layer in decoder_layers(config)) * pixels
    return values * DTYPES[dtype][0]


def vae_working_bytes(config: VaeConfig, width: int, height: int, dtype: str) -> int:
    """Live at the decoder's peak, beside weights and cache; an estimate."""
    largest = 2 * config.dim * FRAMES_PER_LATENT * width * height * DTYPES[dtype][0]
    return int(_VAE_LIVE * largest)


# --- the whole engine ---


@dataclass(frozen=True)
class Plan:
    """What is rendered.

    Attributes:
        model: its sizes.
        width: pixels.
        height: pixels.
        infer_frames: of a clip.
        num_steps: of denoising.
        dtype: one of :data:`DTYPES`.
        is_compiled: the setting ``compile``.
        is_vae_compiled: the setting ``compile_vae``.
    """

    model: ModelSizes
    width: int
    height: int
    infer_frames: int = 48
    num_steps: int = 4
    dtype: str = "bfloat16"
    is_compiled: bool = False
    is_vae_compiled: bool = False

    @property
    def tokens(self) -> Tokens:
        """How many there are."""
        return count_tokens(self.width, self.height, self.infer_frames)


@dataclass(frozen=True)
class Memory:
    """Bytes on the device: what stays there from block to block, and what comes and goes.

    Attributes:
        held: by name.
        passing: by name; transformer and VAE take turns.
    """

    held: Mapping[str, int]
    passing: Mapping[str, int]

    @property
    def total(self) -> int:
        """Of what is held and the larger of what comes and goes."""
        return sum(self.held.values()) + max(self.passing.values())


def engine_memory(plan: Plan) -> Memory:
    """What the engine holds, no part being moved away."""
    model, config, tokens, dtype = plan.model, plan.model.transformer, plan.tokens, plan.dtype
    value = DTYPES[dtype][0]
    size = (plan.width, plan.height)
    held = {
        "transformer weights": weight_bytes(config, dtype),
        "ring of the past, every step": plan.num_steps * kv_bytes(config, tokens.ring, dtype),
        "sink, turned, every step": plan.num_steps * kv_bytes(config, tokens.sink, dtype),
        "reference's keys, not turned": kv_bytes(config, tokens.per_latent, dtype) // 2,
        "prompts' keys and values": PROMPTS_KEPT * kv_bytes(config, config.text_len, dtype),
        "text encoder": value * num_text_parameters(model.text),
        "speech encoder": value * num_speech_parameters(model.speech),
        "VAE weights": value * num_vae_parameters(model.vae),
        "VAE's streaming cache": vae_cache_bytes(model.vae, *size, dtype),
    }
    passing = {
        "transformer activations": activation_bytes(config, tokens.block, dtype),
        "sink while it is encoded": sink_pass_bytes(config, tokens, dtype),
        "VAE activations": vae_working_bytes(model.vae, *size, dtype),
    }
    return Memory(held, passing)


def segment_start_flops(plan: Plan) -> Mapping[str, int]:
    """Of what comes before a segment's first block, by the kind of its handoff.

    Both encode 73 copies of the picture as the motion memory, whose first latent is the reference
    of *last-frame*, fill the sink, and warm the decoder with 19 latents. *context* asks the
    transformer again about every remembered block, at every step. A prompt that was not kept costs
    its keys and values beside that.
    """
    model, tokens = plan.model, plan.tokens
    size = (plan.width, plan.height)
    motion_latents = 1 + MOTION_FRAMES // FRAMES_PER_LATENT
    start = (
        still_flops(model.vae, *size, motion_latents)
        + prefill_flops(model.transformer, tokens).without_text_kv
        + warm_flops(model.vae, *size, WARM_LATENTS)
    )
    num_past = tokens.ring // tokens.block - 1
    again = num_past * plan.num_steps * step_flops(model.transformer, tokens).without_text_kv
    return {
        "last-frame": start,
        "context, at most": start + again,
    }


def handoff_bytes(plan: Plan) -> Mapping[str, int]:
    """What a segment leaves to the next on disk, by the kind of its handoff, uncompressed.

    Both hold the last frame. *context* adds the reference, the first latent that was made, the
    latents that warm the decoder, and every remembered block as each step found it.
    """
    channels = plan.model.transformer.latent_channels
    latent = channels * (plan.width // LATENT_SIDE) * (plan.height // LATENT_SIDE)
    num_past = plan.tokens.ring // plan.tokens.block - 1
    seen = num_past * plan.num_steps * BLOCK_LATENTS
    frame = 3 * plan.width * plan.height
    context = (2 + WARM_LATENTS + seen) * latent * DTYPES[plan.dtype][0]
    return {"last-frame": frame, "context": frame + context}


@dataclass(frozen=True)
class Device:
    """What a device does at best.

    Attributes:
        tflops: of 16-bit products, dense.
        fp8_tflops: of 8-bit products.
        bandwidth: of its memory, TB/s.
    """

    tflops: float = 989.0
    fp8_tflops: float = 1979.0
    bandwidth: float = 3.35


def floor_s(flops: Flops, dtype: str, device: Device) -> float:
    """Seconds below which a pass cannot be, its attention being 16-bit in every case."""
    rate = device.fp8_tflops if is_narrow(dtype) else device.tflops
    return flops.matrices / (rate * _TERA) + flops.attention / (device.tflops * _TERA)
