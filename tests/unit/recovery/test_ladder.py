"""What a video gives up where it does not fit, and what later videos of the campaign know of it."""

import pytest

from model.errors import SMALLER_SIZE, ResourceError, Rung
from tasks.records import EncodeProfile, FileEntry, SegmentMedia, SegmentReceipt, VideoPlan
from tasks.recovery.memory_ladder import (
    Concessions,
    Ladder,
    after_rung,
    describe_changes,
    describe_silent_changes,
    effective,
    next_rung,
    settings_after,
)

KV = Rung((("offload", "kv"),), changes_pixels=False)
ALL = Rung((("offload", "kv,text"),), changes_pixels=False)
FLOAT8 = Rung((("dtype", "float8"),), changes_pixels=True)
STEPS = Rung((("sample_steps", 3),), changes_pixels=True)
OFFERED = (KV, ALL, FLOAT8, STEPS, SMALLER_SIZE)


def plan(**changes) -> VideoPlan:
    fields = {
        "video_id": "a",
        "title": "A",
        "engine": "live-avatar",
        "settings": {"dtype": "bfloat16", "sample_steps": 4},
        "portrait": "p.png",
        "portrait_sha256": "p",
        "rig": None,
        "speech_id": "s",
        "prompt": "",
        "seed": 0,
        "width": 704,
        "height": 384,
        "fps": 25,
        "num_frames": 24,
        "priority": 0,
        "encode": EncodeProfile(),
        "segments": (),
        "smaller_size": (384, 256),
    }
    return VideoPlan.model_validate(fields | changes)


def test_a_video_goes_down_the_whole_ladder_and_ends():
    video, given_up, taken = plan(), Concessions(), []
    while rung := next_rung(video, given_up.silent, OFFERED):
        taken.append(str(rung))
        given_up = given_up.and_also(rung)
        if rung.changes_pixels:
            video = after_rung(video, rung)
        assert len(taken) < 10

    steps = ["offload=kv", "offload=kv,text", "dtype=float8", "sample_steps=3", "size=384x256"]
    assert taken == steps
    assert effective(given_up.silent) == ("offload=kv,text",)
    assert (video.width, video.height) == (384, 256)


@pytest.mark.parametrize(
    ("changes", "offered", "expected"),
    [
        ({}, (FLOAT8, STEPS), "dtype=float8"),
        ({"settings": {"dtype": "float8", "sample_steps": 4}}, (FLOAT8, STEPS), "sample_steps=3"),
        ({}, (SMALLER_SIZE,), "size=384x256"),
        ({"smaller_size": None}, (SMALLER_SIZE,), "None"),
        ({"width": 384, "height": 256}, (SMALLER_SIZE,), "None"),
        ({}, (), "None"),
    ],
)
def test_the_next_rung_sets_what_is_not_set_yet(changes, offered, expected):
    assert str(next_rung(plan(**changes), (), offered)) == expected


def test_a_silent_rung_counts_as_set():
    assert next_rung(plan(), (KV,), (KV, FLOAT8)) == FLOAT8
    assert settings_after(plan(), (KV,))["offload"] == "kv"


def test_what_is_offloaded_stays_so_when_the_video_is_planned_anew():
    given_up = Concessions().and_also(KV).and_also(ALL).and_also(FLOAT8).and_also(STEPS)

    assert settings_after(plan(), given_up.silent)["offload"] == "kv,text"
    assert given_up.changed == (FLOAT8, STEPS)


def test_a_rung_of_settings_changes_them_alone_and_one_of_the_size_the_size_alone():
    fewer, smaller = (
        after_rung(plan(), STEPS),
        after_rung(plan(), Rung((("size", "384x256"),), changes_pixels=True)),
    )

    assert fewer == plan(settings={"dtype": "bfloat16", "sample_steps": 3})
    assert smaller == plan(width=384, height=256)


# --- what is known of a campaign ---


def test_later_videos_of_the_same_kind_know_what_did_not_fit_and_others_do_not():
    ladder = Ladder()
    assert ladder.find(plan(), ()) is None

    assert ladder.note(plan(), (), ResourceError("full", OFFERED))
    assert not ladder.note(plan(video_id="b"), (), ResourceError("full", OFFERED))

    known = ladder.find(plan(video_id="c", seed=7), ())
    assert known is not None
    assert (str(known), known.rungs) == ("full", OFFERED)
    assert ladder.find(plan(), (KV,)) is None, "with more offloaded it may fit"
    assert ladder.find(plan(width=384, height=256), ()) is None
    assert ladder.find(plan(engine="null"), ()) is None


def test_a_smaller_size_is_each_videos_own():
    ladder = Ladder()
    ladder.note(plan(), (), ResourceError("full", (SMALLER_SIZE,)))
    other = plan(smaller_size=(320, 192))
    known = ladder.find(other, ())

    assert known is not None
    assert str(next_rung(other, (), known.rungs)) == "size=320x192"


# --- what is said of it ---


def receipt(*rungs: str) -> SegmentReceipt:
    entry = FileEntry(name="n", sha256="s", num_bytes=1)
    return SegmentReceipt(
        key="k",
        engine="live-avatar",
        num_frames=12,
        video=entry,
        last_frame=entry,
        state=entry,
        handoff_sha256="h",
        started_from_sha256="n",
        media=SegmentMedia(
            num_frames=12,
            extradata_sha256="e",
            packet_md5s=(),
            timescale=12_800,
            width=704,
            height=384,
        ),
        engine_seconds=1.0,
        attempts=1,
        rungs=rungs,
        host="h",
        versions={},
    )


def test_the_report_tells_what_was_given_up():
    assert describe_changes((FLOAT8, STEPS), "full") == (
        "rendered with dtype=float8, sample_steps=3, because it did not fit otherwise: full"
    )
    assert describe_silent_changes([receipt(), receipt()]) == ()
    assert describe_silent_changes([receipt(), receipt("offload=kv"), receipt("offload=kv")]) == (
        "2 of 3 segments rendered with offload=kv, because nothing else fitted; no pixel differs",
    )
