"""From a segment's audio and phones to its poses: a pure function of the job and a frame counter.

Every filter has finite support shorter than the audio context, and every normalisation is a
constant, so that the curves of a segment are those of the whole track. Levels assume speech at
-23 dBFS, which is what the engine's copy of the audio has.

Features are computed every 10 ms; feature i is centred on sample ``160 * i + 80``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS, Phoneme, SegmentJob
from model.preview.motion.closures import band_levels, heard_closures
from model.preview.motion.life import life
from model.preview.motion.lip_phones import phone_levels
from model.preview.pose import Pose

Curve: TypeAlias = NDArray[np.float64]

CONTEXT_SAMPLES = 12_800  # 0.8 s on each side; no filter below reaches further
_HOP = 160
_WINDOW = 640
_SAMPLES_PER_FRAME = ENGINE_SAMPLE_RATE_HZ // FPS
_BLOCK_HOPS = 2_048  # features made at a time, so that memory does not grow with the track
_HOPS_PER_FRAME = _SAMPLES_PER_FRAME // _HOP
_CONTEXT_HOPS = CONTEXT_SAMPLES // _HOP
_LEAD_HOPS = 3  # lips move 30 ms before the sound, as people's do

# levels of speech at -23 dBFS, measured on three recordings (10th and 90th percentiles)
_SILENT_DBFS, _LOUD_DBFS = -54.0, -18.5
_OPEN_VOWEL_HZ = (360.0, 880.0)  # centre of gravity of the first formant's region
_FRONT_VOWEL_DB = (-30.0, 1.0)  # second formant of i over that of u
_FRICTION_DB = (-2.0, 14.0)  # noise above 4 kHz over the voice below 1.2 kHz

_PHONE_OPENING = 0.74  # opening of a stressed open vowel after smoothing with its neighbours
_CLOSED_PHONES = frozenset("mbp")
_LEAST_CLOSED_HOPS = 5.0  # lips stay shut for a frame at least, wherever its middle falls
_CLOSING_HOPS = 5.0  # from open to shut
_LEAST_PRESS = 0.1  # lips that are pressed together less move no jaw
_LONGEST_PHONE_S = 0.3
_FASTEST_JAW = 0.33 / _HOPS_PER_FRAME  # of the opening, in 10 ms
_SHUT_PRESS = 0.95
_ALL_BUT_SHUT = 0.07
_LONGEST_BETWEEN_CLOSURES = 12  # hops from one shut moment to the next
_TWO_FRAMES = 2 * _HOPS_PER_FRAME + 1  # hops of which two frames at least show some
_GLIMPSE = 0.08  # a single frame may be open by this much more than those beside it

# phones (IPA, as the neural voices write them) -> opening, width, lips pressed together
_VISEME_GROUPS: tuple[tuple[str, float, float, float], ...] = (
    ("aɑæ", 0.95, 0.15, 0.0),
    ("ʌ", 0.7, 0.1, 0.0),
    ("ɐəᵊɜɚᵻɤ", 0.45, 0.0, 0.0),
    ("ɛe", 0.6, 0.55, 0.0),
    ("iɪj", 0.32, 0.85, 0.0),
    ("ɨ", 0.25, 0.5, 0.0),
    ("ɔoɒ", 0.65, -0.65, 0.0),
    ("uʊwyɥ", 0.30, -1.0, 0.0),
    ("mbp", 0.0, -0.05, 1.0),
    ("fv", 0.10, 0.1, 0.45),
    ("θð", 0.22, 0.1, 0.0),
    ("szʦʣ", 0.14, 0.4, 0.0),
    ("ʃʒʧʤʂʐɕʨʥꭧꭦ", 0.2, -0.35, 0.0),
    ("tdnlɾTɫ", 0.24, 0.1, 0.0),
    ("ɹrɻ", 0.28, -0.4, 0.0),
    ("kɡgŋxhɣ", 0.32, 0.0, 0.0),
)
_VISEMES = {
    symbol: np.array([opening, wide, press])
    for symbols, opening, wide, press in _VISEME_GROUPS
    for symbol in symbols
}
_LIP_PHONES = frozenset("mbpfv")
_DIPHTHONGS = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ"}
_FIRST_VOWEL = 0.6  # of a diphthong's time


@dataclass(frozen=True)
class MouthCurves:
    """One value a frame of the segment; see :class:`model.preview.pose.Pose`.

    Besides, ``energy`` of the voice is 0 to 1, and ``emphasis`` is by how much it is above the
    phrase's.
    """

    opening: Curve
    wide: Curve
    press: Curve
    speak: Curve
    energy: Curve
    emphasis: Curve


def poses(job: SegmentJob, first_frame: int) -> list[Pose]:
    """One pose for every frame of ``job``, which starts at ``first_frame`` of its video."""
    mouth = mouth_curves(job)
    return [_pose(mouth, index, job.seed, first_frame + index) for index in range(job.num_frames)]


def _pose(mouth: MouthCurves, index: int, seed: int, frame: int) -> Pose:
    curves = {name: float(curve[index]) for name, curve in vars(mouth).items()}
    energy, emphasis = curves.pop("energy"), curves.pop("emphasis")
    return Pose(**curves, **vars(life(seed, frame, curves["speak"], energy, emphasis)))


# --- mouth --------------------------------------------------------------------------------------


def mouth_curves(job: SegmentJob) -> MouthCurves:
    """Curves of the lips from the audio, and from the phones where the voice gives them."""
    signal = _window(job)
    num_hops = job.num_frames * _HOPS_PER_FRAME + 2 * _CONTEXT_HOPS
    sound = _features(signal, num_hops)
    opening, press, wide = _from_audio(sound)
    if job.phonemes is not None:
        first_sample = job.left_context - CONTEXT_SAMPLES
        opening, press, wide = _mixed(
            opening, sound.energy, _from_phones(job.phonemes, first_sample, num_hops)
        )
    opening = _closing_lips(_steady(np.clip(opening, 0, 1)), press)
    loudest = ndimage.maximum_filter1d(_smooth(sound.energy, 2.5), 21, mode="nearest")
    speak = _smooth(np.clip(loudest * 5, 0, 1), 5.0)
    return MouthCurves(
        opening=np.clip(_per_frame(opening, job.num_frames), 0, 1),
        wide=np.clip(_per_frame(wide, job.num_frames), -1, 0.9),
        press=np.clip(_per_frame(press, job.num_frames), 0, 1),
        speak=_per_frame(speak, job.num_frames),
        energy=_per_frame(_smooth(sound.energy, 8.0), job.num_frames),
        emphasis=_per_frame(
            _smooth(sound.energy, 11.0) - _smooth(sound.energy, 22.0), job.num_frames
        ),
    )


@dataclass(frozen=True)
class _Sound:
    """One value every 10 ms, each 0 to 1: level, openness, frontness (-1 to 1), friction.

    ``levels`` are those of :func:`model.preview.motion.closures.band_levels`, the others those of
    :func:`model.preview.motion.lip_phones.phone_levels`.
    """

    energy: Curve
    openness: Curve
    frontness: Curve
    friction: Curve
    levels: Curve
    phone_levels: Curve


def _window(job: SegmentJob) -> NDArray[np.int16]:
    """The segment's samples with the full context on both sides; zeros where there are none."""
    wanted = job.num_frames * _SAMPLES_PER_FRAME + 2 * CONTEXT_SAMPLES + _WINDOW
    start = job.left_context - CONTEXT_SAMPLES - (_WINDOW - _HOP) // 2
    low, high = max(start, 0), min(start + wanted, len(job.pcm))
    signal = np.zeros(wanted, np.int16)
    if high > low:
        signal[low - start : high - start] = job.pcm[low:high]
    return signal


