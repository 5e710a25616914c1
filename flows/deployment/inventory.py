"""What belongs on the Prefect server, and what it holds of it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import (
    WorkPool,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.exceptions import ObjectNotFound
from pydantic import BaseModel, ConfigDict

POOLS = {"cpu": "process", "gpu": "gpu-process"}


QUEUES = {"urgent": 1, "nightly": 2}


DEPLOY_FILE = Path(__file__).parents[2] / "prefect.yaml"


NIGHTLY = "campaign/nightly"


ADHOC = "campaign/adhoc"


RETRY_FAILED = "campaign/retry-failed"


SWEEP = "maintenance/sweep"


DEPLOYMENTS = (NIGHTLY, ADHOC, RETRY_FAILED, "video/render", SWEEP)


State = Literal["made", "changed", "exists", "missing", "different"]


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
    release: str = ""
    """Of Nightshoot; empty: it never said, as those of earlier releases do not."""

    engines: dict[str, int] = {}
    """Version of each engine."""


class ScheduleSeen(Record):
    """One schedule of a deployment."""

    deployment: str
    slug: str | None
    when: str
    timezone: str | None
    active: bool
    next_run: datetime | None


Trouble = Literal["failed", "crashed", "late", "missed"]


class CampaignSeen(Record):
    """A campaign whose last run needs a person.

    Attributes:
        trouble: what is wrong.
        since: when it ended, or was due.
        message: what is known of it.
        url: of the run's page; None where there is no run.
    """

    campaign: str
    trouble: Trouble
    since: datetime
    message: str
    url: str | None = None

    @property
    def is_clusters(self) -> bool:
        """Whether the cluster is at fault: nobody started the run."""
        return self.trouble in ("late", "missed")


class ClusterStatus(Record):
    """Everything ``cluster status`` tells."""

    url: str
    things: tuple[Thing, ...]
    workers: tuple[WorkerSeen, ...]
    schedules: tuple[ScheduleSeen, ...]
    campaigns: tuple[CampaignSeen, ...] = ()

    @property
    def missing(self) -> tuple[Thing, ...]:
        """What is not as ``cluster up`` makes it."""
        return tuple(thing for thing in self.things if thing.state != "exists")

    @property
    def pools_without_worker(self) -> tuple[str, ...]:
        """Pools whose runs nobody takes."""
        online = {worker.pool for worker in self.workers if worker.is_online}
        return tuple(pool for pool in POOLS if pool not in online)

    @property
    def are_mixed(self) -> bool:
        """Whether workers that are online run different releases, or engines of other versions."""
        return (
            len({(w.release, *sorted(w.engines.items())) for w in self.workers if w.is_online}) > 1
        )

    @property
    def exit_code(self) -> int:
        """1 when something is missing, or a campaign did not start; not when one has failed."""
        has_waited = any(campaign.is_clusters for campaign in self.campaigns)
        return int(bool(self.missing or self.pools_without_worker or has_waited))


@dataclass(frozen=True)
class ClusterFacts:
    """What the server holds of ours."""

    pools: dict[str, WorkPool]
    queues: dict[str, dict[str, Any]]
    automations: dict[str, Automation]
    deployments: dict[str, DeploymentResponse]


def is_same_automation(found: AutomationCore, wish: AutomationCore) -> bool:
    """Whether trigger and actions are as wished; being switched off is an operator's choice."""
    return (found.trigger, found.actions, found.description) == (
        wish.trigger,
        wish.actions,
        wish.description,
    )


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
