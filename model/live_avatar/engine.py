"""The Live Avatar engine as tasks see it. Its torch half is imported when weights are loaded."""

import os
from functools import cached_property
from typing import TYPE_CHECKING

from model.engine import (
    ENGINE_SAMPLE_RATE_HZ,
    FPS,
    FRAME_MULTIPLE,
    EngineIdentity,
    Rendering,
    SegmentJob,
    Setting,
    check_settings,
)
from model.errors import PortraitError, ResourceError, WeightsError
from model.live_avatar.moved import offload_of
from model.live_avatar.place import DEVICE_VARIABLE, WEIGHTS_VARIABLE, place_of
from model.live_avatar.placement import placement_of
from model.live_avatar.settings import DEFAULT_PROMPT, DEFAULTS, setting_fault

if TYPE_CHECKING:
    from model.live_avatar.loading import Core, Loaded
    from model.live_avatar.ranks import Ranks

VERSION = 1
MIN_SIDE = 64  # the motion memory's largest patches are 8 latents, 64 pixels wide
CONTEXT_SAMPLES = 10 * ENGINE_SAMPLE_RATE_HZ
"""Heard on each side of a segment: what the speech encoder says of a frame depends on all of it."""
_LOAD_TIMEOUT_S = 1800.0  # 46 GB from a slow disk


class LiveAvatarEngine:
    """The 14B model on one device; with random weights, a small one for tries.

    Raises:
        WeightsError: the environment names no weights.
        ResourceError: it names something to offload that cannot be.
        CampaignError: it names a placement that cannot be.
    """

    def __init__(self) -> None:
        self._place = place_of(os.environ)
        self._device = os.environ.get(DEVICE_VARIABLE, "")
        self._offload = offload_of(os.environ)
        self._placement = placement_of(os.environ)
        self._ranks: Ranks | None = None
        self._loaded: Loaded | None = None
        self._core: Core | None = None

    @cached_property
    def _weights_id(self) -> str:
        return self._place.weights_id()

    @property
    def identity(self) -> EngineIdentity:
        """Name, version, weights and context; reads headers of files, no weights.

        Raises:
            WeightsError: files are missing, cut short, or not what their names say.
        """
        return EngineIdentity(
            name="live-avatar",
            version=VERSION,
            weights_id=self._weights_id,
            fps=FPS,
            frame_multiple=FRAME_MULTIPLE,
            left_context=CONTEXT_SAMPLES,
            right_context=CONTEXT_SAMPLES,
            settings=DEFAULTS,
            is_preview=self._place.random is not None,
            min_side=MIN_SIDE,
            default_prompt=DEFAULT_PROMPT,
            load_timeout_s=_LOAD_TIMEOUT_S,
            max_hosts=64 if self._place.random == "tiny" else 1,  # each fills a GPU
        )

    def setting_fault(self, name: str, value: Setting) -> str:
        """See :class:`model.engine.Engine`."""
        return setting_fault(name, value)

    @property
    def num_ranks(self) -> int:
        """See :class:`model.engine.Engine`."""
        return self._placement.num_ranks

    def load(self) -> None:
        """Bring the weights to the device in their usual dtype; see :meth:`render` for others.

        Raises:
            WeightsError: they are not on this machine, damaged, or of another model.
            ResourceError: there is no torch, no GPU, or too little memory.
        """
        dtype = str(DEFAULTS["dtype"])
        if self._joined().leads:
            self._ready(dtype)
        else:
            self._ready_core(dtype)

    def follow(self) -> bool:
        """See :class:`model.engine.Engine`; the last rank leads."""
        ranks = self._joined()
        if ranks.leads:
            return False
        ranks.follow(lambda told, steps_of: self._ready_core(told["dtype"]).sampler(told, steps_of))
        return True

    def close(self) -> None:
        """See :class:`model.engine.Engine`."""
        if self._ranks is not None:
            self._ranks.release()

    def render(self, job: SegmentJob) -> Rendering:
        """Start rendering ``job``; frames come in blocks of twelve.

        Where its dtype is not the one that was loaded, the weights are loaded again.

        Raises:
            ValueError: a setting, the size, the audio's length or the handoff breaks the rules.
            PortraitError: the portrait is too small.
            NightshootError: see :meth:`load`.
        """
        check_settings(self, job.settings)
        _check_sizes(job)
        return self._ready(str(job.settings["dtype"])).render(job)

    def _ready(self, dtype: str) -> "Loaded":
        self._check_place()
        if self._loaded is None or self._loaded.dtype_name != dtype:
            ranks = self._joined()
            from model.live_avatar.loading import load

            self._loaded = None  # its memory is needed for the next
            self._loaded = load(self._place, dtype, self._device, self._offload, ranks)
        return self._loaded

    def _ready_core(self, dtype: str) -> "Core":
        """The transformer, on a rank that does not lead."""
        self._check_place()
        if self._core is None or self._core.dtype_name != dtype:
            from model.live_avatar.loading import load_core

            self._core = None
            self._core = load_core(self._place, dtype, self._device, self._offload)
        return self._core

    def _joined(self) -> "Ranks":
        """The processes that render together; found once."""
        if self._ranks is None:
            try:
                from model.live_avatar.ranks import join
            except ModuleNotFoundError as error:
                raise ResourceError(
                    f"engine live-avatar: {error.name} is not installed; run "
                    "`pip install torch==2.13.0` and then `pip install 'nightshoot[gpu]'`"
                ) from error
            self._ranks = join(self._place, self._device)
        return self._ranks

    def _check_place(self) -> None:
        if self._place.known_id:
            raise WeightsError(
                f"engine live-avatar: only the id of the weights is known here; set "
                f"{WEIGHTS_VARIABLE} to their folder, or render on a machine that has them"
            )


def _check_sizes(job: SegmentJob) -> None:
    if min(job.width, job.height) < MIN_SIDE:
        raise ValueError(
            f"width and height must be at least {MIN_SIDE}, got {job.width}x{job.height}"
        )
    if job.left_context + job.right_context > len(job.pcm):
        raise ValueError(
            f"pcm of {len(job.pcm)} samples is shorter than its contexts, "
            f"{job.left_context} + {job.right_context}"
        )
    height, width = job.portrait.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise PortraitError(
            f"the portrait is {width}x{height}; both sides must be at least {MIN_SIDE} pixels "
            "(512 and more give a sharp face): use a larger picture"
        )
