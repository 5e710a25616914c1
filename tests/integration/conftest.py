"""Servers that the cluster tests share: each is started once a session, and ended with it."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.servers import Postgres, PrefectCluster, Worker


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
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrefectCluster]:
    """Prefect's server on PostgreSQL, with nothing in it yet."""
    cluster = PrefectCluster(tmp_path_factory.mktemp("cluster"), postgres)
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
