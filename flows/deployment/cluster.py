"""What a Prefect server needs for nights of rendering, made in one go, and told when it is missing.

Work pools, queues, automations and deployments. Making is idempotent: what is right stays as it
is, and what an operator has set (limits, a pool's environment, schedules) is never undone.
"""

import asyncio
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast
from uuid import UUID

import httpx
import yaml
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
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
    WorkPool,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import FlowRunSort
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import get_current_settings
from prefect.types import SecretDict
from prefect.workers.base import BaseWorker
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type
from pydantic import BaseModel, ConfigDict, SecretStr

from flows.deployment.automations import (
    WEBHOOK,
    WEBHOOK_BLOCK,
    revive_automation,
    unstick_automation,
    webhook_automation,
    zombie_automation,
)
from model.errors import NightshootError
from tasks.processes.ffmpeg import ProgramError, run_program

POOLS = {"cpu": "process", "gpu": "gpu-process"}
QUEUES = {"urgent": 1, "nightly": 2}
DEPLOY_FILE = Path(__file__).parents[1] / "prefect.yaml"
NIGHTLY = "campaign/nightly"
ADHOC = "campaign/adhoc"
RETRY_FAILED = "campaign/retry-failed"
SWEEP = "maintenance/sweep"
DEPLOYMENTS = (NIGHTLY, ADHOC, RETRY_FAILED, "video/render", SWEEP)
_DEPLOY_TIMEOUT_S = 300.0
_ANSWER_SHOWN = 300
_UNAUTHORIZED = 401

State = Literal["made", "changed", "was there", "missing", "different"]


class ClusterError(NightshootError):
    """The Prefect server is not there, refuses us, or holds something that cannot be used."""


class Record(BaseModel):
    """Base of what these commands print with --json."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Thing(Record):
    """One pool, queue, automation, deployment; ``note`` is what was done or is wrong."""

    kind: str
    name: str
    state: State
    note: str = ""


class WorkerSeen(Record):
    """A worker the server has heard from."""

    pool: str
    name: str
    is_online: bool
    last_heartbeat: datetime | None


class ScheduleSeen(Record):
    """One schedule of a deployment."""

    deployment: str
    slug: str | None
    when: str
    timezone: str | None
    active: bool
    next_run: datetime | None


class ClusterStatus(Record):
    """Everything ``cluster status`` tells."""

    url: str
    things: tuple[Thing, ...]
    workers: tuple[WorkerSeen, ...]
    schedules: tuple[ScheduleSeen, ...]

    @property
    def missing(self) -> tuple[Thing, ...]:
        """What is not as ``cluster up`` makes it."""
        return tuple(thing for thing in self.things if thing.state != "was there")

    @property
    def pools_without_worker(self) -> tuple[str, ...]:
        """Pools whose runs nobody takes."""
        online = {worker.pool for worker in self.workers if worker.is_online}
        return tuple(pool for pool in POOLS if pool not in online)

    @property
    def exit_code(self) -> int:
        """1 when something is missing."""
        return int(bool(self.missing or self.pools_without_worker))


@dataclass(frozen=True)
class ClusterFacts:
    """What the server holds of ours."""

    pools: dict[str, WorkPool]
    queues: dict[str, dict[str, Any]]
    automations: dict[str, Automation]
    deployments: dict[str, DeploymentResponse]


# --- reaching the server ------------------------------------------------------------------------


def api_url() -> str:
    """URL of the server's API.

    Raises:
        ClusterError: none is set.
    """
    url = get_current_settings().api.url
    if not url:
        raise ClusterError(
            "PREFECT_API_URL is not set, so there is no cluster to talk to; "
            "set it to the server's address, for example http://127.0.0.1:4200/api"
        )
    return url


@contextmanager
def cluster_client() -> Generator[SyncPrefectClient]:
    """A client of the server.

    Raises:
        ClusterError: it is not there, it refuses us, or it refused what we asked for.
    """
    url = api_url()
    try:
        with get_client(sync_client=True) as client:
            failure = client.api_healthcheck()
            if failure is not None:
                raise _absent(url, failure) from failure
            client.read_work_pools(limit=1)  # the health check needs no credentials; this does
            yield client
    except PrefectHTTPStatusError as error:
        raise _refused(url, error) from error
    except httpx.TransportError as error:
        raise _absent(url, error) from error


def _absent(url: str, error: Exception) -> ClusterError:
    return ClusterError(
        f"PREFECT_API_URL={url}: no Prefect server answers ({type(error).__name__}: {error}); "
        "start it (`prefect server start`) or correct the address"
    )


def _refused(url: str, error: PrefectHTTPStatusError) -> ClusterError:
    answer = error.response
    if answer.status_code == _UNAUTHORIZED:
        return ClusterError(
            f"{url}: the server wants its auth string (401); "
            "set PREFECT_API_AUTH_STRING to the server's PREFECT_SERVER_API_AUTH_STRING"
        )
    request = answer.request
    return ClusterError(
        f"{request.method} {request.url} was answered {answer.status_code}: "
        f"{answer.text[:_ANSWER_SHOWN]}"
    )


def deployment_named(client: SyncPrefectClient, name: str) -> DeploymentResponse:
    """The deployment ``flow/name``.

    Raises:
        ClusterError: the server has none of that name.
    """
    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound as error:
        raise ClusterError(
            f"{api_url()}: there is no deployment {name}; run `nightshoot cluster up`"
        ) from error


def ui_url(path: str) -> str:
    """Address of a page of the server's UI."""
    settings = get_current_settings()
    base = settings.ui_url or api_url().removesuffix("/api")
    return f"{base.rstrip('/')}/{path}"


