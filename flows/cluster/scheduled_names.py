"""The names of runs that wait for their night: their campaigns' names, not ones that Prefect drew.

Prefect's scheduler makes the next three runs of a schedule ahead of time, each with a name like
"vermilion-kestrel", which its own flow replaces only once it has begun.
"""

from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType

from flows.cluster.run_logs import campaign_of


def make_scheduled_runs(client: SyncPrefectClient, deployment_id: UUID) -> None:
    """Let the server make a deployment's next runs now, and name them.

    Its scheduler would make them within seconds of a change, with names of its own; what is there
    already it does not make twice.
    """
    client.request("POST", "/deployments/{id}/schedule", path_params={"id": deployment_id}, json={})
    name_scheduled_runs(client, deployment_id)


def name_scheduled_runs(client: SyncPrefectClient, deployment_id: UUID) -> int:
    """Give them the names of their campaigns.

    Returns:
        How many had another name.
    """
    waiting = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
        ),
    )
    num_named = 0
    for run in waiting:
        name = campaign_of(run.parameters)
        if run.auto_scheduled and run.name != name:
            client.update_flow_run(run.id, name=name)
            num_named += 1
    return num_named
