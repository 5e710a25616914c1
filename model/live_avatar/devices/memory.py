"""Errors of torch, of what lies below it and of OpenCV that mean a full memory; how it is freed."""

import gc
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch

from model.live_avatar.devices.memory_ladder import MemoryFullError, Where, where_full

_log = logging.getLogger("nightshoot.live_avatar")
_WAYS_OUT = {
    "GPU": "choose a smaller size, fewer infer_frames or fewer sample_steps (each step has a "
    "memory of its own), set NIGHTSHOOT_OFFLOAD=kv,text, end other programs on the GPU, or use a "
    "larger one; if a row has a smaller_size, the campaign changes to that size by itself",
    "host": "choose a smaller size, fewer infer_frames or fewer sample_steps, list less in "
    "NIGHTSHOOT_OFFLOAD, end other programs, or use a machine with more memory; if a row has a "
    "smaller_size, the campaign changes to that size by itself",
}


@contextmanager
def memory_errors_named(when: str) -> Iterator[None]:
    """Tell a full memory as such, and let go of all that the failed work held.

    Args:
        when: for the message.

    Raises:
        MemoryFullError: in place of torch's errors, and of OpenCV's.
    """
    try:
        yield
    except (RuntimeError, MemoryError, cv2.error) as error:
        where = _where_full(error)
        if where is None:
            raise
        _log.exception("the %s memory was full %s", where, when)
        traceback.clear_frames(error.__traceback__)
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        whose = "GPU's" if where == "GPU" else "host's"
        raise MemoryFullError(
            f"engine live-avatar: the {whose} memory was full {when} ({first}); {_WAYS_OUT[where]}",
            where,
        ) from None


def _where_full(error: RuntimeError | MemoryError | cv2.error) -> Where | None:
    if isinstance(error, torch.OutOfMemoryError):
        return "GPU"
    return "host" if isinstance(error, MemoryError) else where_full(str(error))


def free_memory() -> None:
    """Give what nobody holds any more back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
