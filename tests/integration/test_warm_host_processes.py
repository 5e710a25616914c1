"""Hosts that stay warm between runs: lent, killed, in the way, and gone with their owner."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from model.engine import load_engine
from model.errors import CampaignError, MachineError, RowError
from model.host.server import serve
from model.null import NullEngine
from tasks.engines.engine_pool import EnginePool, WrongHostError
from tasks.engines.gpu_lease import LeaseError, Slots
from tasks.engines.host_process import EngineLostError, GivenHost, given_host
from tasks.engines.warm_hosts import HostKind, WarmHosts, host_env
from tests.integration.null_jobs import job
from tests.integration.test_host import frames_of, gone, wait_until

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
FOUR = ("0", "1", "2", "3")
ONE = HostKind("null", 1)

# runs at the start of every Python of a host: what a distributed engine's ranks look like
RANKS = """
import subprocess, sys
if "model.host" in sys.orig_argv[2:3]:
    subprocess.Popen(["sleep", "97"], start_new_session=True, stdin=subprocess.DEVNULL)
"""
OWNER = """
import sys, time
from pathlib import Path
from tasks.engines.gpu_lease import Slots
from tasks.engines.warm_hosts import HostKind, WarmHosts
folder, env = Path(sys.argv[1]), tuple(zip(sys.argv[2::2], sys.argv[3::2]))
hosts = WarmHosts(Slots(("0", "1", "2", "3"), folder / "leases"), folder / "logs")
host = hosts.take(HostKind("null", 3, env))
while not host.socket_path.exists():
    time.sleep(0.02)
