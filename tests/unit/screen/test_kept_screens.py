"""Screens as bytes: what was written down is read back, and equal screens are equal bytes."""

from dataclasses import replace

import pytest

from tasks.screen.kept_screens import screen_bytes, screen_of_bytes
from tasks.screen.overlays import Overlay, Region, Screen

OVERLAY = Overlay(b"png", 10, 20, 0.48, 1.0, 0.2)
SCREEN = Screen(
    108,
    192,
    Region(0, 0, 54, 96),
    canvas=b"canvas",
    overlays=(OVERLAY, replace(OVERLAY, starts_s=0.6)),
    presenter_alone=((0.04, 0.12), (1.0, 2.0)),
)


@pytest.mark.parametrize(
    "screen",
    [
        SCREEN,
        replace(SCREEN, canvas=None, overlays=()),
        replace(SCREEN, captions=Region(2, 4, 50, 20)),
    ],
)
def test_a_screen_is_read_back_as_it_was(screen):
    assert screen_of_bytes(screen_bytes(screen)) == screen


def test_any_change_is_another_content():
    assert screen_bytes(SCREEN) == screen_bytes(replace(SCREEN))
    assert screen_bytes(SCREEN) != screen_bytes(replace(SCREEN, presenter_alone=()))
    assert screen_bytes(SCREEN) != screen_bytes(replace(SCREEN, overlays=(OVERLAY,)))


def test_screens_without_captions_are_the_bytes_of_earlier_releases():
    assert b"captions" not in screen_bytes(SCREEN)


def test_damaged_bytes_are_no_screen():
    with pytest.raises(ValueError, match="overlays"):
        screen_of_bytes(screen_bytes(SCREEN).replace(b"overlays", b"overlay"))
