"""The screen of one deliverable, as pictures and regions: a layout says it, an encode reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A rectangle of the screen, in pixels from the frame's upper left corner."""

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if min(self.left, self.top) < 0 or min(self.width, self.height) < 1:
            raise ValueError(
                f"a region is at least one pixel and begins inside its frame, "
                f"not {self.width}x{self.height} at {self.left},{self.top}"
            )

    def is_within(self, width: int, height: int) -> bool:
        """Whether a frame of that size holds all of it."""
        return self.left + self.width <= width and self.top + self.height <= height


@dataclass(frozen=True)
class Overlay:
    """A picture above the presenter, from one time of the master to another.

    `picture` is an RGBA PNG of the size that it has on the screen; `left` and `top` say where its
    upper left corner lies, in pixels. It is seen in frames that begin at `starts_s` or later and
    before `ends_s` (seconds of the master, clips before it not counted). With `fade_s` it
    appears and disappears within that many seconds of its time.
    """

    picture: bytes
    left: int
    top: int
    starts_s: float
    ends_s: float
    fade_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.starts_s < self.ends_s:
            raise ValueError(
                f"an overlay ends after it starts, not from {self.starts_s} to {self.ends_s} s"
            )
        if not 0 <= 2 * self.fade_s <= self.ends_s - self.starts_s:
            raise ValueError(
                f"two fades of {self.fade_s} s do not fit into {self.ends_s - self.starts_s:g} s"
            )


@dataclass(frozen=True)
class Screen:
    """One deliverable's screen, `width` x `height` pixels, both even.

    The presenter fills `presenter`. `canvas` is a PNG of the whole frame behind it, or None where
    it fills the frame, or where what lies beside it is a blurred copy of the presenter itself.
    Overlays lie on top in their order; `captions` is where burned captions stand, which are none of
    them, or None where there is no such place. In `presenter_alone`, from one time to another, the
    presenter fills the whole frame instead of its region; overlays lie on top all the same.
    """

    width: int
    height: int
    presenter: Region
    canvas: bytes | None = None
    overlays: tuple[Overlay, ...] = ()
    presenter_alone: tuple[tuple[float, float], ...] = ()
    captions: Region | None = None

    def __post_init__(self) -> None:
        if self.width % 2 or self.height % 2 or min(self.width, self.height) < 2:
            raise ValueError(f"sides of a screen are even, not {self.width}x{self.height}")
        if not self.presenter.is_within(self.width, self.height):
            raise ValueError(f"{self.presenter} leaves its screen of {self.width}x{self.height}")
