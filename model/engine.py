"""What tasks see of an engine: its identity, a job, a rendering, a handoff; and the registry.

A segment is a pure function of its job: same job, same bytes, whatever was rendered before.
Shapes: F frames, H height, W width, S samples.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

ENGINE_SAMPLE_RATE_HZ = 16_000
FPS = 25
FRAME_MULTIPLE = 12
UNKNOWN_WEIGHTS = "unknown"
"""The ``weights_id`` where only lengths and times are asked for: keys that hold it name nothing."""

Pixels: TypeAlias = NDArray[np.uint8]
Setting: TypeAlias = str | int | float | bool


@dataclass(frozen=True)
class EngineIdentity:
    """What makes an engine's pixels its own; every field is part of a segment's key or its grid.

    Attributes:
        name: as in the manifest's ``engine`` column.
        version: raised by every change of code that changes pixels.
        weights_id: hash of the weights; ``"none"`` where there are none.
        fps: frames per second.
        frame_multiple: segments are rendered in multiples of this many frames.
        left_context: samples at 16 kHz of audio wanted before a segment's first frame.
        right_context: samples at 16 kHz wanted after its last frame.
        settings: every setting the engine reads, with its default; others are refused.
        needs_face: the portrait must pass the face check, unless a setting says otherwise.
        is_preview: its videos are marked as previews.
        min_side: pixels that a video's and a portrait's shorter side must have.
        default_prompt: what is read where a row has no prompt.
        load_timeout_s: within which it is ready, on a slow disk.
        max_hosts: processes with it that may run side by side without a worker's leases.
        uses_seed: whether its pixels depend on the seed; no key holds this.
        later_settings: settings that change pixels as :attr:`settings` do, with their defaults, but
            came with a later release: rows, keys and jobs hold them only where they differ from
            these, so that what was rendered before keeps its keys.
        silent_settings: settings that change no pixels, with their defaults. Rows and keys know
            nothing of them; a job carries some where a rung set them.
    """

    name: str
    version: int
    weights_id: str
    fps: int
    frame_multiple: int
    left_context: int
    right_context: int
    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    needs_face: bool = False
    is_preview: bool = False
    min_side: int = 16
    default_prompt: str = ""
    load_timeout_s: float = 120.0
    max_hosts: int = 64
    silent_settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    uses_seed: bool = True
    later_settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])

    @property
    def known_settings(self) -> dict[str, Setting]:
        """All that rows may set, with their defaults."""
        return {**self.settings, **self.later_settings}


@dataclass(frozen=True)
class Phoneme:
    """One phone of the speech: ``start <= sample < end``, at 16 kHz, from the window's sample 0."""

    symbol: str
    start: int
    end: int


@dataclass(frozen=True)
class Handoff:
    """What a segment passes to the next.

    Attributes:
        last_frame: ``(H, W, 3)`` uint8 RGB, the segment's last raw frame.
        state: the engine's own named arrays.
    """

    last_frame: Pixels
    state: Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class SegmentJob:
    """All that a segment's pixels depend on.

    Attributes:
        key: the segment's content key.
        portrait: ``(H, W, 3)`` uint8 RGB, upright, of any size.
        rig: the content of a rig file, in portrait pixels, or None.
        handoff: the predecessor's handoff, or None (neutral).
        pcm: ``(S,)`` int16, mono, 16 kHz, level normalised:
            left context + the segment's own samples + right context.
        left_context: samples before the first frame's first sample.
        right_context: samples after the last frame's last sample.
        phonemes: timed phones inside ``pcm``, or None where the voice gives none.
        prompt: text for engines that read one.
        seed: 0 to 2**32 - 1.
        width: pixels, a multiple of 16.
        height: pixels, a multiple of 16.
        num_frames: frames to render, at least 1.
        settings: the engine's settings that change pixels, complete; beside them perhaps some of
            its silent ones.
    """

    key: str
    portrait: Pixels
    rig: Mapping[str, object] | None
    handoff: Handoff | None
    pcm: NDArray[np.int16]
    left_context: int
    right_context: int
    phonemes: tuple[Phoneme, ...] | None
    prompt: str
    seed: int
    width: int
    height: int
    num_frames: int
    settings: Mapping[str, Setting]

    def __post_init__(self) -> None:
        if self.portrait.ndim != 3 or self.portrait.shape[2] != 3:
            raise ValueError(f"portrait must be (H, W, 3), got {self.portrait.shape}")
        if self.pcm.ndim != 1:
            raise ValueError(f"pcm must be (S,), got {self.pcm.shape}")
        if self.num_frames < 1:
            raise ValueError(f"num_frames must be at least 1, got {self.num_frames}")
        if self.width % 16 or self.height % 16 or min(self.width, self.height) < 16:
            raise ValueError(f"size must be multiples of 16, got {self.width}x{self.height}")


class Rendering(Protocol):
    """Frames as they are made: uint8 ``(F, H, W, 3)`` RGB, F >= 1, ``job.num_frames`` in all."""

    def __iter__(self) -> Iterator[Pixels]:
        """The rendering itself."""
        ...

    def __next__(self) -> Pixels:
        """The next frames."""
        ...

    @property
    def handoff(self) -> Handoff:
        """What the next segment starts from; valid once exhausted.

        Raises:
            ValueError: frames are still to come.
        """
        ...


