"""The flows that work pools run: a campaign, a retry, one video, a sweep.

Each is given small parameters (``flows/cluster/parameters.py``); all else is in the store. What a
run made is told by receipts, so that its state may be lost without harm.
"""

import os
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run
from prefect.states import Cancelled, Completed, Crashed, Failed

from flows.cluster.api_client import OwnRun
from flows.cluster.artifacts import RunArtifacts, show_refusal
from flows.cluster.dispatcher import PoolDispatcher, PoolSettings
from flows.cluster.parameters import CampaignParameters, RetryParameters, SweepParameters
from flows.cluster.requests import request_of
from flows.cluster.run_logs import LogProgress, campaign_of, fails_without_secrets, run_name
from flows.cluster.scheduled_names import name_scheduled_runs
from flows.metrics.campaign_metrics import CampaignMetrics
from flows.metrics.textfile import metrics_folder
from flows.review.changed_plans import carry_out
from flows.review.delivery import refresh_delivery
from flows.run import Run, Source, Summary
from flows.session import Session
from flows.stored import StoredCampaign
from flows.sweep import sweep_campaign
from flows.work import Night, night_of
from model.errors import CampaignError
from tasks.errors import counted
from tasks.gpu_plans.layouts import layout_env
from tasks.manifest.manifest import ManifestError
from tasks.redaction import printable, without_secrets
from tasks.speech.voices import voices_of
from tasks.store.campaigns import (
    campaigns_in,
    open_campaign,
)

MAX_STARTS = 6  # of one campaign run; the automation that revives it counts too
_MAX_LINES_OF_STATE = 20
# a run that was revived waits for what is left of its former self: a segment, a lock's expiry
_LOCK_WAIT_S = 600.0


@flow(name="campaign", flow_run_name=run_name, persist_result=False)
@fails_without_secrets
def run_campaign(request: CampaignParameters) -> State[Any]:
    """Render a manifest: speech and plans here, videos on the GPU pool."""
    _check_starts()
    try:
        session = Session(replace(request_of(request), voice_settings=voices_of(os.environ)))
    except (ManifestError, CampaignError) as error:
        return _refused(request, error)
    night = night_of(request.window, request.timezone) if request.window else None
    return _run(session, request, night)


def _refused(request: CampaignParameters, error: ManifestError | CampaignError) -> State[Any]:
    """Tell what is wrong as a list: in the run's log, its state and an artifact."""
    lines = str(error).splitlines()
    logger = get_run_logger()
    for line in lines:
        logger.error("%s", printable(line))
    campaign = campaign_of({"request": request})
    show_refusal(campaign, lines)
    shown = "\n".join(lines[:_MAX_LINES_OF_STATE])
    more = len(lines) - _MAX_LINES_OF_STATE
    rest = f"\n... and {more} more; the run's log and artifact list them" if more > 0 else ""
    return Failed(message=f"refused before rendering: {shown}{rest}")


@flow(name="campaign", flow_run_name=run_name, persist_result=False)
@fails_without_secrets
def retry_failed(request: RetryParameters) -> State[Any]:
    """Render what failed or was never finished of a campaign, from its store alone."""
    _check_starts()
    folder = open_campaign(request.out, request.campaign)
    source = StoredCampaign(folder, request.campaign, request.videos)
    carry_out(source, voices_of(os.environ), source.notices.append, lock_wait_s=_LOCK_WAIT_S)
    return _run(source, request, None)


def _check_starts() -> None:
    count = int(flow_run.get_run_count() or 1)
    if count > MAX_STARTS:
        raise CampaignError(
            f"this run was started {count} times and crashed each time; read its log, then "
            "submit the campaign again; finished work is kept"
        )


def _run(
    source: Source, request: CampaignParameters | RetryParameters, night: Night | None
) -> State[Any]:
    settings = PoolSettings(
        out=request.out,
        campaign=source.campaign,
        gpus=request.gpus,
        outstanding=request.outstanding,
        queue=request.queue,
        env=layout_env(request.placement, request.offload),
    )
    own = OwnRun()
    num_videos = len(source.rows if source.chosen is None else source.chosen)
    metrics = CampaignMetrics(source.campaign, source.folder, metrics_folder(os.environ))
    board = RunArtifacts(source.campaign, request.out, num_videos, metrics)
    dispatcher = PoolDispatcher(settings, board, own.look)
    run = Run(source, LogProgress(), dispatcher, night=night, lock_wait_s=_LOCK_WAIT_S)
    with own.watched(run.stop):
        summary = run()
    board.end(summary.asked, summary.halted, summary.report)
    _name_next_runs()
    if summary.report:
        refresh_delivery(StoredCampaign(source.folder, source.campaign))
    return _state_of(summary, own)


def _name_next_runs() -> None:
    """Prefect's scheduler makes runs ahead, and this one may be the first to see some of them."""
    deployment_id = deployment.get_id()
    if deployment_id is None:
        return
    try:
        with get_client(sync_client=True) as client:
            name_scheduled_runs(client, UUID(deployment_id))
    except httpx.HTTPError as error:  # no night is lost for a name
        told = without_secrets(str(error))
        get_run_logger().info("the next scheduled runs were not named: %s", told)


def _state_of(summary: Summary, own: OwnRun) -> State[Any]:
    counts = {
        status: sum(outcome.status == status for outcome in summary.asked)
        for status in ("held", "done", "failed", "quarantined", "pending")
    }
    told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    report = f"; report: {summary.report}" if summary.report else ""
    if summary.refused:
        first = summary.refused[0]
        return Failed(
            message=f"refused before rendering: {counted(len(summary.refused), 'row')} cannot be "
            f"rendered, the first is {first.video_id}: {first.error}"
        )
    if summary.halted:
        return Failed(message=f"{summary.halted} ({told}{report})")
    if own.is_cancelled:
        return Cancelled(message=f"cancelled: {told}{report}")
    if summary.was_stopped:
        return Crashed(message=f"its worker was asked to stop: {told}")
    if counts["held"] or counts["failed"] or counts["quarantined"]:
        return Failed(message=f"{told}{report}")
    return Completed(message=f"{told}{report}")


@flow(name="maintenance", persist_result=False)
@fails_without_secrets
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
        return Failed(message=f"{counted(len(damaged), 'damaged file')}, the first is {damaged[0]}")
    return Completed(message=counted(len(campaigns), "campaign"))
