"""Blinks, glances, brows, head and breath: from the seed, the frame's number and the speech.

What is random depends on the seed and on the absolute frame only; what follows the speech on the
energy around the frame. Moves of the head rest between one another, as people's do.
"""

from dataclasses import dataclass
from math import cos, floor, pi

from model.engine import FPS

_BLINK_SLOT_FRAMES = 100
_BLINK_SHAPE = (0.0, 0.5, 1.0, 1.0, 0.75, 0.4, 0.12, 0.0)  # one value a frame
_GLANCE_SLOT_FRAMES = 34
_GLANCE_STEPS = (0.45, 0.9, 1.0)  # of the way to the next glance, one value a frame
_GLANCE_REACH = (0.05, 0.022)  # of the eye's width, along and across
_VIEWER_SHARE = 0.5  # of glances that go to the viewer
_STEADY_GAZE = 0.35  # eye widths a radian: eyes turn back against the head
_QUIET_SHARE = 0.4  # of the head's movement that is left in silence


@dataclass(frozen=True)
class Life:
    """What a frame's pose has beside the mouth; see :class:`model.preview.pose.Pose`."""

    blink: float
    brows: float
    gaze_x: float
    gaze_y: float
    yaw: float
    pitch: float
    roll: float
    shift_x: float
    shift_y: float
    breath: float


def life(seed: int, frame: int, speak: float, energy: float, emphasis: float) -> Life:
    """Everything but the mouth in one frame.

    Args:
        seed: of the job.
        frame: counted from the start of the video's chain.
        speak: 0 in silence to 1 in speech.
        energy: of the voice, 0 to 1.
        emphasis: by how much it is above the phrase's, -1 to 1.
    """
    lively = _QUIET_SHARE + (1 - _QUIET_SHARE) * speak

    def rests(channel: int, rate_hz: float) -> float:
        return _noise(seed, channel, frame * rate_hz / FPS, moving=0.6)

    def drifts(channel: int, rate_hz: float) -> float:
        return _noise(seed, channel, frame * rate_hz / FPS, moving=1.0)

    yaw = lively * (0.060 * rests(1, 0.5) + 0.012 * drifts(2, 1.0))
    pitch = lively * 0.030 * rests(3, 0.45) + 0.020 * speak * (energy - 0.4) + 0.11 * emphasis
    eager = 0.5 + 0.5 * drifts(9, 0.4)
    glance = glance_at(seed, frame)
    return Life(
        blink=blink(seed, frame),
        brows=max(-1.0, min(1.0, 7.0 * eager * max(emphasis, 0.0) + 0.22 * rests(10, 0.35))),
        gaze_x=glance[0] - _STEADY_GAZE * yaw,
        gaze_y=glance[1] - _STEADY_GAZE * pitch,
        yaw=yaw,
        pitch=pitch,
        roll=lively * (0.024 * rests(4, 0.4) + 0.006 * drifts(8, 0.9)),
        shift_x=0.010 * drifts(5, 0.35),
        shift_y=0.007 * drifts(6, 0.4) + 0.005 * speak * (energy - 0.3),
        breath=0.5 - 0.5 * cos(2 * pi * frame / (4.2 * FPS)),
    )


def blink(seed: int, frame: int) -> float:
    """How far the lids are down: one blink in every four seconds or so, at odd times."""
    for slot in (frame // _BLINK_SLOT_FRAMES - 1, frame // _BLINK_SLOT_FRAMES):
        if slot < 0:
            continue
        offset = int((0.2 + 0.6 * _uniform(seed, 7, slot)) * _BLINK_SLOT_FRAMES)
        step = frame - slot * _BLINK_SLOT_FRAMES - offset
        if 0 <= step < len(_BLINK_SHAPE):
            return _BLINK_SHAPE[step]
    return 0.0


def glance_at(seed: int, frame: int) -> tuple[float, float]:
    """Where the eyes look, over the eye's width: steps of two frames, held for half a second on."""
    slot = frame // _GLANCE_SLOT_FRAMES
    step = frame - slot * _GLANCE_SLOT_FRAMES - int(16 * _uniform(seed, 13, slot))
    before, after = _glance(seed, slot - 1), _glance(seed, slot)
    if step < 0:
        return before
    share = _GLANCE_STEPS[min(step, len(_GLANCE_STEPS) - 1)]
    return (
        before[0] + (after[0] - before[0]) * share,
        before[1] + (after[1] - before[1]) * share,
    )


def _glance(seed: int, slot: int) -> tuple[float, float]:
    """The target of one slot; half of them, and the first, are the viewer."""
    if slot < 0 or _uniform(seed, 14, slot) < _VIEWER_SHARE:
        return 0.0, 0.0
    along, across = (2 * _uniform(seed, channel, slot) - 1 for channel in (15, 16))
    return _GLANCE_REACH[0] * along, _GLANCE_REACH[1] * across


def _noise(seed: int, channel: int, x: float, moving: float) -> float:
    """Noise in -1..1 from one drawn value to the next at whole ``x``, at rest between moves.

    ``moving`` is the share of the time in which it moves.
    """
    step = floor(x)
    t = min(max((x - step - (1 - moving) / 2) / moving, 0.0), 1.0)
    t = t * t * (3 - 2 * t)
    here, there = (2 * _uniform(seed, channel, step + i) - 1 for i in (0, 1))
    return here * (1 - t) + there * t


def _uniform(seed: int, channel: int, index: int) -> float:
    """A number in 0..1 drawn from three integers (splitmix64's mixing function)."""
    mask = (1 << 64) - 1
    value = (seed * 0x9E3779B97F4A7C15 + channel * 0xD1B54A32D192ED03 + index + 1) & mask
    for _ in range(2):
        value = (value + 0x9E3779B97F4A7C15) & mask
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
        value ^= value >> 31
    return (value >> 11) / (1 << 53)
