"""The order in which rows are worked on, a few side by side."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, suppress
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
from threading import Semaphore
from typing import TypeVar

from tasks.errors import (
    DamagedError,
    NewerRecordError,
)
from tasks.records import (
    ManifestRow,
)
from tasks.recovery.night import Unfinished, carry_over_order
from tasks.store.campaign_folder import (
    CampaignFolder,
)

# what is done is asked of the store, which may be far away: 8 requests one after the other a video
_LOOKUPS_AT_ONCE = 8
PREPARED_AT_ONCE = 16
"""While eight recordings are decoded in one start of ffmpeg, eight more come to wait for one."""
_LOOK_UP_S = 1.0
_SHORT_BYTES = 4 << 20
_NEVER = datetime.max.replace(tzinfo=UTC)
_Row = TypeVar("_Row")
_Result = TypeVar("_Result")


def in_order(rows: Sequence[ManifestRow], begun_in: CampaignFolder | None) -> list[ManifestRow]:
    """Rows by falling priority, then by when they are due.

    With a store, those begun there come first, nearest to done ahead.
    """
    if begun_in is None:
        return sorted(rows, key=lambda row: (-row.priority, row.due or _NEVER))
    by_id = {row.video_id: row for row in rows}
    with ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="order") as pool:
        unfinished = list(pool.map(partial(_unfinished, begun_in), range(len(rows)), rows))
    return [by_id[each.video_id] for each in carry_over_order(unfinished)]


def _unfinished(folder: CampaignFolder, index: int, row: ManifestRow) -> Unfinished:
    try:
        stored = folder.read_plan(row.video_id)
    except (DamagedError, NewerRecordError):
        stored = None  # it is planned again, or refused, when its turn comes
    segments = stored.plan.segments if stored else ()
    left = [segment for segment in segments if not folder.has_segment(segment.key)]
    return Unfinished(
        video_id=row.video_id,
        priority=row.priority,
        num_frames_left=sum(segment.num_frames for segment in left),
        is_begun=0 < len(left) < len(segments),
        row_index=index,
    )


class Turns:
    """How many rows may be spoken, and how many planned, at a time: as many as there are workers.

    Short recordings wait most of the time for their decoder, which takes several at once: all rows
    that are looked at side by side may have one.
    """

    def __init__(self, num_workers: int) -> None:
        self.planning: AbstractContextManager[object] = Semaphore(num_workers)
        self._spoken = Semaphore(num_workers)
        self._short = Semaphore(max(num_workers, PREPARED_AT_ONCE))

    def speaking(self, row: ManifestRow) -> AbstractContextManager[object]:
        """To be held while a row is spoken."""
        is_short = False
        if row.audio_path is not None:
            with suppress(OSError):  # it is told when the row has its turn
                is_short = row.audio_path.stat().st_size <= _SHORT_BYTES
        return self._short if is_short else self._spoken


def side_by_side(
    rows: Sequence[_Row], work: Callable[[_Row], _Result], num_at_once: int = _LOOKUPS_AT_ONCE
) -> Iterator[_Result]:
    """Work on rows in their order, a few ahead of the consumer."""
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(num_at_once, thread_name_prefix="rows") as pool:
        try:
            for row in rows:
                waiting.append(pool.submit(copy_context().run, work, row))
                if len(waiting) > 2 * num_at_once:
                    yield _result_of(waiting.popleft())
            while waiting:
                yield _result_of(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


def _result_of(future: Future[_Result]) -> _Result:
    """Its result, or its error; looks up now and then.

    The kernel may give a signal to any thread, and the main one, whose handlers are asked, would
    sleep on: Ctrl-C would be heard when a row is ready.
    """
    while not future.done():
        wait((future,), _LOOK_UP_S)
    return future.result()
