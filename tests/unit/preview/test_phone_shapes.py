"""What the mouth does for single phones, and between closures that are near each other."""

import numpy as np
import pytest
from preview_jobs import SAMPLES_PER_FRAME, job, landscape, speech

from model.engine import Phoneme
from model.preview.motion.curves import MouthCurves, mouth_curves
from model.speech.hanzi.pinyin import FINALS, INITIALS
from model.speech.phones import sounding
from tasks.reading.pronunciation.notation import PHONEMES

NUM_FRAMES = 75
PIXELS = landscape(16, 16)
SUNG = speech(NUM_FRAMES, 0.2, 2.8, is_sung=True)
START, LONG = 16_000, 3_200  # samples; 0.2 s
MANDARIN = "".join(INITIALS.values()) + "".join(a + b for a, b in FINALS.values())


def told(*phones: tuple[str, int]) -> MouthCurves:
    """Symbols with their lengths in samples, one after the other from 1 s on, in one long vowel."""
    ends = START + np.cumsum([length for _, length in phones])
    phonemes = tuple(
        Phoneme(symbol, int(end) - length, int(end))
        for (symbol, length), end in zip(phones, ends, strict=True)
    )
    return mouth_curves(job(PIXELS, SUNG, 0, NUM_FRAMES, phonemes=phonemes))


def during(symbol: str, share: float) -> tuple[float, float]:
    """Opening and width after this share of a phone between two t."""
    found = told(("t", 1_600), (symbol, LONG), ("t", 1_600))
    frame = (START + 1_600 + share * LONG) / SAMPLES_PER_FRAME - 1.25
    frames = np.arange(NUM_FRAMES)
    return tuple(float(np.interp(frame, frames, c)) for c in (found.opening, found.wide))


@pytest.mark.parametrize(
    "symbol", sorted(set(sounding("".join(PHONEMES) + MANDARIN + "Q")) - {"ʔ"})
)
def test_every_phone_of_the_voices_has_a_shape(symbol: str) -> None:
    nothing = told(("?", LONG))
    assert not np.array_equal(told((symbol, LONG)).opening, nothing.opening)


def test_the_vowel_of_made_opens_like_the_one_of_bed_and_not_like_ah() -> None:
    made, bed, ah = (max(during(symbol, s)[0] for s in (0.3, 0.5, 0.7)) for symbol in "Aɛɑ")
    assert made <= bed + 0.02
    assert made < ah - 0.1


@pytest.mark.parametrize(
    ("diphthong", "first", "second"),
    [(*"Aeɪ",), (*"Iaɪ",), (*"Ooʊ",), (*"Qəʊ",), (*"Waʊ",), (*"Yɔɪ",)],
)
def test_a_diphthong_closes_from_its_first_vowel_to_its_second(
    diphthong: str, first: str, second: str
) -> None:
    early, late = during(diphthong, 0.25), during(diphthong, 0.85)
    assert late[0] < early[0] - 0.05
    begins, ends = during(first, 0.25), during(second, 0.85)
    assert early == pytest.approx(begins, abs=0.12)
    assert abs(late[1] - ends[1]) < abs(late[1] - during(first, 0.85)[1])


def test_the_mandarin_zh_is_an_affricate_and_no_vowel() -> None:
    assert during("ꭧ", 0.5) == during("ʨ", 0.5) != during("ə", 0.5)


@pytest.mark.parametrize("shift", range(0, 640, 80))
def test_a_jaw_does_not_open_for_a_single_frame_between_closures(shift: int) -> None:
    found = told(("p", 1_600 + shift), ("a", 1_760), ("p", 1_600), ("a", 4_800))
    first = START + 1_600 + shift
    frames = slice(int(first / SAMPLES_PER_FRAME) - 2, int((first + 1_760) / SAMPLES_PER_FRAME) + 1)
    opening = found.opening
    beside = np.maximum(np.roll(opening, 1), np.roll(opening, -1))
    assert (opening - beside)[frames].max() < 0.13
    assert opening[frames].min() < 0.05  # and the closures stay
    assert opening[frames.stop :].max() > 0.5  # as does what is no flicker


def test_phones_that_reach_exactly_to_a_step_are_the_same_in_every_segment() -> None:
    rng = np.random.default_rng(4)
    starts = [int(start) for start in rng.integers(12_000, 32_000, 40)]
    lengths = [start - 80 - 160 * ((start - 2_400) // 160) for start in starts]  # 2_320 to 2_479
    phonemes = tuple(
        Phoneme("aui"[number % 3], start, start + length)
        for number, (start, length) in enumerate(zip(starts, lengths, strict=True))
    )
    whole = mouth_curves(job(PIXELS, SUNG, 0, NUM_FRAMES, phonemes=phonemes))
    for cut in range(20, 50, 3):
        parts = [
            mouth_curves(job(PIXELS, SUNG, first, count, phonemes=phonemes))
            for first, count in ((0, cut), (cut, NUM_FRAMES - cut))
        ]
        assert np.array_equal(np.concatenate([part.wide for part in parts]), whole.wide), cut
