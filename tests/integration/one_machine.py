"""A cluster of `nightshoot cluster start`, with real processes that tests find and harm."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import psutil

from tests.integration.servers import MARK, ROOT, Daemon, free_port, wait_until

IS_UP = "parts started after"
# alone it takes 20 s; two contended cores have taken two minutes
START_LIMIT_S = 400
TIMEOUT_S = 400


class OneMachine:
    """A cluster of the tests' own, and commands that find it by themselves."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.home, self.port, self.mark = folder / "home", free_port(), uuid.uuid4().hex
        self.env = {
            **{name: value for name, value in os.environ.items() if "PREFECT" not in name},
            "NIGHTSHOOT_CLUSTER_HOME": str(self.home),
            "NIGHTSHOOT_LEASE_DIR": str(folder / "leases"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PGPASSWORD": "unused",
            "NIGHTSHOOT_METRICS_DIR": str(folder / "metrics"),
            "NIGHTSHOOT_HANG_S": "30",
            "COLUMNS": "160",
            MARK: self.mark,
        }
        self.env.pop("NIGHTSHOOT_GPU_SLOTS", None)
        self.metrics, self.metrics_port = folder / "metrics", free_port()
        self.metrics.mkdir(parents=True)
        ports = ["--port", str(self.port), "--metrics-port", str(self.metrics_port)]
        start = ["cluster", "start", *ports, *options]
        command = [sys.executable, "-m", "flows.cli", *start]
        env = {**self.env, "PYTHONPATH": str(ROOT)}
        self.daemon = Daemon(
            command, folder / "cluster.log", env, cwd=folder, stop_signal=signal.SIGINT
        )

    def start(self) -> float:
        """Start it; seconds until everything runs."""
        began = time.monotonic()
        num_before = self.daemon.log_text().count(IS_UP)
        self.daemon.start()

        def is_up() -> bool:
            assert self.daemon.is_running, self.daemon.log_text()
            return self.daemon.log_text().count(IS_UP) > num_before

        wait_until(is_up, START_LIMIT_S, "the cluster is up")
        return time.monotonic() - began

    def command(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", *map(str, arguments)],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def processes(self) -> list[psutil.Process]:
        """Everything that carries the mark, whoever started it."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def find(self, *words: str) -> psutil.Process | None:
        """The process whose command line has these words behind ``-m``."""
        for process in self.processes():
            try:
                line = process.cmdline()
            except psutil.NoSuchProcess:
                continue
            if line[1 : 2 + len(words)] == ["-m", *words]:
                return process
        return None

    def has_given_sign(self, name: str, process: psutil.Process) -> bool:
        """Whether a worker has given a sign of life since its process was started."""
        signs = [path.stat().st_mtime for path in (self.home / "signs").glob(f"*{name}*.sign")]
        return max(signs, default=0.0) > process.create_time()

    def is_healthy(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.port}/api/health"
            return httpx.get(url, timeout=2, verify=False).status_code == 200
        except httpx.TransportError:
            return False

    def end(self) -> None:
        self.daemon.stop()
        for process in self.processes():
            process.kill()
