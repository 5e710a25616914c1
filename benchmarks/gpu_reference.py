"""The public reference's single-GPU pipeline with random weights, timed: one line of JSON a run.

    python -m benchmarks.gpu_reference ../LiveAvatar
    python -m benchmarks.gpu_reference ../LiveAvatar --preset tiny --device cpu --size 128x64

Needs a checkout of github.com/Alibaba-Quark/LiveAvatar, whose code runs as it is: its transformer,
its VAE, its ``generate`` with the settings of its own script (``--fp8``, ENABLE_COMPILE, four Euler
steps, clips of 48 frames, offload_model). Only what needs files is put in its place: weights, and
what its text and speech encoders say, are random. The same is rendered twice; the second time
counts. Timed is what follows the encoders, until the frames are on the host: without T5, wav2vec
and the video file, all of which our own figure contains.

Packages that it imports and this does not use (decord, peft, librosa, ...) may be missing. Without
flash-attn its two cross-attentions take torch's own attention, which is told. On a CPU, where it
was never meant to run, numbers that it has written into its code are replaced on the way, compiling
and 8 bits are off, and all is float32: there only this script is tried.
"""

import argparse
import importlib
import importlib.util
import json
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

_WAN = "liveavatar.models.wan"
# whose __init__ would import everything else of the repository
_BARE = (
    "liveavatar",
    "liveavatar.utils",
    "liveavatar.utils.router",
    "liveavatar.models",
    _WAN,
    *(
        f"{_WAN}.wan_2_2{rest}"
        for rest in ("", ".modules", ".modules.s2v", ".distributed", ".utils")
    ),
)
_UNUSED = {
    "decord": ("VideoReader",),
    "imageio": (),
    "librosa": ("load",),
    "peft": ("LoraConfig", "get_peft_model"),
}
_CLIP_FRAMES, _FPS, _NUM_STEPS = 48, 25, 4
# its own script's
_NOT_IN_8_BITS = (
    "text_embedding",
    "time_embedding",
    "time_projection",
    "head.head",
    "casual_audio_encoder.encoder.final_linear",
)
_SHARED = {
    "cond_dim": 16,
    "enable_adain": True,
    "enable_framepack": True,
    "enable_motioner": False,
    "framepack_drop_mode": "padd",
    "zero_timestep": True,
}
_SIZES: Mapping[str, Mapping[str, Any]] = {
    "14b": {
        "audio_dim": 1024,
        "audio_inject_layers": [0, 4, 8, 12, 16, 20, 24, 27, 30, 33, 36, 39],
        "dim": 5120,
        "ffn_dim": 13824,
        "num_heads": 40,
        "num_layers": 40,
        "text_dim": 4096,
    },
    "tiny": {
        "audio_dim": 32,
        "audio_inject_layers": [0, 1],
        "dim": 256,
        "ffn_dim": 512,
        "num_heads": 2,
        "num_layers": 2,
        "text_dim": 64,
    },
}
_TINY_VAE = {"dim": 8}
_ITS_HEADS, _ITS_DIM = [40, 128], 5120
_PROMPT_TOKENS = 64


# --- what it imports ----------------------------------------------------------------------------


def import_reference(folder: Path, *, is_compiled: bool) -> SimpleNamespace:
    """The modules that are needed of a checkout.

    Raises:
        FileNotFoundError: it is no checkout of the repository.
    """
    wanted = folder / "liveavatar" / "models" / "wan" / "causal_s2v_pipeline.py"
    if not wanted.is_file():
        raise FileNotFoundError(f"{wanted} is not there: name a checkout of LiveAvatar")
    os.environ["ENABLE_COMPILE"] = str(is_compiled).lower()
    # before stand-ins are made: these look for packages too
    import diffusers.loaders
    import diffusers.models.attention
    import diffusers.models.modeling_utils  # noqa: F401  # imported for what it imports
    from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor  # noqa: F401  # likewise

    for name in _BARE:
        module = ModuleType(name)
        module.__path__ = [str(folder.joinpath(*name.split(".")))]
        module.__spec__ = ModuleSpec(name, None, is_package=True)
        sys.modules[name] = module
    for name, attributes in _UNUSED.items():
        if importlib.util.find_spec(name) is None:
            _stand_in(name, **dict.fromkeys(attributes))
    if importlib.util.find_spec("torchvision") is None:
        _stand_in_for_torchvision()
    return SimpleNamespace(
        attention=importlib.import_module(f"{_WAN}.wan_2_2.modules.attention"),
        layers=importlib.import_module(f"{_WAN}.wan_2_2.modules.model"),
        transformer=importlib.import_module(f"{_WAN}.causal_model_s2v"),
        pipeline=importlib.import_module(f"{_WAN}.causal_s2v_pipeline"),
        vae=importlib.import_module(f"{_WAN}.wan_2_2.modules.vae2_1"),
    )


