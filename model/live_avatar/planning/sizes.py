"""How many parameters the parts of the model have, and the VAE's layers; known without torch.

Shapes: T frames, F latent frames, H, W pixels, h, w latent rows and columns (1/8).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from model.live_avatar.config import (
    FRAMES_PER_LATENT,
    LATENT_SIDE,
    LIVE_AVATAR_14B,
    PATCH,
    TINY,
    TINY_TEXT,
    UMT5_XXL,
    WAN_VAE,
    TextConfig,
    TransformerConfig,
    VaeConfig,
)

_MODULATIONS = 6  # of a block: shift, scale and gate, twice
_TOKEN_KINDS = 3
_AUDIO_KERNEL = 3
_RGB = 3
_REMEMBERED_FRAMES = 2  # by a convolution over three frames
_VIDEO_RATE = FRAMES_PER_LATENT  # frames of a latent at full resolution


@dataclass(frozen=True)
class SpeechConfig:
    """Sizes of the speech encoder, wav2vec 2.0.

    Attributes:
        dim: width of the hidden states.
        ffn_dim: width of the feed-forward layers.
        num_layers: of the encoder.
        num_heads: attention heads.
        conv_dim: channels of the convolutions over samples.
        conv_kernels: their widths.
        position_kernel: width of the convolution that tells positions.
        position_groups: its groups.
    """

    dim: int = 1024
    ffn_dim: int = 4096
    num_layers: int = 24
    num_heads: int = 16
    conv_dim: int = 512
    conv_kernels: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2)
    position_kernel: int = 128
    position_groups: int = 16


@dataclass(frozen=True)
class ModelSizes:
    """Of all parts."""

    transformer: TransformerConfig
    text: TextConfig
    vae: VaeConfig
    speech: SpeechConfig


PUBLISHED = "live-avatar-14b"
"""The model whose weights are published."""

MODELS: Mapping[str, ModelSizes] = {
    PUBLISHED: ModelSizes(LIVE_AVATAR_14B, UMT5_XXL, WAN_VAE, SpeechConfig()),
    "tiny": ModelSizes(
        TINY,
        TINY_TEXT,
        VaeConfig(dim=4, num_res_blocks=1),
        SpeechConfig(
            dim=TINY.audio_dim,
            ffn_dim=32,
            num_heads=2,
            conv_dim=16,
            position_kernel=16,
            position_groups=2,
        ),
    ),
}


def _linear(num_in: int, num_out: int) -> int:
    return num_in * num_out + num_out


# --- transformer ---


def num_transformer_parameters(config: TransformerConfig) -> int:
    """Of the transformer, its audio encoder included."""
    dim = config.dim
    attention = 4 * _linear(dim, dim) + 2 * dim
    feed_forward = _linear(dim, config.ffn_dim) + _linear(config.ffn_dim, dim)
    block = 2 * attention + feed_forward + 2 * dim + _MODULATIONS * dim
    injector = attention + _linear(dim, 2 * dim)
    patch = config.latent_channels * PATCH**2
    motion = (patch, 2 * 4 * patch, 4 * 16 * patch)  # patches of 1, 2 and 4 times the side
    embeddings = (
        sum(_linear(size, dim) for size in (patch, patch, *motion))
        + _linear(config.text_dim, dim)
        + _linear(config.freq_dim, dim)
        + 2 * _linear(dim, dim)
        + _linear(dim, _MODULATIONS * dim)
        + _TOKEN_KINDS * dim
    )
    head = _linear(dim, patch) + 2 * dim
    return (
        config.num_layers * block
        + len(config.inject_layers) * injector
        + embeddings
        + head
        + _num_audio_parameters(config)
    )


def _num_audio_parameters(config: TransformerConfig) -> int:
    dim, narrow = config.dim, config.dim // config.num_audio_tokens
    pairs = ((config.audio_dim, dim), (config.audio_dim, narrow), (narrow, dim // 2))
    convolutions = sum(_linear(_AUDIO_KERNEL * a, b) for a, b in (*pairs, (dim // 2, dim)))
    return config.num_audio_layers + convolutions + _linear(dim, dim) + dim


def num_large_weights(config: TransformerConfig) -> int:
    """Weights of the linear layers of blocks and injectors: what 8 bits are used for."""
    square = config.dim**2
    block = 8 * square + 2 * config.dim * config.ffn_dim
    return config.num_layers * block + len(config.inject_layers) * 6 * square


# --- text and speech encoder ---


def num_text_parameters(config: TextConfig) -> int:
    """Of the text encoder."""
    attention = 4 * config.dim * config.attention_dim + config.num_buckets * config.num_heads
    layer = attention + 3 * config.dim * config.ffn_dim + 2 * config.dim
    return config.vocab_size * config.dim + config.num_layers * layer + config.dim


def num_speech_parameters(config: SpeechConfig) -> int:
    """Of the speech encoder, the vector included that stands for masked states in training."""
    dim, channels = config.dim, config.conv_dim
    inputs = (1, *(channels for _ in config.conv_kernels[1:]))
    convolutions = sum(
        _linear(kernel * num_in, channels) + 2 * channels
        for kernel, num_in in zip(config.conv_kernels, inputs, strict=True)
    )
    projection = 2 * channels + _linear(channels, dim) + dim
    kernel = config.position_kernel
    positions = kernel + kernel * dim * (dim // config.position_groups) + dim
    feed_forward = _linear(dim, config.ffn_dim) + _linear(config.ffn_dim, dim)
    layer = 4 * _linear(dim, dim) + feed_forward + 4 * dim
    return convolutions + projection + positions + config.num_layers * layer + 2 * dim


# --- VAE ---


@dataclass(frozen=True)
class Conv:
    """A convolution of the VAE.

    Attributes:
        channels_in: of what it reads.
        channels_out: of what it writes.
        kernel_frames: its extent in time.
        kernel_side: its extent in space.
        rate: frames it writes per latent frame.
        side: pixels it writes on a latent's side, a fraction in no case.
        has_norm: whether a norm of its input has weights.
    """

    channels_in: int
    channels_out: int
    kernel_frames: int
    kernel_side: int
    rate: int = 1
    side: int = 1
    has_norm: bool = False

    @property
    def num_parameters(self) -> int:
        """Of the convolution and its norm."""
        volume = self.kernel_frames * self.kernel_side**2
        norm = self.channels_in if self.has_norm else 0
        return _linear(self.channels_in * volume, self.channels_out) + norm

    def flops(self, num_latents: int, num_latent_pixels: int, *, is_beginning: bool) -> int:
        """Of ``num_latents`` latent frames of ``num_latent_pixels`` (h times w) each.

        Args:
            num_latents: F.
            num_latent_pixels: h times w.
            is_beginning: they are a video's first ones, the first of which is one frame.
        """
        num_frames = self.rate * (num_latents - is_beginning) + is_beginning
        volume = self.kernel_frames * self.kernel_side**2
        each = 2 * self.channels_in * self.channels_out * volume * self.side**2
        return each * num_frames * num_latent_pixels

    @property
    def num_remembered(self) -> int:
        """Values kept from one latent frame to the next, per latent pixel."""
        remembers = self.kernel_frames > 1
        return self.channels_in * _REMEMBERED_FRAMES * self.side**2 if remembers else 0


def _residual(channels_in: int, channels_out: int, rate: int, side: int) -> Iterator[Conv]:
    yield Conv(channels_in, channels_out, 3, 3, rate, side, has_norm=True)
    yield Conv(channels_out, channels_out, 3, 3, rate, side, has_norm=True)
    if channels_in != channels_out:
        yield Conv(channels_in, channels_out, 1, 1, rate, side)


def _middle(channels: int) -> Iterator[Conv]:
    yield from _residual(channels, channels, 1, 1)
    yield Conv(channels, 3 * channels, 1, 1, has_norm=True)
    yield Conv(channels, channels, 1, 1)
    yield from _residual(channels, channels, 1, 1)


def decoder_layers(config: VaeConfig) -> Iterator[Conv]:
    """The convolutions from latents to pixels, in order."""
    for block in decoder_blocks(config):
        yield from block


def decoder_blocks(config: VaeConfig) -> list[list[Conv]]:
    """The same: what comes first, each block that enlarges, and the last convolution."""
    widths = [config.dim * multiplier for multiplier in reversed(config.multipliers)]
    first = Conv(config.latent_channels, config.latent_channels, 1, 1)
    blocks = [[first, Conv(config.latent_channels, widths[0], 3, 3), *_middle(widths[0])]]
    channels, rate, side = widths[0], 1, 1
    for level, width in enumerate(widths):
        block: list[Conv] = []
        for _ in range(config.num_res_blocks + 1):
            block += _residual(channels, width, rate, side)
            channels = width
        blocks.append(block)
        if level == len(config.halves_time):
            break
        if config.halves_time[-1 - level]:
            block.append(Conv(width, 2 * width, 3, 1, rate, side))
            rate *= 2
        side *= 2
        channels = width // 2
        block.append(Conv(width, channels, 1, 3, rate, side))
    return [*blocks, [Conv(channels, _RGB, 3, 3, rate, side, has_norm=True)]]


def decoder_reach(config: VaeConfig) -> tuple[int, ...]:
    """How many latents back the frames of the next one depend on what each block makes of them.

    Counted from the last convolution backwards: each that is extended in time looks back, over as
    many frames a latent as there are where it is.

    Returns:
        For each of the decoder's blocks that enlarge, the coarsest first: 28, 14, 7 and 4.
    """
    _, *blocks, last = decoder_blocks(config)
    frames, rate, reach = _looked_back(last), last[0].rate, list[int]()
    for block in reversed(blocks):
        if block[0].rate < rate:  # the frames are doubled at its end
            frames, rate = -(-frames // 2), block[0].rate
        frames += _looked_back(block)
        reach.append(-(-frames // rate))
    return tuple(reversed(reach))


def _looked_back(layers: Sequence[Conv]) -> int:
    """Frames, of all that follow each other."""
    return sum(conv.kernel_frames - 1 for conv in layers)


def encoder_layers(config: VaeConfig) -> Iterator[Conv]:
    """The convolutions from pixels to the mean and variance of latents, in order."""
    for block in encoder_blocks(config):
        yield from block


def encoder_blocks(config: VaeConfig) -> list[list[Conv]]:
    """The same: the first convolution, each block that follows, and what comes last."""
    rate, side, channels = _VIDEO_RATE, LATENT_SIDE, config.dim
    blocks = [[Conv(_RGB, channels, 3, 3, rate, side)]]
    for level, multiplier in enumerate(config.multipliers):
        width = config.dim * multiplier
        for _ in range(config.num_res_blocks):
            blocks.append(list(_residual(channels, width, rate, side)))
            channels = width
        if level == len(config.halves_time):
            break
        side //= 2
        smaller = [Conv(width, width, 1, 3, rate, side)]
        if config.halves_time[level]:
            rate //= 2
            smaller.append(Conv(width, width, 3, 1, rate, side))
        blocks.append(smaller)
    both = 2 * config.latent_channels
    last = [Conv(channels, both, 3, 3, has_norm=True), Conv(both, both, 1, 1)]
    return [*blocks, list(_middle(channels)), last]


def encoder_settled(config: VaeConfig) -> tuple[int, ...]:
    """From which latent on each block of the encoder makes the same of a picture that stands still.

    The first frames see zeros before the video, each convolution that is extended in time passes
    that on, and the first latent is of one frame, every other of four. A latent is settled where
    none of its frames has seen anything of that.

    Returns:
        For each of :func:`encoder_blocks` the latent, counted from 0: 2, 3 and 4 at full
        resolution, 5 and 6 at half of it, 8 and 10 at a quarter, 14 and more at an eighth.
    """
    frames, rate, settled = 0, _VIDEO_RATE, list[int]()
    for block in encoder_blocks(config):
        for conv in block:
            if conv.rate < rate:  # every other frame is left; the first is not convolved at all
                frames, rate = 1 + -(-frames // 2), conv.rate
            else:
                frames += conv.kernel_frames - 1
        settled.append(1 + -(-max(frames - 1, 0) // rate))
    return tuple(settled)


def num_vae_parameters(config: VaeConfig) -> int:
    """Of encoder and decoder."""
    return sum(layer.num_parameters for layer in (*encoder_layers(config), *decoder_layers(config)))
