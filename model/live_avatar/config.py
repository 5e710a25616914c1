"""What a Live Avatar model is made of; derived values are computed, never repeated.

Source: the facts of section 1 and 2 of the model's specification (Wan2.2-S2V-14B with the Live
Avatar LoRA).
"""

from dataclasses import dataclass

MOTION_FRAMES = 73
"""Copies of the first picture that the motion memory is made of."""
# decoded and thrown away, so that the first new frame is no beginning: after 19 a fresh decoder is
# within 6e-4 of one that saw all (the reference decodes 7, and is 0.4 off)
WARM_LATENTS = 19


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of the diffusion transformer.

    Attributes:
        dim: width of the residual stream.
        ffn_dim: width of the feed-forward layers.
        num_layers: number of blocks.
        num_heads: attention heads; ``dim / num_heads`` is even.
        freq_dim: width of the sinusoidal time embedding.
        text_dim: width of the text encoder's output.
        text_len: text tokens; shorter prompts are padded with zeros, which are attended too.
        audio_dim: width of the speech encoder's hidden states.
        num_audio_layers: hidden states of the speech encoder, its input included.
        num_audio_tokens: local audio tokens per latent frame, beside one learned token.
        inject_layers: blocks after which audio is injected.
        latent_channels: channels of the VAE's latents.
        norm_eps: of every norm but the audio's adaptive one.
        adaptive_norm_eps: of the audio's adaptive norm.
    """

    dim: int
    ffn_dim: int
    num_layers: int
    num_heads: int
    freq_dim: int
    text_dim: int
    text_len: int
    audio_dim: int
    inject_layers: tuple[int, ...]
    num_audio_layers: int = 25
    num_audio_tokens: int = 4
    latent_channels: int = 16
    norm_eps: float = 1e-6
    adaptive_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.dim % self.num_heads or self.head_dim % 2:
            raise ValueError(
                f"dim {self.dim} must be num_heads {self.num_heads} times an even number"
            )
        if self.dim % self.num_audio_tokens:
            raise ValueError(
                f"dim {self.dim} must be a multiple of num_audio_tokens {self.num_audio_tokens}"
            )
        unknown = [layer for layer in self.inject_layers if not 0 <= layer < self.num_layers]
        if unknown or list(self.inject_layers) != sorted(set(self.inject_layers)):
            raise ValueError(
                f"inject_layers {self.inject_layers} must rise within 0..{self.num_layers - 1}"
            )

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.dim // self.num_heads


LIVE_AVATAR_14B = TransformerConfig(
    dim=5120,
    ffn_dim=13824,
    num_layers=40,
    num_heads=40,
    freq_dim=256,
    text_dim=4096,
    text_len=512,
    audio_dim=1024,
    inject_layers=(0, 4, 8, 12, 16, 20, 24, 27, 30, 33, 36, 39),
)
TINY = TransformerConfig(
    dim=48,
    ffn_dim=96,
    num_layers=3,
    num_heads=2,
    freq_dim=32,
    text_dim=32,
    text_len=64,
    audio_dim=32,
    inject_layers=(0, 2),
)


@dataclass(frozen=True)
class TextConfig:
    """Sizes of the text encoder.

    Attributes:
        vocab_size: rows of the embedding; at least the tokenizer's.
        dim: width of the residual stream and of the output.
        attention_dim: of all heads together.
        ffn_dim: width of the feed-forward layers.
        num_heads: attention heads.
        num_layers: of the encoder.
        num_buckets: of relative positions.
        max_distance: positions farther than this share a bucket.
        norm_eps: of every norm.
    """

    vocab_size: int
    dim: int
    attention_dim: int
    ffn_dim: int
    num_heads: int
    num_layers: int
    num_buckets: int = 32
    max_distance: int = 128
    norm_eps: float = 1e-6

    def __post_init__(self) -> None:
        if self.attention_dim % self.num_heads:
            raise ValueError(
                f"attention_dim {self.attention_dim} must be a multiple of"
                f" num_heads {self.num_heads}"
            )


UMT5_XXL = TextConfig(
    vocab_size=256_384,
    dim=4096,
    attention_dim=4096,
    ffn_dim=10_240,
    num_heads=64,
    num_layers=24,
)
TINY_TEXT = TextConfig(
    vocab_size=256,
    dim=32,
    attention_dim=32,
    ffn_dim=48,
    num_heads=2,
    num_layers=2,
)


@dataclass(frozen=True)
class VaeConfig:
    """Sizes of the VAE.

    Attributes:
        dim: channels at full resolution.
        latent_channels: of the latents.
        multipliers: of ``dim``, per resolution, the finest first.
        num_res_blocks: per resolution; one more in the decoder.
        halves_time: whether each step to a coarser resolution halves time too.
    """

    dim: int = 96
    latent_channels: int = 16
    multipliers: tuple[int, ...] = (1, 2, 4, 4)
    num_res_blocks: int = 2
    halves_time: tuple[bool, ...] = (False, True, True)


WAN_VAE = VaeConfig()
TINY_VAE = VaeConfig(dim=8)

PATCH = 2  # a token is 2 x 2 latent pixels of one latent frame
BLOCK_LATENTS = 3  # latent frames that are denoised together
FRAMES_PER_LATENT = 4
LATENT_SIDE = 8  # pixels on a latent's side
BLOCK_FRAMES = BLOCK_LATENTS * FRAMES_PER_LATENT
MOTION_LATENTS = (1, 2, 16)  # of the motion memory's three levels, the newest first
REFERENCE_POSITION = 30
SINK_DISTANCES = (4, 30)  # the least and the most of the random distance to the reference
