"""What several rooms of the tests need: small portraits, a Prefect server for the session."""

import gc
import os
import sys
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from model.host.collector import pause_collector
from tests.examples import LOOKS_FOR_NEW, examples
from tests.longest_first import seconds_by_file

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch; the processes that tests start have it too
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # golden sets are made on more threads

# every process that tests start would compile this project anew, and pytest the tests' assertions
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# how long an example takes depends on what else the machine does; the tests of speed say so. The
# examples are the same in every run, so that nobody's change is refused for what another one left;
# `make test-all` looks for new ones
settings.register_profile(
    "shared machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not LOOKS_FOR_NEW,
    max_examples=examples(100),
)
settings.load_profile("shared machine")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in ten thousand tests and all that they import, now or later: they stay.

    Each side collects all of them, and a third of that was the collector's.
    """
    with pause_collector():
        result = yield
        gc.freeze()
    return result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest go first: the last one would leave the other sides idle."""
    seconds = seconds_by_file()
    items.sort(key=lambda item: -seconds.get(item.nodeid.partition("::")[0], 0))


@pytest.fixture(scope="session")
def samples() -> Path:
    """Portraits and recordings of real quality; only where they are at hand."""
    folder = SHARED / "samples"
    if not folder.is_dir():
        pytest.skip("the sample portraits and recordings are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory):
    """URL of a real Prefect server, started once: a run then needs none of its own."""
    sys.path.insert(0, str(ROOT))
    from flows.local.server import LocalServer

    if "PREFECT_API_URL" in os.environ:
        yield os.environ["PREFECT_API_URL"]
        return
    before = dict(os.environ)
    server = LocalServer(tmp_path_factory.mktemp("prefect"))
    try:
        server.wait()
        url, password = (os.environ[n] for n in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"))
        os.environ.clear()
        os.environ.update(before | {"PREFECT_API_AUTH_STRING": password})
        yield url
    finally:
        server.end()


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory):
    """A real S3 server (``tests/seaweed.py``), started once; skips where it is not installed."""
    from tests.seaweed import Seaweed

    server = Seaweed(tmp_path_factory.mktemp("seaweed"))
    try:
        yield server.start()
    finally:
        server.end()


@pytest.fixture
def nightshoot(nightshoot_command):
    """The command line in a process of its own: ``nightshoot("render", "m.csv", ...)``."""
    return nightshoot_command


@pytest.fixture(scope="session")
def warm_command(prefect_api: str, tmp_path_factory: pytest.TempPathFactory):
    """What the session's commands are forked from (``tests/warm_command.py``)."""
    from tests.integration.campaigns import write_portrait
    from tests.warm_command import WarmCommand

    # of most campaigns; a test of what is searched has another picture
    faceless = write_portrait(tmp_path_factory.mktemp("faceless") / "face.png")
    made = WarmCommand({**os.environ, "PREFECT_API_URL": prefect_api}, faceless=[faceless])
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="session")
def nightshoot_command(warm_command, prefect_api: str):
    """The same for fixtures that live longer than a test.

    ``code`` runs in its place; it ends with the command line.
    """

    def run(*arguments: object, timeout_s: float = 120, code: str = "", **env: str):
        whole = {**os.environ, "PREFECT_API_URL": prefect_api, "COLUMNS": "120", **env}
        other = {"code": code} if code else {}
        return warm_command.run(arguments, whole, timeout_s, **other)

    return run


@pytest.fixture(scope="session")
def start_nightshoot(warm_command, prefect_api: str):
    """The command line, running, as ``subprocess.Popen`` has it: ``(["render", ...], log)``.

    ``code`` runs in its place; it ends with the command line.
    """

    def start(arguments: Iterable[object], log: Path, code: str = "", **env: str):
        whole = {**os.environ, "PREFECT_API_URL": prefect_api, **env}
        other = {"code": code} if code else {}
        with log.open("ab") as file:
            return warm_command.start(arguments, whole, file, file, **other)

    return start
