"""How a finished transformer is run: by which attention kernel, and compiled or not.

Applied from outside. What is compiled are the two halves of a block around its self-attention, the
audio injector, and the turning of the reference's keys, which every layer does at every step. In
between stays as it is what torch should not see through: the ring, which is read to another length
in each block, is offloaded or exchanged between ranks, and the attention, which is one kernel
anyway. The first half writes keys and values where it is told to, which is in the ring, at another
place for each block. So no position, no step and no filling ring reaches a graph; weights are its
inputs. All layers share six graphs for a size: each half for the sink and for a
block, the injector, and the turning. Each is whole (``fullgraph``): torch refuses to break one
rather than go on slower.

Compiled code rounds less often than torch's own kernels do one by one, so ``compile`` is a setting
of segments. Nothing that rounds is chosen by timing: the same GPU and the same torch make the same
code on every machine. What was compiled is kept for other processes, in the user's cache.
"""

import logging
import os
import shutil
import sysconfig
from collections.abc import Callable, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor

from model.errors import ResourceError
from model.live_avatar.devices.device import cudnn_version
from model.live_avatar.network.attention import (
    chosen_kernel,
    kernel_beside,
    kernel_fault,
    kernel_named,
    usable_kernels,
)
from model.live_avatar.network.audio_injector import AudioInjector
from model.live_avatar.network.block import Block, CrossAttention, SelfAttention
from model.live_avatar.network.cache import TurnInto
from model.live_avatar.network.rope import turn_into
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.settings import AUTO, COMPILE

CACHE_VARIABLE = "TORCHINDUCTOR_CACHE_DIR"
BACKEND = "inductor"
_Result = TypeVar("_Result")
_log = logging.getLogger("nightshoot.live_avatar")
# two graphs for each size that a process renders; torch gives up after 8 otherwise
RECOMPILE_LIMIT = 256
# What rounds is not chosen by a clock. ``deterministic``: else a reduction is made in several ways
# and the fastest one is kept, which sets the order of its sums. ``shape_padding``: else products of
# few rows are widened where that is faster, which may be another kernel of cuBLAS. Both are options
# of every graph: what is set for the process, torch puts back when it has traced the first one.
_OPTIONS: Mapping[str, bool] = {"deterministic": True, "shape_padding": False}


class Pieces(NamedTuple):
    """What of a transformer is run in one piece each.

    Attributes:
        first_half: of every block, before self-attention.
        second_half: of every block, after it.
        inject: of every audio injector.
        turn: of the reference's keys, to where they are seen.
    """

    first_half: Callable[..., Tensor]
    second_half: Callable[..., Tensor]
    inject: Callable[..., Tensor]
    turn: TurnInto


EAGER = Pieces(Block.before, Block.after, AudioInjector.inject, turn_into)


def run_by(model: Transformer, attention: str, *, is_compiled: bool) -> None:
    """Run a transformer as its segment's settings ask.

    Args:
        model: with its weights on the device.
        attention: the setting of this name.
        is_compiled: the setting ``compile``.

    Raises:
        ResourceError: the device has no such kernel, or nothing can be compiled here.
    """
    use_kernel(model, attention)
    if is_compiled:
        prepare_compiling(model.patch_embedding.weight.device)
    use_pieces(model, compiled(BACKEND) if is_compiled else EAGER)


# --- attention ---


def use_kernel(model: Transformer, attention: str) -> None:
    """Let all attention layers attend by a kernel.

    Raises:
        ResourceError: the device has no such kernel; says why, and which it has.
    """
    if attention != AUTO:
        _check_kernel(model, attention)
    _log.info("attention %s: %s", attention, _kernel_used(model, attention))
    kernel, beside = kernel_named(attention), kernel_beside(attention)
    for module in model.modules():
        if isinstance(module, SelfAttention):
            module.kernel = kernel
        elif isinstance(module, CrossAttention):
            module.kernel = beside


def _kernel_used(model: Transformer, attention: str) -> str:
    """For the log: which kernel makes the last bits of what is rendered now."""
    device, dtype = model.patch_embedding.weight.device, model.dtype
    name = attention
    if name == AUTO:
        name = chosen_kernel(device, dtype, model.config.head_dim)
    return f"{name} on {device} in {dtype}, torch {torch.__version__}, cuDNN {cudnn_version()}"


