"""One video: its chain of segments, then the stitch and the captions.

Segments follow each other: segment k+1 starts from the last frame of segment k. What follows a
failed try is decided in ``tasks/recovery/failures.py``: a row's own fault is never tried again, a
lack of some resource is answered by the engine's rungs, time heals a machine.
"""

import contextlib
import socket
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import task_run
from prefect.tasks import Task

from flows.formats.making import make_formats
from flows.outcomes import done_outcome, text_of, way_out_of
from flows.plan_check import is_of_earlier_engine, keys_fault
from flows.rows.finished import finished_master
from flows.work import RenderFigures, Work, current_work
from model.engine import EngineIdentity, engine_identity
from model.errors import NightshootError, ResourceError, Rung, StoppedError
from tasks.errors import (
    DamagedError,
)
from tasks.media.finished_video import VideoParts, deliver_video
from tasks.media.render import load_handoff, render_segment, segment_job
from tasks.media.stitch import StitchError
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import NEUTRAL, cuts_of, keyed, reseeded
from tasks.portrait.picture import read_planned_portrait
from tasks.quality.gates.curves import video_curves
from tasks.quality.gates.policy import (
    best_of,
    next_try,
    policy_of,
    receipt_verdicts,
    seed_of_try,
)
from tasks.quality.gates.reference import FrameReference, reference_of
from tasks.quality.gates.segment_watch import watch_of
from tasks.quality.gates.video_verdicts import video_verdicts
from tasks.quality.gates.words import told_verdicts
from tasks.records import (
    Failure,
    SegmentPlan,
    SegmentReceipt,
    StoredPlan,
    VideoOutcome,
    VideoPlan,
    VideoReceipt,
)
from tasks.recovery.failures import fault_of, next_step, signature_of
from tasks.recovery.memory_ladder import Concessions, after_rung, describe_changes, next_rung
from tasks.speech.speech_files import load_speech
from tasks.store.campaign_folder import (
    CampaignFolder,
)

_RETRY_DELAYS_S = [1.0, 4.0]


class _ReplanError(NightshootError):
    """A rung that changes pixels: the whole video is planned anew with other keys.

    Attributes:
        given_up: by the video, this rung included.
        why: what did not fit.
    """

    def __init__(self, rung: Rung, given_up: Concessions, why: str) -> None:
        super().__init__(rung, given_up, why)
        self.rung, self.given_up, self.why = rung, given_up.and_also(rung), why


