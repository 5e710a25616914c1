"""The video runs of one campaign, as Prefect's server keeps them: made, seen, scheduled, cancelled.

Nothing is decided here: when a run is made, tried again or given up is said by
``flows/cluster/dispatcher.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled, Cancelling, Scheduled

from flows.cluster.api_client import outlast_restarts
from flows.cluster.artifacts import retry_command
from flows.cluster.parameters import VideoParameters
from flows.work import Work
from model.errors import CampaignError
from tasks.records import StoredPlan

RENDER_DEPLOYMENT = "video/render"
_RUNS_A_REQUEST = 200
_NOT_FOUND = 404


@dataclass(frozen=True)
class RunSettings:
    """Where video runs wait, and what they are told of their campaign.

    Attributes:
        out: that holds the campaign.
        campaign: its folder.
        gpus: of each run.
        queue: in which they wait.
        env: what the processes of their engine are told beside the pool's and the worker's own.
    """

    out: str
    campaign: str
    gpus: int
    queue: str
    env: Mapping[str, str]


def find_deployment() -> UUID:
    """The deployment that video runs are made of.

    Raises:
        CampaignError: it is not there.
    """
    with get_client(sync_client=True) as client:
        try:
            found = outlast_restarts(lambda: client.read_deployment_by_name(RENDER_DEPLOYMENT))
        except ObjectNotFound as error:
            raise CampaignError(
                f"Prefect's server at {client.api_url} has no deployment "
                f'"{RENDER_DEPLOYMENT}"; run `nightshoot cluster up` there'
            ) from error
    return found.id


class VideoRuns:
    """One run a plan; the server is asked again while it is away."""

    def __init__(
        self,
        name: str,
        work: Work,
        settings: RunSettings,
        client: SyncPrefectClient,
        deployment_id: UUID,
    ) -> None:
        self._name, self._work, self._settings = name, work, settings
        self._client, self._deployment_id = client, deployment_id

    def make(self, stored: StoredPlan) -> FlowRun:
        """The video's run: a new one, or the one that is there for this plan.

        Raises:
            CampaignError: the deployment is gone.
        """
        plan, settings = stored.plan, self._settings
        url = self._work.folder.url
        # queue and GPUs too: a run that has been scheduled once keeps its own
        kept = "/".join([settings.queue, str(settings.gpus), *sorted(settings.env.values())])
        key = f"{url}/{plan.video_id}/{stored.sha256}/{kept}"
        try:
            return outlast_restarts(
                lambda: self._client.create_flow_run_from_deployment(
                    self._deployment_id,
                    parameters={"request": self._parameters(stored)},
                    name=f"{self._name}/{plan.video_id}",
                    tags=["nightshoot", f"campaign:{self._name}"],
                    idempotency_key=key,
                    work_queue_name=settings.queue,
                    job_variables={
                        "gpus": settings.gpus,
                        "engine": plan.engine,
                        "env": dict(settings.env),
                    },
                )
            )
        except PrefectHTTPStatusError as error:
            if error.response.status_code != _NOT_FOUND:
                raise
            raise CampaignError(
                f'Prefect\'s server has lost its deployment "{RENDER_DEPLOYMENT}", and if its '
                "database is new, also this run; run `nightshoot cluster up`, then "
                f"`{retry_command(self._name, settings.out)}`; finished work is in the store"
            ) from error

    def see(self, run_ids: Sequence[UUID]) -> dict[UUID, FlowRun]:
        """Runs by their ids, in bulk; those that the server does not know are left out."""
        seen: dict[UUID, FlowRun] = {}
        for start in range(0, len(run_ids), _RUNS_A_REQUEST):
            some = list(run_ids[start : start + _RUNS_A_REQUEST])
            wanted = FlowRunFilter(id=FlowRunFilterId(any_=some))
            found = outlast_restarts(
                lambda wanted=wanted: self._client.read_flow_runs(
                    flow_run_filter=wanted, limit=_RUNS_A_REQUEST
                )
            )
            seen.update({run.id: run for run in found})
        return seen

    def renew(self, run: FlowRun, stored: StoredPlan) -> None:
        """Tell a run that has not begun what it would be told now, unless it was told just that."""
        if run.parameters.get("request") != self._parameters(stored):
            self._tell(run.id, stored)

    def _tell(self, run_id: UUID, stored: StoredPlan) -> None:
        parameters = {"request": self._parameters(stored)}
        outlast_restarts(lambda: self._client.update_flow_run(run_id, parameters=parameters))

    def schedule(self, run_id: UUID, stored: StoredPlan, delay_s: float) -> None:
        """Have it done, or done again, ``delay_s`` seconds from now."""
        self._tell(run_id, stored)
        state: State = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(seconds=delay_s))
        outlast_restarts(lambda: self._client.set_flow_run_state(run_id, state, force=True))

    def cancel(self, run_id: UUID, *, is_started: bool) -> None:
        """A run under way is asked to end; one that waits is cancelled."""
        state: State = Cancelling() if is_started else Cancelled()
        outlast_restarts(
            lambda: self._client.set_flow_run_state(run_id, state, force=not is_started)
        )

    def _parameters(self, stored: StoredPlan) -> dict[str, object]:
        night = self._work.night
        request = VideoParameters(
            out=self._settings.out,
            campaign=self._settings.campaign,
            video_id=stored.plan.video_id,
            plan_sha256=stored.sha256,
            not_after=night.end if night else None,
            estimated_s=night.estimate_s(stored.plan, self._work.frames_left(stored.plan))
            if night
            else None,
        )
        return request.model_dump(mode="json")
