import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from preview_jobs import SAMPLES_PER_FRAME, job, landscape, speech
from scipy import ndimage

from model.engine import Phoneme
from model.preview.motion import curves as curves_module
from model.preview.motion.curves import MouthCurves, mouth_curves, poses
from model.preview.motion.life import blink, glance_at, life
from tests.examples import examples

NUM_FRAMES = 150
TRACK = speech(NUM_FRAMES, 1.5, 4.2)
PIXELS = landscape(16, 16)


def phones() -> tuple[Phoneme, ...]:
    """m-a-m-a-u from 1.5 s, one phone every 120 ms."""
    symbols = "mamau" * 4
    return tuple(
        Phoneme(symbol, 24_000 + 1_920 * i, 24_000 + 1_920 * (i + 1))
        for i, symbol in enumerate(symbols)
    )


def curves(start: int, count: int, phonemes: tuple[Phoneme, ...] | None) -> MouthCurves:
    return mouth_curves(job(PIXELS, TRACK, start, count, phonemes=phonemes))


@pytest.mark.parametrize("phonemes", [None, phones()], ids=["heard", "told"])
@given(cut=st.integers(1, NUM_FRAMES - 1))
@settings(max_examples=examples(25), deadline=None)
def test_curves_of_two_segments_are_those_of_the_whole_track(
    phonemes: tuple[Phoneme, ...] | None, cut: int
) -> None:
    whole = vars(curves(0, NUM_FRAMES, phonemes))
    first, second = vars(curves(0, cut, phonemes)), vars(curves(cut, NUM_FRAMES - cut, phonemes))
    for name, curve in whole.items():
        assert np.array_equal(np.concatenate([first[name], second[name]]), curve), name


@pytest.mark.parametrize("phonemes", [None, phones()], ids=["heard", "told"])
def test_the_mouth_is_shut_in_silence_and_opens_in_speech(
    phonemes: tuple[Phoneme, ...] | None,
) -> None:
    found = curves(0, NUM_FRAMES, phonemes)
    # from 0.4 s before the speech to 0.4 s after it filters may still reach into it
    silent = np.r_[0:27, 116:NUM_FRAMES]
    assert found.opening[silent].max() == 0
    assert found.press[silent].max() == 0
    assert found.speak[silent].max() == 0
    assert found.opening[40:100].max() > 0.4  # the buzz stops between its syllables, as a p does
    assert found.speak[40:100].min() > 0.9


def test_lips_shut_on_the_phones_that_need_it_and_round_on_u() -> None:
    vowel = speech(NUM_FRAMES, 1.5, 4.2, is_sung=True)
    found = mouth_curves(job(PIXELS, vowel, 0, NUM_FRAMES, phonemes=phones()))

    def at(index: int) -> int:
        return round((24_000 + 1_920 * (index + 0.5)) / SAMPLES_PER_FRAME - 1.25)

    m, a, u = at(7), at(8), at(9)
    assert found.press[m] > found.press[a] + 0.3
    assert found.opening[a] > found.opening[m] + 0.2
    assert found.wide[u] < found.wide[a] - 0.3


@given(seed=st.integers(0, 10_000))
@settings(max_examples=examples(60), deadline=None)
def test_no_frame_is_open_alone_between_two_that_are_all_but_shut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    voice = np.clip(ndimage.gaussian_filter1d(rng.random(400), 2) * 2.2 - 0.6, 0, 1)
    press = np.clip(ndimage.gaussian_filter1d(rng.random(400), 2) * 6 - 3.2, 0, 1)
    opening = curves_module._closing_lips(curves_module._steady(voice), press)
    between_hops = (opening[1:] + opening[:-1]) / 2
    for first in range(4):  # wherever frames begin
        frames = between_hops[first::4]
        is_shut = frames < 0.06
        assert not (is_shut[:-2] & (frames[1:-1] > 0.15) & is_shut[2:]).any()


def test_every_m_b_and_p_of_a_script_shuts_the_lips_however_short() -> None:
    vowel = speech(NUM_FRAMES, 1.5, 4.2, is_sung=True)
    rng = np.random.default_rng(2)
    told: list[Phoneme] = []
    sample = 25_000
    while sample < 64_000:  # 30 to 120 ms each, on no grid of frames
        for symbol in (str(rng.choice(list("mbp"))), str(rng.choice(list("aoi")))):
            length = int(rng.integers(480, 1_920) if symbol in "mbp" else 2_880)
            told.append(Phoneme(symbol, sample, sample + length))
            sample += length
    found = mouth_curves(job(PIXELS, vowel, 0, NUM_FRAMES, phonemes=tuple(told)))
    for phoneme in told:
        if phoneme.symbol in "mbp":
            first = int(phoneme.start / SAMPLES_PER_FRAME - 1.25)
            last = int(np.ceil(phoneme.end / SAMPLES_PER_FRAME))
            assert found.opening[first : last + 1].min() < 0.05


