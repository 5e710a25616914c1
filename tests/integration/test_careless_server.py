"""A server as it starts by itself: what it lacks is told, and made as Prefect makes it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.deployment.deploy import deploy_all
from flows.deployment.inventory import DEPLOY_FILE, DEPLOYMENTS
from flows.deployment.server import ClusterError
from tests.integration.servers import PrefectCluster
from tests.warm_command import WarmCommand

pytestmark = [pytest.mark.integration, pytest.mark.cluster]


@pytest.fixture(scope="module")
def careless_server(
    cluster_commands: WarmCommand, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrefectCluster]:
    """A server as it starts by itself: SQLite, nothing protected, nothing in it."""
    folder = tmp_path_factory.mktemp("careless")
    server = PrefectCluster(folder, is_protected=False, commands=cluster_commands)
    try:
        yield server.start()
    finally:
        server.end()


def test_a_deploy_without_pools_fails_and_names_the_pool(careless_server: PrefectCluster):
    with (
        temporary_settings({PREFECT_API_URL: careless_server.url}),
        pytest.raises(ClusterError) as refused,
    ):
        deploy_all(DEPLOY_FILE)

    assert f"{DEPLOY_FILE} could not be deployed: " in str(refused.value)
    assert "'cpu' which does not exist" in str(refused.value)


def test_an_empty_server_lacks_everything(careless_server: PrefectCluster):
    status = careless_server.nightshoot("cluster", "status")

    assert status.returncode == 1
    assert status.stdout.count("\nmissing ") == 2 + 4 + 3 + 5 + 2
    assert "run `nightshoot cluster up`" in status.stdout


def test_a_pool_of_another_type_is_refused(careless_server: PrefectCluster):
    careless_server.request("POST", "/work_pools/", {"name": "gpu", "type": "process"})
    up = careless_server.nightshoot("cluster", "up")
    careless_server.request("DELETE", "/work_pools/gpu")

    assert up.returncode == 2
    assert 'work pool "gpu" is of type "process", not "gpu-process"' in up.stderr
    assert "prefect work-pool delete gpu" in up.stderr


def test_doctor_finds_an_open_server(careless_server: PrefectCluster):
    examined = careless_server.nightshoot_json("doctor")

    verdicts = {finding["what"]: finding["verdict"] for finding in examined["findings"]}
    assert verdicts["auth string"] == "fail"
    assert verdicts["CSRF protection"] == "warn"
    assert verdicts["database"] == "warn"
    assert verdicts["batching"] == "warn"
    assert verdicts["outages"] == "warn"
    assert verdicts["telemetry of the server"] == "ok"
    assert verdicts["cluster"] == "fail"


def test_deployments_are_those_that_prefect_deploy_makes(careless_server: PrefectCluster):
    def deployments() -> dict[str, Any]:
        found = careless_server.request("POST", "/deployments/filter", {})
        return {each["name"]: _but_for_its_id(each) for each in found}

    up = careless_server.nightshoot("cluster", "up")
    ours = deployments()
    for each in careless_server.request("POST", "/deployments/filter", {}):
        careless_server.request("DELETE", f"/deployments/{each['id']}")
    deployed = careless_server.prefect("--no-prompt", "deploy", "--all")
    theirs = deployments()
    again = careless_server.nightshoot_json("cluster", "up")

    assert (up.returncode, deployed.returncode) == (0, 0), up.stderr + deployed.stderr
    assert len(theirs) == len(DEPLOYMENTS)
    assert ours == theirs
    assert {thing["state"] for thing in again} == {"exists"}
    assert deployments() == theirs


def _but_for_its_id(deployment: dict[str, Any]) -> Any:
    # its limit of concurrent runs is named by it
    return _without_ids(json.loads(json.dumps(deployment).replace(deployment["id"], "ID")))


def _without_ids(record: Any) -> Any:
    """What the API says of something, but for what is new whenever it is made or changed."""
    if isinstance(record, list):
        return [_without_ids(each) for each in record]
    if not isinstance(record, dict):
        return record
    new = {"created", "updated", "version_id", "status", "last_polled"}
    return {
        name: _without_ids(value)
        for name, value in record.items()
        if name not in new and not re.fullmatch(r"(?!work_queue_|flow_).*_?id", name)
    }
