"""The dispatcher of many machines: one `video/render` run per video, on a work pool.

The store says what is done; the states of Prefect's runs only say when to look. A run that
crashed, failed for a machine's sake or vanished is scheduled again, while it makes progress.
"""

import queue
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled, Cancelling, Scheduled

from flows.board import Board, Row, ended_row, open_row, retry_command
from flows.outcomes import done_outcome, failure_outcome, pending_outcome, way_out_of
from flows.parameters import VideoParameters
from flows.patience import patiently
from flows.prepare import Prepared
from flows.video import RowOf
from flows.work import CARRIED_OVER, Work
from model.errors import CampaignError, Fault
from tasks.failures import MAX_TRIES, next_step, signature_of
from tasks.records import Failure, StoredPlan, VideoOutcome
from tasks.store import CampaignFolder, DamagedError

RENDER_DEPLOYMENT = "video/render"
_POLL_S = 2.0
_CRASH_SETTLES_S = 15.0  # Prefect reports one crash twice, seconds apart
_PENDING_LIMIT_S = 300.0
_CANCEL_LIMIT_S = 60.0
_RUNS_A_REQUEST = 200
_NOT_FOUND = 404
# how often a run tries by itself before it fails, by fault (flows/video.py)
_TRIES_IN_PLACE: dict[Fault, int] = {"row": 1, "resource": 1, "machine": 3, "unknown": 3}


@dataclass(frozen=True)
class PoolSettings:
    """Where and how video runs are made."""

    out: str
    campaign: str
    gpus: int
    outstanding: int
    queue: str
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
        self, settings: PoolSettings, board: Board, is_cancelled: Callable[[], bool]
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
        with get_client(sync_client=True) as client:
            try:
                found = patiently(lambda: client.read_deployment_by_name(RENDER_DEPLOYMENT))
            except ObjectNotFound as error:
                raise CampaignError(
                    f"Prefect's server at {client.api_url} has no deployment "
                    f'"{RENDER_DEPLOYMENT}"; run `nightshoot cluster up` there'
                ) from error
        self._deployment_id = found.id

    def __call__(self, name: str, ready: Iterable[Prepared], work: Work) -> list[VideoOutcome]:
        """Have the videos rendered as they become ready."""
        assert self._deployment_id is not None
        with get_client(sync_client=True) as client, _Feed(ready, self._settings) as feed:
            batch = _Batch(name, work, self._settings, client, self._deployment_id)
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