def _features(signal: NDArray[np.int16], num_hops: int) -> _Sound:
    frames = np.lib.stride_tricks.sliding_window_view(signal, _WINDOW)[::_HOP][:num_hops]
    parts = [_features_of(frames[i : i + _BLOCK_HOPS]) for i in range(0, num_hops, _BLOCK_HOPS)]
    return _Sound(*(np.concatenate(curves) for curves in zip(*parts, strict=True)))


def _features_of(frames: NDArray[np.int16]) -> tuple[Curve, Curve, Curve, Curve, Curve, Curve]:
    """Energy, openness, frontness, friction and levels of ``(hops, samples)``."""
    taper = np.hanning(_WINDOW)
    power = np.abs(np.fft.rfft(frames * (taper / 32768), 1024)) ** 2 / (
        512 * float((taper**2).sum())
    )
    hertz = np.fft.rfftfreq(1024, 1 / ENGINE_SAMPLE_RATE_HZ)

    def band(low: float, high: float) -> Curve:
        return power[:, (hertz >= low) & (hertz < high)].sum(1) + 1e-14

    first = (hertz >= 250) & (hertz < 1150)
    centre = (power[:, first] * hertz[first]).sum(1) / (power[:, first].sum(1) + 1e-14)
    energy = _share(10 * np.log10(band(120, 3800)), _SILENT_DBFS, _LOUD_DBFS)
    friction = _share(10 * np.log10(band(4000, 7800) / band(150, 1200)), *_FRICTION_DB)
    front = 2 * _share(10 * np.log10(band(1700, 3200) / band(500, 1200)), *_FRONT_VOWEL_DB) - 1
    return (
        energy,
        _share(centre, *_OPEN_VOWEL_HZ),
        np.where(energy > 0.3, front, 0.0),
        friction * (energy < 0.8),
        band_levels(power, hertz),
        phone_levels(frames),
    )


