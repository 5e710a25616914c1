"""A screen as bytes, so that any machine can encode it from the store alone. Pure."""

import base64
import json

from pydantic import Field

from tasks.record import Record
from tasks.screen.overlays import Overlay, Region, Screen

SCREENS = "screens"
"""Folder of kept screens, from the campaign's root."""


class _KeptOverlay(Record):
    picture: str
    left: int
    top: int
    starts_s: float
    ends_s: float
    fade_s: float


class _KeptScreen(Record):
    width: int
    height: int
    presenter: tuple[int, int, int, int]
    canvas: str | None
    overlays: tuple[_KeptOverlay, ...]
    presenter_alone: tuple[tuple[float, float], ...] = Field(default=())
    captions: tuple[int, int, int, int] | None = None


def screen_name(sha256: str) -> str:
    """Name of a kept screen in the store, by the digest of its bytes."""
    return f"{SCREENS}/{sha256}.json"


def screen_bytes(screen: Screen) -> bytes:
    """A screen; equal ones are equal bytes."""
    kept = _KeptScreen(
        width=screen.width,
        height=screen.height,
        presenter=_sides(screen.presenter),
        canvas=_text(screen.canvas) if screen.canvas else None,
        overlays=tuple(
            _KeptOverlay(
                picture=_text(each.picture),
                left=each.left,
                top=each.top,
                starts_s=each.starts_s,
                ends_s=each.ends_s,
                fade_s=each.fade_s,
            )
            for each in screen.overlays
        ),
        presenter_alone=screen.presenter_alone,
        captions=_sides(screen.captions) if screen.captions else None,
    )
    fields = kept.model_dump(mode="json")
    if kept.captions is None:  # so that screens without them are the bytes that they always were
        del fields["captions"]
    return json.dumps(fields, sort_keys=True).encode()


def screen_of_bytes(data: bytes) -> Screen:
    """The screen that :func:`screen_bytes` wrote down.

    Raises:
        ValueError: these bytes are none.
    """
    kept = _KeptScreen.model_validate_json(data)
    return Screen(
        width=kept.width,
        height=kept.height,
        presenter=Region(*kept.presenter),
        canvas=base64.b64decode(kept.canvas) if kept.canvas else None,
        overlays=tuple(
            Overlay(
                picture=base64.b64decode(each.picture),
                left=each.left,
                top=each.top,
                starts_s=each.starts_s,
                ends_s=each.ends_s,
                fade_s=each.fade_s,
            )
            for each in kept.overlays
        ),
        presenter_alone=kept.presenter_alone,
        captions=Region(*kept.captions) if kept.captions else None,
    )


def _sides(region: Region) -> tuple[int, int, int, int]:
    return region.left, region.top, region.width, region.height


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