# --- cluster up ---------------------------------------------------------------------------------


def cluster_up(webhook: str | None = None) -> tuple[Thing, ...]:
    """Make whatever is missing, and say for each thing whether it was made, changed or there.

    Args:
        webhook: address that is told when a campaign fails or finishes; None keeps what is there.

    Raises:
        ClusterError: no server, an unknown worker type, a pool of another type, a failed deploy.
    """
    templates = {pool: _job_template(pool, type_) for pool, type_ in POOLS.items()}
    with cluster_client() as client:
        facts = read_facts(client)
        things = [_ensure_pool(client, pool, templates[pool], facts) for pool in POOLS]
        for pool in POOLS:
            things += _ensure_queues(client, pool)
        wished = {wish.name: wish for wish in _automations(webhook)}
        for wish in wished.values():
            things.append(_ensure_automation(client, wish, facts.automations.get(wish.name)))
        things += _name_schedules(client, facts)
        _deploy()
        after = read_facts(client)
    return (*things, *_deployed(facts, after))


def _job_template(pool: str, type_: str) -> dict[str, Any]:
    """The variables that this installation's worker of that type understands.

    Raises:
        ClusterError: no such worker type is installed.
    """
    if type_ not in BaseWorker.get_all_available_worker_types():
        known = ", ".join(sorted(BaseWorker.get_all_available_worker_types()))
        raise ClusterError(
            f'work pool {pool}: worker type "{type_}" is not installed here (installed: {known}); '
            "install Nightshoot again (`pip install -e .`), which registers it"
        )
    template = asyncio.run(get_default_base_job_template_for_infrastructure_type(type_))
    assert template is not None
    return template


def merged_template(existing: dict[str, Any], wished: dict[str, Any]) -> dict[str, Any]:
    """``existing`` with whatever of ``wished`` it lacks; an operator's own values stay."""
    merged = deepcopy(existing)
    for name, value in wished.items():
        if name not in merged:
            merged[name] = deepcopy(value)
        elif isinstance(value, dict) and isinstance(merged[name], dict):
            merged[name] = merged_template(merged[name], cast("dict[str, Any]", value))
    return merged


def _ensure_pool(
    client: SyncPrefectClient, name: str, template: dict[str, Any], facts: ClusterFacts
) -> Thing:
    pool = facts.pools.get(name)
    if pool is None:
        client.create_work_pool(
            WorkPoolCreate(name=name, type=POOLS[name], base_job_template=template)
        )
        return Thing(kind="work pool", name=name, state="made", note=f"type {POOLS[name]}")
    if pool.type != POOLS[name]:
        raise ClusterError(
            f'{api_url()}: work pool "{name}" is of type "{pool.type}", not "{POOLS[name]}", and '
            f"a type cannot be changed; if nothing of yours is in it, `prefect work-pool delete "
            f"{name}`, then run `nightshoot cluster up` again"
        )
    merged = merged_template(pool.base_job_template, template)
    if merged == pool.base_job_template:
        return Thing(kind="work pool", name=name, state="was there")
    client.update_work_pool(name, WorkPoolUpdate(base_job_template=merged))
    return Thing(kind="work pool", name=name, state="changed", note="got new job variables")


