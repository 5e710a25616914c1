"""Engines whose processes hang or die: told in seconds and by name, ended, rendered again."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tasks.engines.engine_host import EngineHost
from tasks.engines.engine_pool import EnginePool
from tasks.engines.host_process import EngineLostError
from tests.integration.campaigns import receipts, start, video_digests, write_campaign
from tests.integration.null_jobs import job
from tests.integration.test_host import frames_of, gone

pytestmark = pytest.mark.integration

TINY = {
    "NIGHTSHOOT_WEIGHTS": "random:tiny",
    "NIGHTSHOOT_DEVICE": "cpu",
    "NIGHTSHOOT_HEARTBEAT_TIMEOUT_S": "4",
    "OMP_NUM_THREADS": "1",
}
SETTINGS = ("--workers", "1", "--set", "dtype=float32", "--set", "sample_steps=1", "--gates", "off")
NOTICED_S = 12.0  # heartbeat of 4 s, a second of pulse, and what a loaded machine adds


# --- one process, as on a laptop ----------------------------------------------------------------


def lost(tmp_path: Path, harm: Callable[[EngineHost], None], **settings) -> tuple[str, float]:
    """Of a host that is harmed in the middle of a segment: what is said, and after how long."""
    with EnginePool(tmp_path) as pool:
        with pytest.raises(EngineLostError) as told, pool.lend("null") as host:
            rendering = host.render(job(num_frames=3000, **settings))
            if settings.get("delay_ms", 0) < 100:
                next(rendering)
            harm(host)
            harmed = time.monotonic()
            frames_of(rendering)
        seconds = time.monotonic() - harmed
        assert gone(host.pid)
        with pool.lend("null") as again:
            assert len(frames_of(again.render(job()))) == 30
    return str(told.value), seconds


def test_a_stopped_host_of_one_process_is_noticed_named_and_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSHOOT_HEARTBEAT_TIMEOUT_S", "2")

    words, _ = lost(tmp_path, lambda host: os.kill(host.pid, signal.SIGSTOP), delay_ms=5)

    # in time: what is told of is its first silence, and not what a block or a segment may take
    assert re.search(r"host \(process \d+, stopped\) gave no sign of life for \d+ s", words)
    assert re.search(r'in phase "block \d+ of segment k', words)


def test_a_phase_over_its_limit_is_ended_although_the_process_lives(tmp_path, monkeypatch):
    """The null engine sleeps 0.6 s a frame, twelve frames a block; its heartbeat goes on."""
    monkeypatch.setenv("NIGHTSHOOT_BLOCK_TIMEOUT_S", "2")

    words, _ = lost(tmp_path, lambda host: None, delay_ms=600)

    assert re.search(r'host \(process \d+\) has hung in phase "block 1 of segment k"', words)
    assert "the limit is 2 s (NIGHTSHOOT_BLOCK_TIMEOUT_S)" in words


def test_an_engine_that_loads_for_too_long_is_ended(tmp_path, monkeypatch):
    """To import the libraries of the torch engine takes seconds."""
    for name, value in {**TINY, "NIGHTSHOOT_LOAD_TIMEOUT_S": "3"}.items():
        monkeypatch.setenv(name, value)

    hung = r'has hung in phase "loading" for \d+ s; the limit is 3 s .*LOAD_TIMEOUT_S'
    with pytest.raises(EngineLostError, match=hung):
        EngineHost("live-avatar", tmp_path / "host.log")


def test_a_client_that_is_slow_makes_no_host_late(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSHOOT_BLOCK_TIMEOUT_S", "3")  # a busy machine takes some of it
    with EnginePool(tmp_path) as pool, pool.lend("null") as host:
        rendering = host.render(job(num_frames=240, width=512, height=512))
        first = len(next(rendering))
        resumed = time.monotonic() + 4
        while time.monotonic() < resumed:
            time.sleep(0.1)
        assert first + sum(map(len, rendering)) == 240


def test_a_limit_that_cannot_be_read_is_refused_before_anything_starts(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)

    done = nightshoot("render", manifest, "--out", tmp_path, NIGHTSHOOT_BLOCK_TIMEOUT_S="soon")

    assert done.returncode == 2
    assert 'NIGHTSHOOT_BLOCK_TIMEOUT_S="soon" must be a positive number' in done.stderr
    assert not receipts(tmp_path / "campaign")


# --- several ranks ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Harm:
    """What is done to which process of an engine, and what must be said of it."""

    victim: str
    number: signal.Signals
    words: str


RANK_KILLED = Harm("rank 0", signal.SIGKILL, r'rank 0 \(process {pid}[^)]*\) ended in phase "')
RANK_STOPPED = Harm(
    "rank 0", signal.SIGSTOP, r"rank 0 \(process {pid}, stopped\) gave no sign of life for \d+ s"
)
LEADER_STOPPED = Harm(
    "rank 1", signal.SIGSTOP, r"rank 1 \(process {pid}, stopped\) gave no sign of life for \d+ s"
)
LAUNCHER_KILLED = Harm("launcher", signal.SIGKILL, r"process {pid} ended with signal 9; rank 0: ")
GUARD_KILLED = Harm("guard", signal.SIGKILL, r"exit code -9")


def member(run: subprocess.Popen[bytes], name: str) -> psutil.Process | None:
    """A process of the engine by its name: a rank, the launcher, the guard."""
    for process in psutil.Process(run.pid).children(recursive=True):
        try:
            line, rank = process.cmdline(), process.environ().get("RANK")
        except psutil.Error:
            continue
        names = {"guard": "model.host.guard", "launcher": "accelerate.commands.launch"}
        role = next((role for role, module in names.items() if module in line[:3]), f"rank {rank}")
        if role == name and "model.host" in line:
            return process
    return None


class Disturbed:
    """A campaign under way, and what its engine says."""

    def __init__(self, run: subprocess.Popen[bytes], root: Path, log: Path) -> None:
        self.run, self.root, self.log = run, root, log

    def until(self, is_so: Callable[[], object], what: str, timeout_s: float = 90.0) -> float:
        """Wait for it; how long it took."""
        begun = time.monotonic()
        while not is_so():
            assert self.run.poll() is None, self.log.read_text()
            assert time.monotonic() - begun < timeout_s, f"{what}: {self.log.read_text()}"
            time.sleep(0.01)
        return time.monotonic() - begun

    def begun(self) -> list[str]:
        """Keys of segments in the order in which they were begun."""
        logs = sorted((self.root / "logs").glob("host-*.rank1.log"), key=lambda path: path.name)
        return [k for log in logs for k in re.findall(r"segment (\w{64}) begins", log.read_text())]

    def kept(self, key: str) -> str:
        """What the store keeps of a segment's first try."""
        path = self.root / "logs" / "segments" / f"{key}.1.log"
        return path.read_text() if path.exists() else ""

    def harm(self, harm: Harm, known: set[str]) -> tuple[str, float]:
        """Harm the engine in the middle of a segment that was not begun before.

        With one step of denoising rank 0 does it, and rank 1, which leads, decodes.

        Returns:
            The segment, and how long it took until its loss was written down.
        """
        self.until(lambda: set(self.begun()) - known, "another segment begins")
        (key,) = set(self.begun()) - known
        victim = member(self.run, harm.victim)
        assert victim is not None
        assert key not in receipts(self.root)
        victim.send_signal(harm.number)
        seconds = self.until(lambda: self.kept(key), f"{harm} is noticed")
        kept = self.kept(key)
        assert re.search(harm.words.format(pid=victim.pid), kept), kept
        assert "rank0.log" in kept
        assert f"segment {key} begins" in kept
        return key, seconds


