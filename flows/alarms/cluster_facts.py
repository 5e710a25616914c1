"""What Prefect's server says for alarms: nights that did not begin, nights at work, workers."""

from datetime import UTC, datetime
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType

from flows.cluster.run_logs import campaign_of
from flows.deployment.campaign_runs import campaigns_in_trouble
from flows.deployment.inventory import POOLS, read_facts
from flows.work import night_of
from model.errors import CampaignError
from tasks.alarms.facts import LateNight, OpenNight, WorkerSeen

_CAMPAIGNS = FlowFilter(name=FlowFilterName(any_=["campaign"]))


def late_nights(client: SyncPrefectClient, now: datetime) -> list[LateNight]:
    """Campaigns that are due and have not begun, as ``cluster status`` sees them too."""
    deployments = read_facts(client).deployments
    return [
        LateNight(each.campaign, _utc(each.since), is_missing=each.trouble == "missed")
        for each in campaigns_in_trouble(client, deployments, now)
        if each.trouble in ("late", "missed")
    ]


def open_nights(client: SyncPrefectClient) -> list[OpenNight]:
    """Campaign runs with a window that are at work."""
    running = client.read_flow_runs(
        flow_filter=_CAMPAIGNS,
        flow_run_filter=FlowRunFilter(state=_in_states(StateType.RUNNING)),
    )
    return [night for run in running if (night := _open_night(run)) is not None]


def workers(client: SyncPrefectClient) -> list[WorkerSeen]:
    """Every worker of our pools that was heard from."""
    pools = [pool.name for pool in client.read_work_pools() if pool.name in POOLS]
    return [
        WorkerSeen(pool, worker.name, _utc(worker.last_heartbeat_time))
        for pool in pools
        for worker in client.read_workers_for_work_pool(pool)
        if worker.last_heartbeat_time is not None
    ]


def _in_states(*types: StateType) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))


def _open_night(run: FlowRun) -> OpenNight | None:
    request: dict[str, Any] = run.parameters.get("request") or {}
    if not request.get("window") or run.start_time is None:
        return None
    try:
        night = night_of(str(request["window"]), str(request.get("timezone") or "UTC"))
    except CampaignError:
        return None  # the run itself fails with these words
    return OpenNight(
        str(request.get("out")),
        campaign_of(run.parameters),
        _utc(run.start_time),
        night.end.astimezone(UTC),
    )


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
