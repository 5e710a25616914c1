"""A ``prefect.yaml`` that cannot be deployed is refused with what is wrong in it."""

from pathlib import Path

import pytest

from flows.deployment.deploy import deploy_all
from flows.deployment.server import ClusterError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Unable to parse the specified config file"),
        ("name: nightshoot\n", "it holds no deployments"),
        ("deployments: [{name: a, schedules: [{cron: 5 * * * *, every: 3}]}]", "a: schedules"),
        ("deployments: [{name: 'a}]", "while scanning a quoted scalar"),
    ],
)
def test_a_file_without_deployments_is_refused_with_the_reason(
    tmp_path: Path, text: str, said: str
):
    file = tmp_path / "prefect.yaml"
    file.write_text(text)

    with pytest.raises(ClusterError) as refused:
        deploy_all(file)

    assert str(refused.value).startswith(f"{file} could not be deployed: ")
    assert said in str(refused.value)


def test_a_missing_file_is_told_with_the_way_out(tmp_path: Path):
    with pytest.raises(ClusterError, match="needs a checkout of Nightshoot"):
        deploy_all(tmp_path / "prefect.yaml")
