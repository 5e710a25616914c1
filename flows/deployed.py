"""The flows that work pools run: a campaign, a retry, one video, a sweep.

Each is given small parameters (``flows/parameters.py``); all else is in the store. What a run
made is told by receipts, so that its state may be lost without harm.
"""

import json
import logging
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Crashed, Failed
from rich.console import Console

from flows.parameters import CampaignParameters, RetryParameters, SweepParameters, VideoParameters
from flows.patience import OwnRun
from flows.pool import CARRIED_OVER, PoolDispatcher, PoolSettings
from flows.progress import PlainProgress
from flows.run import Run, Source, Summary
from flows.session import Request, Session, name_of
from flows.stored import StoredCampaign
from flows.sweeping import sweep_campaign
from flows.video import make_video, noted_failure
from flows.work import Night, Work, current_work, night_of, stop_on_signals
from model.errors import CampaignError, StoppedError, WindowClosedError
from tasks.engine import EnginePool, given_host
from tasks.failures import fault_of
from tasks.manifest import RowDefaults
from tasks.night import may_open
from tasks.records import StoredPlan
from tasks.store import campaigns_in, open_campaign

MAX_STARTS = 6  # of one campaign run; the automation that revives it counts too
_PREPARED_AT_ONCE = 2
# a run that was revived waits for what is left of its former self: a segment, a lock's expiry
_LOCK_WAIT_S = 600.0


class _LogProgress(PlainProgress):
    """Lines into the run's log, which Prefect's UI shows."""

    def __init__(self) -> None:
        super().__init__(Console(quiet=True))
        self._logger: logging.Logger | logging.LoggerAdapter[Any] = get_run_logger()

    def _say(self, text: str, style: str = "") -> None:
        self._logger.log(logging.WARNING if style in ("red", "yellow") else logging.INFO, text)


def _run_name() -> str:
    request: object = (flow_run.get_parameters() or {}).get("request")
    fields = cast("Mapping[str, Any]", request if isinstance(request, dict) else vars(request))
    name = fields.get("campaign") or Path(name_of(fields.get("manifest") or "campaign")).stem
    video_id = fields.get("video_id")
    return f"{name}/{video_id}" if video_id else str(name)


@flow(name="campaign", flow_run_name=_run_name, persist_result=False)
def run_campaign(request: CampaignParameters) -> State[Any]:
    """Render a manifest: speech and plans here, videos on the GPU pool."""
    _check_starts()
    wanted = request.model_dump(include={"engine", "preset"}, exclude_none=True)
    session = Session(
        Request(
            manifest=request.manifest if "://" in request.manifest else Path(request.manifest),
            out=request.out,
            campaign=request.campaign or Path(name_of(request.manifest)).stem,
            defaults=RowDefaults(**wanted),
            workers=_PREPARED_AT_ONCE,
            keep_going=request.keep_going,
            engine_settings=dict(request.settings),
            begun_first=request.window is not None,
            allow_private=request.allow_private,
        )
    )
    night = night_of(request.window, request.timezone) if request.window else None
    return _run(session, request, night)


@flow(name="campaign", flow_run_name=_run_name, persist_result=False)
def retry_failed(request: RetryParameters) -> State[Any]:
    """Render what failed or was never finished of a campaign, from its store alone."""
    _check_starts()
    folder = open_campaign(request.out, request.campaign)
    source = StoredCampaign(folder, request.campaign, request.videos)
    return _run(source, request, None)


def _check_starts() -> None:
    count = int(flow_run.get_run_count() or 1)
    if count > MAX_STARTS:
        raise CampaignError(
            f"this run was started {count} times and crashed each time; read its log, then "
            "submit the campaign again: what is finished is kept"
        )


def _run(
    source: Source, request: CampaignParameters | RetryParameters, night: Night | None
) -> State[Any]:
    settings = PoolSettings(
        out=request.out,
        campaign=source.campaign,
        num_videos=len(source.rows),
        gpus=request.gpus,
        outstanding=request.outstanding,
        queue=request.queue,
    )
    own = OwnRun()
    dispatcher = PoolDispatcher(settings, own.look)
    run = Run(source, _LogProgress(), dispatcher, night=night, lock_wait_s=_LOCK_WAIT_S)
    with own.watched(run.stop):
        summary = run()
    return _state_of(summary, own)