print(host.pid, flush=True)
time.sleep(99)
"""


@pytest.fixture
def slots(tmp_path):
    return Slots(FOUR, tmp_path / "leases")


@pytest.fixture
def hosts(tmp_path, slots):
    with WarmHosts(slots, tmp_path / "logs") as hosts:
        yield hosts


@pytest.fixture
def ranks(tmp_path):
    """Environment of a pool whose engines start a process in a session of its own."""
    (tmp_path / "ranks").mkdir()
    (tmp_path / "ranks" / "sitecustomize.py").write_text(RANKS)
    return (("PYTHONPATH", str(tmp_path / "ranks")),)


def pool_of(host, tmp_path):
    return EnginePool(tmp_path / "run", given_host(host.environ))


def family(pid):
    """A guard, its host and what that has started."""
    guard = psutil.Process(pid)
    return [guard, *guard.children(recursive=True)]


def wait_for_rank(pid):
    wait_until(lambda: any(p.name() == "sleep" for p in family(pid)))
    return next(p for p in family(pid) if p.name() == "sleep")


def all_gone(processes):
    return all(gone(process.pid) for process in processes)


def expected(**settings):
    return frames_of(load_engine("null").render(job(**settings)))


def test_two_runs_one_after_the_other_use_the_same_warm_process(hosts, tmp_path):
    pids = []
    for _ in range(2):
        host = hosts.take(ONE)
        with pool_of(host, tmp_path) as pool, pool.lend("null") as lent:
            assert np.array_equal(frames_of(lent.render(job())), expected())
            pids.append(lent.pid)
        hosts.give_back(host)

    assert pids[0] == pids[1]
    assert not gone(pids[0])


def test_segments_of_one_run_go_over_one_connection(hosts, tmp_path):
    with pool_of(hosts.take(ONE), tmp_path) as pool:
        with pool.lend("null") as first:
            frames_of(first.render(job()))
        with pytest.raises(RowError), pool.lend("null") as second:
            frames_of(second.render(job(fail="row")))
        with pool.lend("null") as third:
            frames_of(third.render(job()))

    assert first is second is third


def test_threads_of_one_run_wait_for_the_given_host(hosts, tmp_path):
    done = []
    with pool_of(hosts.take(ONE), tmp_path) as pool:

        def render():
            with pool.lend("null") as host:
                done.append(frames_of(host.render(job(num_frames=60, delay_ms=2))))

        threads = [threading.Thread(target=render) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    assert len(done) == 3
    assert all(np.array_equal(frames, expected(num_frames=60)) for frames in done)


def test_the_pools_environment_and_the_gpus_reach_the_host_and_are_its_kind(
    hosts, tmp_path, monkeypatch
):
    plain = hosts.take(HostKind("null", 2))
    kind = HostKind("null", 2, host_env({"NCCL_DEBUG": "INFO", "PREFECT_API_URL": "x"}))
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")  # a user's own, which no lease means
    host = hosts.take(kind)
    with pool_of(host, tmp_path) as pool, pool.lend("null") as lent:
        env = psutil.Process(lent.pid).environ()
        with pool_of(plain, tmp_path) as other_pool, other_pool.lend("null") as other:
            assert "NCCL_DEBUG" not in psutil.Process(other.pid).environ()

    assert kind.env == (("NCCL_DEBUG", "INFO"),)
    assert env["NCCL_DEBUG"] == "INFO"
    assert env["CUDA_VISIBLE_DEVICES"] == "2,3"
    assert host.environ["CUDA_VISIBLE_DEVICES"] == "2,3"
    assert env["CUDA_DEVICE_ORDER"] == host.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    hosts.give_back(plain)
    assert hosts.take(HostKind("null", 2)) is plain


def test_a_host_of_the_cpu_sees_no_gpu_and_waits_for_none(hosts):
    hosts.take(HostKind("null", 4))

    host = hosts.take(HostKind("null", 0), timeout_s=0)

    assert host.environ["CUDA_VISIBLE_DEVICES"] == ""


@pytest.mark.parametrize("victim", ["host", "guard"])
def test_a_host_killed_in_the_middle_comes_back_with_its_gpus_on_its_socket(
    hosts, slots, tmp_path, ranks, victim
):
    warm = hosts.take(HostKind("null", 4, ranks))
    rank = wait_for_rank(warm.pid)
    with pool_of(warm, tmp_path) as pool:
        with pytest.raises(EngineLostError, match="null"), pool.lend("null") as host:
            rendering = host.render(job(num_frames=3000, delay_ms=5))
            next(rendering)
            os.kill(host.pid if victim == "host" else warm.pid, signal.SIGKILL)
            frames_of(rendering)
        with pytest.raises(LeaseError):
            slots.lease(1, timeout_s=0)
        with pool.lend("null") as again:
            assert again.pid != host.pid
            assert np.array_equal(frames_of(again.render(job())), expected())
    wait_until(lambda: gone(rank.pid))


def test_a_hung_host_is_ended_by_its_guard_and_comes_back(hosts, tmp_path):
    quick = (("NIGHTSHOOT_HEARTBEAT_TIMEOUT_S", "2"),)
    with pool_of(hosts.take(HostKind("null", 1, quick)), tmp_path) as pool:
        with pytest.raises(EngineLostError, match="no sign of life"), pool.lend("null") as host:
            rendering = host.render(job(num_frames=3000, delay_ms=5))
            next(rendering)
            os.kill(host.pid, signal.SIGSTOP)
            frames_of(rendering)
        with pool.lend("null") as again:
            assert len(frames_of(again.render(job()))) == 30

    assert gone(host.pid)


def test_a_host_that_hangs_while_nobody_uses_it_is_killed_by_the_next_run(
    hosts, tmp_path, monkeypatch
):
    warm = hosts.take(ONE)
    with pool_of(warm, tmp_path) as pool, pool.lend("null") as host:
        pass
    os.kill(host.pid, signal.SIGSTOP)
    monkeypatch.setattr("tasks.engines.engine_host.HELLO_TIMEOUT_S", 1.0)

    with pool_of(warm, tmp_path) as pool:
        with pytest.raises(EngineLostError, match="said nothing for 1 s"), pool.lend("null"):
            pass
        with pool.lend("null") as again:
            assert len(frames_of(again.render(job()))) == 30


def test_a_run_whose_worker_is_gone_is_told_at_once(tmp_path, slots):
    with WarmHosts(slots, tmp_path / "logs") as hosts:
        pool = pool_of(hosts.take(ONE), tmp_path)

    with pytest.raises(EngineLostError, match="worker of this run has ended"), pool.lend("null"):
        pass


def test_an_engine_that_crashes_costs_one_attempt(hosts, tmp_path):
    with pool_of(hosts.take(ONE), tmp_path) as pool:
        with pytest.raises(EngineLostError), pool.lend("null") as host:
            frames_of(host.render(job(fail="crash")))
        with pool.lend("null") as again:
            assert len(frames_of(again.render(job()))) == 30


def test_a_run_that_is_killed_in_the_middle_leaves_the_host_usable(hosts, tmp_path):
    host = hosts.take(ONE)
    code = (
        "import os; from pathlib import Path\n"
        "from tasks.engines.engine_pool import EnginePool\n"
        "from tasks.engines.host_process import given_host\n"
        "from tests.integration.null_jobs import job\n"
        "with EnginePool(Path('.'), given_host(os.environ)).lend('null') as host:\n"
        "    rendering = host.render(job(num_frames=5000, delay_ms=2)); next(rendering)\n"
        "    print(host.pid, flush=True); list(rendering)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **host.environ},
        stdout=subprocess.PIPE,
    ) as run:
        pid = int(run.stdout.readline())
        run.kill()
    hosts.give_back(host)

    again = hosts.take(ONE)
    with pool_of(again, tmp_path) as pool, pool.lend("null") as lent:
        assert lent.pid == pid
        assert np.array_equal(frames_of(lent.render(job())), expected())


def test_nothing_is_left_of_an_owner_that_is_killed(tmp_path, slots, ranks):
    arguments = [str(tmp_path), *(text for pair in ranks for text in pair)]
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, *arguments], cwd=ROOT, stdout=subprocess.PIPE
    ) as owner:
        pid = int(owner.stdout.readline())
        wait_for_rank(pid)
        processes = family(pid)
        assert len({os.getsid(process.pid) for process in processes}) == 2
        with pytest.raises(LeaseError):
            slots.lease(2, timeout_s=0)
        owner.kill()
        owner.wait()
        # once the GPUs are free, nothing that could touch them is left
        lease = slots.lease(4, timeout_s=10)

    assert len(processes) == 3
    assert all_gone(processes[1:])
    wait_until(lambda: gone(pid))
    lease.release()


def test_closing_ends_every_host_and_all_it_started(tmp_path, slots, ranks):
    with WarmHosts(slots, tmp_path / "logs") as hosts:
        lent, idle = hosts.take(HostKind("null", 1, ranks)), hosts.take(HostKind("null", 2, ranks))
        hosts.give_back(idle)
        wait_for_rank(lent.pid)
        wait_for_rank(idle.pid)
        processes = family(lent.pid) + family(idle.pid)

    assert len(processes) == 6
    assert all_gone(processes)
    slots.lease(4, timeout_s=0)


def test_an_idle_host_gives_way_to_another_kind_of_the_same_worker(hosts):
    first, second = hosts.take(HostKind("null", 2)), hosts.take(HostKind("null", 2))
    hosts.give_back(first)
    hosts.give_back(second)

    everything = hosts.take(HostKind("null", 4), timeout_s=10)

    assert everything.slots == FOUR
    assert gone(first.pid)
    assert gone(second.pid)


def test_a_lent_host_never_gives_way(hosts):
    lent = hosts.take(HostKind("null", 1))

    with pytest.raises(MachineError, match="not become free within"):
        hosts.take(HostKind("null", 4), timeout_s=1)

    assert lent.is_alive


def test_an_idle_host_gives_way_to_another_worker(hosts, tmp_path):
    host = hosts.take(ONE)
    hosts.give_back(host)

    lease = Slots(FOUR, tmp_path / "leases").lease(4, timeout_s=10)

    assert lease.slots == FOUR
    assert gone(host.pid)


def test_a_stream_of_runs_of_one_kind_does_not_starve_another_worker(hosts, tmp_path):
    first = hosts.take(HostKind("null", 4))
    with Slots(FOUR, tmp_path / "leases").ask(4) as other:
        assert other.try_lease() is None
        hosts.give_back(first)
        with pytest.raises(MachineError, match="not become free"):
            hosts.take(HostKind("null", 4), timeout_s=0.5)
        wait_until(lambda: other.try_lease() is not None)


def test_a_host_idle_for_long_ends_and_frees_its_gpus(tmp_path, slots):
    with WarmHosts(slots, tmp_path / "logs", idle_ttl_s=0.3) as hosts:
        host = hosts.take(ONE)
        time.sleep(0.6)
        assert host.is_alive
        hosts.give_back(host)
        wait_until(lambda: gone(host.pid))
        slots.lease(4, timeout_s=1)


def test_a_host_that_cannot_load_is_given_up_with_its_reason(hosts, tmp_path):
    host = hosts.take(HostKind("no-such-engine", 1))

    with (
        pytest.raises(EngineLostError, match=r"failed to load 3 times[^$]*no-such-engine"),
        pool_of(host, tmp_path) as pool,
        pool.lend("no-such-engine"),
    ):
        pass
    hosts.give_back(host)

    assert hosts.slots.lease(4, timeout_s=1).slots == FOUR


def test_a_run_is_refused_a_host_of_another_engine(hosts, tmp_path):
    with (
        pytest.raises(WrongHostError, match=r'needs engine "preview".*host of "null"'),
        pool_of(hosts.take(ONE), tmp_path) as pool,
        pool.lend("preview"),
    ):
        pass


class NewerNull(NullEngine):
    @property
    def identity(self):
        return replace(super().identity, version=99)


def test_a_host_of_other_code_is_refused_and_asked_to_start_again(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        old = threading.Thread(target=serve, args=(NewerNull(), listener))
        old.start()
        with EnginePool(tmp_path, GivenHost("null", path)) as pool:
            wrong = r"version 99.*expects null version 1"
            with pytest.raises(WrongHostError, match=wrong), pool.lend("null"):
                pass
            old.join(5)
            assert not old.is_alive()
            new = threading.Thread(target=serve, args=(NullEngine(), listener))
            new.start()
            with pool.lend("null") as host:
                assert len(frames_of(host.render(job()))) == 30
                host.replace()
            new.join(5)
            assert not new.is_alive()


OLD_HOST = """
import socket, sys
from model.host import protocol
from model.host.server import serve
from model.null import NullEngine
protocol.PROTOCOL_VERSION = 99
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
serve(NullEngine(), listener)
"""


def test_a_host_of_another_protocol_is_refused_and_ended(tmp_path):
    path = tmp_path / "s"
    with subprocess.Popen([sys.executable, "-c", OLD_HOST, str(path)], cwd=ROOT) as old:
        with (
            pytest.raises(EngineLostError, match=r"different code from this run: .* of 99"),
            EnginePool(tmp_path, GivenHost("null", path)) as pool,
            pool.lend("null"),
        ):
            pass
        assert old.wait(5) == -signal.SIGKILL


def test_a_run_may_be_told_how_long_its_engine_loads():
    environ = {"NIGHTSHOOT_ENGINE": "null", "NIGHTSHOOT_ENGINE_SOCKET": "/s"}

    given = given_host(environ | {"NIGHTSHOOT_LOAD_TIMEOUT_S": "900"})

    assert given == GivenHost("null", Path("/s"), 900.0)
    with pytest.raises(CampaignError, match='LOAD_TIMEOUT_S="long" must be a positive number'):
        given_host(environ | {"NIGHTSHOOT_LOAD_TIMEOUT_S": "long"})


def test_a_run_that_is_told_half_of_its_host_is_refused():
    with pytest.raises(MachineError, match="must both be set"):
        given_host({"NIGHTSHOOT_ENGINE": "null"})

    assert given_host({}) is None
