"""The two channels of a recording: whether their sum is the voice, or one of them alone. Pure.

S samples.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.engine import ENGINE_SAMPLE_RATE_HZ
from tasks.speech.loudness import Levels, active_frames, active_level_db, frame_levels
from tasks.speech.recordings.high_pass import HIGH_PASS_EDGES_HZ, HighPass

_NAMES = ("left", "right")
_DEAD_BELOW_OTHER_DB = 30.0
_CANCELS_BELOW_CHANNEL_DB = 7.0
"""A channel beside a dead one gives a sum 6 dB below it; more is lost only where they cancel."""
_LOST_IN_A_FRAME_DB = 12.0
_LEAST_LOST_SHARE = 0.1
"""Of the speech. Microphones apart lose that much of a few frames, wherever a wavelength fits."""
_LONGEST_DELAY = ENGINE_SAMPLE_RATE_HZ // 10
_SHORTEST_DELAY = 2
_SAME_SOUND = 0.7
_SILENT_BELOW_DB = -80.0
_LEAST_SAMPLES = 2 * _LONGEST_DELAY


@dataclass(frozen=True)
class ChannelChoice:
    """The channel that is used instead of both.

    Attributes:
        index: 0 is the left one.
        is_for_viewers: whether viewers hear it on both sides, too.
        reason: for people.
    """

    index: int
    is_for_viewers: bool
    reason: str


@dataclass(frozen=True)
class ChannelFigures:
    """What is measured of two channels.

    Attributes:
        channel_db: level of the speech in each, without what is below the voice.
        sum_db: in their mean.
        lost_share: of the stronger channel's speech, the frames that the mean all but lacks.
        likeness: their correlation, from -1 to 1.
        delayed_likeness: the same at the delay at which they are most alike, of either sign.
        delay: that delay in samples at 16 kHz, of the right channel behind the left.
    """

    channel_db: tuple[float, float]
    sum_db: float
    lost_share: float
    likeness: float
    delayed_likeness: float
    delay: int


def choose_channel(found: ChannelFigures) -> ChannelChoice | None:
    """The channel to use alone; None where both together are the voice."""
    stronger = int(found.channel_db[1] > found.channel_db[0])
    strong_db, weak_db = found.channel_db[stronger], found.channel_db[1 - stronger]
    if strong_db < _SILENT_BELOW_DB:
        return None
    name = _NAMES[stronger]
    if weak_db < strong_db - _DEAD_BELOW_OTHER_DB or weak_db < _SILENT_BELOW_DB:
        return ChannelChoice(
            stronger,
            True,
            f"only the {name} channel has speech; viewers hear it on both sides",
        )
    lost_db = strong_db - found.sum_db
    if lost_db > _CANCELS_BELOW_CHANNEL_DB:
        return ChannelChoice(
            stronger,
            True,
            f"the left and the right channel cancel each other: together they are {lost_db:.0f} dB "
            f"weaker than the {name} one, which is used alone, on both sides",
        )
    is_delayed = abs(found.delay) >= _SHORTEST_DELAY and found.delayed_likeness >= _SAME_SOUND
    if is_delayed and abs(found.likeness) < _SAME_SOUND:
        first = int(found.delay < 0)
        delay_ms = 1000 * abs(found.delay) / ENGINE_SAMPLE_RATE_HZ
        return ChannelChoice(
            first,
            False,
            f"the {_NAMES[1 - first]} channel repeats the {_NAMES[first]} one {delay_ms:.1f} ms "
            f"later; lips follow the {_NAMES[first]} channel alone, and viewers hear both",
        )
    if found.lost_share > _LEAST_LOST_SHARE:
        return ChannelChoice(
            stronger,
            True,
            f"the left and the right channel cancel each other in {found.lost_share:.0%} of the "
            f"speech; the {name} one is used alone, on both sides",
        )
    return None


def measure_channels(blocks: Iterable[NDArray[np.float32]]) -> ChannelFigures:
    """Figures of ``(S, 2)`` blocks at 16 kHz, each a whole number of 10 ms but the last."""
    filters = [HighPass(HIGH_PASS_EDGES_HZ[-1], ENGINE_SAMPLE_RATE_HZ) for _ in _NAMES]
    levels: tuple[list[Levels], list[Levels], list[Levels]] = ([], [], [])
    products = np.zeros(2 * _LONGEST_DELAY + 1)
    powers = np.zeros(2)
    for block in blocks:
        left, right = (each(block[:, index]) for index, each in enumerate(filters))
        for kept, pcm in zip(levels, (left, right, np.float32(0.5) * (left + right)), strict=True):
            kept.append(frame_levels(pcm, ENGINE_SAMPLE_RATE_HZ))
        powers += [float(np.sum(pcm.astype(np.float64) ** 2)) for pcm in (left, right)]
        products += _products(left, right)
    whole = [np.concatenate(each) if each else np.zeros(0) for each in levels]
    left_db, right_db, sum_db = map(active_level_db, whole)
    strong = whole[int(right_db > left_db)]
    lost = (strong - whole[2] > _LOST_IN_A_FRAME_DB)[active_frames(strong)]
    likeness = products / max(float(np.sqrt(powers[0] * powers[1])), 1e-12)
    at = int(np.abs(likeness).argmax())
    return ChannelFigures(
        (left_db, right_db),
        sum_db,
        float(lost.mean()) if len(lost) else 0.0,
        float(likeness[_LONGEST_DELAY]),
        abs(float(likeness[at])),
        at - _LONGEST_DELAY,
    )


def _products(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sums of products at every delay of ``right`` behind ``left``, up to 100 ms either way."""
    if len(left) < _LEAST_SAMPLES:
        padded = np.zeros((2, _LEAST_SAMPLES), np.float32)
        padded[0, : len(left)], padded[1, : len(right)] = left, right
        left, right = padded
    size = 1 << (len(left) + _LONGEST_DELAY).bit_length()
    spectrum = np.conj(np.fft.rfft(left, size)) * np.fft.rfft(right, size)
    found = np.fft.irfft(spectrum, size)
    return np.concatenate((found[-_LONGEST_DELAY:], found[: _LONGEST_DELAY + 1]))
