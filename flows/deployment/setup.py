"""What a Prefect server needs for nights of rendering, made in one go.

Work pools, queues, automations and deployments. This is idempotent: what is right stays as it
is, and what an operator has set (limits, a pool's environment, schedules) is never undone.
"""

import asyncio
from copy import deepcopy
from typing import Any, cast

import httpx
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.types import SecretDict
from prefect.workers.base import BaseWorker
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type
from pydantic import SecretStr

from flows.cluster.scheduled_names import make_scheduled_runs
from flows.deployment.automations import (
    WEBHOOK_BLOCK,
    revive_automation,
    unstick_automation,
    webhook_automation,
    zombie_automation,
)
from flows.deployment.deploy import deploy_all
from flows.deployment.inventory import (
    DEPLOY_FILE,
    DEPLOYMENTS,
    NIGHTLY,
    POOLS,
    QUEUES,
    ClusterFacts,
    State,
    Thing,
    is_same_automation,
    read_facts,
)
from flows.deployment.server import ClusterError, api_url, cluster_client, ui_url
from tasks.redaction import shown_url

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
        deploy_all(DEPLOY_FILE)
        after = read_facts(client)
        if NIGHTLY in after.deployments:  # deploying removed the runs that were made ahead
            make_scheduled_runs(client, after.deployments[NIGHTLY].id)
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
            f'{shown_url(api_url())}: work pool "{name}" is of type "{pool.type}", '
            f'not "{POOLS[name]}", and '
            f"a type cannot be changed; if nothing of yours is in it, `prefect work-pool delete "
            f"{name}`, then run `nightshoot cluster up` again"
        )
    merged = merged_template(pool.base_job_template, template)
    if merged == pool.base_job_template:
        return Thing(kind="work pool", name=name, state="exists")
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
            state, note = "exists", ""
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
    refused = ClusterError(f'--webhook "{shown_url(url)}" must be an http:// or https:// address')
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:  # its words hold parts of the address
        raise refused from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise refused
    return url


def _ensure_automation(
    client: SyncPrefectClient, wish: AutomationCore, found: Automation | None
) -> Thing:
    if found is None:
        client.create_automation(wish)
        return Thing(kind="automation", name=wish.name, state="made")
    if is_same_automation(found, wish):
        return Thing(kind="automation", name=wish.name, state="exists")
    # who switched it off keeps it off
    client.update_automation(found.id, wish.model_copy(update={"enabled": found.enabled}))
    return Thing(kind="automation", name=wish.name, state="changed")


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


def _deployed(before: ClusterFacts, after: ClusterFacts) -> list[Thing]:
    things: list[Thing] = []
    for name in DEPLOYMENTS:
        if name not in after.deployments:
            raise ClusterError(
                f"{DEPLOY_FILE} was deployed, but {name} is not on {shown_url(api_url())}; "
                "check the names of the deployment and of its flow"
            )
        things.append(deployed_thing(name, before.deployments.get(name), after.deployments[name]))
    return things


def deployed_thing(name: str, old: DeploymentResponse | None, new: DeploymentResponse) -> Thing:
    """What became of a deployment; where its flow is loaded from is told when that is new."""
    state: State = "exists"
    note = ""
    if old is None:
        state = "made"
    elif _definition(old) != _definition(new):
        state = "changed"
        if old.entrypoint != new.entrypoint:
            note = f"entry point renewed: {old.entrypoint} -> {new.entrypoint}"
    return Thing(kind="deployment", name=name, state=state, note=note)


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
