"""Plans that wait for a machine: made ahead in a thread, taken in the order of worth.

Polling never waits for speech, nor a GPU.
"""

import queue
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from flows.outcomes import RowName
from flows.prepare import Prepared
from flows.work import Work
from tasks.records import StoredPlan, VideoPlan
from tasks.recovery.night import Rank, Unfinished, rank_of

# of some kilobytes each; the more there are to choose from, the longer is the longest
_PLANS_AHEAD = 1000


@dataclass(frozen=True, order=True)
class _Waiting:
    rank: Rank
    stored: StoredPlan = field(compare=False)


class VideoQueue:
    """What is ready to be rendered, the worthiest first; a context for as long as it is read."""

    def __init__(self, ready: Iterable[Prepared], work: Work) -> None:
        self._ready, self._work = ready, work
        self._queue: queue.PriorityQueue[_Waiting] = queue.PriorityQueue(_PLANS_AHEAD)
        self._ended, self._is_left = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._fill, name="feed", daemon=True)

    def __enter__(self) -> "VideoQueue":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_left.set()
        self._thread.join()

    def _fill(self) -> None:
        try:
            for prepared in self._ready:
                assert prepared.stored is not None
                rank = self._rank_of(prepared.row, prepared.stored.plan)
                self._put(_Waiting(rank, prepared.stored))
                if self._is_left.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  raised again where the feed is read
            self._error = error
        finally:
            self._ended.set()

    def _put(self, waiting: _Waiting) -> None:
        while not self._is_left.is_set():
            try:
                return self._queue.put(waiting, timeout=0.2)
            except queue.Full:
                continue

    def _rank_of(self, row: RowName, plan: VideoPlan) -> Rank:
        num_frames_left = self._work.frames_left(plan)
        return rank_of(
            Unfinished(
                video_id=row.video_id,
                priority=row.priority,
                num_frames_left=num_frames_left,
                is_begun=0 < num_frames_left < plan.num_frames,
                row_index=row.line,
            )
        )

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come."""
        return self._ended.is_set() and self._queue.empty() and self._error is None

    def take(self) -> StoredPlan | None:
        """The next video; None if none is ready now.

        Raises:
            BaseException: what ended the making ahead.
        """
        error = self._error  # asked first: whatever was ready before it is in the queue by now
        try:
            return self._queue.get_nowait().stored
        except queue.Empty:
            if error is not None:
                raise error from None
            return None
