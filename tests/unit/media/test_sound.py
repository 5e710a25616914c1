"""How loud a video becomes: gains, limits, command lines and words, as values. No ffmpeg."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.media.sound import (
    Heard,
    Levelling,
    Spoken,
    Try,
    audio_args,
    first_levelling,
    keeps_loudness,
    level_filters,
    loudness_warnings,
    measure_args,
    next_levelling,
    read_summary,
    target_lufs,
)
from tasks.speech.k_weighting import LUFS_OF_FULL_POWER, KWeighting, sections

LONG = Spoken(speech_s=12.0, speech_lufs=-21.0)
SUMMARY = """[Parsed_ebur128_1 @ 0x1] Summary:

  Integrated loudness:
    I:         -22.0 LUFS
    Threshold: -32.5 LUFS

  Loudness range:
    LRA:         2.2 LU
    LRA low:   -23.8 LUFS

  True peak:
    Peak:       -3.3 dBFS
"""


def test_a_video_that_is_planned_anew_is_heard_at_minus_16_unless_somebody_asks_otherwise():
    assert target_lufs(None) == -16
    assert [target_lufs(asked) for asked in ("-14", "-16", "-23")] == [-14, -16, -23]
    assert target_lufs("off") is None


@pytest.mark.parametrize("planned", [None, -14, -16, -23])
def test_a_planned_video_keeps_its_loudness_until_somebody_asks_for_another(planned):
    assert keeps_loudness(planned, None)
    assert keeps_loudness(planned, "off") == (planned is None)
    assert keeps_loudness(planned, "-14") == (planned == -14)


def test_the_gain_is_what_is_missing_and_no_limiter_works_where_no_peak_comes_near():
    assert first_levelling(-23, Heard(-21.0, -4.0), LONG) == Levelling(-2.0, None)


def test_peaks_that_the_gain_would_raise_too_far_are_held_down():
    assert first_levelling(-16, Heard(-26.0, -7.8), LONG) == Levelling(10.0, -2.0)


@given(st.floats(-69, 0), st.floats(-60, 6), st.sampled_from([-14, -16, -23]))
def test_no_gain_is_beyond_20_db_and_none_leaves_a_peak_over_the_ceiling_unlimited(lufs, peak, to):
    done = first_levelling(to, Heard(lufs, peak), LONG)
    assert done.gain_db <= 20
    assert done.ceiling_dbtp is not None or peak + done.gain_db <= -1.99


def test_silence_gets_no_gain():
    assert first_levelling(-16, Heard(-70.0, -120.0), Spoken(0.0, -120.0)) == Levelling(0.0, None)


def test_less_than_three_seconds_of_speech_are_judged_without_their_gaps():
    heard = Heard(integrated_lufs=-31.0, true_peak_dbtp=-12.0)  # mostly silence, by luck
    assert first_levelling(-16, heard, Spoken(2.9, -23.0)).gain_db == 8.0
    assert first_levelling(-16, heard, Spoken(3.0, -23.0)).gain_db == 15.0


def after(heard: Heard, *tries: tuple[float, float, float], spoken: Spoken = LONG, to: int = -16):
    """What follows tries: gain, LUFS and dBTP reached."""
    made = [Try(Levelling(gain, -2.0), Heard(lufs, peak)) for gain, lufs, peak in tries]
    return next_levelling(to, heard, spoken, made)


def test_a_sound_near_enough_is_not_encoded_again():
    assert after(Heard(-22, -4), (6.0, -16.3, -1.6)) is None


def test_what_the_limiter_took_is_given_back_with_what_it_will_take_again():
    # it began to work at 2 dB and let 3 of the next 4 dB through
    assert after(Heard(-22, -4), (6.0, -17.0, -1.9)) == Levelling(7.78, -2.0)


def test_the_third_try_goes_by_the_first_two():
    assert after(Heard(-22, -4), (6.0, -17.0, -1.9), (8.0, -16.5, -1.9)) == Levelling(10.67, -2.0)


def test_a_gain_that_was_too_much_without_a_limiter_is_taken_back():
    heard = Heard(-30, -30)
    assert after(heard, (14.0, -15.4, -16.0)) == Levelling(13.2, None)


def test_a_peak_that_the_encoder_raised_lowers_the_ceiling_by_as_much_and_a_bit():
    assert after(Heard(-22, -4), (6.0, -16.0, -1.1)) == Levelling(6.0, -2.6)


def test_a_gain_that_cannot_rise_is_not_tried_again():
    assert after(Heard(-40, -25), (20.0, -20.0, -5.0)) is None


def test_a_few_words_are_not_encoded_again_for_their_integrated_loudness():
    assert after(Heard(-22, -4), (6.0, -14.0, -2.0), spoken=Spoken(1.0, -21.0)) is None


@pytest.mark.parametrize(
    ("reached", "spoken", "done", "told"),
    [
        (Heard(-16.0, -1.5), LONG, Levelling(5, -2), []),
        (Heard(-16.9, -2.0), LONG, Levelling(5, -2), []),
        (
            Heard(-30.2, -12.0),
            LONG,
            Levelling(20.0, None),
            [
                "viewers hear it at -30.2 LUFS instead of -16: it was raised by 20 dB, the most "
                "that is allowed; record it louder"
            ],
        ),
        (
            Heard(-18.2, -2.0),
            LONG,
            Levelling(9.0, -2.0),
            [
                "viewers hear it at -18.2 LUFS instead of -16: its peaks stand too far out of it; "
                "look for clicks and bangs in the recording"
            ],
        ),
        (
            Heard(-16.0, -1.2),
            LONG,
            Levelling(5, -2),
            [
                "its peaks reach -1.2 dBTP, at most -1.5 should be; players may distort them",
            ],
        ),
        (
            Heard(-70.0, -120.0),
            Spoken(0.0, -120.0),
            Levelling(0.0, None),
            ["viewers hear nothing: the sound is silent, and was not brought to -16 LUFS"],
        ),
        (
            Heard(-33.0, -20.0),
            Spoken(1.0, -52.0),
            Levelling(20.0, None),
            [
                "the speech was raised by 20 dB, the most that is allowed, and is still quieter "
                "than -16 LUFS; record it louder"
            ],
        ),
    ],
)
def test_what_misses_its_loudness_is_told_with_its_figures(reached, spoken, done, told):
    assert list(loudness_warnings(-16, done, reached, spoken)) == told
    assert loudness_warnings(None, done, reached, spoken) == ()


def test_the_command_line_with_a_gain_and_a_limiter():
    args = audio_args(Path("/a.wav"), 96_000, Path("/a.m4a"), Levelling(10.0, -2.0))
    assert args[args.index("-af") + 1] == (
        "aresample=48000,highpass=f=20:r=f64,volume=10.00dB,aresample=192000,"
        "alimiter=level=0:latency=1:attack=5:release=50:limit=0.794328,aresample=48000,"
        "apad=whole_len=96000,atrim=end_sample=96000"
    )


def test_a_gain_alone_needs_no_limiter():
    assert level_filters(Levelling(-2.0, None)) == ("highpass=f=20:r=f64", "volume=-2.00dB")


def test_only_what_is_played_is_measured():
    assert measure_args(Path("/a.wav"), 96_000, is_levelled=False)[6:] == [
        *("-i", "file:/a.wav", "-map", "0:a:0", "-af"),
        "aresample=48000,atrim=end_sample=96000,highpass=f=20:r=f64,"
        "ebur128=peak=true:framelog=quiet",
        *("-f", "null", "-"),
    ]


def test_the_figures_are_read_from_the_summary():
    assert read_summary(SUMMARY) == Heard(-22.0, -3.3)


def test_the_figures_of_silence_are_numbers():
    words = SUMMARY.replace("-22.0 LUFS", "-70.0 LUFS").replace("-3.3 dBFS", "-inf dBFS")
    assert read_summary(words) == Heard(-70.0, -120.0)


def test_a_tag_that_looks_like_a_summary_is_not_read():
    words = "    comment         :     I:         -1.0 LUFS\n" + SUMMARY
    assert read_summary(words) == Heard(-22.0, -3.3)
    with pytest.raises(ValueError, match="no summary"):
        read_summary("    comment         : Summary: I: -1.0 LUFS Peak: -1.0 dBFS\n")


# --- what ears take of a sound ------------------------------------------------------------------


def test_the_weighting_at_48_khz_is_the_standards_own():
    # ITU-R BS.1770-5, annex 1, tables 1 and 2
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    shelf += [1.0, -1.69065929318241, 0.73248077421585]
    high = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    assert np.allclose(sections(48_000), [shelf, high], atol=1e-8)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_a_full_scale_tone_of_997_hz_is_minus_3_lufs_at_every_rate(rate_hz):
    tone = np.sin(2 * np.pi * 997 * np.arange(2 * rate_hz) / rate_hz).astype(np.float32)
    heard = KWeighting(rate_hz)(tone)[rate_hz:]
    lufs = LUFS_OF_FULL_POWER + 10 * np.log10(np.mean(np.square(heard, dtype=np.float64)))
    assert lufs == pytest.approx(-3.01, abs=0.1)


def test_blocks_are_weighted_as_the_whole_is():
    pcm = np.random.default_rng(1).normal(0.2, 0.1, 9_000).astype(np.float32)
    whole = KWeighting(16_000)(pcm)
    parts = KWeighting(16_000)
    assert np.array_equal(whole, np.concatenate([parts(pcm[:1_234]), parts(pcm[1_234:])]))
    assert len(KWeighting(16_000)(pcm[:0])) == 0
