"""A manifest's videos, side by side, in this process tree: dispatch, outcomes, a telling state.

This is the dispatcher of one machine: one task per video, ``workers`` at once, each rendering its
segments in order. A failed video never stops the others; many that fail alike do.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Prefect leaves the types of futures and task runners open

import concurrent.futures
import os
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.events.worker import EventsWorker
from prefect.futures import PrefectConcurrentFuture, PrefectFuture, wait
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.outcomes import failure_outcome, pending_outcome, text_of
from flows.prepare import Prepared
from flows.video import RowOf, make_video, record_failure
from flows.work import Work, current_work, stop_on_signals
from model.errors import MachineError, StoppedError, WindowClosedError
from tasks.errors import counted
from tasks.records import FINISHED, StoredPlan, VideoOutcome
from tasks.redaction import shown_url

_LOOK_UP_S = 1.0
_UNREACHED = "Failed to reach API"  # as Prefect says it


@dataclass
class VideoBatch:
    """The videos of one run, as they become ready, and what became of them."""

    ready: Iterable[Prepared]
    taken: dict[str, StoredPlan] = field(default_factory=dict[str, StoredPlan])
    outcomes: dict[str, VideoOutcome] = field(default_factory=dict[str, VideoOutcome])
    is_over: bool = False  # the flow came to its own end


_current_batch: ContextVar[VideoBatch] = ContextVar("current_batch")


@task(
    name="video",
    task_run_name="{video_id}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def video_task(video_id: str) -> str:
    """Make one video; its failure is stored and raised, so that the run's state says so."""
    batch, work = _current_batch.get(), current_work.get()
    stored = batch.taken[video_id]
    row = RowOf(stored)
    try:
        if not work.may_open(stored.plan):
            raise WindowClosedError(work.carried_over)
        outcome = make_video(stored)
    except WindowClosedError as error:
        _end(pending_outcome(row, stored.plan, str(error)), batch, work)
        return "carried over"
    except StoppedError:
        return "stopped"
    except Exception as error:
        failure = record_failure(stored, error, work.folder)
        _end(failure_outcome(row, failure), batch, work)
        work.note_failure(failure)
        raise
    _end(outcome, batch, work)
    return outcome.status


def _end(outcome: VideoOutcome, batch: VideoBatch, work: Work) -> None:
    batch.outcomes[outcome.video_id] = outcome
    if work.night and outcome.status in FINISHED:
        work.night.learn(batch.taken[outcome.video_id].plan, outcome)
    work.listener.video_ended(outcome)


@flow(name="campaign", flow_run_name="{name}", persist_result=False, validate_parameters=False)
def campaign(name: str) -> State[Any]:
    """Dispatch the batch at hand and wait for all of it."""
    del name  # for people who look at the runs
    batch, work = _current_batch.get(), current_work.get()
    futures: list[PrefectFuture[str]] = []
    with stop_on_signals(work.stop, work.last_resort):
        for prepared in batch.ready:
            if work.stop.is_set():
                break
            assert prepared.stored is not None
            batch.taken[prepared.row.video_id] = prepared.stored
            futures.append(video_task.submit(prepared.row.video_id))
        _look_up_until_done(futures)
        wait(futures)
    batch.is_over = True
    return state_of(batch.outcomes.values(), len(futures), work.halted)


def _look_up_until_done(futures: Iterable[PrefectFuture[str]]) -> None:
    """Wait for videos; a signal that another thread took is heard within a second.

    Prefect's ``wait`` sleeps until a video is done, and Python asks handlers in this thread alone.
    """
    for future in futures:
        if isinstance(future, PrefectConcurrentFuture):
            while not future.wrapped_future.done():
                concurrent.futures.wait((future.wrapped_future,), _LOOK_UP_S)


def state_of(outcomes: Iterable[VideoOutcome], num_videos: int, halted: str) -> State[Any]:
    """Completed, or failed with the videos that did, or that gates hold."""
    ended = list(outcomes)
    failed = sorted(o.video_id for o in ended if o.status in ("failed", "quarantined"))
    held = sorted(o.video_id for o in ended if o.status == "held")
    if halted:
        return Failed(message=halted)
    if failed:
        return Failed(
            message=f"{len(failed)} of {counted(num_videos, 'video')} failed: {', '.join(failed)}"
        )
    if held:
        return Failed(
            message=f"{len(held)} of {counted(num_videos, 'video')} held: {', '.join(held)}"
        )
    return Completed(message=counted(num_videos, "video"))


def _reason_of(state: State[Any]) -> str:
    """Why a flow ended that did not come to its own end."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, Exception):
        return text_of(error)
    return state.message or f"its state is {state.name}"


def dispatch(name: str, ready: Iterable[Prepared], work: Work, workers: int) -> list[VideoOutcome]:
    """Make the videos of ``ready`` in this process tree, ``workers`` at once.

    Returns:
        One outcome per video that ended; a stopped video has none.

    Raises:
        MachineError: the server that PREFECT_API_URL names does not answer.
    """
    batch = VideoBatch(ready)
    tokens = current_work.set(work), _current_batch.set(batch)
    try:
        runner = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=workers))
        state = _campaign_state(runner, name)
        if not batch.is_over and not work.stop.is_set():
            work.halt(f"the run ended before its time: {_reason_of(state)}")
    finally:
        current_work.reset(tokens[0])
        _current_batch.reset(tokens[1])
        EventsWorker.drain_all()
    return list(batch.outcomes.values())


def _campaign_state(runner: "TaskRunner[PrefectFuture[Any]]", name: str) -> State[Any]:
    try:
        return campaign.with_options(task_runner=runner)(name, return_state=True)
    except RuntimeError as error:
        if not str(error).startswith(_UNREACHED):
            raise
        address = shown_url(os.environ.get("PREFECT_API_URL", ""))
        raise MachineError(
            f"Prefect's server at {address} (PREFECT_API_URL) does not answer; start it, or unset "
            "PREFECT_API_URL to render with a server of the run's own"
        ) from error
