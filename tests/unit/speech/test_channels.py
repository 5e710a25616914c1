"""Which channel of a stereo recording is the voice, decided from figures and from sound."""

import numpy as np
import pytest

from tasks.speech.recordings.channels import ChannelFigures, choose_channel, measure_channels

RATE = 16_000


def voice(seed: int = 1) -> np.ndarray:
    """Four seconds of noise in syllables."""
    rng = np.random.default_rng(seed)
    times = np.arange(4 * RATE) / RATE
    return 0.1 * rng.standard_normal(len(times)) * (np.sin(2 * np.pi * times) > 0)


def later(pcm: np.ndarray, ms: float) -> np.ndarray:
    num = round(ms * RATE / 1000)
    return np.concatenate([np.zeros(num), pcm[: len(pcm) - num]])


def chosen(left: np.ndarray, right: np.ndarray):
    pcm = np.stack([left, right], axis=1).astype(np.float32)
    return choose_channel(measure_channels([pcm[:30_400], pcm[30_400:]]))


@pytest.mark.parametrize("share", [1.0, 0.9, 0.5, 0.3])
def test_of_channels_that_cancel_the_stronger_one_is_heard_on_both_sides(share):
    choice = chosen(voice(), -share * voice())
    assert choice is not None
    assert choice.is_for_viewers
    assert choice.reason.startswith("the left and the right channel cancel each other: together")
    if share < 1:
        assert choice.index == 0
        assert choice.reason.endswith(
            "weaker than the left one, which is used alone, on both sides"
        )


@pytest.mark.parametrize("start_s", [0.0, 1.9])
def test_channels_that_cancel_each_other_for_a_while_give_way_to_one(start_s):
    turned = voice()
    turned[round(start_s * RATE) : round((start_s + 2) * RATE)] *= -0.9
    choice = chosen(voice(), turned)
    assert choice is not None
    assert (choice.index, choice.is_for_viewers) == (0, True)
    assert choice.reason == (
        "the left and the right channel cancel each other in 50% of the speech; the left one is "
        "used alone, on both sides"
    )


@pytest.mark.parametrize("hiss", [0.0, 1e-4, 1e-3])
def test_a_dead_channel_gives_way_to_the_other(hiss):
    noise = hiss * np.random.default_rng(2).standard_normal(4 * RATE)
    choice = chosen(noise, voice())
    assert choice is not None
    assert (choice.index, choice.is_for_viewers) == (1, True)
    assert choice.reason == "only the right channel has speech; viewers hear it on both sides"


@pytest.mark.parametrize("ms", [0.5, 1.0, 8.0, 50.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_of_a_delayed_channel_engines_hear_the_earlier_one_and_viewers_both(ms, sign):
    choice = chosen(voice(), sign * later(voice(), ms))
    assert choice is not None
    assert (choice.index, choice.is_for_viewers) == (0, False)
    assert choice.reason == (
        f"the right channel repeats the left one {ms:.1f} ms later; lips follow the left channel "
        "alone, and viewers hear both"
    )
    other = chosen(later(voice(), ms), sign * voice())
    assert other is not None
    assert other.index == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(voice(), voice(), id="the same twice"),
        pytest.param(voice(), 0.2 * voice(), id="one side quieter"),
        pytest.param(voice(), voice(2), id="two voices"),
        pytest.param(voice() + 0.3 * voice(2), voice() + 0.3 * voice(3), id="a room"),
        pytest.param(0 * voice(), 0 * voice(), id="silence"),
        pytest.param(voice() + 0.2, voice() - 0.2, id="opposite offsets"),
    ],
)
def test_ordinary_stereo_is_heard_as_it_is(left, right):
    assert chosen(left, right) is None


def test_a_recording_shorter_than_a_delay_is_measured():
    assert choose_channel(measure_channels([np.ones((100, 2), np.float32)])) is None
    assert choose_channel(measure_channels([])) is None


def test_just_less_than_cancelling_is_not_cancelling():
    figures = ChannelFigures((-20.0, -26.0), -27.0, 0.0, -0.2, 0.3, 900)
    assert choose_channel(figures) is None
