"""A wheel holds all that runs without a checkout: built, installed beside nothing, and used."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.integration.campaigns import ROOT

pytestmark = pytest.mark.integration

PACKAGES = ("flows", "tasks", "model")
# beside modules, what they read at run time, and what a licence asks to come along
DATA = {
    "model/preview/nets/NOTICE",
    "model/speech/voices/NOTICE",
    "manifests/presets.toml",
    "manifests/smoke.csv",
    *(f"manifests/portraits/{name}.{end}" for name in ("jun", "mara", "otto") for end in ("png",)),
    *(f"manifests/portraits/{name}.rig.json" for name in ("jun", "mara", "otto")),
}


def ran(command: list[object], **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=180, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    # with what is not committed yet, without what git ignores
    listed = ran(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tracked, tmp_path_factory) -> Path:
    """Built from a copy: nothing of the build is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in tracked:
        if not name.startswith(("tests/", "benchmarks/", "docs/")):
            (folder / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / "copy" / name)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    ran([sys.executable, "-m", "pip", "wheel", *options, "-w", folder, folder / "copy"])
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """A venv with the wheel alone: its dependencies are those of the venv that runs the tests."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    # what is imported compiles itself; the rest of it is not run here
    options = ["--no-deps", "--no-index", "--quiet", "--no-compile"]
    ran([*pip, "--python", folder / "bin" / "python", "install", *options, wheel])
    # a path of a .pth file is no site folder: the checkout's own .pth is not followed
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


@pytest.fixture
def outside(tmp_path) -> dict:
    """Where to run: not in the checkout, which no variable names either."""
    env = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return {"cwd": tmp_path, "env": env | {"COLUMNS": "120"}}


def test_every_module_and_what_it_reads_is_in_the_wheel(wheel, tracked):
    packed = set(zipfile.ZipFile(wheel).namelist())

    modules = {name for name in tracked if name.endswith(".py") and name.split("/")[0] in PACKAGES}
    data = {
        name
        for name in tracked
        if name.endswith((".j2", ".onnx", ".bin")) and name.split("/")[0] in PACKAGES
    }
    assert len(modules) > 100
    assert data
    assert sorted((modules | data | DATA) - packed) == []
    licences = {Path(name).name for name in packed if "/licenses/" in name}
    assert licences >= {"LICENSE", "THIRD_PARTY_NOTICES.md"}
    tops = {name.partition("/")[0] for name in packed}
    assert {top for top in tops if not top.endswith(".dist-info")} == {*PACKAGES, "manifests"}


def test_the_demo_is_planned_from_the_wheel(python, outside, tmp_path):
    shutil.copytree(ROOT / "manifests", tmp_path / "in")
    demo = tmp_path / "in" / "demo.csv"
    text = demo.read_text(encoding="utf-8")
    for said in (
        r"(lamp that follows the sun\.)[^\"]*",
        "(时间的灯。)[^,]*",
    ):  # the rest takes long
        text, num_cut = re.subn(said, r"\1", text)
        assert num_cut == 1
    for size, small in (("704x384", "288x192"), ("384x704", "192x288"), (",,2", ",288x192,2")):
        assert text.count(size) == 1  # the time of a short test is not what is asked
        text = text.replace(size, small)
    demo.write_text(text, encoding="utf-8")
    code = "import flows, manifests; print(flows.__path__[0], *manifests.__path__)"
    found = ran([python, "-c", code], **outside).stdout
    assert str(ROOT) not in found
    assert str(python.parents[1]) in found

    # one worker, as the time of several side by side is not what is asked
    arguments = ["plan", "in/demo.csv", "--out", "renders", "--json", "--workers", "1"]
    planned = ran([python.with_name("nightshoot"), *arguments], **outside)

    quote = json.loads(planned.stdout)
    assert len(quote["videos"]) == 3
    assert all(video["num_segments"] for video in quote["videos"])


@pytest.mark.sweep
def test_the_smoke_tests_manifest_is_planned_from_the_wheel(python, outside):
    code = (
        "from pathlib import Path; import flows.cli.plan as plan\n"
        "from tasks.manifest.manifest import RowDefaults, read_manifest\n"
        "from tasks.manifest.presets import load_presets\n"
        "path = Path(plan.__file__).parents[2] / 'manifests' / 'smoke.csv'\n"
        "print(len(read_manifest(path, RowDefaults(), presets=load_presets()).rows))"
    )
    assert ran([python, "-c", code], **outside).stdout.strip() == "10"


@pytest.mark.sweep
def test_a_cluster_cannot_be_set_up_from_a_wheel_and_that_is_said(python, outside):
    code = (
        "from flows.deployment.server import ClusterError\n"
        "from flows.deployment.deploy import deploy_all\n"
        "from flows.deployment.inventory import DEPLOY_FILE\n"
        "try:\n    deploy_all(DEPLOY_FILE)\nexcept ClusterError as error:\n    print(error)"
    )
    assert "needs a checkout of Nightshoot" in ran([python, "-c", code], **outside).stdout