def _stand_in(name: str, **attributes: object) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(attributes)
    module.__spec__, module.__path__ = ModuleSpec(name, None), []
    sys.modules[name] = module
    return module


def _stand_in_for_torchvision() -> None:
    """The picture has the video's size already: nothing is to be scaled or cropped."""

    class Same:
        def __init__(self, _: object) -> None: ...

        def __call__(self, picture: Image.Image) -> Image.Image:
            return picture

    class ToTensor:
        def __call__(self, picture: Image.Image) -> torch.Tensor:
            values = torch.from_numpy(np.array(picture, np.float32) / 255)
            return values.permute(2, 0, 1).contiguous()

    functional = _stand_in("torchvision.transforms.functional")
    transforms = _stand_in(
        "torchvision.transforms",
        functional=functional,
        Resize=Same,
        CenterCrop=Same,
        ToTensor=ToTensor,
    )
    _stand_in("torchvision", transforms=transforms)


def use_torch_attention(found: SimpleNamespace, *, is_gpu: bool) -> str:
    """Put torch's attention where a package or a GPU is missing; what is used then."""

    def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, **_: object) -> torch.Tensor:
        heads_first = (each.transpose(1, 2) for each in (q, k, v))
        return scaled_dot_product_attention(*heads_first).transpose(1, 2).contiguous()

    own = found.attention
    has_flash = own.FLASH_ATTN_3_AVAILABLE or own.FLASH_ATTN_2_AVAILABLE
    if not has_flash:
        for module in (own, found.layers, found.transformer):
            module.flash_attention = attend
    if not is_gpu:
        own.cudnn_attention_forward_with_lse = attend
        return "torch's"
    return "cuDNN and flash-attn" if has_flash else "cuDNN, and torch's in place of flash-attn"


class OnCpu(TorchFunctionMode):
    """Replaces what is written into its code: sizes of the 14B model, the GPU, bfloat16."""

    def __init__(self, heads: list[int], dim: int) -> None:
        super().__init__()
        self._heads, self._dim = heads, dim

    def __torch_function__(self, func, types, args=(), kwargs=None):
        named = dict(kwargs or {})
        if func is torch.zeros and args and isinstance(args[0], list | tuple):
            args = (self._shape(list(args[0])), *args[1:])
        if "cuda" in str(named.get("device", "")):
            named["device"] = torch.device("cpu")
        if func is torch.Tensor.to:
            args = (args[0], *map(_for_cpu, args[1:]))
            named = {name: _for_cpu(value) for name, value in named.items()}
        return func(*args, **named)

    def _shape(self, shape: list[int]) -> list[int]:
        if shape[-2:] == _ITS_HEADS:
            return [*shape[:-2], *self._heads]
        return [self._dim if size == _ITS_DIM else size for size in shape]


def _for_cpu(value: object) -> object:
    if value is torch.bfloat16:
        return torch.float32
    is_gpu = isinstance(value, str | torch.device) and "cuda" in str(value)
    return torch.device("cpu") if is_gpu else value


# --- the pipeline -------------------------------------------------------------------------------


def make_pipeline(
    found: SimpleNamespace, preset: str, device: torch.device, size: tuple[int, int]
) -> Any:
    """Its pipeline, as its own ``__init__`` leaves it, with random weights."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    pipeline = object.__new__(found.pipeline.WanS2V)
    nothing = SimpleNamespace(model=nn.Identity())
    pipeline.__dict__.update(
        device=device,
        rank=0,
        t5_cpu=False,
        init_on_cpu=True,
        is_training=False,
        num_train_timesteps=1000,
        num_frames_per_block=3,
        param_dtype=dtype,
        single_gpu=True,
        offload_kv_cache=False,
        text_encoder=nothing,
        audio_encoder=nothing,
        sp_size=1,
        sample_neg_prompt="",
        motion_frames=73,
        drop_first_motion=True,
        fps=_FPS,
        audio_sample_m=0,
        get_gen_size=lambda **_: (size[1], size[0]),
        noise_model=_transformer(found, preset, device, dtype),
        vae=_vae(found, preset, device, dtype),
    )
    return pipeline


def _transformer(
    found: SimpleNamespace, preset: str, device: torch.device, dtype: torch.dtype
) -> nn.Module:
    """Built where it is used: it fills itself with random weights."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = found.transformer.CausalWanModel_S2V(**_SHARED, **_SIZES[preset])
    finally:
        torch.set_default_dtype(before)
    packer = model.frame_packer  # tables that its own loading leaves on the host
    packer.freqs, packer.zip_frame_buckets = packer.freqs.cpu(), packer.zip_frame_buckets.cpu()
    model.num_frame_per_block = 3
    return model.eval().requires_grad_(False)


