from __future__ import annotations

import pytest

from tasks.screen.overlays import Overlay, Region, Screen

WHOLE = Region(0, 0, 1080, 1920)


def test_a_screen_has_even_sides_and_holds_its_presenter():
    Screen(1080, 1920, WHOLE)
    with pytest.raises(ValueError, match="even"):
        Screen(1081, 1920, WHOLE)
    with pytest.raises(ValueError, match="leaves its screen"):
        Screen(1080, 1080, WHOLE)


def test_an_overlay_has_time_for_its_fades():
    Overlay(b"", 0, 0, starts_s=1, ends_s=2, fade_s=0.5)
    with pytest.raises(ValueError, match="two fades"):
        Overlay(b"", 0, 0, starts_s=1, ends_s=2, fade_s=0.6)
    with pytest.raises(ValueError, match="ends after it starts"):
        Overlay(b"", 0, 0, starts_s=2, ends_s=2)


def test_a_region_begins_inside_its_frame():
    with pytest.raises(ValueError, match="not 4x4 at -1,0"):
        Region(-1, 0, 4, 4)
