"""Nights under `cluster start` in which its parts die or hang: nobody helps, and nothing is lost.

Every campaign ends by itself with the bytes of an undisturbed one. What was finished before a kill
is never rendered again.
"""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.campaigns import receipts, video_digests, write_campaign
from tests.integration.kills import RUN_MODULE
from tests.integration.one_machine import TIMEOUT_S, OneMachine
from tests.integration.servers import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.faults]

NUM_VIDEOS, NUM_SENTENCES = 3, 4
SLOW = ("--set", "delay_ms=30")
# a run that was killed without a word is missed by its heartbeats: 90 s each time
NIGHT_S = 1500


@pytest.fixture
def machine(ended_by_sigterm: None, tmp_path: Path) -> Iterator[OneMachine]:
    machine = OneMachine(tmp_path / "machine")
    try:
        machine.start()
        yield machine
    finally:
        machine.end()


class Night:
    """A campaign under way, and what was finished before each harm."""

    def __init__(self, machine: OneMachine, folder: Path) -> None:
        self.machine, self.root = machine, folder / "out" / "campaign"
        manifest = write_campaign(folder / "in", NUM_VIDEOS, NUM_SENTENCES)
        asked = machine.command("submit", manifest, "--out", folder / "out", *SLOW)
        assert asked.returncode == 0, asked.stderr
        self._kept: dict[str, dict] = {}

    def harm(self, what: str, act: Callable[[], object]) -> None:
        """Once another segment is finished."""
        num_before = len(self._kept)
        wait_until(lambda: len(receipts(self.root)) > num_before, TIMEOUT_S, f"before {what}")
        self._kept |= receipts(self.root)
        act()

    def check_whole(self) -> None:
        """It has ended by itself, and a night without harm makes the same."""
        report = self.root / "report.csv"
        wait_until(
            lambda: report.exists() and len(self._videos()) == NUM_VIDEOS, NIGHT_S, "its end"
        )
        calm = self.root.parents[1] / "in" / "calm.csv"
        calm.write_bytes(calm.with_name("campaign.csv").read_bytes())
        out = self.root.parent
        done = self.machine.command("submit", calm, "--out", out, "--wait", *SLOW)
        assert done.returncode == 0, done.stdout + done.stderr
        assert video_digests(self.root) == video_digests(out / "calm")
        found = receipts(self.root)
        assert {key: found[key] for key in self._kept} == self._kept, "nothing was rendered again"

    def _videos(self) -> list[Path]:
        return list((self.root / "videos").glob("*.mp4"))

    def send(self, number: signal.Signals, *words: str, of_video: bool = False) -> None:
        """To the process whose command line has these words behind ``-m``, when there is one."""

        def seen() -> psutil.Process | None:
            found = self.machine.find(*words)
            if found is None or not of_video:
                return found
            of_videos = (
                each
                for each in self.machine.processes()
                if each.cmdline()[1:3] == ["-m", *words]
                and "NIGHTSHOOT_ENGINE_SOCKET" in each.environ()
            )
            return next(of_videos, None)

        wait_until(seen, TIMEOUT_S, f"{words} runs").send_signal(number)


def test_engines_flows_and_workers_die_and_hang(machine: OneMachine, tmp_path: Path):
    night, kill, stop = Night(machine, tmp_path), signal.SIGKILL, signal.SIGSTOP
    worker = "flows.supervisor.worker"

    night.harm("an engine dies", lambda: night.send(kill, "model.host"))
    night.harm("a flow dies", lambda: night.send(kill, RUN_MODULE, of_video=True))
    night.harm("the worker of videos dies", lambda: night.send(kill, worker, "gpu"))
    night.harm("it hangs", lambda: night.send(stop, worker, "gpu"))
    guard = ("model.host.guard", worker, "cpu")
    night.harm("the guard of the other dies", lambda: night.send(kill, *guard))

    night.check_whole()
    log = machine.daemon.log_text()
    assert "cluster | gpu gave no sign of life for 3" in log
    assert log.count("gpu started again") >= 2


def test_the_server_dies_and_hangs_and_so_does_the_supervisor(machine: OneMachine, tmp_path: Path):
    night, server = Night(machine, tmp_path), "flows.local.server"

    night.harm("the server dies", lambda: night.send(signal.SIGKILL, server))
    night.harm("it hangs", lambda: night.send(signal.SIGSTOP, server))
    wait_until(
        lambda: "server gave no sign" in machine.daemon.log_text(), TIMEOUT_S, "it is missed"
    )
    night.harm("the supervisor dies", machine.daemon.kill)
    wait_until(lambda: not machine.processes(), 10, "all its processes have ended")
    machine.start()

    night.check_whole()
