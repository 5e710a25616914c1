"""What a worker decides: which hosts are alike, how many runs to fetch, how long to rest."""

import pytest

from tasks.engines.warm_hosts import CoolOff, host_env, num_runs_to_fetch


def test_only_what_an_engine_reads_makes_another_kind_of_host():
    env = {
        "NCCL_P2P_DISABLE": "1",
        "NCCL_DEBUG": "INFO",
        "UNSET": None,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "CUDA_VISIBLE_DEVICES": "3",
        "CUDA_DEVICE_ORDER": "FASTEST_FIRST",
        "NIGHTSHOOT_ENGINE": "null",
        "NIGHTSHOOT_ENGINE_SOCKET": "s",
        "NIGHTSHOOT_VERDICT": "v",
    }

    assert host_env(env) == (("NCCL_DEBUG", "INFO"), ("NCCL_P2P_DISABLE", "1"))


@pytest.mark.parametrize(
    ("num_free", "num_submitting", "last_gpus", "num_runs"),
    [
        (4, 0, 1, 4),
        (4, 1, 1, 3),
        (4, 4, 1, 0),
        (4, 0, 2, 2),
        (3, 0, 4, 1),  # it will be next in line
        (3, 1, 4, 0),
        (0, 0, 1, 0),  # another machine may be free
    ],
)
def test_a_worker_fetches_what_fits_and_one_run_at_most_that_waits(
    num_free, num_submitting, last_gpus, num_runs
):
    assert num_runs_to_fetch(num_free, num_submitting, last_gpus) == num_runs


def test_each_machine_fault_in_a_row_doubles_the_rest_up_to_an_hour():
    cool_off, now = CoolOff(), 100.0
    rests = []
    for _ in range(6):
        cool_off = cool_off.after_machine_fault(now, 300.0)
        rests.append(cool_off.until - now)
        now = cool_off.until

    assert rests == [300, 600, 1200, 2400, 3600, 3600]


def test_faults_of_runs_that_were_already_going_are_one_incident():
    once = CoolOff().after_machine_fault(100.0, 300.0)

    assert once.after_machine_fault(399.0, 300.0) == once
