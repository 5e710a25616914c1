"""What the integration tests share: a finished campaign, servers; each made once a session."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.campaigns import Finished, share_clauses, write_short_campaign
from tests.integration.servers import Postgres, PrefectCluster, Worker


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
def bare_cluster(
    postgres: Postgres, clauses: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrefectCluster]:
    """Prefect's server on PostgreSQL, with nothing in it yet."""
    cluster = PrefectCluster(tmp_path_factory.mktemp("cluster"), postgres, clauses=clauses)
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