def _vae(found: SimpleNamespace, preset: str, device: torch.device, dtype: torch.dtype) -> Any:
    """It loads a file: one is written for it."""
    of_file, small = found.vae.WanVAE_, _TINY_VAE if preset == "tiny" else {}
    found.vae.WanVAE_ = lambda **sizes: of_file(**{**sizes, **small})
    sizes = {
        "dim": 96,
        "z_dim": 16,
        "dim_mult": [1, 2, 4, 4],
        "num_res_blocks": 2,
        "attn_scales": [],
        "temperal_downsample": [False, True, True],
        "dropout": 0.0,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vae.pth"
        torch.save(found.vae.WanVAE_(**sizes).state_dict(), path)
        return found.vae.Wan2_1_VAE(vae_pth=str(path), dtype=dtype, device=device)


class Timed:
    """Answers for the encoders, and notes when they have.

    Args:
        pipeline: whose they are.
        sizes: of the model.
        num_clips: that there is speech for.
    """

    def __init__(self, pipeline: Any, sizes: Mapping[str, Any], num_clips: int) -> None:
        self.begun_at = math.nan
        self._pipeline, self._sizes, self._num_clips = pipeline, sizes, num_clips
        pipeline.encode_audio, pipeline.encode_prompt = self._audio, self._prompt

    def _random(self, *shape: int) -> torch.Tensor:
        device, dtype = self._pipeline.device, self._pipeline.param_dtype
        return torch.randn(*shape, device=device, dtype=dtype)

    def _audio(self, *_: object, **__: object) -> tuple[torch.Tensor, int]:
        num_frames = self._num_clips * _CLIP_FRAMES
        return self._random(1, 25, self._sizes["audio_dim"], num_frames), self._num_clips

    def _prompt(self, *_: object, **__: object) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        context = [self._random(_PROMPT_TOKENS, self._sizes["text_dim"])]
        _finish(self._pipeline.device)
        self.begun_at = time.perf_counter()
        return context, context


def run_once(pipeline: Any, timed: Timed, num_clips: int, picture: Path) -> dict[str, float]:
    """Generate so many clips."""
    started = time.perf_counter()
    video, _ = pipeline.generate(
        input_prompt="a person speaks",
        ref_image_path=str(picture),
        audio_path="speech",
        num_repeat=num_clips,
        infer_frames=_CLIP_FRAMES,
        sample_solver="euler",
        sampling_steps=_NUM_STEPS,
        guide_scale=0,
        seed=1,
        offload_model=True,
    )
    _finish(pipeline.device)
    ended = time.perf_counter()
    num_frames = int(video.shape[-3])
    return {
        "frames": num_frames,
        "prepare_s": timed.begun_at - started,
        "generate_s": ended - timed.begun_at,
        "frames_per_s": num_frames / (ended - timed.begun_at),
    }


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak_gb(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else 0.0


def main(arguments: Sequence[str]) -> None:
    """Render twice; a line after each."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.gpu_reference",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="a checkout of the reference")
    parser.add_argument("--preset", choices=_SIZES, default="14b")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--size", default="704x384", help="multiples of 64")
    parser.add_argument("--seconds", type=float, default=5.0, help="of video; rounded up to clips")
    parser.add_argument("--eager", action="store_true", help="do not let it compile")
    parser.add_argument("--bfloat16", action="store_true", help="without its 8 bits")
    options = parser.parse_args(arguments)
    width, height = map(int, options.size.split("x"))
    device = torch.device(options.device)
    is_gpu = device.type == "cuda"
    is_compiled, is_float8 = is_gpu and not options.eager, is_gpu and not options.bfloat16
    num_clips = math.ceil(options.seconds * _FPS / _CLIP_FRAMES)
    sizes = _SIZES[options.preset]
    mode = OnCpu([sizes["num_heads"], sizes["dim"] // sizes["num_heads"]], sizes["dim"])
    if not is_gpu:
        mode.__enter__()  # until the process ends
        torch.set_num_threads(1)
        torch.cuda.synchronize = torch.cuda.current_device = lambda *_: 0
    found = import_reference(options.folder.resolve(), is_compiled=is_compiled)
    attention = use_torch_attention(found, is_gpu=is_gpu)
    torch.distributed.get_rank = lambda *_: 0
    random.seed(1)  # it draws positions from the global source
    pipeline = make_pipeline(found, options.preset, device, (width, height))
    if is_float8:
        from liveavatar.utils.fp8_linear import replace_linear_with_scaled_fp8

        replace_linear_with_scaled_fp8(pipeline.noise_model, ignore_keys=list(_NOT_IN_8_BITS))
    timed = Timed(pipeline, sizes, num_clips)
    dtype = "float8" if is_float8 else str(pipeline.param_dtype).removeprefix("torch.")
    told = f"{dtype}, {'compiled' if is_compiled else 'eager'}"
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "portrait.png"
        noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(noise).save(picture)
        for run in (1, 2):
            made = run_once(pipeline, timed, num_clips, picture)
            line = {"form": told, "attention": attention, "run": run, **made}
            print(json.dumps({**line, "peak_gb": _peak_gb(device)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
