"""Cuts and keys, as values."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.canonical_json import canonical_sha256
from tasks.plan.plan import (
    CutSettings,
    KeyParts,
    choose_cuts,
    cut_settings_for,
    num_frames_of,
    plan_segments,
    sample_of_frame,
)
from tasks.records import EncodeProfile

LEVELS = st.lists(st.floats(-120, 0), max_size=80)
SETTINGS = st.tuples(st.integers(1, 20), st.integers(1, 4)).map(
    lambda pair: cut_settings_for(pair[0], 12 * pair[1])
)
PARTS = KeyParts(
    engine="null",
    engine_version=1,
    weights_id="none",
    settings={"delay_ms": 0},
    portrait_sha256="p",
    rig=None,
    prompt="",
    seed=0,
    width=64,
    height=48,
    fps=25,
    encode=EncodeProfile(),
)


@given(LEVELS, st.integers(1, 2000), SETTINGS)
def test_no_frame_is_lost_or_doubled_and_inner_cuts_are_on_the_grid(levels, num_frames, settings):
    cuts = choose_cuts(levels, num_frames, settings)

    assert cuts[0] == 0
    assert cuts[-1] == num_frames
    assert all(start < end for start, end in pairwise(cuts))
    assert all(cut % 12 == 0 for cut in cuts[:-1])
    assert all(end - start <= settings.max_frames for start, end in pairwise(cuts))
    assert all(end - start >= settings.min_frames for start, end in list(pairwise(cuts))[:-1])


def plain_cuts(levels, num_frames, settings):
    """The same choice, written down plainly: the segments that are paid for were cut by it."""
    num_slots = math.ceil(num_frames / 12)
    shortest, target = settings.min_frames // 12, settings.target_frames / 12
    longest = max(settings.max_frames // 12, shortest)
    best, came_from = [0.0] + [math.inf] * num_slots, [0] * (num_slots + 1)
    for end in range(1, num_slots + 1):
        is_last = end == num_slots
        level = levels[end] if end < len(levels) else -120.0
        heard = 0.0 if is_last else max(0.0, level + 50.0) / 10.0
        for length in range(1 if is_last else shortest, min(longest, end) + 1):
            too_short = max(0, shortest - length) * (end > length)
            cost = best[end - length] + heard + ((length - target) / target) ** 2 + too_short
            if cost < best[end]:
                best[end], came_from[end] = cost, end - length
    cuts = [num_slots]
    while cuts[-1]:
        cuts.append(came_from[cuts[-1]])
    return (*(12 * slot for slot in reversed(cuts[1:])), num_frames)


@given(LEVELS, st.integers(1, 2000), SETTINGS)
def test_cuts_are_those_of_the_plain_choice(levels, num_frames, settings):
    assert choose_cuts(levels, num_frames, settings) == plain_cuts(levels, num_frames, settings)


def test_cuts_fall_into_the_pauses():
    levels = [-20.0] * 60
    levels[13] = levels[27] = levels[38] = -70.0

    cuts = choose_cuts(levels, 12 * 50, CutSettings())

    assert cuts == (0, 12 * 13, 12 * 27, 12 * 38, 600)


def test_a_quiet_grid_is_cut_at_the_target():
    cuts = choose_cuts([-90.0] * 100, 144 * 8, CutSettings(target_frames=144))

    assert cuts == tuple(range(0, 144 * 8 + 1, 144))


def test_a_grid_that_is_loud_everywhere_is_cut_as_seldom_as_the_bounds_allow():
    cuts = choose_cuts([-20.0] * 100, 1080, CutSettings(target_frames=144, max_frames=216))

    assert len(cuts) - 1 == 1080 / 216


def test_a_video_shorter_than_the_smallest_segment_is_one_segment():
    assert choose_cuts([], 7, CutSettings()) == (0, 7)


def test_no_frames_cannot_be_cut():
    with pytest.raises(ValueError, match="at least 1"):
        choose_cuts([], 0, CutSettings())


@given(st.integers(1, 10**9), st.sampled_from([8000, 16000, 22050, 24000, 44100, 48000]))
def test_a_video_lasts_until_its_last_sample_and_less_than_a_frame_more(num_samples, rate):
    frames = num_frames_of(num_samples, rate, 25)

    assert frames == math.ceil(num_samples * 25 / rate)
    assert sample_of_frame(frames, rate, 25) >= num_samples or (frames * rate) % 25
    assert sample_of_frame(frames - 1, rate, 25) < num_samples


def keys(cuts=(0, 48, 96, 130), parts=PARTS, window=lambda start, end: f"{start}-{end}"):
    return [segment.key for segment in plan_segments(cuts, parts, window)]


def test_a_key_depends_on_all_that_changes_pixels():
    changed = {
        "engine": "preview",
        "engine_version": 2,
        "weights_id": "w",
        "settings": {"delay_ms": 1},
        "portrait_sha256": "q",
        "rig": {"chin": [1, 2]},
        "prompt": "a street",
        "seed": 1,
        "width": 80,
        "height": 64,
        "fps": 24,
        "encode": EncodeProfile(crf=18),
    }
    assert set(changed) == set(KeyParts.model_fields)
    for name, value in changed.items():
        assert keys(parts=PARTS.model_copy(update={name: value}))[0] != keys()[0], name


def test_a_changed_segment_changes_its_own_key_and_its_successors_only():
    other = keys(window=lambda start, end: f"{start}-{end}{'!' * (start == 48)}")

    assert other[0] == keys()[0]
    assert other[1] != keys()[1]
    assert other[2] != keys()[2]


def test_equal_beginnings_of_two_videos_share_their_segments():
    assert keys(cuts=(0, 48, 96, 130))[:2] == keys(cuts=(0, 48, 96, 200))[:2]


def test_equal_audio_later_in_a_video_is_another_segment():
    repeated = keys(cuts=(0, 48, 96), window=lambda start, end: "same")

    assert repeated[0] != repeated[1]


def test_canonical_json_ignores_the_order_of_names_and_refuses_nan():
    assert canonical_sha256({"a": 1, "b": 2}) == canonical_sha256({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="JSON"):
        canonical_sha256({"a": math.nan})
