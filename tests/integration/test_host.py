"""Engine hosts as real processes: same bytes as in-process, warm, cancellable, never orphaned."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from model.engine import SegmentJob, load_engine
from model.errors import MachineError, PortraitError, ResourceError, RowError, StoppedError
from tasks.engines.engine_host import EngineHost
from tasks.engines.engine_pool import EnginePool
from tasks.engines.host_process import EngineLostError
from tests.integration.null_jobs import job

pytestmark = pytest.mark.integration


@pytest.fixture
def host(tmp_path):
    host = EngineHost("null", tmp_path / "host.log")
    yield host
    host.close()


def frames_of(rendering):
    return np.concatenate(list(rendering))


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_until(condition, timeout_s=10.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_a_host_renders_the_same_bytes_as_the_engine_in_this_process(host):
    first = load_engine("null").render(job())
    here = frames_of(first)

    rendering = host.render(job())
    there = frames_of(rendering)

    assert there.shape == (30, 64, 96, 3)
    assert np.array_equal(here, there)
    assert np.array_equal(rendering.handoff.last_frame, there[-1])
    following = frames_of(host.render(job(handoff=rendering.handoff)))
    assert np.array_equal(
        following, frames_of(load_engine("null").render(job(handoff=first.handoff)))
    )


def test_a_host_knows_its_identity_and_answers_pings(host):
    assert host.identity == load_engine("null").identity
    assert host.ping()


@pytest.mark.parametrize(
    ("fail", "kind"), [("row", RowError), ("resource", ResourceError), ("machine", MachineError)]
)
def test_an_engine_error_arrives_with_its_class_and_the_host_stays_warm(host, fail, kind):
    with pytest.raises(kind):
        frames_of(host.render(job(fail=fail)))

    assert host.ping()
    assert len(frames_of(host.render(job()))) == 30


def test_an_engine_that_crashes_is_told_as_lost(host):
    with pytest.raises(EngineLostError, match="null"):
        frames_of(host.render(job(fail="crash")))


def test_a_host_killed_in_the_middle_is_told_as_lost_and_replaced_by_the_pool(tmp_path):
    pool = EnginePool(tmp_path)
    try:
        with pytest.raises(EngineLostError), pool.lend("null") as host:
            rendering = host.render(job(num_frames=3000, delay_ms=5))
            next(rendering)
            os.kill(host.pid, signal.SIGKILL)
            frames_of(rendering)

        with pool.lend("null") as other:
            assert other.pid != host.pid
            assert len(frames_of(other.render(job()))) == 30
    finally:
        pool.close()


def test_the_pool_lends_the_same_warm_host_again(tmp_path):
    pool = EnginePool(tmp_path)
    try:
        with pool.lend("null") as first:
            pid = first.pid
        with pool.lend("null") as second:
            assert second.pid == pid
    finally:
        pool.close()
    assert gone(pid)


def test_a_cancelled_rendering_leaves_a_usable_host(host):
    asked = iter([False, False, True])

    rendering = host.render(job(num_frames=5000, delay_ms=2), lambda: next(asked))
    with pytest.raises(StoppedError):
        frames_of(rendering)

    assert len(frames_of(host.render(job()))) == 30


def test_a_reader_that_fails_gives_the_host_back_usable(tmp_path):
    pool = EnginePool(tmp_path)
    try:
        with pytest.raises(RuntimeError, match="disk"), pool.lend("null") as host:
            next(host.render(job(num_frames=5000, delay_ms=1)))
            raise RuntimeError("disk")
        with pool.lend("null") as again:
            assert again.pid == host.pid
            assert len(frames_of(again.render(job()))) == 30
    finally:
        pool.close()


def test_a_host_dies_with_an_owner_that_is_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from tasks.engines.engine_host import EngineHost\n"
        "host = EngineHost('null', Path(sys.argv[1])); print(host.pid, flush=True); time.sleep(99)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log")], stdout=subprocess.PIPE
    ) as owner:
        pid = int(owner.stdout.readline())
        assert not gone(pid)
        owner.kill()
        owner.wait()
        wait_until(lambda: gone(pid))


def test_a_host_that_cannot_load_says_why(tmp_path):
    with pytest.raises(EngineLostError, match="no-such-engine"):
        EngineHost("no-such-engine", tmp_path / "log")


def test_the_preview_engine_under_a_host_refuses_a_portrait_without_a_face(tmp_path):
    host = EngineHost("preview", tmp_path / "log")
    try:
        identity = host.identity
        faceless = SegmentJob(
            **{
                **vars(job(num_frames=12)),
                "portrait": np.full((256, 256, 3), 90, np.uint8),
                "pcm": np.zeros(
                    identity.left_context + 640 * 12 + identity.right_context, np.int16
                ),
                "left_context": identity.left_context,
                "right_context": identity.right_context,
                "settings": dict(identity.settings),
            }
        )
        with pytest.raises(PortraitError, match="face"):
            frames_of(host.render(faceless))
    finally:
        host.close()
