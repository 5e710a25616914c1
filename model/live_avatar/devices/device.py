"""Which device renders, and what float32 means there."""

import os

import torch

from model.errors import ResourceError
from model.live_avatar.environment import (
    DEVICE_VARIABLE,
)


def choose_device(name: str, *, is_small: bool) -> torch.device:
    """The device that the environment names, or the first GPU.

    Args:
        name: as torch names it; empty, or ``cuda`` without a number: the first GPU.
        is_small: a CPU will do.

    Raises:
        ResourceError: there is no such device.
    """
    num_gpus = torch.cuda.device_count()
    if not name and not num_gpus and not is_small:
        raise ResourceError(
            "engine live-avatar: this machine has no CUDA device (a CPU takes hours for a second "
            f"of video); use a machine that has one, or set {DEVICE_VARIABLE}=cpu to render anyway"
        )
    try:
        own = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"  # of several ranks each has its GPU
        wished = own if name == "cuda" or (not name and num_gpus) else name
        device = torch.device(wished or "cpu")
    except RuntimeError as error:
        raise ResourceError(
            f'{DEVICE_VARIABLE}="{name}" is not a device; set cuda:NUMBER, such as cuda:0, or cpu'
        ) from error
    if device.type == "cuda" and device.index >= num_gpus:
        raise ResourceError(
            f'{DEVICE_VARIABLE}="{name}", but the number of CUDA devices is {num_gpus}; '
            "set a number below that, or unset it"
        )
    return device


def keep_float32() -> None:
    """Compute in float32 where it is asked for, in this process, whatever its environment says.

    By default cuDNN rounds the inputs of float32 convolutions to TF32, which has ten bits instead
    of 23: those of the audio encoder, and all of them with dtype float32. torch's variable
    ``TORCH_ALLOW_TF32_CUBLAS_OVERRIDE`` has the same done to matrix products.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def cudnn_version() -> str:
    """Of the library that torch finds on this machine, which need not be the one it came with."""
    number = torch.backends.cudnn.version()
    if number is None:
        return "none"
    return f"{number // 10_000}.{number // 100 % 100}.{number % 100}"