@pytest.mark.parametrize(
    "harms",
    [
        pytest.param((RANK_KILLED, RANK_STOPPED), marks=pytest.mark.sweep, id="a-rank"),
        pytest.param(
            (LEADER_STOPPED, LAUNCHER_KILLED, GUARD_KILLED),
            marks=pytest.mark.faults,
            id="leader-launcher-and-guard",
        ),
    ],
)
def test_a_campaign_whose_ranks_are_harmed_recovers_with_the_same_bytes(
    harms: tuple[Harm, ...], nightshoot, prefect_api, tmp_path: Path
):
    # three segments of a sentence, six of two: at least one is left alone
    num = len(harms) - 1
    manifest = write_campaign(tmp_path / "in", 1, num_sentences=num, engine="live-avatar")
    head, row = manifest.read_text().splitlines()
    manifest.write_text(f"{head},segment_clips\n{row},1\n")
    alone = nightshoot("render", manifest, "--out", tmp_path / "alone", *SETTINGS, **TINY)
    assert alone.returncode == 0, alone.stdout + alone.stderr

    env = {**os.environ, "PREFECT_API_URL": prefect_api, **TINY}
    env |= {"NIGHTSHOOT_PLACEMENT": "stages=2"}
    log = tmp_path / "run.log"
    run = start(["render", manifest, "--out", tmp_path / "harmed", *SETTINGS], env, log)
    known: set[str] = set()
    try:
        disturbed = Disturbed(run, tmp_path / "harmed" / "campaign", log)
        for harm in harms:
            key, seconds = disturbed.harm(harm, known)
            assert seconds < NOTICED_S, harm
            print(f"{harm.victim} {harm.number.name}: noticed after {seconds:.1f} s")  # noqa: T201
            known.add(key)
            known |= {*receipts(disturbed.root)}
            disturbed.until(lambda key=key: key in receipts(disturbed.root), "it is rendered again")
            known = {*disturbed.begun()}
        assert run.wait(120) == 0, log.read_text()
    finally:
        run.kill()
        run.wait()

    assert video_digests(tmp_path / "harmed" / "campaign") == video_digests(
        tmp_path / "alone" / "campaign"
    )
    attempts = [each["attempts"] for each in receipts(disturbed.root).values()]
    assert sorted(attempts, reverse=True)[: len(harms) + 1] == [*[2] * len(harms), 1]
