"""The dispatcher of many machines: one `video/render` run per video, on a work pool.

The store says what is done; the states of Prefect's runs only say when to look. A run that
crashed, failed for a machine's sake or vanished is scheduled again, while it makes progress.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State

from flows.cluster.artifacts import Row, RunArtifacts, ended_row, open_row
from flows.cluster.video_queue import VideoQueue
from flows.cluster.video_runs import RunSettings, VideoRuns, find_deployment
from flows.outcomes import done_outcome, failure_outcome, pending_outcome, way_out_of
from flows.prepare import Prepared
from flows.rows.finished import is_delivered
from flows.video import RowOf
from flows.work import CARRIED_OVER, Work
from model.errors import Fault
from tasks.errors import (
    DamagedError,
)
from tasks.records import Failure, StoredPlan, VideoOutcome
from tasks.recovery.failures import MAX_TRIES, next_step, signature_of
from tasks.store.campaign_folder import (
    CampaignFolder,
)

_POLL_S = 2.0
_CRASH_SETTLES_S = 15.0  # Prefect reports one crash twice, seconds apart
_PENDING_LIMIT_S = 300.0
_CANCEL_LIMIT_S = 60.0
# how often a run tries by itself before it fails, by fault (flows/video.py)
_TRIES_IN_PLACE: dict[Fault, int] = {"row": 1, "resource": 1, "machine": 3, "unknown": 3}


@dataclass(frozen=True)
class PoolSettings(RunSettings):
    """And how many video runs are scheduled or running, and how often they are looked at."""

    outstanding: int
    poll_s: float = _POLL_S


@dataclass
class _Watched:
    """A video run that is looked after."""

    stored: StoredPlan
    run_id: UUID
    places: int = 1
    num_segments_done: int = 0
    state_name: str = ""
    since: float = field(default_factory=time.monotonic)
    is_started: bool = False
    was_cancelled_before: bool = False

    def seen_in(self, state: State | None) -> float:
        """Seconds for which it has been in this state."""
        name = f"{state.id}" if state else ""
        if name != self.state_name:
            self.state_name, self.since = name, time.monotonic()
        return time.monotonic() - self.since


class PoolDispatcher:
    """Keeps a bounded number of video runs scheduled or running."""

    def __init__(
        self, settings: PoolSettings, board: RunArtifacts, is_cancelled: Callable[[], bool]
    ) -> None:
        """``is_cancelled`` tells a cancelled run from a worker that is told to end."""
        self._settings, self._board, self._is_cancelled = settings, board, is_cancelled
        self._deployment_id: UUID | None = None

    def start(self, folder: CampaignFolder) -> None:
        """Find the deployment, before anything is spoken for nothing.

        Raises:
            CampaignError: it is not there.
        """
        del folder
        self._deployment_id = find_deployment()

    def __call__(self, name: str, ready: Iterable[Prepared], work: Work) -> list[VideoOutcome]:
        """Have the videos rendered as they become ready."""
        assert self._deployment_id is not None
        with get_client(sync_client=True) as client, VideoQueue(ready, work) as feed:
            runs = VideoRuns(name, work, self._settings, client, self._deployment_id)
            batch = _Batch(work, self._settings, runs)
            while True:
                batch.open_from(feed)
                if not batch.open and feed.is_done:
                    break
                batch.poll()
                self._board.show(batch.rows)
                if work.folder.lock_lost.is_set():
                    break  # the runs are another campaign run's now
                if work.stop.is_set():
                    if work.halted or self._is_cancelled():
                        batch.cancel_all()
                    break
                work.stop.wait(self._settings.poll_s)
        return list(batch.outcomes.values())

    def end(self) -> None:
        """Nothing of ours is left."""


class _Batch:
    """The video runs of one campaign and what became of them."""

    def __init__(self, work: Work, settings: PoolSettings, runs: VideoRuns) -> None:
        self._work, self._settings, self._runs = work, settings, runs
        self._folder = work.folder
        self.open: dict[UUID, _Watched] = {}
        self.outcomes: dict[str, VideoOutcome] = {}

    # --- opening ---

    def open_from(self, feed: VideoQueue) -> None:
        """Create runs until enough are outstanding or none is ready."""
        while len(self.open) < self._settings.outstanding and not self._work.stop.is_set():
            stored = feed.take()
            if stored is None:
                return
            if self._work.may_open(stored.plan):
                self._open(stored)
            else:
                self._end(pending_outcome(RowOf(stored), stored.plan, self._work.carried_over))

    def _open(self, stored: StoredPlan) -> None:
        plan = stored.plan
        if self._folder.read_failure(plan.video_id) is not None:
            self._folder.clear_failure(plan.video_id)  # an earlier night's
        run = self._runs.make(stored)
        watched = _Watched(stored, run.id, num_segments_done=self._num_done(stored))
        self.open[run.id] = watched
        state = run.state
        if state is None or state.is_final():
            self._schedule(watched, 0.0)  # an earlier night's run of the same plan
        else:
            watched.was_cancelled_before = state.is_cancelling()
            if state.is_scheduled():
                self._runs.renew(run, stored)

    def _num_done(self, stored: StoredPlan) -> int:
        return sum(self._folder.has_segment(each.key) for each in stored.plan.segments)

    # --- looking ---

    def poll(self) -> None:
        """Look at every open run, in bulk."""
        run_ids = list(self.open)
        seen = self._runs.see(run_ids)
        for run_id in run_ids:
            self._look_at(self.open[run_id], seen.get(run_id))

    def _look_at(self, watched: _Watched, run: FlowRun | None) -> None:
        if run is None:  # the database was wiped
            del self.open[watched.run_id]
            self._open(watched.stored)
            return
        state = run.state
        seconds = watched.seen_in(state)
        if state is None:
            return
        if state.is_running() and not watched.is_started:
            watched.is_started = True
            self._work.listener.video_started(watched.stored.plan)
        if state.is_crashed() and seconds < _CRASH_SETTLES_S:
            return
        if state.is_final():
            self._ended(watched, state)
        elif state.is_pending() and seconds > _PENDING_LIMIT_S:
            self._schedule(watched, 0.0)  # its worker died between taking and starting it

    def _ended(self, watched: _Watched, state: State) -> None:
        stored = watched.stored
        done = self._done(stored)
        if done is not None:
            if self._work.night:
                self._work.night.learn(stored.plan, done)
            self._close(watched, done)
        elif state.is_completed() and state.name == CARRIED_OVER:
            note = state.message or self._work.carried_over
            self._close(watched, pending_outcome(RowOf(stored), stored.plan, note))
        elif state.is_cancelled() and not watched.was_cancelled_before:
            note = "its run was cancelled; run the campaign again to continue"
            self._close(watched, pending_outcome(RowOf(stored), stored.plan, note))
        else:
            watched.was_cancelled_before = False
            self._failed(watched, state)

    def _done(self, stored: StoredPlan) -> VideoOutcome | None:
        try:
            receipt = self._folder.find_video(stored.plan.video_id)
        except DamagedError as error:
            self._work.listener.notice(f"{stored.plan.video_id}: making the video again: {error}")
            return None
        if receipt is None or receipt.plan_sha256 != stored.sha256:
            return None
        if not is_delivered(stored, receipt, self._folder):
            return None
        url = self._folder.video_url(stored.plan.video_id)
        return done_outcome(RowOf(stored), receipt, url, is_fresh=True)

    def _failed(self, watched: _Watched, state: State) -> None:
        """Try again elsewhere, or give up: as ``tasks/recovery/failures.py`` decides."""
        stored = watched.stored
        failure = self._folder.read_failure(stored.plan.video_id)
        if failure is None or failure.plan_sha256 != stored.sha256:
            failure = self._lost(stored, state)
        num_done = self._num_done(stored)
        if num_done > watched.num_segments_done:  # what makes progress is not given up
            watched.num_segments_done, watched.places = num_done, 1
        tries = min(_TRIES_IN_PLACE[failure.fault], MAX_TRIES)
        step = next_step(
            failure.fault, tries, 0, random.random(), earlier=tries * (watched.places - 1)
        )
        if step.action in ("quarantine", "give_up"):
            if not failure.is_quarantined:
                self._folder.write_failure(failure)
            self._close(watched, failure_outcome(RowOf(stored), failure))
            self._work.note_failure(failure)
            return
        watched.places += 1
        self._work.listener.notice(
            f"{stored.plan.video_id}: scheduled again ({watched.places}): {failure.message}"
        )
        self._schedule(watched, step.delay_s)

    def _lost(self, stored: StoredPlan, state: State) -> Failure:
        """What is known of a run that ended without a word."""
        message = f"its run ended as {state.name}: {state.message or 'no reason was given'}"
        return Failure(
            video_id=stored.plan.video_id,
            fault="machine",
            signature=signature_of(f"RunLost: {message}", stored.plan.video_id),
            message=message,
            way_out=way_out_of("machine"),
            attempts=1,
            host="",
            plan_sha256=stored.sha256,
            is_quarantined=False,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _schedule(self, watched: _Watched, delay_s: float) -> None:
        self._runs.schedule(watched.run_id, watched.stored, delay_s)
        watched.state_name, watched.is_started = "", False

    def _close(self, watched: _Watched, outcome: VideoOutcome) -> None:
        del self.open[watched.run_id]
        self._end(outcome)

    def _end(self, outcome: VideoOutcome) -> None:
        self.outcomes[outcome.video_id] = outcome
        self._work.listener.video_ended(outcome)

    # --- stopping, telling ---

    def cancel_all(self) -> None:
        """Cancel what is open, and wait until it is; what was finished meanwhile counts."""
        for watched in list(self.open.values()):
            self._runs.cancel(watched.run_id, is_started=watched.is_started)
        deadline = time.monotonic() + _CANCEL_LIMIT_S
        while self.open and time.monotonic() < deadline:
            time.sleep(min(1.0, self._settings.poll_s))
            self.poll()

    def rows(self) -> list[Row]:
        """The table people see: every row of the campaign that is known by now."""
        ended = {**self._work.outcomes, **self.outcomes}
        opened: list[Row] = []
        for each in self.open.values():
            plan, found = each.stored.plan, each.num_segments_done
            opened.append(
                open_row(plan.video_id, found, len(plan.segments), is_started=each.is_started)
            )
        return [*map(ended_row, ended.values()), *opened]
