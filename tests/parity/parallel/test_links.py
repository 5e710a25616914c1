"""Links between ranks, tried in real processes over gloo: they go well, are broken, and hang."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from model.errors import ResourceError
from model.host.guard import children_of
from model.live_avatar.engine import LiveAvatarEngine
from model.live_avatar.examine.device_checks import check_machine, placement_findings
from model.live_avatar.examine.link_checks import link_findings, try_links
from model.live_avatar.parallel.link_trials import START, meet_all_ranks
from model.live_avatar.planning.placement import Placement
from model.live_avatar.planning.placement_checks import Wanted

pytestmark = pytest.mark.parity
LIMIT_S = 60


def new_children(known: set[int]) -> list[int]:
    """Of this process; others in this session may have left helpers, a compiler's for example."""
    return sorted(set(children_of(os.getpid())) - known)


@pytest.mark.sweep
def test_three_ranks_talk_and_what_arrives_is_what_was_sent():
    known = set(children_of(os.getpid()))
    wanted = Wanted(Placement(stages=2, has_decoder=True))
    placement, links = placement_findings(wanted, is_tiny=True, gpus=None)
    assert placement.found == "stages=2,decoder=own: 3 ranks"
    assert (links.verdict, links.what) == ("ok", "links")
    assert links.found.startswith("3 ranks over gloo: all-reduce ")
    assert new_children(known) == []


@pytest.mark.sweep
def test_a_backend_that_cannot_start_is_told_with_the_setting_that_helps(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "nosuch0")
    (finding,) = link_findings(2, "cpu", LIMIT_S)
    assert finding.verdict == "fail"
    assert finding.found.startswith("gloo cannot start (rank ")
    assert "nosuch0" in finding.found
    assert finding.way_out.startswith("set GLOO_SOCKET_IFNAME=lo in the worker's environment")


def test_a_rank_that_hangs_is_named_within_the_limit_and_all_are_ended():
    known = set(children_of(os.getpid()))
    stopper = threading.Thread(target=_stop_one_child, args=(known,))
    stopper.start()
    started = time.monotonic()
    tried = try_links(2, "cpu", 3)
    stopper.join()
    assert time.monotonic() - started < LIMIT_S
    assert tried.failed is not None
    assert tried.failed.kind == START
    assert tried.reason.startswith("no answer within 3 s from rank ")
    assert new_children(known) == []


def _stop_one_child(known: set[int]) -> None:
    _poll(lambda: len(new_children(known)) == 2)
    os.kill(new_children(known)[-1], signal.SIGSTOP)


def _poll(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


# --- before weights are loaded ------------------------------------------------------------------


def _greeting(rank: int, folder: Path, answer: Connection) -> None:
    """Two ranks meet_all_ranks each other; then one ends, and the other greets it again."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder / 'store'}", rank=rank, world_size=2
    )
    meet_all_ranks(None, torch.device("cpu"))
    if rank == 1:
        os._exit(0)
    try:
        while True:  # until the kernel knows that the other one is gone
            meet_all_ranks(None, torch.device("cpu"))
    except ResourceError as error:
        answer.send(str(error))
    os._exit(0)


def test_ranks_greet_each_other_and_one_that_is_gone_is_told(tmp_path: Path):
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    ranks = [context.Process(target=_greeting, args=(rank, tmp_path, there)) for rank in (0, 1)]
    for each in ranks:
        each.start()
    try:
        assert here.poll(LIMIT_S), "no answer"
        told = here.recv()
    finally:
        for each in ranks:
            each.kill()
            each.join()
    assert told.startswith("engine live-avatar: rank 0 cannot reach the other ranks over gloo (")
    assert "it names the setting that helps, for example NCCL_P2P_DISABLE=1" in told


def test_a_placement_that_cannot_be_is_refused_without_trying_links():
    wanted = Wanted(Placement(heads=37))
    (fault,) = placement_findings(wanted, is_tiny=True, gpus=None)
    assert (fault.verdict, fault.what) == ("fail", "placement")
    with pytest.raises(ResourceError, match="heads=37, which does not divide"):
        check_machine(wanted, is_tiny=True)


def test_the_engine_refuses_what_cannot_be_before_it_looks_for_other_ranks(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    monkeypatch.setenv("NIGHTSHOOT_PLACEMENT", "stages=2,heads=7,shards=7")
    monkeypatch.setenv("NIGHTSHOOT_OFFLOAD", "weights")
    with pytest.raises(ResourceError, match="this placement cannot be used") as caught:
        LiveAvatarEngine().load()
    assert "heads=7, which does not divide" in str(caught.value)
    assert "shards=7, but NIGHTSHOOT_OFFLOAD names weights" in str(caught.value)
