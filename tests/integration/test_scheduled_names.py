"""Runs that wait for their night bear their campaign's name: a real server without a scheduler."""

import os

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule

from flows.cluster.scheduled_names import make_scheduled_runs, name_scheduled_runs

pytestmark = pytest.mark.integration


@flow(name="campaign")
def campaign(request: dict) -> None:
    """Stands for the real one; it never runs."""


def test_the_next_runs_are_made_at_once_and_bear_the_campaigns_name(prefect_api: str):
    password = os.environ.get("PREFECT_API_AUTH_STRING")
    june = {"request": {"manifest": "/srv/june.csv", "out": "/srv/renders"}}
    night = DeploymentScheduleCreate(
        schedule=CronSchedule(cron="15 1 * * *", timezone="UTC"),
        active=True,
        slug="june",
        parameters=june,
    )
    with SyncPrefectClient(prefect_api, auth_string=password) as client:
        deployment_id = client.create_deployment(
            client.create_flow(campaign), name="names", schedules=[night]
        )

        make_scheduled_runs(client, deployment_id)
        make_scheduled_runs(client, deployment_id)

        runs = [run for run in client.read_flow_runs() if run.deployment_id == deployment_id]
        assert len(runs) >= 3
        assert len({run.expected_start_time for run in runs}) == len(runs), "none is made twice"
        assert {run.name for run in runs} == {"june"}
        assert name_scheduled_runs(client, deployment_id) == 0
        client.delete_deployment(deployment_id)
