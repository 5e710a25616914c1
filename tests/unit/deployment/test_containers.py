"""The Dockerfile and the manifest of Kubernetes: linted, pinned, without root, with a drain."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILES = ROOT / "docs" / "operations"
DOCKERFILE = FILES / "Dockerfile"
MANIFEST = FILES / "kubernetes.yaml"


def program(name: str) -> str:
    """A linter beside Python, or on the path; skips where it is not installed."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (pip install '.[dev]')")
    return found


def stages() -> dict[str, list[str]]:
    """The instructions of each stage, continued lines joined."""
    text = re.sub(r"\\\n", " ", DOCKERFILE.read_text())
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("FROM"):
            name = line.split(" AS ")[1]
            found[name] = [line]
        elif line and not line.startswith(("#", "ARG")):
            found[name].append(line)
    return found


def kinds(kind: str) -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all(MANIFEST.read_text())
    return {each["metadata"]["name"]: each for each in documents if each["kind"] == kind}


@pytest.fixture(params=("nightshoot-cpu-worker", "nightshoot-gpu-worker"))
def pod(request) -> dict[str, Any]:
    return kinds("Deployment")[request.param]["spec"]["template"]["spec"]


def test_hadolint_finds_no_fault():
    done = subprocess.run(
        [program("hadolint"), str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_kubernetes_takes_the_manifest():
    command = [program("kubernetes-validate"), "--strict", str(MANIFEST)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("stage", ["cpu", "gpu"])
def test_an_image_has_no_root_no_pip_and_one_process_that_takes_signals(stage: str):
    lines = stages()[stage]
    assert lines[0] == f"FROM worker AS {stage}"
    assert "python -m venv --without-pip /opt/nightshoot" in DOCKERFILE.read_text()
    (without,) = [line for line in stages()["worker"] if "pip uninstall" in line]
    assert "ensurepip" in without, "it holds a copy of pip"
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    (command,) = [line for line in lines if line.startswith("CMD")]
    assert command.startswith('CMD ["prefect", "worker", "start"'), "no shell is in between"
    assert lines.index(command) > lines.index("USER 10001:10001")
    assert not re.search(r"apt-get|gcc|build-essential", DOCKERFILE.read_text())


def test_every_package_of_an_image_is_pinned_and_all_that_the_build_needs_is_copied():
    text = DOCKERFILE.read_text()
    installs = re.findall(r"RUN pip .*", text)
    assert len(installs) == 2
    assert all(" --python /opt/nightshoot/bin/python install " in each for each in installs)
    assert all("-c constraints.txt" in each for each in installs)
    assert re.search(r"python:3\.\d+\.\d+-slim-\w+", text)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    allowed = (FILES / "Dockerfile.dockerignore").read_text().splitlines()
    for name in {each.rstrip("*") for each in packages} | {"pyproject.toml", "constraints.txt"}:
        assert f"!{name}" in allowed, name
        assert (ROOT / name).exists()


def test_a_pod_runs_without_root_is_probed_and_has_time_to_drain(pod):
    (worker,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert not worker["securityContext"]["allowPrivilegeEscalation"]
    assert "--with-healthcheck" in worker["args"]
    ports = {each["name"]: each["containerPort"] for each in worker["ports"]}
    assert f"PREFECT_WORKER_WEBSERVER_PORT={ports['health']}" in DOCKERFILE.read_text()
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert worker[probe]["httpGet"] == {"path": "/health", "port": "health"}
    drain_s = int(kinds("ConfigMap")["nightshoot"]["data"]["NIGHTSHOOT_DRAIN_S"])
    assert 0 < drain_s <= pod["terminationGracePeriodSeconds"] - 60
    assert not re.search(r"AUTH_STRING: |SECRET_ACCESS_KEY: ", MANIFEST.read_text())


def test_a_worker_for_videos_asks_for_a_gpu():
    pod = kinds("Deployment")["nightshoot-gpu-worker"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1