class Engine(Protocol):
    """Renders segments, one at a time."""

    @property
    def identity(self) -> EngineIdentity:
        """Known without loading weights onto a device.

        Raises:
            CampaignError: it depends on files that are not there.
        """
        ...

    def setting_fault(self, name: str, value: Setting) -> str:
        """The rule that a setting's value breaks, and the way out; empty where it breaks none.

        ``name`` is one of the identity's settings, silent ones included, ``value`` of its default's
        type.
        """
        ...

    @property
    def num_ranks(self) -> int:
        """Processes that render a segment together; a host starts as many."""
        ...

    def follow(self) -> bool:
        """On a rank that does not lead: work for the leader to its end, then True."""
        ...

    def close(self) -> None:
        """Let go of other ranks; nothing is rendered any more."""
        ...

    def load(self) -> None:
        """Bring what every rendering needs to the device; a host does so before it listens.

        Raises:
            NightshootError: this machine cannot hold it, or its files are damaged.
        """
        ...

    def render(self, job: SegmentJob) -> Rendering:
        """Start rendering ``job``.

        Raises:
            ValueError: the job breaks the engine's rules.
            NightshootError: the fault is the row's, a resource's or the machine's.
        """
        ...


@dataclass(frozen=True)
class Finding:
    """One thing that an engine needs, as it is on this machine.

    Attributes:
        verdict: ``fail`` where nothing can be rendered as it is.
        what: the thing, in a word or two.
        found: how it is.
        way_out: what to do, unless all is well.
    """

    verdict: Literal["ok", "warn", "fail"]
    what: str
    found: str
    way_out: str = ""


class SingleProcess:
    """What engines that need no other ranks say of them."""

    @property
    def num_ranks(self) -> int:
        """One."""
        return 1

    def follow(self) -> bool:
        """There is nobody to follow."""
        return False

    def close(self) -> None:
        """There is nothing to let go of."""


_ENGINES: Mapping[str, str] = {
    "preview": "model.preview.engine:PreviewEngine",
    "live-avatar": "model.live_avatar.engine:LiveAvatarEngine",
    "null": "model.null:NullEngine",
    "flawed": "model.flawed:FlawedEngine",
}

# versions of earlier releases with their weights, the latest first: what they finished stays
_EARLIER: Mapping[str, tuple[tuple[int, str], ...]] = {
    "preview": (
        (6, "eab4e064b3ab5f79"),
        (5, "eab4e064b3ab5f79"),
        (4, "eab4e064b3ab5f79"),
        (3, "ca5a7f8ebc377505"),
        (2, "ce449c48a9ba14ac"),
        (1, "fa2f22212ff6d78b"),
    ),
}

# of engines that need more than Python packages
_EXAMINERS: Mapping[str, str] = {"live-avatar": "model.live_avatar.examine.report:examine"}


def engine_names() -> tuple[str, ...]:
    """Names a manifest may use."""
    return tuple(_ENGINES)


def load_engine(name: str) -> Engine:
    """Make the engine called ``name``; imports its module only now.

    Raises:
        ValueError: there is no such engine.
    """
    if name not in _ENGINES:
        raise ValueError(f'engine "{name}" is unknown; choose one of {", ".join(_ENGINES)}')
    make: Callable[[], Engine] = _named(_ENGINES[name])
    return make()


def examine_engine(name: str) -> list[Finding]:
    """Whether this machine has what the engine called ``name`` needs; nothing is loaded.

    Raises:
        ValueError: there is no such engine.
    """
    if name in _EXAMINERS:
        examine: Callable[[], list[Finding]] = _named(_EXAMINERS[name])
        return examine()
    identity = load_engine(name).identity
    return [Finding("ok", "engine", f"version {identity.version}, needs nothing but its packages")]


def _named(place: str) -> Any:
    """What ``module:name`` names."""
    module_name, _, name = place.partition(":")
    return getattr(import_module(module_name), name)


@cache
def engine_identity(name: str) -> EngineIdentity:
    """Identity of the engine called ``name``, asked once per process.

    Raises:
        ValueError: there is no such engine.
    """
    return load_engine(name).identity


@cache
def earlier_identities(name: str) -> tuple[EngineIdentity, ...]:
    """Identities the engine called ``name`` had in earlier releases, the latest first.

    It cannot render what they rendered; what they finished stays finished.

    Raises:
        ValueError: there is no such engine.
    """
    identity = engine_identity(name)
    return tuple(
        replace(identity, version=version, weights_id=weights_id)
        for version, weights_id in _EARLIER.get(name, ())
    )


def check_settings(engine: Engine, settings: Mapping[str, Setting]) -> None:
    """Refuse a job's settings unless they are the engine's, complete and within its rules.

    Silent ones, and those of later releases, may be left out.

    Raises:
        ValueError: names every fault.
    """
    identity = engine.identity
    left_out = identity.silent_settings.keys() | identity.later_settings.keys()
    if settings.keys() - left_out != identity.settings.keys():
        raise ValueError(f"settings must be {sorted(identity.settings)}, got {sorted(settings)}")
    faults = [setting_fault(engine, name, value) for name, value in settings.items()]
    if any(faults):
        raise ValueError("; ".join(fault for fault in faults if fault))


def setting_fault(engine: Engine, name: str, value: Setting) -> str:
    """What is wrong with a setting the engine knows, in words; empty where nothing is.

    A whole number is taken where its default has a fraction.
    """
    default = {**engine.identity.silent_settings, **engine.identity.known_settings}[name]
    kinds = (int, float) if type(default) is float else (type(default),)
    if type(value) not in kinds:
        kind = type(default).__name__
        return f"{name} must be a {kind}, like its default {default!r}; got {value!r}"
    fault = engine.setting_fault(name, value)
    return f"{name} {fault}; got {value!r}" if fault else ""
