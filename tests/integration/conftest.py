"""What the integration tests share: a finished campaign, servers; each made once a session."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.campaigns import Finished, share_clauses, write_short_campaign
from tests.integration.kills import Crew
from tests.integration.servers import Postgres, PrefectCluster, Worker
from tests.seaweed import Seaweed
from tests.warm_command import WarmCommand


@pytest.fixture(scope="session")
def clauses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sounds of all clauses that campaigns of this session have spoken, on both sides of it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    made = folder / "clauses"
    made.mkdir(exist_ok=True)
    return made


@pytest.fixture(scope="session")
def nightshoot_command(nightshoot_command: Callable[..., Any], clauses: Path) -> Callable[..., Any]:
    """The command line, whose campaigns share the sounds of clauses as those of one ``--out`` do.

    A test of what is spoken asks for ``own_clauses=True``.
    """

    def run(*arguments: object, own_clauses: bool = False, **options: Any) -> Any:
        if not own_clauses:
            share_clauses(arguments, clauses)
        return nightshoot_command(*arguments, **options)

    return run


@pytest.fixture(scope="session")
def start_nightshoot(start_nightshoot: Callable[..., Any], clauses: Path) -> Callable[..., Any]:
    """The same, running."""

    def start(
        arguments: Sequence[object], *log: Path, own_clauses: bool = False, **options: str
    ) -> Any:
        if not own_clauses:
            share_clauses(arguments, clauses)
        return start_nightshoot(arguments, *log, **options)

    return start


@pytest.fixture(scope="session")
def finished(
    nightshoot_command: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    """Two videos of three segments each, rendered once."""
    folder = tmp_path_factory.mktemp("finished")
    manifest = write_short_campaign(folder / "in")
    done = nightshoot_command("render", manifest, "--out", folder, "--workers", 1)
    assert done.returncode == 0, done.stdout + done.stderr
    return Finished(manifest, folder / "campaign")


@pytest.fixture(scope="session")
def ended_by_sigterm() -> Iterator[None]:
    """A session that is told to end (a CI job's timeout) tears its servers down, like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def postgres(
    ended_by_sigterm: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postgres]:
    """A PostgreSQL of our own; skips where none is installed."""
    server = Postgres(tmp_path_factory.mktemp("postgres") / "postgres.log")
    try:
        yield server.start()
    finally:
        server.end()


@pytest.fixture(scope="session")
def cluster_commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmCommand]:
    """What the commands of every cluster are forked from; each reads which server is its own."""
    env = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    settings = {
        "DO_NOT_TRACK": "1",
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "PREFECT_HOME": str(tmp_path_factory.mktemp("commands")),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    }
    made = WarmCommand({**env, **settings}, reads_again=True)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="session")
def bare_cluster(
    postgres: Postgres,
    clauses: Path,
    cluster_commands: WarmCommand,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PrefectCluster]:
    """Prefect's server on PostgreSQL, with nothing in it yet."""
    folder = tmp_path_factory.mktemp("cluster")
    cluster = PrefectCluster(folder, postgres, clauses=clauses, commands=cluster_commands)
    try:
        yield cluster.start()
    finally:
        cluster.end()


@pytest.fixture(scope="session")
def cluster(bare_cluster: PrefectCluster) -> PrefectCluster:
    """The same with pools, queues, automations and deployments, made by ``cluster up``."""
    made = bare_cluster.nightshoot("cluster", "up")
    assert made.returncode == 0, made.stdout + made.stderr
    return bare_cluster


@pytest.fixture(scope="session")
def whole_crew(
    cluster: PrefectCluster, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crew]:
    """A worker for campaigns and two for videos, with a GPU and a warm engine of its own each."""
    with Crew(cluster, tmp_path_factory.mktemp("crew"), seaweed.env(), ("0", "1")) as crew:
        yield crew


@pytest.fixture
def crew(whole_crew: Crew) -> Iterator[Crew]:
    """The same, whole again where an earlier test has killed some of it."""
    with whole_crew.at_work() as crew:
        yield crew


@pytest.fixture
def start_worker(cluster: PrefectCluster) -> Iterator[Callable[..., Worker]]:
    """``start_worker("gpu", type_="gpu-process")`` and the like; the test ends them."""
    started: list[Worker] = []

    def start(pool: str, **options: Any) -> Worker:
        worker = Worker(cluster, pool, **options)
        started.append(worker)
        return worker.start()

    try:
        yield start
    finally:
        for worker in reversed(started):
            worker.end()
