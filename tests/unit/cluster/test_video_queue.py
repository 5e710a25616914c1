"""Which of the plans that wait is rendered next, and how a feed ends."""

import threading
import time

import pytest
from rich.console import Console

from flows.cluster.video_queue import VideoQueue
from flows.prepare import Prepared
from flows.progress import PlainProgress
from flows.video import RowOf
from flows.work import Work
from tasks.engines.engine_pool import EnginePool
from tasks.records import SegmentPlan
from tasks.store.campaigns import (
    open_campaign,
)
from tests.unit.store.test_store import plan_of


@pytest.fixture
def work(tmp_path):
    folder = open_campaign(tmp_path, "june")
    return Work(folder, EnginePool(tmp_path), PlainProgress(Console(quiet=True)), threading.Event())


def prepared(video_id, num_frames, priority=0):
    """A planned video, cut into segments of 12 frames."""
    segments = tuple(
        SegmentPlan(index=i, start_frame=12 * i, end_frame=12 * i + 12, key=f"{video_id}{i:063}")
        for i in range(num_frames // 12)
    )
    stored = plan_of(video_id)
    change = {"num_frames": num_frames, "priority": priority, "segments": segments}
    stored = stored.model_copy(update={"plan": stored.plan.model_copy(update=change)})
    return Prepared(RowOf(stored), stored)


def finish_a_segment(folder, prepared):
    key = prepared.plan.segments[0].key
    folder.write_text(f"segments/{key[:2]}/{key}.json", b"{}")


def watched(ready, is_all_waiting):
    """The same, saying when the last of it has been put."""
    yield from ready
    is_all_waiting.set()


def test_the_urgent_come_first_then_what_is_nearly_done_then_the_longest(work):
    ready = [
        prepared("a", 24),
        prepared("b", 240),
        prepared("c", 360),
        prepared("d", 36),
        prepared("e", 120, priority=1),
    ]
    for begun in (ready[2], ready[3]):
        finish_a_segment(work.folder, begun)

    is_all_waiting = threading.Event()
    with VideoQueue(watched(ready, is_all_waiting), work) as feed:
        assert is_all_waiting.wait(10)
        names = [feed.take().plan.video_id for _ in ready]
        assert feed.take() is None

    assert names == ["e", "d", "c", "b", "a"]
    assert feed.is_done


def test_what_ends_the_making_ahead_is_raised_once_all_that_was_ready_is_taken(work):
    def failing():
        yield prepared("a", 24)
        raise OSError("the store is gone")

    with VideoQueue(failing(), work) as feed:
        deadline = time.monotonic() + 10
        while (first := feed.take()) is None:
            assert time.monotonic() < deadline
        assert first.plan.video_id == "a"
        with pytest.raises(OSError, match="the store is gone"):
            while time.monotonic() < deadline:
                feed.take()
        assert not feed.is_done


def test_a_feed_that_is_left_ends_though_nobody_takes_anything(work):
    def endless():
        while True:
            yield prepared("a", 12)

    with VideoQueue(endless(), work):
        pass

    assert "feed" not in {thread.name for thread in threading.enumerate()}