def _share(values: Curve, low: float, high: float) -> Curve:
    # rounded, so that a last bit that depends on vector lanes never reaches a pixel
    return np.round(np.clip((values - low) / (high - low), 0, 1), 6)


def _from_audio(sound: _Sound) -> tuple[Curve, Curve, Curve]:
    """Opening, press and width from the sound alone."""
    opening = sound.energy**1.6 * (0.45 + 0.55 * sound.openness) * (1 - 0.6 * sound.friction)
    opening = _smooth(opening, 2.2)
    level = _smooth(sound.energy, 2.5)
    peak = ndimage.maximum_filter1d(level, 21, mode="nearest")
    is_speech = ndimage.maximum_filter1d(level, 31, mode="nearest") > 0.55
    dip = np.clip((peak - level) / 0.5 - 0.35, 0, 1) * is_speech * (1 - sound.friction)
    opening = np.clip(1.1 * opening * (1 - 0.75 * dip), 0, 1) ** 0.92
    wide = _smooth(sound.frontness, 4.0) * 1.2
    near = ndimage.maximum_filter1d(np.clip(4 * level, 0, 1), 25, mode="nearest")
    return opening, heard_closures(sound.levels, sound.phone_levels) * near, wide


def _from_phones(
    phonemes: Sequence[Phoneme], first_sample: int, num_hops: int
) -> tuple[Curve, Curve, Curve]:
    """Opening, press and width from the phones: each reaches into its neighbours."""
    total = np.zeros((num_hops, 3))
    weights = np.full(num_hops, 1e-3)
    closed = np.zeros(num_hops)
    for phoneme in _single_vowels(phonemes):
        shape = _VISEMES.get(phoneme.symbol)
        if shape is None:
            continue
        centre = ((phoneme.start + phoneme.end) / 2 - first_sample) / _HOP - 0.5
        length = (phoneme.end - phoneme.start) / ENGINE_SAMPLE_RATE_HZ
        length = min(max(length, 0.05), _LONGEST_PHONE_S)
        is_lips = phoneme.symbol in _LIP_PHONES
        sigma = max(length * 0.42, 0.03) if is_lips else length * 0.5
        sigma *= ENGINE_SAMPLE_RATE_HZ / _HOP
        # rounded, so that the last bit of a time, which a cut changes, moves no border
        low = max(0, int(np.ceil(round(centre - 3 * sigma, 6))))
        high = min(num_hops, int(np.floor(round(centre + 3 * sigma, 6))) + 1)
        if low >= high:
            continue
        bell = np.exp(-0.5 * ((np.arange(low, high) - centre) / sigma) ** 2)
        bell *= 1.6 if is_lips else 1.0
        total[low:high] += bell[:, None] * shape
        weights[low:high] += bell
        if phoneme.symbol in _CLOSED_PHONES:
            half = max(length * ENGINE_SAMPLE_RATE_HZ / _HOP, _LEAST_CLOSED_HOPS) / 2
            away = np.abs(np.arange(low, high) - centre) - half
            shut = np.clip(1 - away / _CLOSING_HOPS, 0, 1)
            closed[low:high] = np.maximum(closed[low:high], shut * shut * (3 - 2 * shut))
    curves = np.round(total / np.maximum(weights, 0.25)[:, None], 6)
    opening, wide, press = (_smooth(curves[:, axis], 1.6) for axis in range(3))
    press = np.maximum(np.clip(1.25 * press - 0.2, 0, 1), np.round(closed, 6))
    return opening, press, wide


