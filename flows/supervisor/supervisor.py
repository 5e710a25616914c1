"""`nightshoot cluster start`: server, deployments and workers, kept running until Ctrl-C."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

from flows.local.empty_database import DATABASE, begin_database, keep_database
from flows.local.server import KNOWS_BLOCKS
from flows.metrics.endpoint import Endpoint, serving
from flows.metrics.textfile import metrics_folder
from flows.supervisor.database import check_database, database_settings
from flows.supervisor.health import ServerHealth, Signs, hang_limit, touched
from flows.supervisor.home import PASSWORD_VARIABLE, URL_VARIABLE, ClusterHome, SupervisorError
from flows.supervisor.log_view import LogView
from flows.supervisor.part import Part
from flows.supervisor.settings import (
    Slots,
    client_settings,
    server_settings,
    slots_of,
    worker_settings,
)
from model import child_environment
from tasks.errors import counted
from tasks.processes.child_processes import Child, Guarded

_TICK_S = 0.1
_START_TIMEOUT_S = 300.0  # as for every part; on a busy machine it has taken more than two
_SET_UP_TIMEOUT_S = 300.0
_HEALTH_TIMEOUT_S = 2.0
# all is over 10 s after Ctrl-C: workers end their runs, guards kill what lingers, the server ends
_WORKER_GRACE_S = 7.0
_WORKER_END_S = 8.5
_SERVER_END_S = 1.0
_CAMPAIGNS_AT_ONCE = 4
_POOLS = ("cpu", "gpu")
_NAMES = ("cluster", "server", "set-up", *_POOLS)


@dataclass(frozen=True)
class ClusterRequest:
    """Where a cluster is kept, and its server's port and database.

    Attributes:
        home: folder of its database, logs and password.
        port: of the server, on the loopback address.
        database: address of a PostgreSQL; empty: a file in ``home``.
        metrics: ``[HOST:]PORT`` at which figures are served; empty: they are not.
    """

    home: Path
    port: int
    database: str = ""
    metrics: str = ""


def run_cluster(
    request: ClusterRequest, environ: Mapping[str, str], show: Callable[[str], None]
) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP; then nothing that was started here is left.

    Args:
        request: where and how.
        environ: for the GPU slots and PGPASSWORD.
        show: is given the lines of the log view.

    Raises:
        SupervisorError: a cluster runs there already, the port is taken, PostgreSQL lets us not in,
            NIGHTSHOOT_HANG_S is no number, or server or set-up failed.
        MachineError: figures cannot be served where they should be.
        LeaseError: a setting names GPU slots that cannot be.
    """
    slots, hang_s = slots_of(environ), hang_limit(environ)
    home = ClusterHome(request.home)
    database = database_settings(request.database, environ) if request.database else {}
    with ExitStack() as stack:
        stack.enter_context(home.held())
        listener = stack.enter_context(_listening(request.port))
        stop = stack.enter_context(_stopped_by_signals())
        if database:
            check_database(database)
        figures = stack.enter_context(_figures_served(home, request.metrics, environ))
        access = home.write_access(request.port)
        view = LogView(show, _NAMES)
        cluster = _Cluster(home, access, view, stop, figures, hang_s)
        try:
            cluster.start_server(listener, database)
            cluster.set_up(slots)
            cluster.keep_running()
        finally:
            cluster.end()
            view.close()


@contextmanager
def _listening(port: int) -> Generator[socket.socket]:
    """The server's socket is ours: while it is started again, who asks it waits."""
    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise SupervisorError(
            f"port {port} of this machine cannot be used ({error.strerror}); choose another one "
            "with --port"
        ) from error
    with listener:
        yield listener


@contextmanager
def _figures_served(
    home: ClusterHome, wished: str, environ: Mapping[str, str]
) -> Generator[Endpoint | None]:
    """Those of the workers and their runs, by this process; None: nobody asked for it."""
    if not wished:
        yield None
        return
    folder = metrics_folder(environ) or home.folder / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    with serving(folder, wished, "--metrics-port") as endpoint:
        yield endpoint


