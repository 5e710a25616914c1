from __future__ import annotations

from tasks.deliver_records import DeliverRequest
from tasks.deliverables.keys import deliverable_key
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


def test_keys_stay_what_this_release_wrote():
    """A changed key would make every finished deliverable of every store anew."""
    assert (
        deliverable_key(DeliverRequest(sizes=(TALL,), face=(1, 2, 3, 4)), TALL, master())
        == "dfbf3c59906d45a8af180f163c0718f64aa5e24b1ffc94404606a30adb8187ee"
    )