def test_lips_shut_where_a_voice_stops_as_for_p_and_not_in_its_vowels() -> None:
    vowel = speech(NUM_FRAMES, 1.5, 4.2, is_sung=True).astype(float)
    gaps = [40_000 + 4_800 * i for i in range(5)]
    for gap in gaps:  # 90 ms of the murmur behind shut lips
        murmur = np.sin(2 * np.pi * 120 * np.arange(1_440) / 16_000) * 300
        vowel[gap : gap + 1_440] = murmur
    found = mouth_curves(job(PIXELS, vowel.astype(np.int16), 0, NUM_FRAMES))
    for gap in gaps:
        first = int(gap / SAMPLES_PER_FRAME) - 1
        assert found.press[first : first + 4].max() > 0.9
        assert found.opening[first : first + 4].min() < 0.05
        between = int((gap + 3_100) / SAMPLES_PER_FRAME - 0.75)
        assert found.press[between] < 0.4


def test_a_quieter_pause_between_words_does_not_move_the_mouth() -> None:
    noise = np.random.default_rng(0).normal(0, 32768 * 10 ** (-58 / 20), len(TRACK))
    hiss = mouth_curves(job(PIXELS, noise.astype(np.int16), 0, NUM_FRAMES))
    assert hiss.opening.max() < 0.02


def test_unknown_phones_are_passed_over() -> None:
    odd = (Phoneme("?", 24_000, 30_000), Phoneme(" ", 30_000, 31_000))
    found = curves(0, NUM_FRAMES, odd)
    assert np.isfinite(found.opening).all()
    assert found.wide.max() == 0


def test_sound_shorter_than_its_frames_ends_in_silence() -> None:
    found = mouth_curves(job(PIXELS, np.zeros(0, np.int16), 0, 30))
    assert found.opening.shape == (30,)
    assert found.opening.max() == 0


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=examples(40), deadline=None)
def test_eyes_blink_every_four_seconds_or_so_and_never_in_the_first_half_second(seed: int) -> None:
    lids = np.array([blink(seed, frame) for frame in range(3000)])
    shut = np.flatnonzero((lids[1:] == 1) & (lids[:-1] < 1))
    assert lids[:12].max() == 0
    assert len(shut) == 30
    assert np.diff(shut).min() / 25 >= 1.2
    assert np.diff(shut).max() / 25 <= 6.8
    assert np.abs(np.diff(lids)).max() <= 0.5


def test_another_seed_is_another_take() -> None:
    takes = [poses(job(PIXELS, TRACK, 0, 50, seed=seed), 0) for seed in (1, 2)]
    assert [p.yaw for p in takes[0]] != [p.yaw for p in takes[1]]
    assert [p.opening for p in takes[0]] == [p.opening for p in takes[1]]


@pytest.mark.parametrize("phonemes", [None, phones()], ids=["heard", "told"])
def test_a_jaw_is_slow_but_for_closures(phonemes: tuple[Phoneme, ...] | None) -> None:
    rng = np.random.default_rng(1)
    loud = rng.normal(0, 32768 * 10 ** (-23 / 20), len(TRACK)) * (rng.random(len(TRACK)) < 0.9)
    gate = np.repeat(rng.random(NUM_FRAMES // 2) < 0.5, 2 * SAMPLES_PER_FRAME)
    chopped = (loud * gate).clip(-32768, 32767).astype(np.int16)
    for track in (TRACK, chopped):
        found = mouth_curves(job(PIXELS, track, 0, NUM_FRAMES, phonemes=phonemes))
        steps = np.diff(found.opening)
        assert steps.max() <= 0.35
        assert (-steps[found.press[1:] < 0.05]).max(initial=0) <= 0.35


def test_eyes_rest_on_the_viewer_and_step_aside_for_a_moment() -> None:
    glances = np.array([glance_at(5, frame) for frame in range(3000)])
    still = (np.diff(glances, axis=0) == 0).all(1)
    assert still.mean() > 0.85
    assert (glances == 0).all(1).mean() > 0.3
    assert 0.02 < np.abs(glances[:, 0]).max() <= 0.05


def test_a_head_rests_between_its_moves() -> None:
    yaw = np.array([life(3, frame, 1.0, 0.5, 0.0).yaw for frame in range(1500)])
    assert np.ptp(yaw) > 0.05
    assert (np.abs(np.diff(yaw)) < 2e-4).mean() > 0.1


def test_brows_rise_and_the_head_nods_with_emphasis() -> None:
    even, stressed = (
        [life(3, frame, 1.0, 0.5, emphasis) for frame in range(500)] for emphasis in (0.0, 0.15)
    )
    assert np.mean([e.brows for e in stressed]) > np.mean([e.brows for e in even]) + 0.2
    assert np.mean([e.pitch for e in stressed]) > np.mean([e.pitch for e in even])


def test_head_and_breath_move_a_little_from_frame_to_frame() -> None:
    moves = poses(job(PIXELS, TRACK, 0, NUM_FRAMES), 12_345)
    for name in ("yaw", "pitch", "roll", "shift_x", "shift_y", "breath"):
        curve = np.array([getattr(pose, name) for pose in moves])
        assert np.ptp(curve) > 0, name
        assert np.abs(np.diff(curve)).max() < 0.2 * np.ptp(curve), name
