"""What the notes of ranks that tried their links mean."""

import signal
from pathlib import Path

import pytest

from model.live_avatar.examine.link_checks import (
    REMEDIES,
    RankSeen,
    broken_finding,
    judge,
    links_finding,
    shm_finding,
    way_out,
)
from model.live_avatar.parallel.link_trials import ALL_REDUCE, PAIR, START, Trial, num_bytes, trials

LIMIT_S = 30


def rank(num_ranks: int, index: int, num_done: int, *more: dict, code: int | None = 0) -> RankSeen:
    """One that did so many of the trials that it takes part in."""
    own = [each for each, trial in enumerate(trials(num_ranks)) if index in trial.ranks]
    notes: list[dict] = []
    for each in own[:num_done]:
        notes += [{"trial": each}, {"trial": each, "seconds": 0.5 + each}]
    notes += [{"trial": each} for each in own[num_done : num_done + 1]]
    return RankSeen([*notes, *more], code)


def test_every_pair_of_eight_is_tried_and_of_more_the_neighbours():
    pairs = [trial.ranks for trial in trials(3) if trial.kind == PAIR]
    assert pairs == [(0, 1), (0, 2), (1, 2)]
    assert len(trials(8)) == 3 + 28
    assert [trial.ranks for trial in trials(9)[3:]] == [(rank, rank + 1) for rank in range(8)]


def test_all_well_is_told_with_the_slowest_pair():
    tried = judge([rank(3, index, 9) for index in range(3)], LIMIT_S)
    assert tried.failed is None
    finding = links_finding(tried, 3, "cuda")
    assert finding.verdict == "ok"
    rate = 2 * num_bytes("cuda") / 5.5e9
    assert f"{rate:.1f} GB/s (ranks 1 and 2, of 3 pairs the slowest)" in finding.found
    assert finding.found.startswith("3 ranks over NCCL: all-reduce 0.1 GB/s, all-to-all ")


def test_a_pair_that_hangs_is_named():
    ranks = [rank(3, 0, 5), rank(3, 1, 4, code=None), rank(3, 2, 4, code=None)]
    tried = judge(ranks, LIMIT_S)
    assert tried.failed == Trial(PAIR, (1, 2))
    assert tried.reason == "no answer within 30 s from rank 1, 2"
    told = broken_finding(tried, "cuda", "NCCL_P2P_DISABLE=1")
    assert told.found.startswith("point-to-point between ranks 1 and 2 over NCCL fails (no answer")
    assert told.way_out.startswith("set NCCL_P2P_DISABLE=1 in the worker's environment")


def test_the_rank_that_stays_away_is_named_and_not_those_that_wait():
    tried = judge([rank(2, 0, 1, code=None), rank(2, 1, 0, code=None)], LIMIT_S)
    assert tried.failed == Trial(START, (0, 1))
    assert tried.reason.endswith("from rank 1")
    away = RankSeen([], None)
    assert judge([rank(2, 0, 0, code=None), away], LIMIT_S).reason.endswith("from rank 1")


def test_the_words_of_a_rank_go_before_those_of_who_watched():
    ranks = [rank(2, 0, 1, code=None), rank(2, 1, 1, {"error": "values are wrong"}, code=1)]
    tried = judge(ranks, LIMIT_S)
    assert (tried.failed, tried.reason) == (Trial(ALL_REDUCE, (0, 1)), "rank 1: values are wrong")


def test_a_rank_that_was_killed_is_told_with_the_signal_and_its_last_words():
    killed = RankSeen([], -signal.SIGKILL, "nccl: bus error")
    tried = judge([rank(2, 0, 0, code=None), killed], LIMIT_S)
    assert tried.reason == "rank 1 ended with SIGKILL nccl: bus error"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Error while creating shared memory segment /dev/shm/nccl-x", "--shm-size=1g"),
        ("no answer within 120 s from rank 0, 1", "NCCL_DEBUG=INFO"),
        ("unhandled cuda error", "nvidia-smi topo -m"),
    ],
)
def test_where_nothing_helped_it_is_said_what_was_tried(reason: str, words: str):
    told = way_out(reason, "cuda")
    assert words in told
    for name, _ in REMEDIES["cuda"]:
        assert name in told


def test_little_shared_memory_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert shm_finding(tmp_path / "none") is None
    monkeypatch.setattr("model.live_avatar.examine.link_checks.LEAST_SHM_BYTES", 1 << 60)
    finding = shm_finding(tmp_path)
    assert finding is not None
    assert finding.verdict == "warn"
    assert "--shm-size=1g" in finding.way_out
