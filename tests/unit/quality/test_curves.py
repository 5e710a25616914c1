"""Figures of segments as curves that people look at."""

import numpy as np
import pytest

from tasks.gate_records import GateFigures
from tasks.quality.gates.curves import video_curves
from tasks.quality.gates.limits import limits_of

LIMITS = limits_of("preview")
RANDOM = np.random.default_rng(7)


def figures(num_frames: int, *, follows: bool = True, red: float = 0.0) -> GateFigures:
    """Of a segment in which somebody speaks all the time, and looks like the portrait but once."""
    frames = np.arange(num_frames)
    voice = 0.5 + 0.5 * np.sin(2 * np.pi * frames / 7 + 0.3 * np.sin(frames / 11))
    lag = round(LIMITS.usual_lag_ms / 40)
    mouth = np.roll(voice, lag) if follows else RANDOM.random(num_frames)
    looks = [0.95] * (-(-num_frames // 12))
    looks[-1] = 0.4
    return GateFigures(
        source="raw",
        face="mesh",
        is_still=False,
        look_every=12,
        step=(1.0,) * num_frames,
        contrast=(50.0,) * num_frames,
        colour=((red, 0.0, 0.0),) * num_frames,
        texture=(1.0,) * num_frames,
        speech=tuple(voice.tolist()),
        motion=tuple(mouth.tolist()),
        likeness=tuple(looks),
        eyes=(1.0,) * len(looks),
        head=((0.0, 0.0),) * len(looks),
        strangers=(0,) * len(looks),
        sync=None,
        seam=None,
    )


def test_there_is_a_point_for_every_twelve_frames():
    curves = video_curves([figures(96), figures(60)], LIMITS)
    assert curves is not None
    assert curves.frames_per_point == 12
    assert len(curves.sync) == len(curves.identity) == len(curves.drift) == 13


def test_a_mouth_that_follows_the_voice_is_told_from_one_that_does_not():
    curves = video_curves([figures(240), figures(240, follows=False)], LIMITS)
    assert curves is not None
    sync = [value for value in curves.sync if value is not None]
    assert min(sync[:15]) > 0.9
    assert max(sync[-15:]) < 0.5


def test_likeness_and_colour_are_where_they_were_measured():
    curves = video_curves([figures(96), figures(96, red=2.5)], LIMITS)
    assert curves is not None
    assert curves.identity == (*([0.95] * 7), 0.4, *([0.95] * 7), 0.4)
    assert curves.drift == (*([0.0] * 8), *([2.5] * 8))


def test_a_long_video_keeps_its_worst_points():
    curves = video_curves([figures(7200)], LIMITS)
    assert curves is not None
    assert len(curves.identity) == 200
    assert curves.frames_per_point == 36
    assert curves.identity[-1] == 0.4


@pytest.mark.parametrize("whole", [[None], [figures(96), None], []])
def test_a_video_that_was_not_measured_has_none(whole):
    assert video_curves(whole, LIMITS) is None
