"""The cost model against the real classes: parameters, what the engine keeps, what is live."""

import weakref

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import Wav2Vec2Config, Wav2Vec2Model

from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import TINY, TransformerConfig, VaeConfig
from model.live_avatar.encoders.text import build_text_encoder
from model.live_avatar.encoders.vae import StreamingDecoder, build_vae
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.planning import cost
from model.live_avatar.planning.cost import (
    Plan,
    activation_bytes,
    count_tokens,
    handoff_bytes,
    kv_bytes,
    vae_cache_bytes,
)
from model.live_avatar.planning.sizes import (
    MODELS,
    SpeechConfig,
    num_speech_parameters,
    num_text_parameters,
    num_transformer_parameters,
    num_vae_parameters,
)
from model.live_avatar.sampling import sampler
from model.live_avatar.sampling.rollout import Rollout
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.weights.state import built_empty

pytestmark = pytest.mark.parity

HEIGHT, WIDTH = 128, 192


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of tensors made inside it, and the most that lived at one time."""

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[int, int] = {}
        self._now = self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        given = {_storage(t)._cdata for t in tree_leaves((args, kwargs)) if _is_tensor(t)}
        for tensor in filter(_is_tensor, tree_leaves(out)):
            storage = _storage(tensor)
            if storage._cdata not in given and storage._cdata not in self._sizes:
                self._sizes[storage._cdata] = storage.nbytes()
                self._now += storage.nbytes()
                weakref.finalize(storage, self._forget, storage._cdata)
        self.peak = max(self.peak, self._now)
        return out

    def _forget(self, address: int) -> None:
        self._now -= self._sizes.pop(address)


def _is_tensor(value: object) -> bool:
    return isinstance(value, torch.Tensor)


def _storage(tensor: torch.Tensor) -> torch.UntypedStorage:
    return tensor.untyped_storage()


def count(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_those_of_the_real_classes(name):
    sizes = MODELS[name]

    text = built_empty(lambda: build_text_encoder(sizes.text))
    assert num_text_parameters(sizes.text) == count(text)
    vae = built_empty(lambda: build_vae(sizes.vae))
    assert num_vae_parameters(sizes.vae) == count(vae)
    transformer = built_empty(lambda: Transformer(sizes.transformer))
    assert num_transformer_parameters(sizes.transformer) == count(transformer)


def test_the_speech_encoder_is_the_published_one():
    config = Wav2Vec2Config(
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        do_stable_layer_norm=True,
        feat_extract_norm="layer",
        conv_bias=True,
    )

    speech = built_empty(lambda: Wav2Vec2Model(config))

    assert num_speech_parameters(SpeechConfig()) == count(speech) == 315_438_720


def test_the_tiny_model_is_that_of_random_weights():
    parts, sizes = untrained("tiny", torch.float32, "cpu"), MODELS["tiny"]

    assert count(parts.transformer) == num_transformer_parameters(sizes.transformer)
    assert count(parts.vae) == num_vae_parameters(sizes.vae)
    assert count(parts.speech.model) == num_speech_parameters(sizes.speech)


def test_as_many_prompts_are_kept_as_are_counted():
    assert sampler._TEXTS_KEPT == cost.PROMPTS_KEPT


@pytest.mark.sweep
def test_a_context_handoff_is_as_large_as_computed():
    parts = untrained("tiny", torch.float32, "cpu")
    sampler = sampler_of(TINY, torch.float32)
    run = Rollout(sampler, parts.vae, blocks_per_clip=2)
    audio = AudioTokens(torch.ones(1, 3, 1, TINY.dim), torch.ones(1, 3, 5, TINY.dim))
    noise = torch.randn(
        1, 16, 3, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(1)
    )
    with torch.no_grad():
        run.begin(np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
        for _ in range(2):
            run.submit(noise, audio, [10, 10])
            run.fetch().frames()
    plan = Plan(MODELS["tiny"], WIDTH, HEIGHT, infer_frames=24, num_steps=2, dtype="float32")

    computed = handoff_bytes(plan)

    numbers = 8 * (1 + 1 * 2)  # of blocks, and a distance for each step of the past one
    state = sum(array.nbytes for array in run.past.state().values())
    assert state - numbers == computed["context"] - computed["last-frame"]
    assert computed["last-frame"] == HEIGHT * WIDTH * 3


def sampler_of(
    config: TransformerConfig,
    dtype: torch.dtype,
    rows: int = HEIGHT // 8,
    columns: int = WIDTH // 8,
) -> Sampler:
    source = torch.Generator().manual_seed(1)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=source)

    model = Transformer(config).to(dtype).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.copy_(drawn(*parameter.shape) * 0.02)
    sampler = Sampler(model, make_schedule(2), height=rows, width=columns, num_past_latents=6)
    sampler.set_text(drawn(5, config.text_dim))
    sampler.set_sink(drawn(1, 16, 1, rows, columns), drawn(1, 16, 19, rows, columns))
    return sampler


def test_the_caches_are_as_large_as_computed():
    sampler = sampler_of(TINY, torch.float32)
    tokens = count_tokens(WIDTH, HEIGHT, infer_frames=24)

    ring_and_sink = sum(
        buffer.nbytes
        for cache in sampler.caches
        for layer in cache.layers
        for buffer in (layer.keys, layer.values)
    )
    kept = {
        part.untyped_storage().data_ptr(): part.untyped_storage().nbytes()
        for cache in sampler.caches
        for part in cache.references.values()
    }

    assert ring_and_sink == 2 * kv_bytes(TINY, tokens.keys, "float32")
    assert sum(kept.values()) == kv_bytes(TINY, tokens.per_latent, "float32") // 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("times", [1, 2], ids=["few tokens", "many tokens"])
def test_activations_are_as_large_as_estimated(dtype, times):
    """Of the shape of the real ones: heads of 128, a feed-forward 2.7 times as wide.

    With few tokens in bfloat16, the copy of the time's projection in float32 is what is largest.
    """
    config = TransformerConfig(
        dim=512,
        ffn_dim=1382,
        num_layers=2,
        num_heads=4,
        freq_dim=256,
        text_dim=64,
        text_len=64,
        audio_dim=32,
        inject_layers=(0,),
    )
    rows, columns = times * HEIGHT // 8, times * WIDTH // 8
    sampler = sampler_of(config, dtype, rows, columns)
    audio = AudioTokens(torch.ones(1, 3, 1, 512), torch.ones(1, 3, 5, 512))
    latents = torch.ones(1, 16, 3, rows, columns, dtype=dtype)
    sampler.velocity(0, latents, audio, 0, 10)
    name = str(dtype).removeprefix("torch.")

    with torch.no_grad(), LiveBytes() as live:
        sampler.velocity(3, latents, audio, 0, 10)

    num_tokens = count_tokens(times * WIDTH, times * HEIGHT, 24).block
    assert activation_bytes(config, num_tokens, name) == pytest.approx(live.peak, rel=0.05)


def test_the_streaming_cache_is_as_large_as_computed():
    config = VaeConfig(dim=8)
    decoder = StreamingDecoder(build_vae(config))
    decoder.decode(torch.zeros(1, 16, 3, 8, 12))

    held = sum(value.nbytes for value in decoder.state().values())

    assert held == vae_cache_bytes(config, 96, 64, "float32")