class _Feed:
    """Prepared videos, made ahead in a thread: polling never waits for speech, nor a GPU."""

    def __init__(self, ready: Iterable[Prepared], settings: PoolSettings) -> None:
        self._ready = ready
        self._queue: queue.Queue[StoredPlan] = queue.Queue(maxsize=settings.outstanding)
        self._ended, self._is_left = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._fill, name="feed", daemon=True)

    def __enter__(self) -> "_Feed":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_left.set()
        self._thread.join()

    def _fill(self) -> None:
        try:
            for prepared in self._ready:
                assert prepared.stored is not None
                while not self._is_left.is_set():
                    try:
                        self._queue.put(prepared.stored, timeout=0.2)
                        break
                    except queue.Full:
                        continue
                if self._is_left.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  raised again where the feed is read
            self._error = error
        finally:
            self._ended.set()

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come."""
        return self._ended.is_set() and self._queue.empty() and self._error is None

    def take(self) -> StoredPlan | None:
        """The next video; None if none is ready now."""
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            if self._error is not None:
                raise self._error from None
            return None


class _Batch:
    """The video runs of one campaign and what became of them."""

    def __init__(
        self,
        name: str,
        work: Work,
        settings: PoolSettings,
        client: SyncPrefectClient,
        deployment_id: UUID,
    ) -> None:
        self._name, self._work, self._settings = name, work, settings
        self._client, self._deployment_id = client, deployment_id
        self._folder = work.folder
        self.open: dict[UUID, _Watched] = {}
        self.outcomes: dict[str, VideoOutcome] = {}

    # --- opening ---

    def open_from(self, feed: _Feed) -> None:
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
        run = self._created(stored)
        watched = _Watched(stored, run.id, num_segments_done=self._num_done(stored))
        self.open[run.id] = watched
        state = run.state
        if state is None or state.is_final():
            self._schedule(watched, 0.0)  # an earlier night's run of the same plan
        else:
            watched.was_cancelled_before = state.is_cancelling()
            if state.is_scheduled():
                self._renew_parameters(watched)

    def _created(self, stored: StoredPlan) -> FlowRun:
        """The video's run: a new one, or the one that is there for this plan."""
        plan, settings = stored.plan, self._settings
        # queue and GPUs too: a run that has been scheduled once keeps its own
        key = f"{self._folder.url}/{plan.video_id}/{stored.sha256}/{settings.queue}/{settings.gpus}"
        try:
            return patiently(
                lambda: self._client.create_flow_run_from_deployment(
                    self._deployment_id,
                    parameters={"request": self._parameters(stored)},
                    name=f"{self._name}/{plan.video_id}",
                    tags=["nightshoot", f"campaign:{self._name}"],
                    idempotency_key=key,
                    work_queue_name=self._settings.queue,
                    job_variables={"gpus": self._settings.gpus, "engine": plan.engine},
                )
            )
        except PrefectHTTPStatusError as error:
            if error.response.status_code != _NOT_FOUND:
                raise
            raise CampaignError(
                f'Prefect\'s server has lost its deployment "{RENDER_DEPLOYMENT}", and this run '
                "with it, if its database is a new one; run `nightshoot cluster up`, then "
                f"`{retry_command(self._name, self._settings.out)}`: what is finished is "
                "in the store"
            ) from error

    def _parameters(self, stored: StoredPlan) -> dict[str, object]:
        night = self._work.night
        request = VideoParameters(
            out=self._settings.out,
            campaign=self._settings.campaign,
            video_id=stored.plan.video_id,
            plan_sha256=stored.sha256,
            not_after=night.end if night else None,
            estimated_s=night.estimate_s(stored.plan, self._work.frames_left(stored.plan))
            if night
            else None,
        )
        return request.model_dump(mode="json")

    def _renew_parameters(self, watched: _Watched) -> None:
        parameters = {"request": self._parameters(watched.stored)}
        patiently(lambda: self._client.update_flow_run(watched.run_id, parameters=parameters))

    def _num_done(self, stored: StoredPlan) -> int:
        return sum(self._folder.has_segment(each.key) for each in stored.plan.segments)

    # --- looking ---

    def poll(self) -> None:
        """Look at every open run, in bulk."""
        ids = list(self.open)
        for start in range(0, len(ids), _RUNS_A_REQUEST):
            some = ids[start : start + _RUNS_A_REQUEST]
            wanted = FlowRunFilter(id=FlowRunFilterId(any_=some))
            runs = {
                run.id: run
                for run in patiently(
                    lambda wanted=wanted: self._client.read_flow_runs(
                        flow_run_filter=wanted, limit=_RUNS_A_REQUEST
                    )
                )
            }
            for run_id in some:
                self._look_at(self.open[run_id], runs.get(run_id))

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
            note = "its run was cancelled; run the campaign again to go on"
            self._close(watched, pending_outcome(RowOf(stored), stored.plan, note))
        else:
            watched.was_cancelled_before = False
            self._failed(watched, state)

    def _done(self, stored: StoredPlan) -> VideoOutcome | None:
        try:
            receipt = self._folder.find_video(stored.plan.video_id)
        except DamagedError as error:
            self._work.listener.notice(f"{stored.plan.video_id}: the video is made again: {error}")
            return None
        if receipt is None or receipt.plan_sha256 != stored.sha256:
            return None
        url = self._folder.video_url(stored.plan.video_id)
        return done_outcome(RowOf(stored), receipt, url, is_fresh=True)

    def _failed(self, watched: _Watched, state: State) -> None:
        """Try again elsewhere, or give up: as ``tasks/failures.py`` decides."""
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
        self._renew_parameters(watched)
        state: State = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(seconds=delay_s))
        patiently(lambda: self._client.set_flow_run_state(watched.run_id, state, force=True))
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
            state: State = Cancelling() if watched.is_started else Cancelled()
            patiently(
                lambda watched=watched, state=state: self._client.set_flow_run_state(
                    watched.run_id, state, force=not watched.is_started
                )
            )
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