@contextmanager
def _stopped_by_signals() -> Generator[threading.Event]:
    stop, numbers = threading.Event(), (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = [signal.signal(number, on_signal) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class _Cluster:
    """The parts, in the order in which they start; they end in the other."""

    def __init__(
        self,
        home: ClusterHome,
        access: Mapping[str, str],
        view: LogView,
        stop: threading.Event,
        figures: Endpoint | None,
        hang_s: float,
    ) -> None:
        self._home, self._access, self._view, self._stop = home, access, view, stop
        self._figures, self._hang_s = figures, hang_s
        self._health = ServerHealth(access[URL_VARIABLE])
        self._client = httpx.Client(timeout=_HEALTH_TIMEOUT_S)
        self._began = time.monotonic()
        self._server: Part | None = None
        self._knows_blocks = False
        self._setting_up: Child | None = None
        self._workers: list[Part] = []

    def start_server(self, listener: socket.socket, database: Mapping[str, str]) -> None:
        """Start it and wait until it answers.

        Raises:
            SupervisorError: it ended, or did not answer in time.
        """
        port: int = listener.getsockname()[1]
        has_own = (self._home.prefect / DATABASE).exists()
        is_new = not database and begin_database(self._home.prefect)
        # the kept database knows Prefect's blocks, and so does one that a server has answered with
        self._knows_blocks = not (database or has_own or is_new)
        settings = child_environment.server(os.environ) | server_settings(
            self._home.prefect, port, self._access, database
        )
        log = self._log("server")

        def start() -> Child:
            number = listener.fileno()
            known = KNOWS_BLOCKS if self._knows_blocks else {}
            return Child("flows.local.server", [str(number)], log, settings | known, [number])

        answers = Signs(lambda: self._health.num_answers, self._hang_s)
        server = self._server = Part("server", start, answers)
        server.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._is_healthy():
            child = server.child
            assert child is not None
            if child.exit_code is not None or time.monotonic() > deadline:
                raise SupervisorError(
                    f"Prefect's server did not come up (exit code {child.exit_code}): "
                    f"{child.log_tail()}; its log is {log}"
                )
            if self._is_stopped():
                return
        self._knows_blocks = True
        if is_new:
            keep_database(self._home.prefect)

    def set_up(self, slots: Slots) -> None:
        """Make pools, queues, automations and deployments; start the workers once there are pools.

        Raises:
            SupervisorError: it failed.
        """
        if self._stop.is_set():
            return
        settings = child_environment.server(os.environ) | client_settings(
            self._home.prefect, self._access
        )
        log = self._log("set-up")
        child = self._setting_up = Child("flows.cli", ["cluster", "up"], log, settings)
        deadline = time.monotonic() + _SET_UP_TIMEOUT_S
        while (code := child.exit_code) is None and time.monotonic() < deadline:
            if self._is_stopped():
                return
            if not self._workers and self._has_pools():
                self._start_workers(slots)
        if code != 0:
            raise SupervisorError(f"the set-up failed (exit code {code}): {child.log_tail()}")
        if not self._workers:
            self._start_workers(slots)

    def _start_workers(self, slots: Slots) -> None:
        """One for campaigns, one for videos."""
        limit = ("--limit", str(_CAMPAIGNS_AT_ONCE))
        kinds = (("cpu", "process", limit, None), ("gpu", "gpu-process", (), slots))
        for pool, type_, options, of_pool in kinds:
            signs = Signs(touched(self._sign(pool)), self._hang_s)
            part = Part(pool, self._worker(pool, type_, options, of_pool), signs)
            self._workers.append(part)
            part.start()
        kind = "GPUs" if slots.are_gpus else "slots of the CPU, for engines that need no GPU"
        self._view.say("cluster", f"{kind}: {', '.join(slots.names)}")

    def _has_pools(self) -> bool:
        user, _, password = self._access[PASSWORD_VARIABLE].partition(":")
        url = f"{self._access[URL_VARIABLE]}/work_pools"
        try:
            return all(
                self._client.get(f"{url}/{pool}", auth=(user, password)).is_success
                for pool in _POOLS
            )
        except httpx.TransportError:
            return False

    def keep_running(self) -> None:
        """Until it is stopped: show the logs, and start again what crashed or hangs."""
        assert self._server is not None
        parts = [self._server, *self._workers]
        if not self._stop.is_set():
            self._tell_ready(len(parts))
        while not self._is_stopped():
            for part in parts:
                if told := part.look():
                    self._view.say("cluster", f"{part.name} {told}")

    def end(self) -> None:
        """Ask the workers, then the server; whoever lingers is killed."""
        began = time.monotonic()
        self._health.close()
        self._client.close()
        if self._setting_up is not None:
            self._setting_up.end(0.0)
        children = [part.child for part in self._workers if part.child is not None]
        for child in children:
            child.ask_to_end()
        if children:
            self._view.say("cluster", "the workers end their runs")
        while any(child.exit_code is None for child in children):
            self._view.look()
            if time.monotonic() - began > _WORKER_END_S:
                break
            time.sleep(_TICK_S)
        for child in children:
            child.end(0.0)
        if self._server is not None and self._server.child is not None:
            self._server.child.end(_SERVER_END_S)
        self._view.look()
        self._view.say("cluster", f"ended within {time.monotonic() - began:.0f} s")

    def _worker(
        self, pool: str, type_: str, options: tuple[str, ...], slots: Slots | None
    ) -> Callable[[], Child]:
        name = f"{socket.gethostname()}-{pool}"
        told = self._figures.folder if self._figures else None
        settings = child_environment.worker(os.environ) | worker_settings(
            self._home.prefect, self._access, slots, told, self._sign(pool)
        )
        log, signs = self._log(pool), self._home.folder / "signs" / pool

        def start() -> Child:
            signs.mkdir(parents=True, exist_ok=True)
            arguments = ["flows.supervisor.worker", pool, type_, name, *options]
            return Guarded(arguments, log, signs, settings, grace_s=_WORKER_GRACE_S)

        return start

    def _sign(self, pool: str) -> Path:
        return self._home.folder / "signs" / f"{pool}.sign"

    def _log(self, name: str) -> Path:
        path = self._home.logs / f"{name}.log"
        self._view.add(name, path)
        return path

    def _is_stopped(self) -> bool:
        """A tick of the clock: show what was said meanwhile."""
        is_stopped = self._stop.wait(_TICK_S)
        self._view.look()
        return is_stopped

    def _is_healthy(self) -> bool:
        try:
            url = f"{self._access[URL_VARIABLE]}/health"
            return self._client.get(url).is_success
        except httpx.TransportError:
            return False

    def _tell_ready(self, num_parts: int) -> None:
        page = self._access[URL_VARIABLE].removesuffix("/api")
        if self._figures is not None:
            told = f"figures for Prometheus: http://{self._figures.address}/metrics"
            self._view.say("cluster", told)
        for line in (
            f"{counted(num_parts, 'part')} started after {time.monotonic() - self._began:.0f} s; "
            "Ctrl-C stops them all",
            f"Prefect's pages: {page} (their password is in {self._home.access_path})",
            "a campaign, from another terminal: nightshoot submit MANIFEST --out FOLDER",
        ):
            self._view.say("cluster", line)