def _ensure_queues(client: SyncPrefectClient, pool: str) -> list[Thing]:
    things: list[Thing] = []
    queues = {queue.name: queue for queue in client.read_work_queues(work_pool_name=pool)}
    for name, priority in QUEUES.items():
        label, note = f"{pool}/{name}", f"priority {priority}"
        queue = queues.get(name)
        if queue is None:
            client.create_work_queue(name=name, work_pool_name=pool, priority=priority)
            state: State = "made"
        elif queue.priority != priority:
            # making "urgent" first pushes the others back, so this is decided again on each run
            client.update_work_queue(queue.id, priority=priority)
            state, note = "changed", f"priority {queue.priority} -> {priority}"
        else:
            state, note = "was there", ""
        things.append(Thing(kind="queue", name=label, state=state, note=note))
    return things


def _automations(webhook: str | None) -> list[AutomationCore]:
    wished = [zombie_automation(), revive_automation(), unstick_automation()]
    if webhook is not None:
        block = Webhook(
            url=SecretStr(_checked_webhook(webhook)),
            headers=SecretDict({"Content-Type": "application/json"}),
        )
        block_id = asyncio.run(block.asave(WEBHOOK_BLOCK, overwrite=True))
        wished.append(webhook_automation(block_id, ui_url("runs/flow-run")))
    return wished


def _checked_webhook(url: str) -> str:
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ClusterError(f'--webhook "{url}" must be an http:// or https:// address')
    return url


def _ensure_automation(
    client: SyncPrefectClient, wish: AutomationCore, found: Automation | None
) -> Thing:
    if found is None:
        client.create_automation(wish)
        return Thing(kind="automation", name=wish.name, state="made")
    if is_same_automation(found, wish):
        return Thing(kind="automation", name=wish.name, state="was there")
    # who switched it off keeps it off
    client.update_automation(found.id, wish.model_copy(update={"enabled": found.enabled}))
    return Thing(kind="automation", name=wish.name, state="changed")


def is_same_automation(found: AutomationCore, wish: AutomationCore) -> bool:
    """Whether trigger and actions are as wished; being switched off is an operator's choice."""
    return (found.trigger, found.actions, found.description) == (
        wish.trigger,
        wish.actions,
        wish.description,
    )


def _name_schedules(client: SyncPrefectClient, facts: ClusterFacts) -> list[Thing]:
    """Give every schedule a slug: deploying would remove those without one."""
    named: list[Thing] = []
    for name, deployment in facts.deployments.items():
        for schedule in deployment.schedules:
            if schedule.slug is None:
                slug = f"schedule-{str(schedule.id)[-8:]}"
                client.update_deployment_schedule(deployment.id, schedule.id, slug=slug)
                named.append(
                    Thing(
                        kind="schedule", name=f"{name} {slug}", state="changed", note="got a slug"
                    )
                )
    return named


def _deploy() -> None:
    """Put what prefect.yaml says on the server.

    Raises:
        ClusterError: there is no such file, or Prefect refused it.
    """
    if not DEPLOY_FILE.is_file():
        raise ClusterError(
            f"{DEPLOY_FILE}: not there; `nightshoot cluster up` needs a checkout of Nightshoot, "
            "installed with `pip install -e .`"
        )
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    env = {**os.environ, "COLUMNS": "200", "PREFECT_CLI_COLORS": "false"}
    try:
        run_program(command, timeout_s=_DEPLOY_TIMEOUT_S, env=env, cwd=DEPLOY_FILE.parent)
    except ProgramError as error:
        raise ClusterError(f"{DEPLOY_FILE} could not be deployed: {error}") from error