def _check_kernel(model: Transformer, attention: str) -> None:
    device, head_dim = model.patch_embedding.weight.device, model.config.head_dim
    fault = kernel_fault(attention, device, model.dtype, head_dim)
    if not fault:
        return
    usable = ", ".join(usable_kernels(device, model.dtype, head_dim))
    raise ResourceError(
        f"engine live-avatar: attention {attention} does not work on {device} in {model.dtype} "
        f"with heads of {head_dim} ({fault}); the segment was planned with it: render it on a "
        f"machine that has it, or set attention to one that this one has ({usable}), which "
        "renders the video anew"
    )


# --- compiling ---


@cache
def compiled(backend: str) -> Pieces:
    """The pieces, compiled when they are first used for a size.

    Where torch cannot, they raise :class:`ResourceError`.

    Args:
        backend: torch's name for what makes code of a graph.
    """
    halves = whole(Block.before, backend, COMPILE), whole(Block.after, backend, COMPILE)
    inject = whole(AudioInjector.inject, backend, COMPILE)
    return Pieces(*halves, inject, whole(turn_into, backend, COMPILE))


def whole(piece: Callable[..., _Result], backend: str, setting: str) -> Callable[..., _Result]:
    """A piece as one graph for each kind of arguments; ``setting`` turns it off."""
    from torch._dynamo.exc import TorchDynamoException  # a second to import

    options: dict[str, Any] | None = dict(_OPTIONS) if backend == BACKEND else None
    made = torch.compile(piece, fullgraph=True, dynamic=False, backend=backend, options=options)

    @wraps(piece)
    def run(*args: Any) -> _Result:
        try:
            return made(*args)
        except TorchDynamoException as error:
            raise ResourceError(
                f"engine live-avatar: torch could not compile {piece.__qualname__} "
                f"({str(error).strip().splitlines()[0]}); set {setting} to false"
            ) from error

    return run


def use_pieces(model: Transformer, pieces: Pieces) -> None:
    """Let all layers run ``pieces``; their weights are untouched."""
    model.turn = pieces.turn
    for module in model.modules():
        if isinstance(module, Block):
            module.first_half, module.second_half = pieces.first_half, pieces.second_half
        elif isinstance(module, AudioInjector):
            module.whole = pieces.inject


def prepare_compiling(device: torch.device, setting: str = COMPILE) -> None:
    """Set where compiled code is kept, unless that is set, and look for the tools.

    Args:
        device: for which.
        setting: that asks for it.

    Raises:
        ResourceError: there is no compiler, no triton, or no place for what it makes.
    """
    from torch._dynamo import config as dynamo  # a second to import

    missing = missing_tools(device.type, os.environ)
    if missing:
        raise ResourceError(
            f"engine live-avatar: {setting} needs {' and '.join(missing)} on this machine; install "
            f"it, or set {setting} to false"
        )
    folder = Path(os.environ.get(CACHE_VARIABLE) or default_cache(os.environ))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"engine live-avatar: compiled code cannot be kept in {folder} ({error.strerror}); "
            f"set {CACHE_VARIABLE} to a folder that can be written"
        ) from error
    os.environ[CACHE_VARIABLE] = str(folder)
    dynamo.recompile_limit = RECOMPILE_LIMIT


def default_cache(environ: Mapping[str, str]) -> Path:
    """Where compiled code is kept for other processes, triton's included."""
    named = environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "nightshoot" / "compiled"


def missing_tools(device_type: str, environ: Mapping[str, str]) -> list[str]:
    """What torch needs to compile for a device, and is not here; with the way to get it."""
    missing: list[str] = []
    compilers = (environ.get("CXX"), "g++", "clang++") if device_type == "cpu" else ()
    compilers = compilers or (environ.get("CC"), "gcc", "clang")
    if not any(shutil.which(name, path=environ.get("PATH")) for name in compilers if name):
        missing.append(f"a compiler ({' or '.join(filter(None, compilers))}; apt install g++)")
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.is_file():
        missing.append(f"{header} (apt install python3-dev)")
    if device_type == "cuda" and not _has_triton():
        missing.append("triton (it comes with torch for CUDA)")
    return missing


def _has_triton() -> bool:
    from torch.utils._triton import has_triton

    return cast("bool", has_triton())
