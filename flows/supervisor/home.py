"""The folder of this machine's cluster: its database, its logs, its address and its password.

Commands find a running cluster here where PREFECT_API_URL names none. Prefect is not imported here,
because it reads its settings from the environment when it is imported.
"""

import errno
import fcntl
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from model.errors import NightshootError
from tasks.redaction import printable

HOME_VARIABLE = "NIGHTSHOOT_CLUSTER_HOME"
URL_VARIABLE = "PREFECT_API_URL"
PASSWORD_VARIABLE = "PREFECT_API_AUTH_STRING"
STOP_TIMEOUT_S = 20.0
"""A cluster takes 10 s at most."""
_USER = "admin"
_POLL_S = 0.1


class SupervisorError(NightshootError):
    """The cluster of this machine cannot be started."""


def default_home() -> Path:
    """Where the cluster of this user is kept, unless NIGHTSHOOT_CLUSTER_HOME names a folder."""
    if wished := os.environ.get(HOME_VARIABLE):
        return Path(wished)
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "nightshoot" / "cluster"


class ClusterHome:
    """One such folder; it is made when a cluster is started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def prefect(self) -> Path:
        """Prefect's own home: the database, where it is SQLite, is in it."""
        return self.folder / "prefect"

    @property
    def logs(self) -> Path:
        """A log for each part of the cluster."""
        return self.folder / "logs"

    @property
    def access_path(self) -> Path:
        """Address and password, as a shell or a service reads them; nobody else may."""
        return self.folder / "cluster.env"

    @property
    def _lock_path(self) -> Path:
        return self.folder / "lock"

    @contextmanager
    def held(self) -> Generator[None]:
        """For as long as a cluster runs here; the kernel ends it however its holder ends.

        Raises:
            SupervisorError: one runs here already, or the folder cannot be used.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise SupervisorError(
                f"{self.folder}: the cluster cannot be kept here ({error.strerror}); name another "
                f"folder with --home or {HOME_VARIABLE}"
            ) from error
        try:
            if not _is_taken(descriptor):
                raise SupervisorError(self._told(descriptor))
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            yield
        finally:
            os.close(descriptor)

    def _told(self, descriptor: int) -> str:
        holder = printable(os.pread(descriptor, 20, 0).decode(errors="replace"))
        url = self.access().get(URL_VARIABLE, "its server is not up yet")
        return (
            f"a cluster already runs in {self.folder} (process {holder}, {url}): Ctrl-C in its "
            "terminal or `nightshoot cluster stop` stops it, and "
            f"`tail -f {self.logs}/*.log` shows what it says; for a second one, name another "
            "--home and --port"
        )

    def is_running(self) -> bool:
        """Whether a cluster runs here now."""
        try:
            descriptor = os.open(self._lock_path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            return not _is_taken(descriptor)
        finally:
            os.close(descriptor)

    def stop(self, timeout_s: float) -> int:
        """End the cluster that runs here as Ctrl-C does, and wait for its end.

        Returns:
            The process that was its supervisor.

        Raises:
            SupervisorError: none runs here, it is another user's, or it did not end in time.
        """
        holder = self._lock_path.read_text() if self._lock_path.exists() else ""
        if not holder or not self.is_running():
            raise SupervisorError(f"no cluster runs in {self.folder}")
        try:
            os.kill(int(holder), signal.SIGINT)
        except (PermissionError, ProcessLookupError) as error:
            raise SupervisorError(
                f"process {holder}, which holds {self._lock_path}, cannot be stopped "
                f"({error.strerror}); stop it as its own user"
            ) from error
        deadline = time.monotonic() + timeout_s
        while self.is_running():
            if time.monotonic() > deadline:
                raise SupervisorError(
                    f"process {holder} did not end within {timeout_s:.0f} s; `kill -9 {holder}` "
                    "ends it, and everything below it ends by itself"
                )
            time.sleep(_POLL_S)
        return int(holder)

    def access(self) -> dict[str, str]:
        """What the access file says; empty where there is none."""
        with suppress(FileNotFoundError):
            lines = self.access_path.read_text().splitlines()
            return dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
        return {}

    def write_access(self, port: int) -> dict[str, str]:
        """Settle address and password; a password stays from one start to the next."""
        password = self.access().get(PASSWORD_VARIABLE) or f"{_USER}:{secrets.token_urlsafe(24)}"
        access = {URL_VARIABLE: f"http://127.0.0.1:{port}/api", PASSWORD_VARIABLE: password}
        lines = [
            "# The cluster of this machine. For commands elsewhere: set -a; . FILE; set +a",
            *(f"{name}={value}" for name, value in access.items()),
        ]
        # made for us alone from its first byte on
        descriptor, part = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines) + "\n")
        Path(part).replace(self.access_path)
        return access


def _is_taken(descriptor: int) -> bool:
    """Take the lock; False if another process has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def join_cluster() -> str:
    """Let this process's commands use the cluster that runs on this machine.

    Returns:
        Its address; empty where PREFECT_API_URL names another, or none runs.
    """
    if os.environ.get(URL_VARIABLE):
        return ""
    try:
        home = ClusterHome(default_home())
    except RuntimeError:  # this user has no home
        return ""
    if not home.is_running():
        return ""
    access = home.access()
    os.environ.update(access)
    return access.get(URL_VARIABLE, "")
