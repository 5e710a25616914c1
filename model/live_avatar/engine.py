"""The Live Avatar engine as tasks see it. Its torch half is imported when weights are loaded."""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from model.engine import (
    ENGINE_SAMPLE_RATE_HZ,
    FPS,
    FRAME_MULTIPLE,
    EngineIdentity,
    Handoff,
    Pixels,
    Rendering,
    SegmentJob,
    Setting,
    check_settings,
)
from model.errors import PortraitError, ResourceError, WeightsError
from model.host import heartbeats, protocol
from model.host.collector import pause_collector
from model.live_avatar.config import LATENT_SIDE, PATCH
from model.live_avatar.devices.memory_ladder import (
    OFFLOAD,
    SILENT_DEFAULTS,
    Attempt,
    KnownMisfits,
    Load,
    MemoryFullError,
    rungs_of,
)
from model.live_avatar.environment import (
    DEVICE_VARIABLE,
    PLACEMENT_VARIABLE,
    WEIGHTS_VARIABLE,
)
from model.live_avatar.planning.offload import (
    Offload,
    offload_of,
    read_offload,
)
from model.live_avatar.planning.placement import (
    placement_of,
)
from model.live_avatar.planning.placement_checks import Wanted, check_placement
from model.live_avatar.planning.sizes import MODELS
from model.live_avatar.settings import (
    DEFAULT_PROMPT,
    DEFAULTS,
    HEAD_PARALLEL,
    LATER_DEFAULTS,
    setting_fault,
)
from model.live_avatar.weights.location import (
    weights_location_of,
)

if TYPE_CHECKING:
    from model.live_avatar.assembly.core import Core
    from model.live_avatar.assembly.loader import Loaded
    from model.live_avatar.parallel.ranks import Ranks
    from model.live_avatar.sampling.sampler import Sampler

VERSION = 1
TOKEN_SIDE = PATCH * LATENT_SIDE
MIN_SIDE = 64  # the motion memory's largest patches are 8 latents, 64 pixels wide
CONTEXT_SAMPLES = 10 * ENGINE_SAMPLE_RATE_HZ
"""Heard on each side of a segment: what the speech encoder says of a frame depends on all of it."""
_LOAD_TIMEOUT_S = 1800.0  # 46 GB from a slow disk
_log = logging.getLogger("nightshoot.live_avatar")


_Made = TypeVar("_Made")


