"""Campaigns that need a person: what failed lately, and nights that did not start when due."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
)
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import FlowRunSort
from prefect.server.schemas.schedules import CronSchedule as ServerCronSchedule

from flows.cluster.run_logs import campaign_of
from flows.deployment.inventory import ADHOC, NIGHTLY, RETRY_FAILED, CampaignSeen, Trouble
from flows.deployment.server import ui_url
from tasks.errors import counted

LOOK_BACK = timedelta(hours=36)
GRACE = timedelta(minutes=2)
"""A run is looked for every few seconds, and every ten where a worker is set so."""

_PAGE = 200
_MOST_RUNS = 2000
_MOST_DUE = 1000


def campaigns_in_trouble(
    client: SyncPrefectClient,
    deployments: Mapping[str, DeploymentResponse],
    now: datetime | None = None,
) -> list[CampaignSeen]:
    """Of the last 36 hours; a campaign that was run again since is judged by its last run."""
    now = now or datetime.now(UTC)
    ours = [deployments[name] for name in (NIGHTLY, ADHOC, RETRY_FAILED) if name in deployments]
    if not ours:
        return []
    runs = _recent_runs(client, [each.id for each in ours], now)
    seen: dict[str, CampaignSeen] = {}
    for name, run in _last_of_each(runs):
        if (found := troubled(run, now)) is not None:
            page = ui_url(f"runs/flow-run/{run.id}")
            seen[name] = found.model_copy(update={"url": page})
    for deployment in ours:
        for schedule in deployment.schedules:
            missed = missed_night(schedule, runs, now)
            if missed is not None:
                seen.setdefault(missed.campaign, missed)
    return sorted(seen.values(), key=lambda each: each.since)


def _recent_runs(
    client: SyncPrefectClient, deployment_ids: Sequence[UUID], now: datetime
) -> list[FlowRun]:
    """Due between 36 hours ago and now, the latest first."""
    due = FlowRunFilterExpectedStartTime.model_validate({"after_": now - LOOK_BACK, "before_": now})
    runs: list[FlowRun] = []
    while len(runs) < _MOST_RUNS:
        page = client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=list(deployment_ids))),
            flow_run_filter=FlowRunFilter(expected_start_time=due),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=_PAGE,
            offset=len(runs),
        )
        runs += page
        if len(page) < _PAGE:
            break
    return runs


def _last_of_each(runs: Iterable[FlowRun]) -> Iterable[tuple[str, FlowRun]]:
    last: dict[str, FlowRun] = {}
    for run in runs:
        last.setdefault(campaign_of(run.parameters), run)
    return last.items()


def troubled(run: FlowRun, now: datetime) -> CampaignSeen | None:
    """What is wrong with a campaign's last run; None: nothing."""
    state, due = run.state, run.expected_start_time
    if state is None or due is None:
        return None
    trouble: Trouble | None = None
    since, message = run.end_time or state.timestamp, state.message or ""
    if state.is_failed():
        trouble = "failed"
    elif state.is_crashed() and now - state.timestamp > GRACE:  # or it is about to be revived
        trouble = "crashed"
    elif state.is_scheduled() and state.name in ("Scheduled", "Late") and now - due > GRACE:
        trouble, since = "late", due
        message = f"due {_ago(now - due)} ago, and no worker has started it"
    elif state.is_pending() and not run.run_count and now - max(due, state.timestamp) > GRACE:
        trouble, since = "late", due
        message = f"due {_ago(now - due)} ago; a worker took it, and it has not begun"
    if trouble is None:
        return None
    return CampaignSeen(
        campaign=campaign_of(run.parameters),
        trouble=trouble,
        since=since,
        message=message,
    )


def missed_night(
    schedule: DeploymentSchedule, runs: Iterable[FlowRun], now: datetime
) -> CampaignSeen | None:
    """The last night that a schedule should have begun, where no run was ever made for it.

    A campaign that was run since, by a person for instance, has missed nothing.
    """
    rule = schedule.schedule
    if not schedule.active or not isinstance(rule, CronSchedule):
        return None
    due = last_due(rule, now - GRACE)
    changed = schedule.updated or schedule.created
    if due is None or changed is None or due < changed:
        return None
    name, known = campaign_of(schedule.parameters), list(runs)
    if any(_is_after(run, due) and campaign_of(run.parameters) == name for run in known):
        return None
    made = {moment for run in known if (moment := _made_for(run, schedule.id)) is not None}
    if any(abs(moment - due) < timedelta(minutes=1) for moment in made):
        return None
    return CampaignSeen(
        campaign=name,
        trouble="missed",
        since=due,
        message=f"its schedule {rule.cron} ({rule.timezone or 'UTC'}) was due {_ago(now - due)} "
        "ago, and Prefect's scheduler made no run for it: look into the server's log, restart the "
        "server, then submit the campaign",
    )


def _is_after(run: FlowRun, due: datetime) -> bool:
    return run.expected_start_time is not None and run.expected_start_time > due


def last_due(rule: CronSchedule, now: datetime) -> datetime | None:
    """When a rule was last due, within the last 36 hours; None: it was not."""
    own = ServerCronSchedule(cron=rule.cron, timezone=rule.timezone, day_or=rule.day_or)
    # Prefect gives 1,000 dates at most, from the first on
    for span in (timedelta(hours=1), timedelta(hours=12), LOOK_BACK):
        found: Sequence[datetime] = asyncio.run(
            own.get_dates(n=_MOST_DUE, start=now - span, end=now)
        )
        if found:
            return max(found)
    return None


def _made_for(run: FlowRun, schedule_id: UUID) -> datetime | None:
    """The moment for which the scheduler made a run; it is told by the run's key alone."""
    if run.created_by is None or run.created_by.id != schedule_id:
        return None
    try:
        return datetime.fromisoformat(" ".join((run.idempotency_key or "").split(" ")[-2:]))
    except ValueError:
        return run.expected_start_time


def _ago(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 2 * 60:
        return counted(minutes, "minute")
    return counted(minutes // 60, "hour")
