"""Starting campaigns on a cluster: now, every night, or what failed of one, once more."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlparse
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import CronSchedule
from pydantic import ValidationError

from flows.cluster.parameters import CampaignParameters, Parameters, RetryParameters
from flows.cluster.scheduled_names import make_scheduled_runs
from flows.deployment.inventory import (
    ADHOC,
    NIGHTLY,
    RETRY_FAILED,
    Record,
    read_facts,
)
from flows.deployment.server import (
    ClusterError,
    cluster_client,
    deployment_named,
    ui_url,
)
from tasks.redaction import has_secret, shown_cell
from tasks.store.campaigns import checked_campaign

_POLL_S = 2.0
_NUM_CRON_FIELDS = 5
# the automation that revives a crashed campaign acts within seconds of the crash
_CRASH_GRACE_S = 60.0


class Submitted(Record):
    """A run that was asked for."""

    run_id: UUID
    name: str
    url: str
    state: str
    is_over: bool = False
    message: str | None = None

    @property
    def exit_code(self) -> int:
        """1 when the run ended in anything but Completed."""
        return int(self.is_over and self.state != "COMPLETED")


class Scheduled(Record):
    """A schedule that was made, changed or removed."""

    slug: str
    deed: str
    cron: str | None = None
    timezone: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class When:
    """A cron rule in a timezone.

    Raises:
        ClusterError: neither of them can be used.
    """

    cron: str
    timezone: str

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ClusterError(
                f'--timezone "{self.timezone}" is not a timezone; '
                "use a name from the tz database, for example Europe/Berlin or UTC"
            ) from error
        wrong = ClusterError(
            f'--cron "{self.cron}" must be five fields, minute hour day month weekday; '
            'for example "15 1 * * *" is 01:15 every night'
        )
        if len(self.cron.split()) != _NUM_CRON_FIELDS:
            raise wrong
        try:
            self.rule()
        except ValidationError as error:
            raise wrong from error

    def rule(self) -> CronSchedule:
        """The same for Prefect."""
        return CronSchedule(cron=self.cron, timezone=self.timezone)

    def warnings(self, first_day: date | None = None) -> tuple[str, ...]:
        """Nights of the next year on which clocks skip or repeat the time, if there are any."""
        nights = [
            f"{moment:%Y-%m-%d} {moment:%H:%M}"
            for moment in self._named_moments(first_day or datetime.now(UTC).date())
            if _is_skipped_or_repeated(moment)
        ]
        if not nights:
            return ()
        return (
            f"clocks in {self.timezone} skip or repeat this time on {', '.join(nights)}, so "
            "there is no run, or there are two; choose a time outside the hour of the change",
        )

    def _named_moments(self, first_day: date) -> Iterator[datetime]:
        """Local moments of the next 366 days; ``*`` and steps name none."""
        minute, hour = self.cron.split()[:2]
        zone = ZoneInfo(self.timezone)
        for days in range(366):
            day = first_day + timedelta(days=days)
            for h in named_numbers(hour):
                for m in named_numbers(minute):
                    yield datetime(day.year, day.month, day.day, h, m, tzinfo=zone)


def named_numbers(field: str) -> tuple[int, ...]:
    """Numbers a field of a cron rule names: ``1,3`` and ``1-3``; none for ``*`` and steps."""
    numbers: list[int] = []
    for part in field.split(","):
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if found:
            numbers += range(int(found[1]), int(found[2] or found[1]) + 1)
    return tuple(numbers)


def _is_skipped_or_repeated(moment: datetime) -> bool:
    # what `fold` is for: the two readings of a local time differ only around a change of clocks
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()


# --- runs ---------------------------------------------------------------------------------------


def submit_campaign(parameters: CampaignParameters, *, is_waited_for: bool = False) -> Submitted:
    """A campaign/adhoc run.

    Raises:
        ClusterError: no server, no deployment, or parameters it refuses.
    """
    name = campaign_name(parameters)
    return _submit(ADHOC, parameters, parameters.queue, name, is_waited_for=is_waited_for)


def campaign_name(parameters: CampaignParameters) -> str:
    """The campaign's name: as given, or the manifest's.

    Raises:
        CampaignError: the manifest's name cannot be that of a campaign.
    """
    named = parameters.campaign or PurePosixPath(urlparse(parameters.manifest).path).stem
    return checked_campaign(named)


def retry_campaign(parameters: RetryParameters, *, is_waited_for: bool = False) -> Submitted:
    """A campaign/retry-failed run; raises as ``submit_campaign``."""
    queue, name = parameters.queue, f"{parameters.campaign} again"
    return _submit(RETRY_FAILED, parameters, queue, name, is_waited_for=is_waited_for)


def takes_retries() -> bool:
    """Whether the server has the deployment that retries campaigns.

    Raises:
        ClusterError: it is not there or refuses us.
    """
    with cluster_client() as client:
        return RETRY_FAILED in read_facts(client).deployments


def _submit(
    deployment: str, parameters: Parameters, queue: str, name: str, *, is_waited_for: bool
) -> Submitted:
    _check_no_secret(parameters)
    with cluster_client() as client:
        found = deployment_named(client, deployment)
        run = client.create_flow_run_from_deployment(
            found.id,
            parameters={"request": parameters.model_dump(mode="json")},
            work_queue_name=queue,
            name=name,
        )
        if is_waited_for:
            run = wait_for_end(client, run.id)
        return submitted(run)


def _check_no_secret(parameters: Parameters) -> None:
    """Prefect keeps the parameters of a run, and shows them to all who reach its server.

    Raises:
        ClusterError: an address among them may hold a secret.
    """
    for field, value in parameters:
        if not isinstance(value, str) or not has_secret(value):
            continue
        option = "MANIFEST" if field == "manifest" else f"--{field.replace('_', '-')}"
        raise ClusterError(
            f"{option} {shown_cell(value)} has a user, a password or a query, perhaps a "
            "signature, in its address, which Prefect would keep and show to everybody who "
            "reaches its server; "
            "name a path that every worker can reach, or an s3:// address that the workers "
            "read with credentials of their own"
        )


def submitted(run: FlowRun) -> Submitted:
    """What is told about a run."""
    state = run.state
    return Submitted(
        run_id=run.id,
        name=run.name,
        url=ui_url(f"runs/flow-run/{run.id}"),
        state=state.type.value if state else "SCHEDULED",
        is_over=bool(state and state.is_final()),
        message=state.message if state else None,
    )


def wait_for_end(client: SyncPrefectClient, run_id: UUID) -> FlowRun:
    """Poll a run until it ends; a crash is an end only when nobody revives the run."""
    crashed_at: float | None = None
    while True:
        run = client.read_flow_run(run_id)
        assert run.state is not None
        if not run.state.is_crashed():
            crashed_at = None
            if run.state.is_final():
                return run
        else:
            crashed_at = crashed_at or time.monotonic()
            if time.monotonic() - crashed_at > _CRASH_GRACE_S:
                return run
        time.sleep(_POLL_S)


# --- schedules ----------------------------------------------------------------------------------


def schedule_campaign(parameters: CampaignParameters, when: When, slug: str) -> Scheduled:
    """Make or change the schedule ``slug`` of campaign/nightly.

    Raises:
        ClusterError: no server or no deployment.
    """
    _check_no_secret(parameters)
    request = json.loads(parameters.model_dump_json())
    with cluster_client() as client:
        deployment = deployment_named(client, NIGHTLY)
        found = _schedule_named(client, deployment.id, slug)
        if found is None:
            client.create_deployment_schedules(
                deployment.id,
                [
                    DeploymentScheduleCreate(
                        schedule=when.rule(),
                        active=True,
                        slug=slug,
                        parameters={"request": request},
                    )
                ],
            )
        else:
            client.update_deployment_schedule(
                deployment.id,
                found,
                active=True,
                schedule=when.rule(),
                parameters={"request": request},
            )
        make_scheduled_runs(client, deployment.id)
    return Scheduled(
        slug=slug,
        deed="made" if found is None else "changed",
        cron=when.cron,
        timezone=when.timezone,
        warnings=when.warnings(),
    )


def remove_schedule(slug: str) -> Scheduled:
    """Remove the schedule ``slug`` of campaign/nightly.

    Raises:
        ClusterError: there is none.
    """
    with cluster_client() as client:
        deployment = deployment_named(client, NIGHTLY)
        found = _schedule_named(client, deployment.id, slug)
        if found is None:
            slugs = [each.slug for each in client.read_deployment_schedules(deployment.id)]
            raise ClusterError(
                f'{NIGHTLY} has no schedule "{slug}"; it has: '
                f"{', '.join(sorted(filter(None, slugs))) or 'none'}"
            )
        client.delete_deployment_schedule(deployment.id, found)
    return Scheduled(slug=slug, deed="removed")


def _schedule_named(client: SyncPrefectClient, deployment_id: UUID, slug: str) -> UUID | None:
    schedules: list[Any] = client.read_deployment_schedules(deployment_id)
    return next((each.id for each in schedules if each.slug == slug), None)
