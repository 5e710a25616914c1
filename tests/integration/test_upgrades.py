"""This release and the next, whose null engine draws other pixels: forward, mixed, and back."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.campaigns import ROOT
from tests.integration.servers import Daemon, wait_until
from tests.warm_command import WarmCommand

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def next_release(tmp_path_factory, prefect_api):
    """The command line of the next release: this one, with version 2 of the null engine."""
    home = tmp_path_factory.mktemp("next")
    for name in ("flows", "tasks", "model", "manifests"):
        shutil.copytree(ROOT / name, home / name)  # what is compiled stays so
    (home / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "warm_command.py", home / "tests")
    engine = home / "model" / "null.py"
    assert "version=1," in engine.read_text()
    engine.write_text(engine.read_text().replace("version=1,", "version=2,"))
    seam = home / "model" / "engine.py"
    known = "_EARLIER: Mapping[str, tuple[tuple[int, str], ...]] = {\n"
    assert known in seam.read_text()
    seam.write_text(seam.read_text().replace(known, f'{known}    "null": ((1, "none"),),\n'))

    env = {**os.environ, "PREFECT_API_URL": prefect_api, "PYTHONPATH": str(home)}
    command = WarmCommand(env, home)
    try:
        yield lambda *arguments: command.run(arguments, env, timeout_s=120)
    finally:
        command.end()


@pytest.fixture
def begun(finished, tmp_path) -> Path:
    """A copy of the campaign in ``tmp_path``: v0 is finished, v1 lacks its last segment."""
    manifest = finished.copied_to(tmp_path)
    root = tmp_path / "campaign"
    receipt = json.loads((root / "videos/v1.json").read_text())
    for path in root.glob(f"segments/*/{receipt['segment_keys'][-1]}*"):
        path.unlink()
    for path in root.glob("videos/v1.*"):
        path.unlink()
    return manifest


def rendered(done) -> dict[str, int]:
    assert done.returncode == 0, done.stdout + done.stderr
    return {each["video_id"]: each["num_segments_rendered"] for each in json.loads(done.stdout)}


def render(run, manifest: Path) -> dict[str, int]:
    return rendered(run("render", manifest, "--out", manifest.parents[1], "--json"))


@pytest.mark.sweep
def test_the_next_release_keeps_what_is_finished_and_says_first_what_it_renders_again(
    next_release, nightshoot, begun
):
    out = begun.parents[1]
    planned = next_release("plan", begun, "--out", out)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    told = " ".join((planned.stdout + planned.stderr).split())
    assert "v1: planning it again: an earlier version of engine null began it" in told
    assert "so 2 of its 3 segments that are finished will be rendered again" in told
    assert "v0: planning it again" not in told

    # rollback before anything was rendered: the earlier segments are found
    shutil.copytree(out, out.with_name("back"))
    assert render(nightshoot, out.with_name("back") / "in" / begun.name) == {"v0": 0, "v1": 1}

    assert render(next_release, begun) == {"v0": 0, "v1": 3}
    assert render(next_release, begun) == {"v0": 0, "v1": 0}

    # rollback afterwards: what the next release made is not this one's, all else stays
    assert render(nightshoot, begun) == {"v0": 0, "v1": 1}
    assert render(nightshoot, begun) == {"v0": 0, "v1": 0}


def test_a_worker_of_another_version_refuses_a_plan_and_files_no_wrong_pixels(
    next_release, nightshoot, begun
):
    out = begun.parents[1]
    next_release("plan", begun, "--out", out)
    before = sorted(path.name for path in out.glob("campaign/segments/*/*"))

    refused = nightshoot("retry", "campaign", "--out", out, "--here", "--json")

    assert refused.returncode == 1
    (told,) = [each for each in json.loads(refused.stdout) if each["video_id"] == "v1"]
    assert told["status"] == "failed"
    assert "cannot be rendered here" in told["error"]
    assert "engine null, version 1" in told["error"]
    assert sorted(path.name for path in out.glob("campaign/segments/*/*")) == before
    assert render(next_release, begun) == {"v0": 0, "v1": 3}, "the right version goes on"


def test_the_command_line_tells_its_version(nightshoot):
    from importlib.metadata import version

    told = nightshoot("--version")
    assert told.returncode == 0
    assert told.stdout.strip() == f"nightshoot, version {version('nightshoot')}"


def test_workers_tell_their_versions_and_the_status_shows_them(prefect_api, tmp_path, monkeypatch):
    from importlib.metadata import version

    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.cli.cluster.printing import told_release
    from flows.cluster.workers.versions import own_version, variable_name
    from flows.deployment.server import cluster_client
    from flows.deployment.status import cluster_status

    env = {**os.environ, "PREFECT_API_URL": prefect_api, "HOME": str(tmp_path)}
    prefect = str(Path(sys.executable).with_name("prefect"))
    with temporary_settings({PREFECT_API_URL: prefect_api}), cluster_client() as client:
        client.create_work_pool(WorkPoolCreate(name="cpu", type="process"))
        name = variable_name("cpu", "here-cpu")
        command = [prefect, "worker", "start", "--pool", "cpu", "--type", "process"]
        worker = Daemon([*command, "--name", "here-cpu"], tmp_path / "worker.log", env)
        try:
            worker.start()
            wait_until(lambda: client.read_variable_by_name(name), 180, "it tells its version")
            (seen,) = cluster_status().workers
            assert (seen.release, seen.engines) == (
                version("nightshoot"),
                dict(own_version().engines),
            )
            assert told_release(seen).startswith(f"release {version('nightshoot')}, engines null 1")
        finally:
            worker.stop()
            client.delete_work_pool("cpu")
            client.delete_variable_by_name(name)
