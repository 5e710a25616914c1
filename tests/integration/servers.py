"""Real servers of the integration tests: PostgreSQL, Prefect's server, its workers.

Each is a daemon that can be stopped, killed and started again with the same port and data. All
die with the test session: the kernel kills them when it ends, and whatever their workers started
carries a mark in its environment by which it is found.
"""

import base64
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import pytest

from flows.local.empty_database import begin_database
from tests.integration.campaigns import share_clauses
from tests.warm_command import WarmCommand

ROOT = Path(__file__).parents[2]
MARK = "NIGHTSHOOT_TEST_SESSION"
BATCHING = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
}
TERMINAL = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
_AUTH = "admin:rehearsal"
# two contended cores: a server that needs 9 s alone has needed 30 s beside other tests
_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 30.0
_BUSY_S = 30.0
# a request costs the server 10 ms of computing, and before it changes anything, another for a token
_LONGEST_POLL_S = 2.0
_TOKEN_LASTS_S = 600.0
_TAIL_CHARS = 3000
_WORKER_STARTED = "' started!"
# a client that reads all certificates first takes 40 ms of computing, a hundred times the request
_NO_TLS = False
_DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
# Prefect's worker ends itself with Ctrl-C when it is asked to end; a shell's background job, as
# these tests may be, ignores Ctrl-C, and the worker would be waited for in vain
_HEARS_CTRL_C = ("env", "--default-signal=INT")


