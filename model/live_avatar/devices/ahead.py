"""Asking a GPU for work ahead of its doing it, without standing still oneself.

A GPU takes about a thousand launches in advance, and a block has many thousand: who asks for a
block is held up until most of it is done. So it is asked for in a thread, and the frames of the
block before it can be taken meanwhile.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial

import torch

_log = logging.getLogger("nightshoot.live_avatar")


class Ahead:
    """One piece of work at a time, asked for in a thread of its own.

    Args:
        device: that does it.
    """

    def __init__(self, device: torch.device) -> None:
        begin = partial(torch.cuda.set_device, device) if device.type == "cuda" else None
        self._thread = ThreadPoolExecutor(1, "ahead", initializer=begin)
        self._asked: Future[None] | None = None

    def begin(self, work: Callable[[], None]) -> None:
        """Ask for a piece of work; the one before it has been finished."""
        if self._asked is not None:
            raise ValueError("a piece of work is under way; finish it before the next one begins")
        # torch's compiler has settings of its own in each context
        self._asked = self._thread.submit(copy_context().run, torch.no_grad()(work))

    def finish(self) -> None:
        """Wait until what was begun has been asked for; raises what it raised."""
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.result()

    def drop(self) -> None:
        """Wait likewise for what nobody wants any more; a fault of it is logged alone."""
        asked, self._asked = self._asked, None
        if asked is not None and (fault := asked.exception()) is not None:
            _log.warning("a block that was given up failed: %s", fault)
