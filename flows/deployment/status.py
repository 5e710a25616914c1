"""`nightshoot cluster status`: what is there, what is missing, who works, what runs next."""

from datetime import datetime
from typing import Any
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import (
    DeploymentSchedule,
    StateType,
    WorkerStatus,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import FlowRunSort

from flows.cluster.workers.versions import versions_of
from flows.deployment.automations import (
    WEBHOOK,
    revive_automation,
    unstick_automation,
    zombie_automation,
)
from flows.deployment.campaign_runs import campaigns_in_trouble
from flows.deployment.inventory import (
    DEPLOY_FILE,
    DEPLOYMENTS,
    POOLS,
    QUEUES,
    ClusterFacts,
    ClusterStatus,
    ScheduleSeen,
    State,
    Thing,
    WorkerSeen,
    is_same_automation,
    read_facts,
)
from flows.deployment.server import api_url, cluster_client
from tasks.redaction import shown_url


def cluster_status() -> ClusterStatus:
    """What is there, what is missing, who works, what runs next, and who needs a person.

    Raises:
        ClusterError: the server is not there or refuses us.
    """
    with cluster_client() as client:
        facts = read_facts(client)
        return ClusterStatus(
            url=shown_url(api_url()),
            things=(
                *_pool_things(facts),
                *_queue_things(facts),
                *_automation_things(facts),
                *_deployment_things(facts),
            ),
            workers=tuple(_workers(client, facts)),
            schedules=tuple(_schedules(client, facts)),
            campaigns=tuple(campaigns_in_trouble(client, facts.deployments)),
        )


def _thing(kind: str, name: str, *, is_there: bool, wrong: str = "") -> Thing:
    state: State = "missing" if not is_there else "different" if wrong else "exists"
    return Thing(kind=kind, name=name, state=state, note=wrong)


def _pool_things(facts: ClusterFacts) -> list[Thing]:
    things: list[Thing] = []
    for name, type_ in POOLS.items():
        pool = facts.pools.get(name)
        wrong = ""
        if pool is not None and pool.type != type_:
            wrong = f"type {pool.type}, not {type_}"
        elif pool is not None and pool.is_paused:
            wrong = f"paused; `prefect work-pool resume {name}`"
        things.append(_thing("work pool", name, is_there=pool is not None, wrong=wrong))
    return things


def _queue_things(facts: ClusterFacts) -> list[Thing]:
    things: list[Thing] = []
    for pool in POOLS:
        for name, priority in QUEUES.items():
            queue = facts.queues.get(pool, {}).get(name)
            wrong = ""
            if queue is not None and queue.is_paused:
                wrong = f"paused; `prefect work-queue resume {name} --pool {pool}`"
            elif queue is not None and queue.priority != priority:
                wrong = f"priority {queue.priority}, not {priority}"
            label = f"{pool}/{name}"
            things.append(_thing("queue", label, is_there=queue is not None, wrong=wrong))
    return things


def _automation_things(facts: ClusterFacts) -> list[Thing]:
    things: list[Thing] = []
    for wish in (zombie_automation(), revive_automation(), unstick_automation()):
        found = facts.automations.get(wish.name)
        wrong = ""
        if found is not None and not found.enabled:
            wrong = "switched off"
        elif found is not None and not is_same_automation(found, wish):
            wrong = "changed since it was set up; `nightshoot cluster up` corrects it"
        things.append(_thing("automation", wish.name, is_there=found is not None, wrong=wrong))
    if WEBHOOK in facts.automations:
        things.append(_thing("automation", WEBHOOK, is_there=True))
    return things


def _deployment_things(facts: ClusterFacts) -> list[Thing]:
    wished = _deploy_file()
    things: list[Thing] = []
    for name in DEPLOYMENTS:
        found = facts.deployments.get(name)
        wrong = "" if found is None else deployment_fault(found, wished)
        things.append(_thing("deployment", name, is_there=found is not None, wrong=wrong))
    return things


def _deploy_file() -> dict[str, dict[str, Any]]:
    if not DEPLOY_FILE.is_file():
        return {}
    return {each["name"]: each for each in yaml.safe_load(DEPLOY_FILE.read_text())["deployments"]}


def deployment_fault(found: DeploymentResponse, wished: dict[str, dict[str, Any]]) -> str:
    """What is wrong with a deployment, beside what prefect.yaml says; empty if nothing is."""
    if found.paused:
        return "paused"
    wish = wished.get(found.name)
    if wish is not None and found.entrypoint != wish["entrypoint"]:
        return (
            f"entry point {found.entrypoint}, not {wish['entrypoint']}; "
            "`nightshoot cluster up` renews it"
        )
    if wish is not None and found.work_pool_name != wish["work_pool"]["name"]:
        return f"work pool {found.work_pool_name}, not {wish['work_pool']['name']}"
    return ""


def _workers(client: SyncPrefectClient, facts: ClusterFacts) -> list[WorkerSeen]:
    versions = versions_of(client.read_variables())
    found: list[WorkerSeen] = []
    for pool in facts.pools:
        for worker in client.read_workers_for_work_pool(pool):
            said = versions.get((pool, worker.name))
            seen = WorkerSeen(
                pool=pool,
                name=worker.name,
                is_online=worker.status is WorkerStatus.ONLINE,
                last_heartbeat=worker.last_heartbeat_time,
                release=said.release if said else "",
                engines=dict(said.engines) if said else {},
            )
            found.append(seen)
    return found


def _schedules(client: SyncPrefectClient, facts: ClusterFacts) -> list[ScheduleSeen]:
    seen: list[ScheduleSeen] = []
    for name, deployment in facts.deployments.items():
        if deployment.schedules:
            next_runs = _next_runs(client, deployment)
            seen += [
                _schedule_seen(name, schedule, next_runs.get(schedule.id))
                for schedule in deployment.schedules
            ]
    return seen


def _next_runs(
    client: SyncPrefectClient, deployment: DeploymentResponse
) -> dict[UUID | None, datetime | None]:
    """When each schedule's next run is expected; the server makes runs of the next days ahead."""
    runs = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
    )
    return {
        run.created_by.id: run.expected_start_time for run in runs if run.created_by is not None
    }


def _schedule_seen(
    deployment: str, schedule: DeploymentSchedule, next_run: datetime | None
) -> ScheduleSeen:
    rule = schedule.schedule
    is_cron = isinstance(rule, CronSchedule)
    return ScheduleSeen(
        deployment=deployment,
        slug=schedule.slug,
        when=rule.cron if is_cron else str(rule),
        timezone=getattr(rule, "timezone", None),
        active=bool(schedule.active),
        next_run=next_run,
    )