def wait_until(
    happened: Callable[[], Any],
    timeout_s: float,
    what: str,
    *,
    every_s: float = 0.2,
    longest_s: float = 0.0,
) -> Any:
    """Poll until ``happened`` returns something true, and return that.

    Args:
        happened: asked again and again.
        timeout_s: until it is given up.
        what: is waited for.
        every_s: how often it is asked.
        longest_s: it is asked as seldom as this when much time has passed; 0: always as often.

    Raises:
        AssertionError: ``what`` did not happen in time.
    """
    began = time.monotonic()
    while not (result := happened()):
        waited_s = time.monotonic() - began
        if waited_s > timeout_s:
            raise AssertionError(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(max(every_s, min(longest_s, waited_s / 20)))
    return result


def free_port() -> int:
    """A port outside the range outgoing connections take, so that a restart finds it free."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port between 20000 and 32000")


class Daemon:
    """A program in a session of its own that dies with the tests; its words go to ``log_path``."""

    def __init__(
        self,
        command: Sequence[str],
        log_path: Path,
        env: Mapping[str, str],
        *,
        cwd: Path = Path("/"),
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.command, self.log_path, self.env = list(command), log_path, dict(env)
        self._cwd, self._user, self._stop_signal = cwd, user, stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_text(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self) -> Self:
        """Start it, or start it again."""
        assert not self.is_running, f"{self.command[0]} runs already"
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        as_user = {"user": self._user, "group": self._user, "extra_groups": []}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*_DIES_WITH_US, *_HEARS_CTRL_C, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self._cwd,
                start_new_session=True,
                **(as_user if self._user else {}),
            )
        return self

    def stop(self, timeout_s: float = _STOP_TIMEOUT_S) -> None:
        """Ask it to end (SIGTERM), and kill it where it does not."""
        if self._process is not None and self.is_running:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kill -9, of this process alone: what it started lives on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait_for(
        self, happened: Callable[[], Any], what: str, timeout_s: float = _START_TIMEOUT_S
    ) -> None:
        """Poll until it is up; tell its last words where it ended instead."""

        def is_up() -> bool:
            if not self.is_running:
                tail = self.log_text()[-_TAIL_CHARS:]
                raise AssertionError(f"{what}: it ended instead; {self.log_path} says:\n{tail}")
            return bool(happened())

        wait_until(is_up, timeout_s, f"{what} ({self.log_path})")


# --- PostgreSQL ---------------------------------------------------------------------------------


def postgres_bin() -> Path | None:
    """Folder of the newest PostgreSQL's programs, where one is installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


class Postgres:
    """A database server of the tests' own, as user ``postgres`` where the tests run as root."""

    def __init__(self, log_path: Path) -> None:
        programs = postgres_bin()
        if programs is None:
            pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
        self._programs = programs
        self._user = "postgres" if os.geteuid() == 0 else None
        # not under pytest's folder: user postgres may not enter that one
        self._folder = Path(tempfile.mkdtemp(prefix="nightshoot-postgres-"))
        self.port = free_port()
        #: what Prefect's server must be set to; by parts, as it hides a database given as a URL
        self.settings = {
            "PREFECT_SERVER_DATABASE_DRIVER": "postgresql+asyncpg",
            "PREFECT_SERVER_DATABASE_HOST": "127.0.0.1",
            "PREFECT_SERVER_DATABASE_PORT": str(self.port),
            "PREFECT_SERVER_DATABASE_USER": "prefect",
            "PREFECT_SERVER_DATABASE_PASSWORD": "unused",
            "PREFECT_SERVER_DATABASE_NAME": "prefect",
        }
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        data = self._folder / "data"
        self._program("initdb", "-D", str(data), "-A", "trust", "-U", "prefect", "--no-sync")
        settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}")
        # our kills are of processes, never of the machine: nothing is lost without fsync
        fast = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
        options = [part for setting in (*settings, *fast) for part in ("-c", setting)]
        self.daemon = Daemon(
            [str(programs / "postgres"), "-D", str(data), "-p", str(self.port), *options],
            log_path,
            {"PATH": os.environ["PATH"], "LC_ALL": "C"},
            cwd=self._folder,
            user=self._user,
            stop_signal=signal.SIGINT,
        )

    def start(self) -> Self:
        """Start it, or start it again, and wait until it answers."""
        self.daemon.start()
        self.daemon.wait_for(self._is_ready, "PostgreSQL accepts connections")
        if not self.query("select 1 from pg_database where datname = 'prefect'"):
            self.query("create database prefect")
        return self

    def stop(self) -> None:
        self.daemon.stop()

    def kill(self) -> None:
        """Kill -9 of the postmaster; its backends notice and end."""
        self.daemon.kill()

    def query(self, sql: str, database: str = "postgres") -> str:
        """What ``psql`` prints for one statement, unaligned and without headers."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "prefect", "-d", database)
        return self._program("psql", *where, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql)

    def dump(self, database: str = "prefect") -> str:
        """Everything that is in a database, as text."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "prefect")
        return self._program("pg_dump", *where, "--data-only", database)

    def end(self) -> None:
        """Stop it and remove its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run([self._programs / "pg_isready", *where], check=False).returncode == 0

    def _program(self, name: str, *arguments: str) -> str:
        as_user = {"user": self._user, "group": self._user, "extra_groups": []}
        result = subprocess.run(
            [self._programs / name, *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **(as_user if self._user else {}),
        )
        assert result.returncode == 0, f"{name}: {result.stderr}"
        return result.stdout.strip()


# --- Prefect's server ---------------------------------------------------------------------------


class PrefectCluster:
    """A real ``prefect server start`` (SQLite unless told) and what its clients need to know."""

    def __init__(
        self,
        folder: Path,
        database: Postgres | None = None,
        *,
        is_protected: bool = True,
        clauses: Path | None = None,
        commands: WarmCommand | None = None,
    ) -> None:
        """A server that is not there yet.

        Args:
            folder: of its files.
            database: its own; None: SQLite.
            is_protected: whether it asks for a password, as ``cluster start`` has it.
            clauses: the sounds that its campaigns share, as those of one ``--out`` do.
            commands: what its commands are forked from; None: a process of its own.
        """
        self.folder, self._is_protected, self._clauses = folder, is_protected, clauses
        self._has_sqlite = database is None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.mark = uuid.uuid4().hex
        self._csrf_token, self._token_until = "", float("-inf")
        base = {
            **{name: value for name, value in os.environ.items() if "PREFECT" not in name},
            MARK: self.mark,
            # the machine's own would be shared with other test sessions, and with people's workers
            "NIGHTSHOOT_LEASE_DIR": str(folder / "leases"),
            "DO_NOT_TRACK": "1",
            "PREFECT_HOME": str(folder / "home"),
            "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PYTHONUNBUFFERED": "1",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        protection = {
            **BATCHING,
            "PREFECT_SERVER_API_AUTH_STRING": _AUTH,
            "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
            "PREFECT_SERVER_UI_API_URL": self.url,
            "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "4",
            "PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER": "P7D",
        }
        server = {
            **(protection if is_protected else {}),
            **(database.settings if database else {}),
        }
        #: for clients and workers: everything but the server's own settings
        self.env = {
            **base,
            "PREFECT_API_URL": self.url,
            "PREFECT_API_AUTH_STRING": _AUTH,
            "PREFECT_CLI_PROMPT": "false",
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
            "COLUMNS": "160",
        }
        where = ("--host", "127.0.0.1", "--port", str(self.port))
        self.daemon = Daemon(
            [sys.executable, "-m", "prefect", "server", "start", *where],
            folder / "server.log",
            {**base, **server},
            cwd=ROOT,
        )
        self._commands = commands
        self._own_commands: WarmCommand | None = None

    def start(self) -> Self:
        """Start it, or start it again, and wait until it is healthy."""
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        if self._has_sqlite:
            begin_database(home)  # to make its tables takes half of the start
        self.daemon.start()
        self.daemon.wait_for(self.is_healthy, "Prefect's server is healthy")
        return self

    def stop(self) -> None:
        self.daemon.stop()

    def kill(self) -> None:
        """Kill -9; clients see a refused connection until ``start``."""
        self.daemon.kill()

    def end(self) -> None:
        """Stop it, and kill whatever its workers left behind."""
        if self._own_commands is not None:
            self._own_commands.end()
        self.stop()
        for process in self.processes():
            process.kill()

    def is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5, verify=_NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the API, with credentials and (where wanted) a CSRF token; its JSON.

        Asked again while its database is busy (503), as Prefect's own client does.
        """
        credentials = base64.b64encode(_AUTH.encode()).decode()
        headers = {"Authorization": f"Basic {credentials}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=_NO_TLS) as client:
            if method != "GET" and self._is_protected:
                token = self._token(client)
                client.headers.update(
                    {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": self.mark}
                )
            answer = client.request(method, path, json=body)
            if answer.status_code == httpx.codes.FORBIDDEN:  # the database is another one now
                self._token_until = float("-inf")
                client.headers["Prefect-Csrf-Token"] = self._token(client)
                answer = client.request(method, path, json=body)
            until = time.monotonic() + _BUSY_S
            while (
                answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and time.monotonic() < until
            ):
                time.sleep(0.5)
                answer = client.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def _token(self, client: httpx.Client) -> str:
        """That changes something; the database keeps it for an hour, past a restart too."""
        if time.monotonic() > self._token_until:
            answer = client.get("/csrf-token", params={"client": self.mark})
            self._csrf_token = answer.json()["token"]
            self._token_until = time.monotonic() + _TOKEN_LASTS_S
        return self._csrf_token

    def flow_runs(self, **filters: Any) -> list[dict[str, Any]]:
        """Flow runs; ``flow_runs={"name": {"any_": [...]}}`` and the like, as the API has it."""
        return self.request(
            "POST", "/flow_runs/filter", {"sort": "EXPECTED_START_TIME_ASC"} | filters
        )

    def wait_for_run(
        self, run_id: str, timeout_s: float = 120, states: frozenset[str] = TERMINAL
    ) -> dict[str, Any]:
        """The run once its state is one of ``states`` (``COMPLETED``, ``RUNNING``, ...)."""

        def seen() -> dict[str, Any] | None:
            run = self.request("GET", f"/flow_runs/{run_id}")
            return run if run["state_type"] in states else None

        what = f"flow run {run_id} reaches {', '.join(sorted(states))}"
        return wait_until(seen, timeout_s, what, every_s=0.5, longest_s=_LONGEST_POLL_S)

    def run_deployment(self, name: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A new run of deployment ``flow/name``."""
        deployment = self.request("GET", f"/deployments/name/{name}")
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}} | more
        return self.request("POST", f"/deployments/{deployment['id']}/create_flow_run", body)

    def command(
        self,
        module: str,
        *arguments: object,
        timeout_s: float = 180,
        cwd: Path = ROOT,
        **env: str,
    ) -> subprocess.CompletedProcess[str]:
        """``python -m module ...`` as a client of this server."""
        return subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=cwd,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def nightshoot(
        self, *arguments: object, timeout_s: float = 180, own_clauses: bool = False, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """The command line: ``cluster.nightshoot("cluster", "up")``; forked (``WarmCommand``)."""
        if self._clauses is not None and not own_clauses:
            share_clauses(arguments, self._clauses)
        if self._commands is None:
            # without the mark: it is none of the processes that a test may kill or count
            unmarked = {name: value for name, value in self.env.items() if name != MARK}
            self._commands = self._own_commands = WarmCommand(unmarked, reads_again=True)
        return self._commands.run(arguments, {**self.env, **env}, timeout_s)

    def nightshoot_json(self, *arguments: object, **options: Any) -> Any:
        """What the command line prints with ``--json``, whatever its exit code."""
        done = self.nightshoot(*arguments, "--json", **options)
        assert done.stdout.strip(), f"exit {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def prefect(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """Prefect's own command line."""
        return self.command("prefect", *arguments, **options)

    def processes(self) -> list[psutil.Process]:
        """Every process that carries this cluster's mark: server, workers, runs, engine hosts."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            try:
                is_ours = process.environ().get(MARK) == self.mark
                if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found


class Worker:
    """``prefect worker start`` on a pool, started from ``/`` like a service."""

    def __init__(
        self,
        cluster: PrefectCluster,
        pool: str,
        *,
        type_: str = "process",
        name: str | None = None,
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name or f"{pool}-{uuid.uuid4().hex[:6]}"
        command = ["--pool", pool, "--type", type_, "--name", self.name, *options]
        self._cluster, self._pool = cluster, pool
        self.daemon = Daemon(
            [sys.executable, "-m", "prefect", "worker", "start", *command],
            cluster.folder / f"worker-{self.name}.log",
            {**cluster.env, "PREFECT_WORKER_QUERY_SECONDS": "2", **(env or {})},
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        return self.daemon.pid

    def log_text(self) -> str:
        return self.daemon.log_text()

    def start(self) -> Self:
        """Start it, or start it again, and wait until the server has heard from it."""
        began, num_before = time.time(), self.log_text().count(_WORKER_STARTED)
        self.daemon.start()

        def is_online() -> bool:
            has_started = self.log_text().count(_WORKER_STARTED) > num_before
            return has_started and self._heard_since(began)

        self.daemon.wait_for(is_online, f"worker {self.name} is online")
        return self

    def stop(self) -> None:
        """SIGTERM: it ends its runs and itself."""
        self.daemon.stop()

    def kill(self) -> None:
        """Kill -9 of the worker alone; its runs live on."""
        self.daemon.kill()

    def children(self) -> list[psutil.Process]:
        """Every process below it, whatever session it is in."""
        return psutil.Process(self.pid).children(recursive=True)

    def kill_all(self) -> None:
        """Kill -9 of the worker and of everything below it, as when the machine goes."""
        children = self.children()
        self.kill()
        for process in children:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue

    def end(self) -> None:
        """Stop it, and what it started."""
        if self.daemon.is_running:
            children = self.children()
            self.stop()
            for process in children:
                if process.is_running():
                    process.kill()

    def is_online(self) -> bool:
        """Whether the server takes it for alive."""
        return any(seen["status"] == "ONLINE" for seen in self._seen())

    def _heard_since(self, began: float) -> bool:
        return any(_epoch(seen["last_heartbeat_time"]) >= began for seen in self._seen())

    def _seen(self) -> list[dict[str, Any]]:
        """What the server knows of it, once it has heard of it."""
        workers = self._cluster.request("POST", f"/work_pools/{self._pool}/workers/filter", {})
        return [worker for worker in workers if worker["name"] == self.name]


def _epoch(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
