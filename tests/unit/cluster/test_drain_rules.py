"""When a draining worker ends."""

import pytest

from flows.cluster.workers.drain import Drain
from model.errors import MachineError


@pytest.fixture
def ended(monkeypatch):
    signals: list[int] = []
    monkeypatch.setattr("os.kill", lambda pid, number: signals.append(number))
    return signals


def test_it_ends_once_when_its_last_run_is_over(ended):
    drain = Drain({"NIGHTSHOOT_DRAIN_S": "100"})
    drain.end_if_due()
    assert (drain.is_on, ended) == (False, [])
    with drain.one_run():
        drain._begin()
        drain.end_if_due()
        assert (drain.is_on, drain.num_runs, ended) == (True, 1, [])
    drain.end_if_due()
    drain.end_if_due()
    assert len(ended) == 1


def test_it_ends_when_its_time_is_over_though_a_run_is_at_work(ended, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    drain = Drain({"NIGHTSHOOT_DRAIN_S": "100"})
    with drain.one_run():
        drain._begin()
        now += 101
        drain.end_if_due()
        assert len(ended) == 1


def test_a_time_that_is_no_number_is_refused():
    with pytest.raises(MachineError, match='NIGHTSHOOT_DRAIN_S is "soon"'):
        Drain({"NIGHTSHOOT_DRAIN_S": "soon"})