def can_heal(task_: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again in this place can help."""
    del task_
    error = state.result(raise_on_failure=False)
    if not isinstance(error, Exception) or isinstance(error, StoppedError):
        return False
    return next_step(fault_of(error), max(1, run.run_count), 0, 0.0).action == "retry"


class VideoChain:
    """The segments of one video, rendered or found, in order; all its files are in ``folder``.

    ``given_up`` is what the video gave up before it was planned in this way.
    """

    def __init__(
        self, plan: VideoPlan, work: Work, folder: CampaignFolder, given_up: Concessions
    ) -> None:
        self.plan, self.work, self.folder = plan, work, folder
        self._given_up = given_up
        portrait = read_planned_portrait(folder.portrait(plan.portrait), plan.portrait_sha256)
        if portrait is None:
            raise DamagedError(
                f"portraits/{plan.portrait} is not the picture that this video was planned with; "
                "render the manifest again to plan it again"
            )
        self._portrait = portrait
        folder.fetch_speech(plan.speech_id)
        speech = load_speech(plan.speech_id, folder.speech)
        if speech is None:
            raise DamagedError(
                f"speech/{plan.speech_id} is missing from {work.folder.url}; "
                "render the manifest again to make the speech again"
            )
        self.speech = speech
        self._track = EngineTrack(folder.speech / f"{plan.speech_id}.16k.wav", speech.phonemes)
        if fault := keys_fault(plan, self._track, folder):
            raise DamagedError(
                f"plans/{plan.video_id}.json cannot be rendered here: {fault}; render the manifest "
                "again to plan it again"
            )
        self._policy = policy_of(plan)
        self.receipts: list[SegmentReceipt] = []
        self.num_rendered = 0

    def add(self, index: int) -> None:
        """Have the next segment, and judge it; a bad one is rendered again with a new seed.

        Of tries that all failed the best one stays. What was tried is read from receipts alone, so
        that a chain that begins anew comes to the same segments and renders none of them again.
        """
        is_reused = self._have(index)
        uses_seed = engine_identity(self.plan.engine).uses_seed
        seeds: list[int | None] = [None]
        tries = [receipt_verdicts(self.receipts[-1], self._policy)]
        while (step := next_try(tries, self._policy, uses_seed=uses_seed)) == "again":
            self.work.listener.notice(
                f"{self.plan.video_id}: segment {index + 1} failed a gate "
                f"({told_verdicts(tries[-1])}); it is rendered again with a new seed, "
                f"{len(tries)} of {self._policy.tries}"
            )
            seeds.append(seed_of_try(self.plan.seed, index, len(tries)))
            self._reseed(index, seeds[-1])
            is_reused = self._have(index) and is_reused
            tries.append(receipt_verdicts(self.receipts[-1], self._policy))
        best = best_of(tries)
        if step == "choose" and best != len(tries) - 1:
            self._reseed(index, seeds[best])
            self._have(index)
        self.work.listener.segment_done(
            self.plan, self.plan.segments[index], self.receipts[-1], is_reused=is_reused
        )

    def _reseed(self, index: int, seed: int | None) -> None:
        identity = engine_identity(self.plan.engine)
        self.receipts.pop()
        self.plan = reseeded(
            self.plan,
            index,
            seed,
            identity,
            lambda start, end: self._track.window(start, end, identity).sha256,
        )

    def _have(self, index: int) -> bool:
        """Have the next segment as planned, rendered unless it is there and whole."""
        segment = self.plan.segments[index]
        self.work.check_stop()
        with self.work.key_lock(segment.key):
            receipt = self._find(segment)
            if receipt is None:
                self._check_engine(segment)
                self._check_predecessor()
                self._render(segment)
            else:
                self.receipts.append(receipt)
        return receipt is not None

    def _find(self, segment: SegmentPlan) -> SegmentReceipt | None:
        folder = self.folder
        try:
            receipt = folder.find_segment(segment.key)
            expected = self.receipts[-1].handoff_sha256 if self.receipts else NEUTRAL
            if receipt and receipt.started_from_sha256 != expected:
                raise DamagedError("it did not start from the handoff of the segment before it")
            if receipt:
                folder.fetch_segment(receipt)
            return receipt
        except DamagedError as error:
            self.discard(segment, error)
            return None

    def discard(self, segment: SegmentPlan, why: Exception) -> None:
        """Have a damaged segment rendered again by whoever needs it next."""
        self.folder.discard_segment(segment.key)
        self.work.listener.notice(
            f"{self.plan.video_id}: rendering segment {segment.index + 1} again: {why}"
        )

    def _check_engine(self, segment: SegmentPlan) -> None:
        """Refuse to render under a key of another version of the engine."""
        if is_of_earlier_engine(self.plan, self._track):
            raise DamagedError(
                f"segment {segment.index + 1} of {self.plan.video_id} is missing or damaged, and "
                f"an earlier version of engine {self.plan.engine} rendered it; render the manifest "
                "again to plan this video again"
            )

    def _check_predecessor(self) -> None:
        """The segment before the next one, rendered again if its handoff is not whole."""
        if not self.receipts:
            return
        try:
            load_handoff(self.folder, self.receipts[-1])
        except DamagedError as error:
            self.receipts.pop()
            before = self.plan.segments[len(self.receipts)]
            self.discard(before, error)
            self._have(before.index)

    def _render(self, segment: SegmentPlan) -> None:
        """Render the next segment, one rung down after every lack of a resource."""
        while True:
            self._go_down()
            try:
                segment_task(self.plan.video_id, segment.index + 1)
                return
            except ResourceError as error:
                rung = next_rung(self.plan, self._given_up.silent, error.rungs)
                if rung is None:
                    raise
                if self.work.ladder.note(self.plan, self._given_up.silent, error):
                    self.work.listener.notice(
                        f"{self.plan.video_id}: segment {segment.index + 1} did not fit ({error}); "
                        f"it is tried again with {rung}, and so are other videos like it"
                    )
                self._take(rung, str(error))

    def _go_down(self) -> None:
        """Take the rungs that are known to be needed.

        Raises:
            _ReplanError: one of them changes pixels.
        """
        while error := self.work.ladder.find(self.plan, self._given_up.silent):
            rung = next_rung(self.plan, self._given_up.silent, error.rungs)
            if rung is None:
                return  # it is tried all the same: this video has fewer rungs than the other
            self._take(rung, str(error))

    def _take(self, rung: Rung, why: str) -> None:
        if rung.changes_pixels:
            raise _ReplanError(rung, self._given_up, why)
        self._given_up = self._given_up.and_also(rung)

    def render_next(self, attempt: int) -> str:
        """Render the next segment on a warm host; returns its key."""
        plan = self.plan
        segment = plan.segments[len(self.receipts)]
        handoff = load_handoff(self.folder, self.receipts[-1]) if self.receipts else None
        with self.work.pool.lend(plan.engine) as host:
            job = segment_job(
                plan,
                segment,
                portrait=self._portrait,
                track=self._track,
                handoff=handoff,
                identity=host.identity,
                rungs=self._given_up.silent,
            )
            watch = None
            if self._policy.mode != "off":
                watch = watch_of(job, self._reference(host.identity))
            receipt, rendering = render_segment(
                plan,
                job,
                host=host,
                folder=self.folder,
                attempt=attempt,
                should_stop=self.work.should_stop,
                rungs=self._given_up.silent,
                watch=watch,
            )
        self.folder.fetch_segment(receipt)  # another writer's, if that was first
        self.num_rendered += 1
        self.work.figures.append(
            RenderFigures(
                plan.video_id,
                rendering.first_frame_seconds,
                rendering.engine_seconds,
                rendering.peak_rss_bytes,
            )
        )
        self.receipts.append(receipt)
        return receipt.key

    def _reference(self, identity: EngineIdentity) -> FrameReference:
        plan = self.plan
        return reference_of(self._portrait, plan.rig, plan.width, plan.height, identity)

    def parts(self, stored: StoredPlan, num_rendered: int, seconds: float) -> VideoParts:
        """What is told of the finished video, its verdicts included."""
        figures = [receipt.figures for receipt in self.receipts]
        identity = engine_identity(self.plan.engine)
        window = self._track.window(0, self.plan.num_frames, identity)
        pcm = window.pcm[window.left_context : len(window.pcm) - window.right_context]
        return VideoParts(
            stored.sha256,
            num_rendered,
            seconds,
            gates=video_verdicts(figures, pcm, self._policy),
            is_judged=self._policy.mode != "off" and None not in figures,
            curves=video_curves(figures, self._policy.limits),
        )

    def replanned(self, change: _ReplanError, asked: VideoPlan) -> VideoPlan:
        """The plan with a rung's settings: other keys, from the first segment on.

        ``asked`` is the one that the manifest asked for.
        """
        told = describe_changes(change.given_up.changed, change.why)
        draft = after_rung(self.plan, change.rung).model_copy(
            update={"warnings": (*asked.warnings, told), "seeds": {}}
        )
        identity = engine_identity(draft.engine)
        return keyed(
            draft,
            cuts_of(draft),
            identity,
            lambda start, end: self._track.window(start, end, identity).sha256,
        )


class _Delivery:
    """The last step of a chain, for the task that runs it."""

    def __init__(self, chain: VideoChain, making: VideoParts) -> None:
        self.chain, self.making = chain, making
        self.receipt: VideoReceipt | None = None

    def __call__(self) -> VideoReceipt:
        chain = self.chain
        self.receipt = deliver_video(
            chain.plan, chain.receipts, chain.speech, chain.folder, self.making
        )
        return self.receipt


current_chain: ContextVar[VideoChain] = ContextVar("current_chain")
current_delivery: ContextVar[_Delivery] = ContextVar("current_delivery")


@task(
    name="segment",
    task_run_name="{video_id} {number}",
    retries=len(_RETRY_DELAYS_S),
    retry_delay_seconds=_RETRY_DELAYS_S,
    retry_jitter_factor=0.5,
    retry_condition_fn=can_heal,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def segment_task(video_id: str, number: int) -> str:
    """Render the next segment of the chain at hand; returns its key."""
    del video_id, number  # names for people who look at the runs
    return current_chain.get().render_next(int(task_run.get_run_count() or 1))


@task(
    name="deliver",
    task_run_name="{video_id}",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=can_heal,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def deliver_task(video_id: str) -> str:
    """Stitch, caption and check the chain at hand; returns the sha256 of the video."""
    del video_id
    return current_delivery.get()().file.sha256


def make_video(stored: StoredPlan) -> VideoOutcome:
    """Render what is missing of one video, finish it, and make what its row asks for of it.

    Raises:
        StoppedError: the user asked to stop, or the night is over.
        NightshootError: why it failed; what was finished is kept.
    """
    work = current_work.get()
    work.check_stop()
    work.listener.video_started(stored.plan)
    started = time.perf_counter()
    with work.folder.local(stored.plan.video_id) as folder:
        receipt = finished_master(stored, folder, work.listener.notice)
        is_fresh = receipt is None
        if receipt is None:
            receipt = _rendered(stored, work, folder, started)
        make_formats(stored, receipt, folder, work)
        folder.clear_failure(stored.plan.video_id)
    return done_outcome(
        RowOf(stored), receipt, work.folder.video_url(stored.plan.video_id), is_fresh=is_fresh
    ).model_copy(update={"seconds": round(time.perf_counter() - started, 3)})


def _rendered(
    stored: StoredPlan, work: Work, folder: CampaignFolder, started: float
) -> VideoReceipt:
    """The finished master, made of segments that are there or rendered now."""
    plan, given_up = stored.plan, Concessions()
    num_rendered = 0
    repaired: set[int] = set()
    while True:
        chain = VideoChain(plan, work, folder, given_up)
        current_chain.set(chain)
        num_before = num_rendered
        try:
            for index in range(len(plan.segments)):
                chain.add(index)
            work.check_stop()
            num_rendered = num_before + chain.num_rendered
            seconds = time.perf_counter() - started
            delivery = _Delivery(chain, chain.parts(stored, num_rendered, seconds))
            current_delivery.set(delivery)
            deliver_task(plan.video_id)
            break
        except _ReplanError as change:
            plan, given_up = chain.replanned(change, stored.plan), change.given_up
        except StitchError as error:
            if error.segment_index is None or error.segment_index in repaired:
                raise
            repaired.add(error.segment_index)
            chain.discard(chain.plan.segments[error.segment_index], error)
        finally:
            num_rendered = num_before + chain.num_rendered
    assert delivery.receipt is not None
    return delivery.receipt


class RowOf:
    """Name and line of a stored plan's row."""

    def __init__(self, stored: StoredPlan) -> None:
        self.video_id, self.line = stored.plan.video_id, stored.line
        self.priority = stored.plan.priority


def record_failure(stored: StoredPlan, error: BaseException, folder: CampaignFolder) -> Failure:
    """Write down why a video failed; a store that cannot be written to keeps no note."""
    fault = fault_of(error)
    before = None
    with contextlib.suppress(NightshootError, OSError):
        before = folder.read_failure(stored.plan.video_id)
    tries = before.attempts if before and before.plan_sha256 == stored.sha256 else 0
    failure = Failure(
        video_id=stored.plan.video_id,
        fault=fault,
        signature=signature_of(error, stored.plan.video_id),
        message=text_of(error),
        way_out=way_out_of(fault),
        attempts=tries + 1,
        host=socket.gethostname(),
        plan_sha256=stored.sha256,
        is_quarantined=fault == "row",
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    with contextlib.suppress(NightshootError, OSError):
        folder.write_failure(failure)
    return failure
