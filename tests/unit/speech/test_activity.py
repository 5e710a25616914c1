"""What counts as speech in a recording with an offset, hum or noise, as values."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tasks.speech.loudness import (
    active_frames,
    activity_threshold_db,
    contrast_db,
    frame_gains,
    frame_levels,
    noise_floor_db,
    pause_gains_db,
    pauses,
    percentile,
    usual_threshold_db,
)
from tasks.speech.recordings import recording
from tasks.speech.recordings.high_pass import (
    HIGH_PASS_EDGES_HZ,
    MAINS_HZ,
    HighPass,
    HumNotches,
    needed_edge_hz,
    needed_mains_hz,
)

RATE = 16_000
TIMES = np.arange(8 * RATE) / RATE


def voice() -> np.ndarray:
    """A hummed A of 220 Hz with overtones from 1 to 3 s and from 4 to 6 s of eight."""
    speaks = ((TIMES >= 1) & (TIMES < 3)) | ((TIMES >= 4) & (TIMES < 6))
    swell = 0.6 + 0.4 * np.cos(2 * np.pi * 4 * TIMES)
    tones = sum(np.sin(2 * np.pi * hz * TIMES) / hz * 220 for hz in (220, 440, 880, 1_760))
    return 0.2 * tones * swell * speaks


def noise(level_db: float, seed: int = 1) -> np.ndarray:
    return 10 ** (level_db / 20) * np.random.default_rng(seed).standard_normal(len(TIMES))


def sine(hz: float, level_db: float) -> np.ndarray:
    return np.sqrt(2) * 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * TIMES + 0.4)


def needed(pcm: np.ndarray) -> tuple[float | None, np.ndarray]:
    """The filter that a sound needs, and its levels behind it."""
    sound = pcm.astype(np.float32)
    plain = frame_levels(sound, RATE)
    filtered = [frame_levels(HighPass(edge, RATE)(sound), RATE) for edge in HIGH_PASS_EDGES_HZ]
    edge = needed_edge_hz(contrast_db(plain), [contrast_db(each) for each in filtered])
    return edge, plain if edge is None else filtered[HIGH_PASS_EDGES_HZ.index(edge)]


def heard_spans(levels: np.ndarray) -> list[tuple[int, int]]:
    """Where speech is, pauses of half a second between it."""
    ends = [0, *(place for gap in pauses(levels, 50) for place in gap), len(levels)]
    spans = list(zip(ends[::2], ends[1::2], strict=True))
    return [(start, end) for start, end in spans if end > start]


def assert_both_spans_are_found(levels: np.ndarray) -> None:
    assert np.array(heard_spans(levels)) == pytest.approx(np.array([[100, 300], [400, 600]]), abs=3)


@pytest.mark.parametrize("background_db", [-90, -62, -50, -40, -20])
@pytest.mark.parametrize("hum_db", [None, -30])
def test_a_recording_gets_the_filter_that_trying_all_of_them_finds(
    tmp_path, monkeypatch, background_db, hum_db
):
    sound = voice() + noise(background_db) + (0 if hum_db is None else sine(50, hum_db))
    path = tmp_path / "unlevelled.wav"
    soundfile.write(path, sound.astype(np.float32), RATE, subtype="FLOAT")
    monkeypatch.setattr(recording, "_BLOCK_SAMPLES", RATE)  # several blocks
    tried = []
    monkeypatch.setattr(recording, "HighPass", lambda *of: tried.append(of) or HighPass(*of))

    filtering, levels = recording._needed_filter(recording._blocks_again(path))

    expected_edge, _ = needed(sound)
    edge = filtering.edge_hz
    assert (edge, filtering.mains_hz) == (expected_edge, None)
    plain = frame_levels(sound.astype(np.float32), RATE)
    if edge is None:
        assert np.array_equal(levels, plain)
    assert bool(tried) == (contrast_db(plain) < 40), "a clean recording is not filtered at all"


@pytest.mark.parametrize("offset", [0.05, -0.1, 0.3, 0.5, -0.5])
def test_an_offset_is_no_speech(offset):
    edge, levels = needed((1 - abs(offset)) * voice() + offset)
    assert edge == 20
    assert_both_spans_are_found(levels)


@pytest.mark.parametrize("level_db", [-20, -30, -40])
@pytest.mark.parametrize(("hz", "edge"), [(50, 65), (60, 65), (100, 125), (120, 125)])
def test_mains_hum_is_no_speech_and_the_gentlest_filter_is_used(hz, edge, level_db):
    found, levels = needed(voice() + sine(hz, level_db))
    assert found in (edge, 125)  # a loud hum at the edge of one filter may need the next
    assert_both_spans_are_found(levels)


def test_hum_with_overtones_and_an_offset_is_no_speech():
    hum = sine(50, -30) + sine(100, -40) + sine(150, -25) + 0.1
    edge, levels = needed(0.8 * voice() + hum)
    assert edge == 190
    assert_both_spans_are_found(levels)


@pytest.mark.parametrize("level_db", [-60, -80])
def test_a_clean_recording_needs_no_filter_and_no_other_threshold(level_db):
    edge, levels = needed(voice() + noise(level_db))
    assert edge is None
    assert activity_threshold_db(levels) == usual_threshold_db(levels)


@pytest.mark.parametrize("level_db", [-40, -34, -28])
def test_a_noisy_room_is_no_speech(level_db):
    edge, levels = needed(voice() + noise(level_db))
    assert edge is None
    assert activity_threshold_db(levels) > usual_threshold_db(levels)
    assert_both_spans_are_found(levels)


def test_a_quiet_recording_is_judged_as_a_loud_one():
    quiet = frame_levels((0.003 * (voice() + noise(-60))).astype(np.float32), RATE)
    loud = frame_levels((voice() + noise(-60)).astype(np.float32), RATE)
    assert np.array_equal(active_frames(quiet), active_frames(loud))


def test_a_few_words_in_a_long_noise_are_found():
    levels = np.concatenate(
        [frame_levels(noise(-50, k).astype(np.float32), RATE) for k in range(9)]
    )
    words = frame_levels((voice() + noise(-50)).astype(np.float32), RATE)[100:150]
    levels[3_000:3_050] = words
    assert np.flatnonzero(active_frames(levels)) == pytest.approx(np.arange(3_000, 3_050), abs=60)
    assert set(np.flatnonzero(active_frames(levels))) <= set(range(2_999, 3_051))


def test_speech_without_a_pause_has_no_background_to_be_told_from():
    levels = -20 + 12 * np.sin(np.arange(800) * 0.35)  # rises and falls eleven times a second
    assert activity_threshold_db(levels) == usual_threshold_db(levels)


def test_noise_alone_is_not_cut_into_pauses():
    levels = frame_levels(noise(-30).astype(np.float32), RATE)
    assert activity_threshold_db(levels) == usual_threshold_db(levels)
    assert active_frames(levels).all()


@pytest.mark.parametrize("num_frames", [0, 1, 5, 14])
def test_a_sound_shorter_than_a_lull_is_judged(num_frames):
    levels = np.full(num_frames, -20.0)
    assert active_frames(levels).sum() == num_frames
    assert len(pause_gains_db(levels, 0.0)) == num_frames


# --- pauses -------------------------------------------------------------------------------------


def test_the_background_between_words_is_brought_below_what_moves_lips():
    sound = (voice() + noise(-34)).astype(np.float32)
    levels = frame_levels(sound, RATE)
    gains = pause_gains_db(levels, gain_db=3.0)
    assert gains[110:290] == pytest.approx(0.0)
    assert gains[[20, 350, 700]] == pytest.approx(-60 - (noise_floor_db(levels) + 3.0))
    assert np.abs(np.diff(gains)).max() < 7  # no click
    assert (gains <= 0).all()


def test_a_background_below_that_is_left_alone():
    levels = frame_levels((voice() + noise(-75)).astype(np.float32), RATE)
    assert (pause_gains_db(levels, 0.0) == 0).all()


def test_gains_of_blocks_are_those_of_the_whole():
    gains = np.linspace(-30, 0, 50)
    whole = frame_gains(gains, 0, 8_000, RATE)
    parts = [frame_gains(gains, start, 1_600, RATE) for start in range(0, 8_000, 1_600)]
    assert np.array_equal(whole, np.concatenate(parts))


# --- the filter ---------------------------------------------------------------------------------


@pytest.mark.parametrize("edge", HIGH_PASS_EDGES_HZ)
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_high_pass_takes_out_what_is_below_its_edge_and_keeps_the_voice(edge, rate):
    times = np.arange(4 * rate) / rate
    for hz, is_kept in ((0.9 * edge, False), (2 * edge, True), (1_000, True)):
        tone = np.sin(2 * np.pi * hz * times).astype(np.float32)
        left = HighPass(edge, rate)(tone)[2 * rate :]
        level_db = 10 * np.log10(2 * np.mean(np.square(left, dtype=np.float64)))
        assert level_db == pytest.approx(0, abs=0.6) if is_kept else level_db < -55


def test_a_high_pass_over_blocks_is_that_over_the_whole():
    pcm = (voice() + 0.2).astype(np.float32)
    whole = HighPass(65, RATE)(pcm)
    parts = HighPass(65, RATE)
    assert np.array_equal(whole, np.concatenate([parts(pcm[:16_000]), parts(pcm[16_000:])]))


def test_an_offset_from_the_start_makes_no_click():
    assert np.abs(HighPass(20, RATE)(np.full(RATE, 0.5, np.float32))).max() < 1e-3
    assert len(HighPass(20, RATE)(np.zeros(0, np.float32))) == 0


@given(
    st.lists(st.floats(-120, 0), min_size=1, max_size=300),
    st.sampled_from([5, 95]),
)
def test_a_percentile_is_numpys_to_the_last_bit(levels, percent):
    values = np.array(levels)
    assert percentile(values, percent) == float(np.percentile(values, percent))


@pytest.mark.parametrize("num_frames", [1, 14, 15, 16, 300])
def test_the_background_is_the_loudest_frame_of_each_lull(num_frames: int) -> None:
    levels = np.random.default_rng(num_frames).uniform(-90, -20, num_frames)

    floor = noise_floor_db(levels)

    if num_frames < 15:
        assert floor == -120
    else:
        lulls = [levels[start : start + 15].max() for start in range(num_frames - 14)]
        assert floor == percentile(np.array(lulls), 5)


@pytest.mark.parametrize("num_frames", [1, 14, 15])
def test_a_moment_of_the_faintest_noise_is_all_speech(num_frames: int) -> None:
    """Too short for a lull, so that nothing is known of its background."""
    bits = np.random.default_rng(1).integers(-1, 2, 160 * num_frames)

    levels = frame_levels((bits / 32_768).astype(np.float32), RATE)

    assert active_frames(levels).all()


@pytest.mark.parametrize("mains_hz", MAINS_HZ)
def test_notches_take_out_a_mains_with_its_harmonics_and_an_offset_and_little_else(mains_hz):
    times = np.arange(4 * RATE) / RATE
    harmonics = np.arange(1, 51)[:, None] * mains_hz
    hum = 0.2 + 0.05 * np.sin(2 * np.pi * harmonics * times + harmonics).sum(0)
    assert np.abs(HumNotches(mains_hz, RATE)(hum.astype(np.float32))).max() < 2e-3
    hiss = np.random.default_rng(1).normal(0, 0.1, 4 * RATE).astype(np.float32)
    kept = HumNotches(mains_hz, RATE)(hiss)[RATE:].std() / hiss[RATE:].std()
    assert 0.93 < kept < 1


def test_notches_in_blocks_are_those_of_the_whole():
    pcm = np.random.default_rng(2).normal(0, 0.1, 3 * RATE).astype(np.float32)
    whole, parts = HumNotches(50, RATE)(pcm), HumNotches(50, RATE)
    blocks = [parts(pcm[start : start + RATE]) for start in range(0, len(pcm), RATE)]
    assert np.array_equal(np.concatenate(blocks), whole)
    assert len(HumNotches(50, RATE)(np.zeros(0, np.float32))) == 0
    assert len(HumNotches(50, RATE)(np.zeros(7, np.float32))) == 7


def test_notches_are_for_hum_that_a_high_pass_leaves():
    assert needed_mains_hz(20, (21, 45)) == 60
    assert needed_mains_hz(20, (25, 24)) is None
    assert needed_mains_hz(3, (12, 11)) is None