def _deployed(before: ClusterFacts, after: ClusterFacts) -> list[Thing]:
    things: list[Thing] = []
    for name in DEPLOYMENTS:
        if name not in after.deployments:
            raise ClusterError(
                f"{DEPLOY_FILE} was deployed, but {name} is not on {api_url()}; "
                "its name and its flow's name must give that"
            )
        old, new = before.deployments.get(name), after.deployments[name]
        state: State = "was there"
        if old is None:
            state = "made"
        elif _definition(old) != _definition(new):
            state = "changed"
        things.append(Thing(kind="deployment", name=name, state=state))
    return things


def _definition(deployment: DeploymentResponse) -> dict[str, Any]:
    return deployment.model_dump(
        include={
            "entrypoint",
            "description",
            "tags",
            "work_pool_name",
            "work_queue_name",
            "job_variables",
            "parameter_openapi_schema",
            "concurrency_options",
            "global_concurrency_limit",
            "pull_steps",
        },
        exclude={"global_concurrency_limit": {"updated", "active_slots"}},
    )


# --- cluster status -----------------------------------------------------------------------------


def read_facts(client: SyncPrefectClient) -> ClusterFacts:
    """What the server holds of ours."""
    pools = {pool.name: pool for pool in client.read_work_pools() if pool.name in POOLS}
    queues = {
        pool: {queue.name: queue for queue in client.read_work_queues(work_pool_name=pool)}
        for pool in pools
    }
    deployments: dict[str, DeploymentResponse] = {}
    for name in DEPLOYMENTS:
        try:
            deployments[name] = client.read_deployment_by_name(name)
        except ObjectNotFound:
            continue
    ours = {automation.name: automation for automation in client.read_automations()}
    return ClusterFacts(pools=pools, queues=queues, automations=ours, deployments=deployments)


def cluster_status() -> ClusterStatus:
    """What is there, what is missing, who works, what runs next.

    Raises:
        ClusterError: the server is not there or refuses us.
    """
    with cluster_client() as client:
        facts = read_facts(client)
        return ClusterStatus(
            url=api_url(),
            things=(
                *_pool_things(facts),
                *_queue_things(facts),
                *_automation_things(facts),
                *_deployment_things(facts),
            ),
            workers=tuple(_workers(client, facts)),
            schedules=tuple(_schedules(client, facts)),
        )


def _thing(kind: str, name: str, *, is_there: bool, wrong: str = "") -> Thing:
    state: State = "missing" if not is_there else "different" if wrong else "was there"
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
            wrong = "changed since; `nightshoot cluster up` sets it right"
        things.append(_thing("automation", wish.name, is_there=found is not None, wrong=wrong))
    if WEBHOOK in facts.automations:
        things.append(_thing("automation", WEBHOOK, is_there=True))
    return things


def _deployment_things(facts: ClusterFacts) -> list[Thing]:
    wished = _deploy_file()
    things: list[Thing] = []
    for name in DEPLOYMENTS:
        found = facts.deployments.get(name)
        wrong = "" if found is None else _deployment_fault(found, wished)
        things.append(_thing("deployment", name, is_there=found is not None, wrong=wrong))
    return things


def _deploy_file() -> dict[str, dict[str, Any]]:
    if not DEPLOY_FILE.is_file():
        return {}
    return {each["name"]: each for each in yaml.safe_load(DEPLOY_FILE.read_text())["deployments"]}


def _deployment_fault(found: DeploymentResponse, wished: dict[str, dict[str, Any]]) -> str:
    if found.paused:
        return "paused"
    wish = wished.get(found.name)
    if wish is not None and found.entrypoint != wish["entrypoint"]:
        return f"entrypoint {found.entrypoint}, not {wish['entrypoint']}"
    if wish is not None and found.work_pool_name != wish["work_pool"]["name"]:
        return f"work pool {found.work_pool_name}, not {wish['work_pool']['name']}"
    return ""


def _workers(client: SyncPrefectClient, facts: ClusterFacts) -> list[WorkerSeen]:
    return [
        WorkerSeen(
            pool=pool,
            name=worker.name,
            is_online=worker.status is WorkerStatus.ONLINE,
            last_heartbeat=worker.last_heartbeat_time,
        )
        for pool in facts.pools
        for worker in client.read_workers_for_work_pool(pool)
    ]


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
