"""Lists, command lines and gates of a stitch, as values."""

import pickle
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.media.encode import Packet
from tasks.media.sound import audio_args, num_audio_samples
from tasks.media.stitch import (
    Expected,
    StitchError,
    check_segments,
    check_tags,
    concat_list,
    media_faults,
    num_differing,
    packet_faults,
    stitch_args,
    timestamp_cure,
)
from tasks.records import EncodeProfile, SegmentMedia

PROFILE = EncodeProfile()


def media(num_frames: int = 12, **change: object) -> SegmentMedia:
    whole = SegmentMedia(
        num_frames=num_frames,
        extradata_sha256="x",
        packet_md5s=("md5",) * num_frames,
        timescale=12_800,
        width=64,
        height=48,
    )
    return whole.model_copy(update=change)


def test_the_list_names_every_file_in_order():
    assert concat_list([Path("/a/1.mp4"), Path("/a/it's.mp4")]) == (
        "ffconcat version 1.0\nfile 'file:/a/1.mp4'\nfile 'file:/a/it'\\''s.mp4'\n"
    )


@given(st.text(st.characters(exclude_characters="\n\r\0/"), min_size=1, max_size=30))
def test_any_name_is_quoted_so_that_it_is_read_back(name):
    line = concat_list([Path("/folder") / name]).split("\n")[1]
    # ffmpeg's quoting is the shell's single quoting
    assert shlex.split(line, posix=True) == ["file", f"file:{Path('/folder') / name}"]


def test_a_line_break_in_a_name_is_refused():
    with pytest.raises(ValueError, match="line break"):
        concat_list([Path("/a\nb.mp4")])


def test_the_command_line_of_the_speech():
    assert audio_args(Path("/a.wav"), 96_000, Path("/a.m4a")) == [
        *("-i", "file:/a.wav", "-f", "mp4", "-aac_coder", "fast"),
        *("-af", "aresample=48000,apad=whole_len=96000,atrim=end_sample=96000"),
        *("-ar", "48000", "-b:a", "128000", "-c:a", "aac", "-fflags", "+bitexact"),
        *("-flags:a", "+bitexact", "-map_metadata", "-1", "-movie_timescale", "48000"),
        *("-threads", "1", "-vn", "file:/a.m4a"),
    ]


def test_the_command_line_of_the_stitch():
    args = stitch_args(
        Path("/l.txt"),
        Path("/a.m4a"),
        profile=PROFILE,
        metadata={"title": "A = 'b'"},
        output=Path("/o.mp4"),
    )
    assert args == [
        *("-f", "concat", "-auto_convert", "0", "-safe", "0", "-i", "file:/l.txt"),
        *("-i", "file:/a.m4a", "-map", "0:v:0", "-map", "1:a:0"),
        *("-f", "mp4", "-c", "copy", "-fflags", "+bitexact", "-map_metadata", "-1"),
        *("-movflags", "+faststart", "-movie_timescale", "48000"),
        *("-video_track_timescale", "12800", "-metadata", "title=A = 'b'", "file:/o.mp4"),
    ]
    assert "-shortest" not in args


@pytest.mark.parametrize(("fps", "timescale"), [(25, 12_800), (16, 8_192), (50, 25_600)])
def test_frames_of_whole_microseconds_need_no_cure(fps, timescale):
    assert timestamp_cure(fps, timescale) == {}


def test_frames_of_broken_microseconds_are_put_back_on_their_ticks():
    assert timestamp_cure(24, 12_288) == {
        "bsf:v": "setts=pts=round(PTS*TB*24)*512:dts=round(DTS*TB*24)*512:"
        "duration=512:time_base=1/12288"
    }


@given(st.integers(1, 10**7), st.sampled_from([16, 24, 25, 30, 50]))
def test_the_sound_ends_within_a_sample_of_the_last_frame(num_frames, fps):
    surplus = num_audio_samples(num_frames, fps) * fps - num_frames * 48_000
    assert 0 <= surplus < fps


def test_segments_that_fit_have_no_fault():
    assert media_faults([media(), media(1), media(24)], 37, PROFILE) == []


@pytest.mark.parametrize(
    ("medias", "fault"),
    [
        ([], "no segments: a video has at least one"),
        ([media()], "the segments have 12 frames in all, the video has 24"),
        ([media(), media(timescale=90_000)], "segment 1: timescale 90000, must be 12800"),
        ([media(), media(width=32)], "segment 1: 32x48, must be 64x48 as segment 0"),
        (
            [media(), media(extradata_sha256="y")],
            "segment 1: another H.264 configuration than segment 0 "
            "(other encode settings or another ffmpeg)",
        ),
        (
            [media(), media(packet_md5s=())],
            "segment 1: its receipt lists 0 packets for 12 frames",
        ),
    ],
)
def test_segments_that_do_not_fit_are_told(medias, fault):
    assert media_faults(medias, 24, PROFILE) == [fault]


def test_no_segments_make_no_video():
    with pytest.raises(StitchError, match=r"^no segments: a video has at least one$"):
        check_segments([], num_frames=24, profile=PROFILE)


def test_a_segment_that_cannot_be_read_is_named_before_what_does_not_fit():
    with pytest.raises(StitchError, match="render it again") as caught:
        check_segments([(Path("/x"), media())], num_frames=24, profile=PROFILE)
    assert caught.value.segment_index == 0


@given(st.lists(st.sampled_from("ab")), st.lists(st.sampled_from("ab")))
def test_lists_differ_nowhere_only_if_they_are_equal(found, wanted):
    assert (num_differing(found, wanted) == 0) == (found == wanted)


EXPECTED = Expected(
    num_segments=1,
    packet_md5s=("a", "b", "c"),
    audio_md5s=("s",),
    extradata_sha256s=frozenset({"x"}),
    width=64,
    height=48,
    profile=PROFILE,
    tags={},
)
WHOLE = [Packet(0, 512 * i, 512 * i, md5) for i, md5 in enumerate("abc")]
SOUND = [Packet(1, -1024, -1024, "s")]


@pytest.mark.parametrize(
    ("packets", "fault"),
    [
        (WHOLE[:2] + SOUND, "1 of 3 video packets differ (2 are there)"),
        ([*WHOLE, Packet(0, 1_536, 1_536, "d"), *SOUND], "1 of 3 video packets differ"),
        (WHOLE, "1 of 1 audio packets differ (0 are there)"),
        (
            [*WHOLE[:2], Packet(0, 1_025, 1_025, "c"), *SOUND],
            "frames at the wrong time: 1, the first is frame 2",
        ),
        ([*WHOLE[:2], Packet(0, 1_000, 1_024, "c"), *SOUND], "not in the order"),
    ],
)
def test_a_packet_lost_doubled_moved_or_changed_is_a_fault(packets, fault):
    assert packet_faults([*WHOLE, *SOUND], EXPECTED) == []
    assert any(fault in found for found in packet_faults(packets, EXPECTED))


@pytest.mark.parametrize("tags", [{"mood": "good"}, {"title": ""}, {"title": "a\0b"}])
def test_a_tag_that_an_mp4_cannot_keep_is_refused(tags):
    with pytest.raises(ValueError, match="metadata"):
        check_tags(tags)
    check_tags({"title": "x", "comment": "y"})


def test_a_stitch_error_survives_pickling():
    again = pickle.loads(pickle.dumps(StitchError("segment 3: gone", 3)))
    assert (str(again), again.segment_index) == ("segment 3: gone", 3)
