"""Versions that workers told: read back, mixed, and damaged."""

from prefect.client.schemas.objects import Variable

from flows.cluster.workers.versions import variable_name, versions_of
from flows.deployment.inventory import ClusterStatus, WorkerSeen


def worker(name: str, release: str, *, is_online: bool = True) -> WorkerSeen:
    return WorkerSeen(
        pool="gpu",
        name=name,
        is_online=is_online,
        last_heartbeat=None,
        release=release,
        engines={"null": 1},
    )


def status(*workers: WorkerSeen) -> ClusterStatus:
    return ClusterStatus(url="", things=(), workers=workers, schedules=())


def test_only_workers_that_are_online_make_versions_mixed():
    assert status(worker("a", "1"), worker("b", "2")).are_mixed
    assert not status(worker("a", "1"), worker("b", "2", is_online=False)).are_mixed
    assert not status(worker("a", "1"), worker("b", "1")).are_mixed


def test_what_a_worker_said_is_read_and_what_is_no_version_is_left_aside():
    name = variable_name("gpu", "GPU1.studio-gpu")
    assert name == "nightshoot_worker_gpu_gpu1_studio_gpu"
    said = {"pool": "gpu", "worker": "GPU1.studio-gpu", "release": "1", "engines": {"null": 2}}
    found = versions_of(
        [
            Variable(name=name, value=said),
            Variable(name="nightshoot_worker_x", value={"pool": "gpu"}),
            Variable(name="nightshoot_worker_y", value={**said, "engines": 1}),
            Variable(name="other", value=said),
        ]
    )
    assert {key: (each.release, dict(each.engines)) for key, each in found.items()} == {
        ("gpu", "GPU1.studio-gpu"): ("1", {"null": 2})
    }
