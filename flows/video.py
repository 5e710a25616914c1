"""One video: its chain of segments, then the stitch and the captions.

Segments follow each other: segment k+1 starts from the last frame of segment k. Retries are only
for what time can heal (a lost host, a failed program); a row's own fault is never tried again.
"""

import time
from contextvars import ContextVar
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import task_run
from prefect.tasks import Task

from flows.work import RenderFigures, Work, current_work
from model.errors import MachineError
from tasks.deliver import deliver_video
from tasks.plan import NEUTRAL
from tasks.portrait import portrait_sha256, read_portrait
from tasks.records import SegmentPlan, SegmentReceipt, VideoOutcome, VideoPlan, VideoReceipt
from tasks.render import load_handoff, render_segment, segment_job
from tasks.speech import load_speech
from tasks.store import DamagedError, StoreError
from tasks.window import EngineTrack

_RETRY_DELAYS_S = [1.0, 4.0]


def can_heal(task_: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again can help: only faults of a machine or a process."""
    del task_, run
    return isinstance(state.result(raise_on_failure=False), MachineError)


class VideoChain:
    """The segments of one video, rendered or found, in order."""

    def __init__(self, plan: VideoPlan, work: Work) -> None:
        self.plan, self.work = plan, work
        self._portrait = read_portrait(plan.portrait_path)
        if portrait_sha256(self._portrait) != plan.portrait_sha256:
            raise StoreError(f"{plan.portrait_path} changed while the campaign was running")
        speech = load_speech(plan.speech_id, work.folder.speech)
        if speech is None:
            raise StoreError(f"speech {plan.speech_id} is gone from {work.folder.speech}")
        self.speech = speech
        self._track = EngineTrack(work.folder.speech / f"{plan.speech_id}.16k.wav", speech.phonemes)
        self.receipts: list[SegmentReceipt] = []
        self.delivered: VideoReceipt | None = None
        self.num_rendered = 0
        self.engine_seconds = 0.0

    def add(self, segment: SegmentPlan) -> None:
        """Have the next segment, rendered unless it is there and whole."""
        self.work.check_stop()
        with self.work.key_lock(segment.key):
            receipt = self._find(segment)
            if receipt is None:
                segment_task(self.plan.video_id, segment.index + 1)
            else:
                self.receipts.append(receipt)
        self.work.listener.segment_done(
            self.plan, segment, self.receipts[-1], is_reused=receipt is not None
        )

    def _find(self, segment: SegmentPlan) -> SegmentReceipt | None:
        folder = self.work.folder
        try:
            receipt = folder.find_segment(segment.key)
            expected = self.receipts[-1].handoff_sha256 if self.receipts else NEUTRAL
            if receipt and receipt.started_from_sha256 != expected:
                raise DamagedError("it started from another handoff than its predecessor's")
            return receipt
        except DamagedError as error:
            folder.discard_segment(segment.key)
            self.work.listener.notice(
                f"{self.plan.video_id}: segment {segment.index + 1} is rendered again: {error}"
            )
            return None

    def render_next(self, attempt: int) -> str:
        """Render the next segment on a warm host; returns its key."""
        folder, plan = self.work.folder, self.plan
        segment = plan.segments[len(self.receipts)]
        handoff = load_handoff(folder, self.receipts[-1]) if self.receipts else None
        with self.work.pool.lend(plan.engine) as host:
            job = segment_job(
                plan,
                segment,
                portrait=self._portrait,
                track=self._track,
                handoff=handoff,
                identity=host.identity,
            )
            receipt, rendering = render_segment(
                plan,
                job,
                host=host,
                folder=folder,
                attempt=attempt,
                should_stop=self.work.should_stop,
            )
        self.num_rendered += 1
        self.engine_seconds += receipt.engine_seconds
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

    def deliver(self) -> VideoReceipt:
        """Stitch the segments, write captions and the video's receipt."""
        self.delivered = deliver_video(self.plan, self.receipts, self.speech, self.work.folder)
        return self.delivered


current_chain: ContextVar[VideoChain] = ContextVar("current_chain")


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
    return current_chain.get().deliver().file.sha256


def make_video(plan: VideoPlan, line: int) -> VideoOutcome:
    """Render what is missing of one video and deliver it.

    Raises:
        StoppedError: the user asked to stop.
        NightshootError: why it failed; what was finished is kept.
    """
    work = current_work.get()
    work.check_stop()
    work.listener.video_started(plan)
    started = time.perf_counter()
    chain = VideoChain(plan, work)
    current_chain.set(chain)
    for segment in plan.segments:
        chain.add(segment)
    work.check_stop()
    deliver_task(plan.video_id)
    receipt = chain.delivered
    assert receipt is not None
    return VideoOutcome(
        video_id=plan.video_id,
        line=line,
        status="done",
        path=str(work.folder.video_path(plan.video_id)),
        duration_s=receipt.duration_s,
        num_frames=receipt.num_frames,
        num_segments=len(chain.receipts),
        num_segments_rendered=chain.num_rendered,
        engine_seconds=round(chain.engine_seconds, 3),
        seconds=round(time.perf_counter() - started, 3),
        warnings=receipt.warnings,
        is_preview=receipt.is_preview,
    )
