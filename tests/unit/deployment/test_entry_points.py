"""Deployments of earlier releases: their entry points load, and are renewed with a word."""

from uuid import uuid4

import pytest
import yaml
from prefect.client.schemas.responses import DeploymentResponse
from prefect.flows import load_flow_from_entrypoint

from flows.deployment.inventory import DEPLOY_FILE
from flows.deployment.setup import deployed_thing
from flows.deployment.status import deployment_fault

CAMPAIGN, VIDEO = "flows.cluster.campaign_flows", "flows.cluster.video_flow"
RENEWED = {
    "flows.deployed.run_campaign": (f"{CAMPAIGN}.run_campaign", "campaign"),
    "flows.deployed.retry_failed": (f"{CAMPAIGN}.retry_failed", "campaign"),
    "flows.deployed.sweep": (f"{CAMPAIGN}.sweep", "maintenance"),
    "flows.deployed_video.render_video": (f"{VIDEO}.render_video", "video"),
}
FLOW_ID = uuid4()
DEPLOYMENTS = yaml.safe_load(DEPLOY_FILE.read_text())["deployments"]


def deployment(entrypoint: str, **fields: object) -> DeploymentResponse:
    made = {"id": uuid4(), "flow_id": FLOW_ID, "name": "adhoc", "entrypoint": entrypoint}
    return DeploymentResponse.model_validate(made | {"work_pool_name": "cpu"} | fields)


@pytest.mark.parametrize("old", RENEWED)
def test_an_old_entry_point_loads_the_flow_of_the_new_one(old: str) -> None:
    new, name = RENEWED[old]

    flow = load_flow_from_entrypoint(old, use_placeholder_flow=False)

    assert flow is load_flow_from_entrypoint(new, use_placeholder_flow=False)
    assert flow.name == name


def test_every_entry_point_that_is_deployed_has_its_old_name() -> None:
    deployed = {each["entrypoint"] for each in DEPLOYMENTS}

    assert {new for new, _ in RENEWED.values()} == deployed


@pytest.mark.parametrize("old", RENEWED)
def test_renewing_an_entry_point_is_told(old: str) -> None:
    new, _ = RENEWED[old]

    thing = deployed_thing("campaign/adhoc", deployment(old), deployment(new))

    assert (thing.state, thing.note) == ("changed", f"entry point renewed: {old} -> {new}")


def test_of_an_entry_point_that_stays_nothing_is_told() -> None:
    found = deployment(f"{CAMPAIGN}.run_campaign")
    other = deployment(f"{CAMPAIGN}.run_campaign", description="another")

    assert deployed_thing("campaign/adhoc", None, found).state == "made"
    assert deployed_thing("campaign/adhoc", found, found).state == "exists"
    changed = deployed_thing("campaign/adhoc", found, other)
    assert (changed.state, changed.note) == ("changed", "")


def test_the_status_names_the_way_out_of_an_old_entry_point() -> None:
    wished = {each["name"]: each for each in DEPLOYMENTS}

    fault = deployment_fault(deployment("flows.deployed.run_campaign"), wished)

    assert fault == (
        f"entry point flows.deployed.run_campaign, not {CAMPAIGN}.run_campaign; "
        "`nightshoot cluster up` renews it"
    )
    assert deployment_fault(deployment(f"{CAMPAIGN}.run_campaign"), wished) == ""
