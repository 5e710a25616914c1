"""Every shell command of docs/operations.md, in its order: from nothing to a scheduled night."""

import os
import re
import shlex
import socket
import subprocess
import uuid
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import psutil
import pytest

from tests.integration.campaigns import write_campaign
from tests.integration.one_machine import IS_UP, START_LIMIT_S
from tests.integration.servers import MARK, ROOT, Daemon, Postgres, free_port

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

PAGE = ROOT / "docs" / "operations.md"
FILES = ROOT / "docs" / "operations"
ONE_COMMAND = "nightshoot cluster start"
SYSTEMCTL = re.compile(r"systemctl enable --now (\S+)")
# the page's two machines are one here, so nothing is to be tunnelled
NOT_STARTED = {"nightshoot-tunnel"}
READY = {
    "nightshoot-server": "Check out the dashboard at",
    "nightshoot-cpu-worker": "started!",
    "nightshoot-gpu-worker": "started!",
}


class Rehearsal:
    """The page's commands, with this machine's places for the page's."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.folder, self.mark = folder, uuid.uuid4().hex
        self.port = free_port()
        # what the page says -> what it is here, and why
        self.substitutions = {
            "make install": "make --dry-run install",  # CI has run it before any test
            "/opt/nightshoot": str(ROOT),  # where the checkout is
            "docs/operations/": f"{folder}/files/",  # copies, with these substitutions made
            "/etc/systemd/system": f"{folder}/units",  # no systemd here: the test starts units
            "/etc/nightshoot": f"{folder}/etc",
            "/usr/local/bin/": f"{folder}/bin/",
            "/var/backups": str(folder),
            "/srv/": f"{folder}/srv/",
            "su postgres -c": "sh -c",  # PGUSER and PGPORT name the tests' own database
            "4200": str(self.port),
            "5432": str(postgres.port),
        }
        self._env = {
            "HOME": str(folder / "home"),
            "PATH": f"{folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(postgres.port),
            "PGUSER": "prefect",
            MARK: self.mark,
        }
        self.daemons: list[Daemon] = []
        for name in ("files", "units", "bin", "srv", "home"):
            (folder / name).mkdir()
        for path in FILES.iterdir():
            (folder / "files" / path.name).write_text(self.here(path.read_text()))
        # "names the GPUs to lease, if not all": this machine has none
        with (folder / "files" / "nightshoot.env").open("a") as env:
            env.write(f"NIGHTSHOOT_GPU_SLOTS=0,1\nNIGHTSHOOT_LEASE_DIR={folder}/leases\n")

    def here(self, text: str) -> str:
        """The page's text with every substitution made."""
        for page, here in self.substitutions.items():
            text = text.replace(page, here)
        return text

    def run(self, block: str) -> str:
        """Run a block in the shell that ran those before it; what it printed."""
        said = ""
        for part in re.split(r"(?m)^(systemctl .*|.*nightshoot cluster start)$\n?", block):
            found = SYSTEMCTL.fullmatch(part)
            if part.endswith(ONE_COMMAND):
                self._start_cluster(part)
            elif found:
                self._start_unit(found[1])
            elif part.strip():
                said += self._run_shell(self.here(part))
        return said

    def end(self) -> None:
        """Stop the units, and kill what they left behind."""
        for daemon in reversed(self.daemons):
            daemon.stop()
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark:
                    process.kill()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue

    def _run_shell(self, script: str) -> str:
        state = self.folder / "state.sh"
        before = f". {state}\n" if state.exists() else ""
        after = f"\n{{ export -p; echo cd $PWD; }} > {state}\n"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", before + script + after],
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def _start_cluster(self, command: str) -> None:
        """What occupies a terminal of its own; the page's next block stops it."""
        daemon = Daemon(
            [*shlex.split(command), "--port", str(self.port)],
            self.folder / "cluster.log",
            self._env | {"NIGHTSHOOT_LEASE_DIR": f"{self.folder}/leases"},
            cwd=ROOT,
        )
        self.daemons.append(daemon.start())
        daemon.wait_for(lambda: IS_UP in daemon.log_text(), "the cluster is up", START_LIMIT_S)

    def _start_unit(self, name: str) -> None:
        if name in NOT_STARTED:
            return
        unit = read_unit(self.folder / "units" / f"{name}.service")
        env = dict(
            line.split("=", 1)
            for line in shlex.split(
                Path(unit["Service"]["EnvironmentFile"]).read_text(), comments=True
            )
        )
        command = shlex.split(unit["Service"]["ExecStart"].replace("%H", socket.gethostname()))
        daemon = Daemon(
            command,
            self.folder / f"{name}.log",
            {"HOME": self._env["HOME"], MARK: self.mark, **env},
            cwd=Path(unit["Service"]["WorkingDirectory"]),
        )
        self.daemons.append(daemon.start())
        daemon.wait_for(lambda: READY[name] in daemon.log_text(), f"{name} is up")


def read_unit(path: Path) -> ConfigParser:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # pyright: ignore[reportAttributeAccessIssue] -- systemd's names have capitals
    unit.read_string(path.read_text())
    return unit


def blocks() -> list[str]:
    """Every fenced block of the page; all of them are for the shell."""
    found = re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", PAGE.read_text())
    assert {language for language, _ in found} == {"sh"}
    return [block for _, block in found]


@pytest.fixture
def rehearsal(tmp_path: Path, postgres: Postgres) -> Iterator[Rehearsal]:
    rehearsal = Rehearsal(tmp_path, postgres)
    try:
        yield rehearsal
    finally:
        rehearsal.end()
        postgres.query("drop database if exists nightshoot with (force)")
        postgres.query("drop role if exists nightshoot")


def test_every_command_of_the_page_works_in_its_order(rehearsal: Rehearsal):
    srv = rehearsal.folder / "srv"
    for name in ("june", "first"):
        write_campaign(srv, num_videos=1, num_sentences=1).rename(srv / f"{name}.csv")

    said = [rehearsal.run(block) for block in blocks()]

    everything = "\n".join(said)
    assert "made       deployment  campaign/nightly" in everything
    assert "nothing is missing" in everything
    assert "on         schedule    campaign/nightly june: 15 1 * * * Europe/Berlin" in everything
    assert "first: completed (1 done" in everything
    assert "stopped (process " in everything
    assert "june: completed (1 done" in everything
    assert [path.name for path in (srv / "renders/june/videos").glob("*.mp4")] == ["v0.mp4"]
    assert "CREATE TABLE public.flow_run" in (rehearsal.folder / "nightshoot.sql").read_text()
    secrets = re.findall(r"(?m)(?:PASSWORD=|admin:)(\w+)$", read_env(rehearsal.folder / "etc"))
    assert len(set(secrets)) == 2
    logs = "".join(daemon.log_text() for daemon in rehearsal.daemons)
    assert not [secret for secret in secrets if secret in everything + logs]


def read_env(folder: Path) -> str:
    for path in folder.glob("*.env"):
        assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"
        assert path.stat().st_uid == os.getuid()
    return "".join(path.read_text() for path in folder.glob("*.env"))
