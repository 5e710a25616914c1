"""A run's view that also tells the campaign's figures, where videos are rendered in this process.

On a cluster ``flows/cluster/artifacts.py`` does so, from the states of the video runs.
"""

import threading
from typing import Self

from flows.metrics.campaign_metrics import CampaignMetrics
from flows.outcomes import RowName
from flows.progress import ProgressView, Tally
from tasks.records import SegmentPlan, SegmentReceipt, VideoOutcome, VideoPlan

_PERIOD_S, _LEAST_S = 5.0, 0.5


class MeteredView:
    """Shows what another view shows, and tells how many videos wait, run and have ended.

    Args:
        view: what a person sees.
        metrics: of the campaign; told at once, every 5 s and when a video ends.
    """

    def __init__(self, view: ProgressView, metrics: CampaignMetrics) -> None:
        self._view, self._metrics = view, metrics
        self.tally: Tally = view.tally
        self._states: dict[str, str] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="metrics", daemon=True)

    def __enter__(self) -> Self:
        self._view.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._is_over.set()
        self._news.set()
        self._thread.join()
        self._view.__exit__(*exc_info)

    def _tell(self) -> None:
        while not self._is_over.is_set():
            self._news.clear()
            with self._lock:
                rows = [{"video": name, "state": state} for name, state in self._states.items()]
            self._metrics.show(rows)
            self._news.wait(_PERIOD_S)
            self._is_over.wait(_LEAST_S)

    def _note(self, video_id: str, state: str) -> None:
        with self._lock:
            self._states[video_id] = state

    def notice(self, text: str) -> None:
        """See the view."""
        self._view.notice(text)

    def status(self, text: str) -> None:
        """See the view."""
        self._view.status(text)

    def row_prepared(self, row: RowName, plan: VideoPlan | None) -> None:
        """A video waits now, if it has a plan; the others' ends are told when the run ends."""
        if plan is not None:
            self._note(plan.video_id, "waiting")
        self._view.row_prepared(row, plan)

    def video_started(self, plan: VideoPlan) -> None:
        """A video is at work."""
        self._note(plan.video_id, "running")
        self._view.video_started(plan)

    def segment_done(
        self, plan: VideoPlan, segment: SegmentPlan, receipt: SegmentReceipt, *, is_reused: bool
    ) -> None:
        """See the view."""
        self._view.segment_done(plan, segment, receipt, is_reused=is_reused)

    def video_ended(self, outcome: VideoOutcome) -> None:
        """A video has ended."""
        self._note(outcome.video_id, outcome.status)
        self._news.set()
        self._view.video_ended(outcome)
