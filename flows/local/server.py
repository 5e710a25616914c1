"""The laptop's own Prefect server: up beside the campaign, gone with it, its database in logs/.

Run as ``python -m flows.local.server DESCRIPTOR``, of a socket that is bound already, so that no
other program of the machine can take its port. Who asks it needs a password, which is drawn for
each run and travels in the environment: another user's processes do not see it, nor web pages.
Who has set PREFECT_API_URL uses that server instead.
"""

import gc
import logging
import os
import secrets
import shutil
import socket
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from flows.local.empty_database import DATABASE, begin_database, keep_database
from model import child_environment
from model.errors import MachineError
from tasks.processes.child_processes import Child
from tasks.processes.stop_request import check_stop

if TYPE_CHECKING:
    import httpx

_APP = "prefect.server.api.server"
_START_TIMEOUT_S = 120.0
_HEALTH_TIMEOUT_S = 2.0
_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
}
BATCHING = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
}
"""Writing in batches, the server lags 3 s behind 1,000 task runs; one by one, 46 s."""
_SERVER = {
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT_UI_ENABLED": "0",
    **BATCHING,
}
KNOWS_BLOCKS = {
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
}
"""For a database that is there already: no run uses Prefect's blocks, and to look through all types
of them on every start took a quarter of the processor's time for it."""


# of ours and of the person's: one of these that stays would send a wrong password to the server
_AUTH = "PREFECT_API_AUTH_STRING"
_REPLACED = ("PREFECT_API_URL", "PREFECT_HOME", _AUTH)


_DAMAGE_SIGNS = ("file is not a database", "database disk image is malformed")


class ServerError(MachineError):
    """Prefect's server did not come up."""


class LocalServer:
    """A server that starts in the background and is waited for only when it is needed."""

    def __init__(self, logs: Path) -> None:
        self._home = logs / "prefect"
        self._child: Child | None = None
        self._is_ready = self._has_new_database = False
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        if os.environ.get("PREFECT_API_URL"):
            self._is_ready = True
            return
        self._before = {name: os.environ.get(name) for name in _REPLACED}
        self._log = logs / "prefect-server.log"
        self._start()

    def _start(self) -> None:
        self._has_new_database = begin_database(self._home)
        blocks = {} if self._has_new_database else KNOWS_BLOCKS
        with socket.create_server(("127.0.0.1", 0)) as listener:
            own = f"http://127.0.0.1:{listener.getsockname()[1]}"
            os.environ["PREFECT_HOME"] = str(self._home.resolve())
            os.environ["PREFECT_API_URL"] = f"{own}/api"
            os.environ[_AUTH] = f"nightshoot:{secrets.token_urlsafe(32)}"
            self._child = Child(
                "flows.local.server",
                [str(listener.fileno())],
                self._log,
                child_environment.server(os.environ)
                | _SERVER
                | blocks
                | {
                    "PREFECT_SERVER_API_AUTH_STRING": os.environ[_AUTH],
                    "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": own,
                },
                [listener.fileno()],
            )

    def wait(self) -> None:
        """Until it answers.

        Raises:
            ServerError: it ended or did not answer in time.
            StoppedError: the user asked to stop.
        """
        import httpx

        if not self._is_ready:
            # one client: making one reads the machine's certificates, which takes 40 ms each time
            with httpx.Client(timeout=_HEALTH_TIMEOUT_S) as client:
                self._wait(client)
        if self._has_new_database:
            keep_database(self._home)
            self._has_new_database = False

    def _wait(self, client: "httpx.Client") -> None:
        import httpx

        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._is_ready:
            check_stop()
            child = self._child
            assert child is not None
            if child.exit_code is not None and self._put_damage_aside(child.log_tail()):
                child.end(timeout_s=1.0)
                self._start()
                deadline = time.monotonic() + _START_TIMEOUT_S
                continue
            if child.exit_code is not None or time.monotonic() > deadline:
                raise ServerError(
                    f"Prefect's server did not come up (exit code {child.exit_code}): "
                    f"{child.log_tail()}; its log is {child.log_path}"
                )
            try:
                answer = client.get(f"{os.environ['PREFECT_API_URL']}/health")
                self._is_ready = answer.status_code == 200
            except httpx.TransportError:
                time.sleep(0.05)

    def _put_damage_aside(self, said: str) -> bool:
        """Begin a new database where the old one cannot be read; only the runs' history is in it.

        Returns:
            Whether there was one to put aside.
        """
        database = self._home / DATABASE
        if not database.exists() or not any(sign in said for sign in _DAMAGE_SIGNS):
            return False
        for path in self._home.glob(f"{DATABASE}*"):
            path.replace(path.with_name(f"damaged-{path.name}"))
        return True

    def end(self) -> None:
        """End it, if it is ours."""
        if self._child is not None:
            self._child.end(timeout_s=1.0)
            for name, value in self._before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            shutil.rmtree(self._home / "storage", ignore_errors=True)


def log_prefect_to(path: Path) -> None:
    """Send what Prefect says to a file; the terminal is ours. Call after Prefect is imported."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for name in [None, *logging.root.manager.loggerDict]:
        logger = logging.getLogger(name)
        is_prefects = name is not None and name.split(".")[0] in {"prefect", "docket"}
        if is_prefects or name is None:
            for old in list(logger.handlers):
                logger.removeHandler(old)
    for name in ("prefect", "docket"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).propagate = False


def main() -> None:
    """Serve until standard input closes."""
    import uvicorn

    from flows.local.sqlite_writes import let_writers_wait
    from model.host.collector import pause_collector
    from model.host.guard import exit_with_owner

    let_writers_wait()
    exit_with_owner(lambda: None)
    config = uvicorn.Config(f"{_APP}:create_app", factory=True, log_level="error", lifespan="on")
    with pause_collector():
        import_module(_APP)
        gc.freeze()  # what is imported stays
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