def _state_of(summary: Summary, own: OwnRun) -> State[Any]:
    counts = {
        status: sum(outcome.status == status for outcome in summary.outcomes)
        for status in ("done", "failed", "quarantined", "pending")
    }
    told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    report = f"; report: {summary.report}" if summary.report else ""
    if summary.refused:
        first = summary.refused[0]
        return Failed(
            message=f"refused before rendering: {len(summary.refused)} rows cannot be rendered, "
            f"the first is {first.video_id}: {first.error}"
        )
    if summary.halted:
        return Failed(message=f"{summary.halted} ({told}{report})")
    if own.is_cancelled:
        return Cancelled(message=f"cancelled: {told}{report}")
    if summary.was_stopped:
        return Crashed(message=f"its worker was told to end: {told}")
    if counts["failed"] or counts["quarantined"]:
        return Failed(message=f"{told}{report}")
    return Completed(message=f"{told}{report}")


@flow(name="video", flow_run_name=_run_name, persist_result=False)
def render_video(request: VideoParameters) -> State[Any]:
    """Render what is missing of one video; its plan, portrait and speech are in the store."""
    folder = open_campaign(request.out, request.campaign)
    stored = folder.read_plan(request.video_id)
    if stored is None or stored.sha256 != request.plan_sha256:
        found = stored.sha256[:8] if stored else "no plan"
        return Failed(
            message=f"{request.video_id}: the store holds {found}, this run was made for "
            f"{request.plan_sha256[:8]}: the campaign was planned anew; run it again"
        )
    night = Night(request.not_after) if request.not_after else None
    stop, own = threading.Event(), OwnRun()
    with own.watched(stop), EnginePool(folder.logs, given_host(os.environ)) as pool:
        work = Work(folder, pool, _LogProgress(), stop, night)
        if night and not may_open(datetime.now(UTC), night.end, request.estimated_s):
            return Completed(name=CARRIED_OVER, message=work.carried_over)
        with stop_on_signals(stop):
            ended = _made(stored, work)
    if ended is None and own.is_cancelled:
        return Cancelled(message="cancelled; finished segments are kept")
    return ended or Crashed(message="its worker was told to end; finished segments are kept")


def _made(stored: StoredPlan, work: Work) -> State[Any] | None:
    """Make the video; the run's state, or None if it was told to stop."""
    token = current_work.set(work)
    try:
        outcome = make_video(stored)
    except WindowClosedError as error:
        return Completed(name=CARRIED_OVER, message=str(error))
    except StoppedError:
        return None
    except Exception as error:
        work.listener.notice(f"failed: {error}")
        failure = noted_failure(stored, error, work.folder)
        _tell_worker(fault_of(error), failure.message)
        logging.getLogger(__name__).exception("%s failed", stored.plan.video_id)
        return Failed(message=failure.message)
    finally:
        current_work.reset(token)
    _tell_worker("", "")
    return Completed(
        message=f"{outcome.num_segments_rendered} of {outcome.num_segments} segments rendered, "
        f"{outcome.engine_seconds:.1f} engine-seconds, {outcome.path}"
    )


def _tell_worker(fault: str, message: str) -> None:
    """Leave the verdict where the GPU worker looks: after machine faults it drains itself."""
    path = os.environ.get("NIGHTSHOOT_VERDICT")
    if path:
        Path(path).write_text(json.dumps({"fault": fault, "message": message}))


@flow(name="maintenance", persist_result=False)
def sweep(request: SweepParameters) -> State[Any]:
    """Remove what killed runs left behind in every campaign; with ``verify``, find damage."""
    logger = get_run_logger()
    damaged: list[str] = []
    campaigns = campaigns_in(request.out)
    for campaign in campaigns:
        try:
            swept = sweep_campaign(
                request.out, campaign, request.uploads_older_than_hours, verify=request.verify
            )
        except CampaignError as error:
            logger.warning("%s: left alone: %s", campaign, error)
            continue
        for line in swept.lines:
            logger.info("%s: %s", campaign, line)
        damaged += [f"{campaign}: {line}" for line in swept.damaged]
    if damaged:
        return Failed(message=f"{len(damaged)} damaged, the first is {damaged[0]}")
    return Completed(message=f"{len(campaigns)} campaigns")