def _single_vowels(phonemes: Sequence[Phoneme]) -> Iterator[Phoneme]:
    """The phones, with each diphthong as the two vowels that it goes from and to."""
    for phoneme in phonemes:
        vowels = _DIPHTHONGS.get(phoneme.symbol)
        if vowels is None:
            yield phoneme
            continue
        middle = phoneme.start + round(_FIRST_VOWEL * (phoneme.end - phoneme.start))
        yield Phoneme(vowels[0], phoneme.start, middle)
        yield Phoneme(vowels[1], middle, phoneme.end)


def _mixed(
    heard: Curve, energy: Curve, told: tuple[Curve, Curve, Curve]
) -> tuple[Curve, Curve, Curve]:
    """Half what is heard, half what the phones tell; closures and width are the phones'."""
    opening, press, wide = told
    level = _smooth(energy, 2.5)
    opening = opening * (0.62 + 0.38 * np.clip(1.15 * level, 0, 1)) / _PHONE_OPENING
    voiced = np.clip(4 * level, 0, 1)
    opening = 1.15 * (0.5 * np.clip(opening, 0, 1) + 0.5 * heard) * voiced
    # a stop is silent itself: lips shut for it where a voice is near
    near = ndimage.maximum_filter1d(voiced, 25, mode="nearest")
    return opening, press * near, 0.9 * wide * voiced


def _steady(opening: Curve) -> Curve:
    """The opening at the speed of a jaw: half way between the curves that enclose it at that speed.

    They reach as far as the jaw needs for its whole way.
    """
    reach = int(np.ceil(1 / _FASTEST_JAW))
    cone = -_FASTEST_JAW * np.abs(np.arange(-reach, reach + 1))
    least = ndimage.grey_erosion(opening, structure=cone, mode="nearest")
    most = ndimage.grey_dilation(opening, structure=cone, mode="nearest")
    return (least + most) / 2


def _closing_lips(opening: Curve, press: Curve) -> Curve:
    """Lips that are pressed shut the jaw's opening at once, and let it go at the jaw's speed.

    Lips that hardly touch leave the jaw alone: it would fall faster than jaws do, and shut nothing.
    """
    shut = opening * (1 - np.clip((press - _LEAST_PRESS) / (1 - _LEAST_PRESS), 0, 1))
    reach = int(np.ceil(1 / _FASTEST_JAW))
    steps = np.arange(-reach, reach + 1)
    released = np.where(steps <= 0, _FASTEST_JAW * steps, -2.0)
    opened = ndimage.grey_erosion(shut, structure=released, mode="nearest")
    return _without_flicker(opened, press)


def _without_flicker(opening: Curve, press: Curve) -> Curve:
    """Between closures that are near each other, jaws open as far as they stay for two frames.

    The jaw's speed and the next closure leave time for a single open frame there, which flickers.
    A mouth that a soft moment of the voice leaves all but shut counts as a closure.
    """
    is_shut = ((press >= _SHUT_PRESS) | (opening < _ALL_BUT_SHUT)).astype(np.uint8)
    is_between = ndimage.grey_closing(is_shut, size=_LONGEST_BETWEEN_CLOSURES, mode="nearest")
    held = ndimage.grey_opening(opening, size=_TWO_FRAMES, mode="nearest")
    return np.where(is_between > 0, np.minimum(opening, held + _GLIMPSE), opening)


def _smooth(curve: Curve, sigma: float) -> Curve:
    """A Gaussian of finite support: three sigma on each side."""
    radius = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return ndimage.correlate1d(curve, kernel / kernel.sum(), mode="nearest")


def _per_frame(curve: Curve, num_frames: int) -> Curve:
    """The curve at the middle of every frame, ahead by the lead."""
    middle = _CONTEXT_HOPS + _LEAD_HOPS + (_HOPS_PER_FRAME - 1) / 2
    first = int(middle)
    later = curve[first + 1 :: _HOPS_PER_FRAME][:num_frames]
    share = middle - first
    return curve[first::_HOPS_PER_FRAME][:num_frames] * (1 - share) + later * share