class LiveAvatarEngine:
    """The 14B model on one device; with random weights, a small one for tries.

    Raises:
        WeightsError: the environment names no weights.
        ResourceError: it names something to offload, or to share out, that cannot be.
        CampaignError: it names a placement that cannot be.
    """

    def __init__(self) -> None:
        self._place = weights_location_of(os.environ)
        self._device = os.environ.get(DEVICE_VARIABLE, "")
        self._offload = offload_of(os.environ)
        self._placement = placement_of(os.environ)
        self._wanted = Wanted(self._placement, self._offload, device_name=self._device)
        check_placement(self._wanted, MODELS[self._place.model].transformer)
        self._ranks: Ranks | None = None
        self._loaded: Loaded | None = None
        self._core: Core | None = None
        self._misfits = KnownMisfits()

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
            settings={**DEFAULTS, HEAD_PARALLEL: self._placement.heads},
            is_preview=self._place.random is not None,
            min_side=MIN_SIDE,
            default_prompt=DEFAULT_PROMPT,
            load_timeout_s=_LOAD_TIMEOUT_S,
            max_hosts=64 if self._place.is_tiny else 1,  # each fills a GPU
            silent_settings=SILENT_DEFAULTS,
            later_settings=LATER_DEFAULTS,
        )

    def setting_fault(self, name: str, value: Setting) -> str:
        """See :class:`model.engine.Engine`."""
        if name != OFFLOAD:
            return setting_fault(name, value)
        try:
            read_offload(str(value))
        except ValueError as error:
            return str(error)
        return ""

    @property
    def num_ranks(self) -> int:
        """See :class:`model.engine.Engine`."""
        return self._placement.num_ranks

    def load(self) -> None:
        """Bring the weights to the device in their usual dtype; see :meth:`render` for others.

        What does not fit is told by the first rendering, whose settings may be of less: a rung
        may offload the weights, or have 8 bits of them.

        Raises:
            WeightsError: they are not on this machine, damaged, or of another model.
            ResourceError: there is no torch, or no GPU.
        """
        self._check_place()
        dtype = str(DEFAULTS["dtype"])
        try:
            if self._joined().leads:
                self._ready(dtype, self._offload)
            else:
                self._ready_core(dtype, self._offload)
        except MemoryFullError as error:
            _log.warning("not loaded yet: %s", error)

    def follow(self) -> bool:
        """See :class:`model.engine.Engine`; the last rank leads."""
        ranks = self._joined()
        if ranks.leads:
            return False
        asked: list[Attempt] = []

        def make(told: Mapping[str, Any], steps_of: Callable[[int], range]) -> "Sampler":
            asked[:] = [Attempt.told(told)]
            core = self._ready_core(asked[0].dtype, asked[0].offload)
            return core.sampler(told, steps_of)

        try:
            ranks.follow(make)
        except RuntimeError as error:
            if asked:
                self._keep_fault(asked[0], error)
            raise
        return True

    def close(self) -> None:
        """See :class:`model.engine.Engine`."""
        if self._ranks is not None:
            self._ranks.release()

    def render(self, job: SegmentJob) -> Rendering:
        """Start rendering ``job``; frames come in blocks of twelve.

        Where its dtype or what it offloads is not as it was loaded, the weights are loaded again.

        Raises:
            ValueError: a setting, the size, the audio's length or the handoff breaks the rules.
            PortraitError: the portrait is too small.
            ResourceError: the memory is full, or was at the same settings; with rungs.
            NightshootError: see :meth:`load`.
        """
        check_settings(self, job.settings)
        _check_sizes(job)
        self._check_heads(job)
        attempt = Attempt.of(job, self._offload)
        try:
            self._misfits.check(attempt)
            rendering = self._ready(attempt.dtype, attempt.offload).render(job)
        except MemoryFullError as error:
            raise self._misfit(attempt, error) from None
        except RuntimeError as error:
            self._keep_fault(attempt, error)
            raise
        return _Watched(
            rendering, partial(self._misfit, attempt), partial(self._keep_fault, attempt)
        )

    def _check_heads(self, job: SegmentJob) -> None:
        planned, here = job.settings[HEAD_PARALLEL], self._placement
        if planned != here.heads:
            wanted = f"put heads={planned} into" if int(planned) > 1 else "leave heads out of"
            raise ResourceError(
                f"engine live-avatar: the segment was planned with {HEAD_PARALLEL} {planned}, but "
                f"{PLACEMENT_VARIABLE}={here} of this engine host has {here.heads}, which could "
                f"change the last bits of pixels; {wanted} {PLACEMENT_VARIABLE}, or plan with "
                f"{HEAD_PARALLEL} {here.heads}"
            )
        num_tokens = job.width * job.height // TOKEN_SIDE**2
        if num_tokens < here.heads:
            raise ResourceError(
                f"engine live-avatar: a latent frame of {job.width}x{job.height} has {num_tokens} "
                f"tokens, too few for heads={here.heads} of {PLACEMENT_VARIABLE}; choose a larger "
                "size, or fewer heads"
            )

    def _misfit(self, attempt: Attempt, error: MemoryFullError) -> ResourceError:
        """Remember that an attempt did not fit, make room, and say what to try next."""
        self._misfits.note(attempt, error)
        fault = self._with_rungs(attempt, error)
        try:
            if self._loaded is not None:
                self._loaded.free()
        except RuntimeError:  # ranks that share heads finish what was begun, and cannot
            heartbeats.leave_fault(json.dumps(protocol.error_fields(fault)))
            raise
        return fault

    def _with_rungs(self, attempt: Attempt, error: MemoryFullError) -> ResourceError:
        from model.live_avatar.assembly.core import can_float8

        has_float8 = can_float8(self._place, self._device)
        shards = self._placement.shards
        rungs = rungs_of(attempt, error.where, has_float8=has_float8, num_shards=shards)
        return ResourceError(error.message, rungs)

    def _keep_fault(self, attempt: Attempt, error: RuntimeError) -> None:
        """Where all ranks must end as one has no memory: keep why, for the client."""
        if isinstance(error.__cause__, MemoryFullError):
            fault = self._with_rungs(attempt, error.__cause__)
            heartbeats.leave_fault(json.dumps(protocol.error_fields(fault)))

    def _ready(self, dtype: str, offload: Offload) -> "Loaded":
        self._check_place()
        held = Load.of(dtype, offload)
        if self._loaded is None or self._loaded.held != held:
            ranks = self._joined()
            with pause_collector():
                from model.live_avatar.assembly.loader import load

            self._loaded = None  # its memory is needed for the next
            self._loaded = self._once(
                held, lambda: load(self._place, dtype, self._device, offload, ranks)
            )
        self._loaded.keep_memories(offload)
        return self._loaded

    def _ready_core(self, dtype: str, offload: Offload) -> "Core":
        """The transformer, on a rank that does not lead."""
        self._check_place()
        held = Load.of(dtype, offload)
        if self._core is None or self._core.held != held:
            ranks = self._joined()
            with pause_collector():
                from model.live_avatar.assembly.core import load_core

            self._core = None
            self._core = self._once(
                held, lambda: load_core(self._place, dtype, self._device, offload, ranks)
            )
        self._core.keep_memories(offload)
        return self._core

    def _once(self, held: Load, load: Callable[[], _Made]) -> _Made:
        """What ``load`` makes, unless it is known not to fit."""
        self._misfits.check(held)
        try:
            return load()
        except MemoryFullError as error:
            self._misfits.note(held, error)
            raise

    def _joined(self) -> "Ranks":
        """The processes that render together; found once."""
        if self._ranks is None:
            try:
                with pause_collector():
                    from model.live_avatar.examine.device_checks import check_machine
                    from model.live_avatar.parallel.ranks import join
            except ModuleNotFoundError as error:
                raise ResourceError(
                    f"engine live-avatar: {error.name} is not installed; run "
                    "`pip install torch==2.13.0` and then `pip install 'nightshoot[gpu]'`"
                ) from error
            check_machine(self._wanted, is_tiny=self._place.is_tiny)
            self._ranks = join(self._place, self._device, self._placement)
        return self._ranks

    def _check_place(self) -> None:
        if self._place.known_id:
            raise WeightsError(
                f"engine live-avatar: only the id of the weights is known here; set "
                f"{WEIGHTS_VARIABLE} to their folder, or render on a machine that has them"
            )


class _Watched:
    """A rendering that lets go of its memories when one is full.

    Args:
        rendering: the same.
        misfit: what is said then.
        keep_fault: is told of what ends this process.
    """

    def __init__(
        self,
        rendering: Rendering,
        misfit: Callable[[MemoryFullError], ResourceError],
        keep_fault: Callable[[RuntimeError], None],
    ) -> None:
        self._rendering: Rendering | None = rendering
        self._misfit, self._keep_fault = misfit, keep_fault

    def __iter__(self) -> Iterator[Pixels]:
        return self

    def __next__(self) -> Pixels:
        if self._rendering is None:
            raise StopIteration
        try:
            return next(self._rendering)
        except MemoryFullError as error:
            self._rendering = None
            raise self._misfit(error) from None
        except RuntimeError as error:
            self._keep_fault(error)
            raise

    @property
    def handoff(self) -> Handoff:
        """What the next segment starts from; valid once exhausted."""
        if self._rendering is None:
            raise ValueError("the rendering did not fit into the memory")
        return self._rendering.handoff


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
