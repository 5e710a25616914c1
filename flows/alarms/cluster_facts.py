"""What Prefect's server says for alarms: nights that did not begin, nights at work, workers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule

from flows.deployment.inventory import POOLS, read_facts
from flows.work import night_of
from model.errors import CampaignError
from tasks.alarms.facts import LateNight, OpenNight, WorkerSeen

_CAMPAIGNS = FlowFilter(name=FlowFilterName(any_=["campaign"]))
_LOOKS_BACK = timedelta(hours=12)
_SAME = timedelta(seconds=90)


def late_nights(client: SyncPrefectClient, now: datetime) -> list[LateNight]:
    """Campaign runs that are due and have not begun, and those that the scheduler never made."""
    waiting = client.read_flow_runs(
        flow_filter=_CAMPAIGNS,
        flow_run_filter=FlowRunFilter(
            state=_in_states(StateType.SCHEDULED, StateType.PENDING),
            expected_start_time=FlowRunFilterExpectedStartTime(before_=now),  # pyright: ignore[reportArgumentType] -- Prefect's own kind of datetime
        ),
    )
    late = [
        LateNight(_name(run), _utc(run.expected_start_time), is_missing=False)
        for run in waiting
        if run.expected_start_time is not None and _should_have_begun(run)
    ]
    deployments = read_facts(client).deployments.values()
    missing = (each for deployment in deployments for each in _missing(client, deployment, now))
    return [*late, *missing]


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


def _should_have_begun(run: FlowRun) -> bool:
    """Not one that waits for another campaign to end, nor one that began and is revived."""
    is_queued = run.state is not None and run.state.name == "AwaitingConcurrencySlot"
    return not is_queued and not run.run_count


def _missing(
    client: SyncPrefectClient, deployment: DeploymentResponse, now: datetime
) -> Iterator[LateNight]:
    """Nights of schedules for which there is no run at all: the scheduler is at fault."""
    for schedule in deployment.schedules:
        due = _last_due(schedule, now)
        if due is None or now - due > _LOOKS_BACK:
            continue
        around = FlowRunFilterExpectedStartTime(after_=due - _SAME, before_=due + _SAME)  # pyright: ignore[reportArgumentType] -- Prefect's own kind of datetime
        runs = client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
            flow_run_filter=FlowRunFilter(expected_start_time=around),
            limit=1,
        )
        if not runs:
            yield LateNight(schedule.slug or deployment.name, due, is_missing=True)


def _last_due(schedule: DeploymentSchedule, now: datetime) -> datetime | None:
    """When a schedule was last due; None where it is off, or was set up since."""
    rule = schedule.schedule
    if not schedule.active or not isinstance(rule, CronSchedule):
        return None
    zone = ZoneInfo(rule.timezone or "UTC")
    due = next(CronSim(rule.cron, now.astimezone(zone), reverse=True)).astimezone(UTC)
    changed = max((t for t in (schedule.created, schedule.updated) if t is not None), default=None)
    return due if changed is None or _utc(changed) < due else None


def _open_night(run: FlowRun) -> OpenNight | None:
    request: dict[str, Any] = run.parameters.get("request") or {}
    if not request.get("window") or run.start_time is None:
        return None
    try:
        night = night_of(str(request["window"]), str(request.get("timezone") or "UTC"))
    except CampaignError:
        return None  # the run itself fails with these words
    return OpenNight(
        str(request.get("out")), _name(run), _utc(run.start_time), night.end.astimezone(UTC)
    )


def _name(run: FlowRun) -> str:
    """The campaign of a run."""
    request: dict[str, Any] = run.parameters.get("request") or {}
    manifest = str(request.get("manifest") or "").split("?")[0].rsplit("/", 1)[-1]
    return str(request.get("campaign") or manifest.rpartition(".")[0] or run.name)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
