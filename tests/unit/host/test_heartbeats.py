"""Signs of life: limits, what is wrong with a process, and what a group leaves behind."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from model.errors import CampaignError
from model.host import heartbeats, watchdog
from model.host.heartbeats import (
    HEARTBEATS_VARIABLE,
    Heartbeat,
    HeartbeatWriter,
    Limits,
    limits_of,
    read_heartbeats,
)
from model.host.watchdog import Watch, WatchedProcess, fault_of

LIMITS = Limits(load=60, compile=30, block=10, heartbeat=5)


def beat(**changes) -> Heartbeat:
    fields = {"name": "rank 1", "pid": 7, "phase": "block 3", "kind": "block", "limit_s": 10.0}
    return Heartbeat(**(fields | changes))


@pytest.fixture
def watched_process(tmp_path: Path):
    """This process's heart, as a guard's child has it."""
    heartbeats.begin("rank 0", {HEARTBEATS_VARIABLE: str(tmp_path)}, load_s=60)
    yield tmp_path
    heartbeats.end()


def test_limits_come_from_the_environment_and_the_engine():
    assert limits_of({}, load_s=120) == Limits(load=120, compile=900, block=300, heartbeat=20)
    told = {"NIGHTSHOOT_BLOCK_TIMEOUT_S": "7.5", "NIGHTSHOOT_LOAD_TIMEOUT_S": "9"}
    assert limits_of(told, load_s=120) == Limits(load=9, compile=900, block=7.5, heartbeat=20)
    assert Limits().longest == 1820


@pytest.mark.parametrize("text", ["soon", "-1", "0", "1e9", "nan"])
def test_a_limit_that_is_no_positive_number_is_refused(text: str):
    with pytest.raises(CampaignError, match=rf'COMPILE_TIMEOUT_S="{text}" must be a positive'):
        limits_of({"NIGHTSHOOT_COMPILE_TIMEOUT_S": text})


def test_a_process_without_a_pulse_or_over_its_limit_is_named():
    well = WatchedProcess(beat(), silent_s=5, phase_s=10)
    assert fault_of(well, LIMITS) == ""

    silent = fault_of(WatchedProcess(beat(), silent_s=5.6, phase_s=8), LIMITS, "stopped")
    assert silent == (
        'rank 1 (process 7, stopped) gave no sign of life for 6 s, in phase "block 3"; '
        "the limit is 5 s (NIGHTSHOOT_HEARTBEAT_TIMEOUT_S)"
    )
    late = fault_of(WatchedProcess(beat(), silent_s=0, phase_s=11), LIMITS)
    assert late == (
        'rank 1 (process 7) has hung in phase "block 3" for 11 s; '
        "the limit is 10 s (NIGHTSHOOT_BLOCK_TIMEOUT_S)"
    )
    gone = fault_of(WatchedProcess(beat(), phase_s=2, is_gone=True), LIMITS)
    assert gone == 'rank 1 (process 7) ended in phase "block 3", 2 s after that began'


def test_a_process_may_wait_for_ever_while_it_has_a_pulse():
    waiting = beat(kind="wait", limit_s=0.0)
    assert fault_of(WatchedProcess(waiting, silent_s=4, phase_s=1e6), LIMITS) == ""
    assert "no sign of life" in fault_of(WatchedProcess(waiting, silent_s=6, phase_s=1e6), LIMITS)


def test_a_new_phase_and_a_pulse_begin_anew():
    watched = WatchedProcess(beat())
    watched.see(beat(), 3)
    assert (watched.silent_s, watched.phase_s) == (3, 3)
    watched.see(beat(pulse=1), 3)
    assert (watched.silent_s, watched.phase_s) == (0, 6)
    watched.see(beat(pulse=1, number=1, phase="block 4"), 3)
    assert (watched.silent_s, watched.phase_s) == (0, 0)


def test_a_process_tells_what_it_does(watched_process: Path):
    heartbeats.phase("block 1", "block")
    with heartbeats.within("compiling", "compile"):
        (inner,) = read_heartbeats(watched_process)
    (outer,) = read_heartbeats(watched_process)

    assert (inner.phase, inner.limit_s) == ("compiling", 900)
    assert (outer.phase, outer.limit_s, outer.number) == ("block 1", 300, inner.number + 1)
    assert outer.pid == os.getpid()
    assert outer.cpu_s > 0


def test_all_processes_of_a_group_know_the_segment(watched_process: Path):
    heartbeats.tell_segment("ab" * 32)
    assert heartbeats.segment() == "ab" * 32
    heartbeats.tell_segment("")
    assert heartbeats.segment() == ""


def test_nothing_happens_where_nobody_watches(tmp_path: Path):
    heartbeats.begin("host", {}, load_s=60)
    heartbeats.phase("block 1", "block")
    heartbeats.tell_segment("ab")
    heartbeats.refuse("no")

    assert heartbeats.segment() == ""
    assert not list(tmp_path.iterdir())


def test_the_first_refusal_is_the_reason(watched_process: Path):
    heartbeats.refuse("the GPU is full")
    heartbeats.refuse("the other rank is gone")

    assert heartbeats.refusal(watched_process) == "the GPU is full"


def test_a_process_that_ends_as_it_should_is_not_missed(tmp_path: Path):
    heart = HeartbeatWriter(tmp_path, "host", LIMITS)
    heart.stop()

    assert read_heartbeats(tmp_path) == []
    assert Watch(tmp_path, LIMITS, child=0).look() == ""


def test_a_killed_process_is_missed_at_once_and_the_others_are_told(
    watched_process: Path, monkeypatch: pytest.MonkeyPatch
):
    code = (
        "import os, sys, time; from model.host import heartbeats\n"
        "heartbeats.begin('rank 1', os.environ, 60); heartbeats.phase('block 9', 'block')\n"
        "print('ready', flush=True); time.sleep(99)\n"
    )
    monkeypatch.setenv(HEARTBEATS_VARIABLE, str(watched_process))
    monkeypatch.setattr(watchdog, "POLL_S", 60.0)
    watch = Watch(watched_process, LIMITS, child=0)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert watch.look() == ""
        other.kill()
        started = time.monotonic()
        watch.wait()
        words = watch.look()

    assert time.monotonic() - started < 30  # woken, not by the next look
    assert words.startswith(f"rank 1 (process {other.pid}")
    told = r'ended in phase "block 9", \d+ s after that began; rank 0: "starting"'
    assert re.search(told, words), words
    assert "oom_kill in memory.events" in words


def test_an_engine_of_which_nothing_comes_up_is_told(tmp_path: Path):
    watch = Watch(tmp_path, Limits(load=0.01), child=0)
    time.sleep(0.03)
    assert watch.look() == (
        "no process of the engine started within 0.01 s (NIGHTSHOOT_LOAD_TIMEOUT_S)"
    )


def test_words_are_found_by_who_knew_a_process_and_outlast_the_next_group(tmp_path: Path):
    heartbeats.leave_words(tmp_path, "rank 0 hung", [11, 12])
    heartbeats.clear(tmp_path)

    assert heartbeats.last_words(tmp_path, 12) == "rank 0 hung"
    assert heartbeats.last_words(tmp_path, 13) == ""
