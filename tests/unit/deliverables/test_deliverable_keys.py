from __future__ import annotations

from tasks.deliver_records import CaptionStyle, DeliverRequest
from tasks.deliverables.keys import deliverable_key, earlier_keys
from tasks.record import FileEntry
from tasks.records import VideoReceipt

TALL, SQUARE = (1080, 1920), (1080, 1080)


def master(sha256: str = "a" * 64) -> VideoReceipt:
    return VideoReceipt(
        video_id="intro",
        plan_sha256="p",
        segment_keys=(),
        file=FileEntry(name="intro.mp4", sha256=sha256, num_bytes=1),
        captions=(),
        num_frames=25,
        duration_s=1,
        checks={},
    )


def test_a_key_says_master_size_and_request_and_nothing_of_the_other_sizes():
    request = DeliverRequest(sizes=(TALL,), face=(1, 2, 3, 4))
    more = request.model_copy(update={"sizes": (TALL, SQUARE)})
    key = deliverable_key(request, TALL, master())

    assert deliverable_key(more, TALL, master()) == key
    assert deliverable_key(more, SQUARE, master()) != key
    assert deliverable_key(request, TALL, master("b" * 64)) != key
    moved = request.model_copy(update={"face": (1, 2, 3, 5)})
    assert deliverable_key(moved, TALL, master()) != key


def test_another_clip_is_another_deliverable_and_an_intro_moves_the_captions_beside_it():
    one, other = (FileEntry(name=f"{each}.mp4", sha256=each * 64, num_bytes=1) for each in "ef")
    plain = DeliverRequest(sizes=(TALL,))
    intro, outro = (
        plain.model_copy(update={name: one, "num_clip_frames": 50}) for name in ("intro", "outro")
    )
    receipts = [master().model_copy(update={"captions": (file,)}) for file in (one, other)]
    beside = [each.model_copy(update={"captions": "beside"}) for each in (plain, intro, outro)]
    keys = {deliverable_key(each, TALL, receipts[0]) for each in beside}
    keys.add(deliverable_key(beside[1].model_copy(update={"intro": other}), TALL, receipts[0]))

    assert len(keys) == 4
    for request, is_moved in zip(beside, (False, True, False), strict=True):
        found = {deliverable_key(request, TALL, receipt) for receipt in receipts}
        assert (len(found) == 2) == is_moved
    renamed = beside[1].model_copy(update={"num_clip_frames": 51})
    assert deliverable_key(renamed, TALL, receipts[0]) in keys


def test_keys_stay_what_this_release_wrote():
    """A changed key would make every finished deliverable of every store anew."""
    assert (
        deliverable_key(DeliverRequest(sizes=(TALL,), face=(1, 2, 3, 4)), TALL, master())
        == "dfbf3c59906d45a8af180f163c0718f64aa5e24b1ffc94404606a30adb8187ee"
    )


def test_a_style_is_part_of_a_key_where_captions_are_burned_alone():
    captions = (FileEntry(name="intro.srt", sha256="s" * 64, num_bytes=1),)
    receipt = master().model_copy(update={"captions": captions})
    plain = DeliverRequest(sizes=(TALL, SQUARE))
    style = CaptionStyle(position="top")
    styled = plain.model_copy(update={"caption_style": style})
    other = plain.model_copy(update={"caption_style": CaptionStyle(position="middle")})
    tall = {deliverable_key(each, TALL, receipt) for each in (plain, styled, other)}
    square = {deliverable_key(each, SQUARE, receipt) for each in (plain, styled, other)}

    assert (len(tall), len(square)) == (3, 1)
    without = {deliverable_key(each, TALL, master()) for each in (plain, styled)}
    assert len(without) == 1, "a video without captions"


def test_the_music_that_films_had_is_no_part_of_a_key_and_names_the_earlier_film():
    one, two = (FileEntry(name=f"{each}.wav", sha256=each * 64, num_bytes=1) for each in "ef")
    plain = DeliverRequest(sizes=(TALL,))
    with_one, with_two = (plain.model_copy(update={"music": each}) for each in (one, two))
    changed = with_two.model_copy(update={"earlier_music": one.sha256})
    off = plain.model_copy(update={"earlier_music": one.sha256})

    assert deliverable_key(changed, TALL, master()) == deliverable_key(with_two, TALL, master())
    first = with_one.model_copy(update={"earlier_music": ""})
    for now, before in ((changed, with_one), (off, with_one), (first, plain)):
        expected = (deliverable_key(before, TALL, master()), frozenset({"music"}))
        assert list(earlier_keys(now, TALL, master())) == [expected]
    back = with_one.model_copy(update={"earlier_music": one.sha256})
    for now in (with_one, back):
        assert list(earlier_keys(now, TALL, master())) == []


def test_the_clips_that_films_had_name_each_earlier_film_the_likest_first():
    one, two = (FileEntry(name=f"{each}.mp4", sha256=each * 64, num_bytes=1) for each in "ef")
    captions = (FileEntry(name="intro.srt", sha256="s" * 64, num_bytes=1),)
    receipt = master().model_copy(update={"captions": captions})
    plain = DeliverRequest(sizes=(TALL,), label="AI-generated")
    both = {"intro": one, "outro": one, "num_clip_frames": 50, "clip_background": "#14202b"}
    with_clips = plain.model_copy(update=both)

    def key(**changes: object) -> str:
        return deliverable_key(with_clips.model_copy(update=changes), TALL, receipt)

    now = {"outro": two, "earlier_outro": one.sha256, "earlier_intro": "", "earlier_music": ""}
    changed = with_clips.model_copy(update=now)
    assert key(**now) == key(outro=two), "what films had is no part of their keys"
    assert list(earlier_keys(changed, TALL, receipt)) == [
        (key(intro=None, outro=two), frozenset({"intro"})),
        (key(), frozenset({"outro"})),
        (key(intro=None), frozenset({"intro", "outro"})),
    ]
    had = {"earlier_intro": one.sha256, "earlier_outro": one.sha256}
    without = plain.model_copy(update={**had, "earlier_clip_background": "#14202b"})
    assert deliverable_key(without, TALL, receipt) == deliverable_key(plain, TALL, receipt)
    assert list(earlier_keys(without, TALL, receipt))[-1] == (key(), frozenset({"intro", "outro"}))


def test_the_label_and_the_screen_that_films_had_name_each_earlier_film():
    plain = DeliverRequest(sizes=(TALL, SQUARE), label="AI", screens={"1080x1920": "s" * 64})
    had = {"earlier_label": "", "earlier_screens": {"1080x1920": "t" * 64}}
    changed = plain.model_copy(update=had)

    def key(**changes: object) -> str:
        return deliverable_key(plain.model_copy(update=changes), TALL, master())

    assert deliverable_key(changed, TALL, master()) == key()
    screens = {"screens": {"1080x1920": "t" * 64}}
    assert list(earlier_keys(changed, TALL, master())) == [
        (key(label=""), frozenset({"label"})),
        (key(**screens), frozenset({"screen"})),
        (key(label="", **screens), frozenset({"label", "screen"})),
    ]
    unlabelled = deliverable_key(plain.model_copy(update={"label": ""}), SQUARE, master())
    assert list(earlier_keys(changed, SQUARE, master())) == [(unlabelled, frozenset({"label"}))]
