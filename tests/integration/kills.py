"""What the kill tests share: a crew of workers, campaigns under way, kills and what they excuse.

An engine host says in its log which segment it begins. A segment may be begun once, and once more
for each kill that met it in flight: begun, without a receipt yet. Nothing else is rendered twice.
"""

import hashlib
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import psutil

from tests.integration.servers import PrefectCluster, Worker, wait_until

RUN_VARIABLE = "PREFECT__FLOW_RUN_ID"
RUN_MODULE = "flows.cluster.workers.prefect_run"
# what a service manager waits before it starts a dead daemon again
OUTAGE_S = 20.0
# two cores shared with everything else: what takes 100 s alone has taken 300 s
CAMPAIGN_S = 600.0
# weights of the engine that has any, so that its campaigns can be planned and rendered too
TINY = {
    "NIGHTSHOOT_WEIGHTS": "random:tiny",
    "NIGHTSHOOT_DEVICE": "cpu",
    "OMP_NUM_THREADS": "1",
}
_PROGRESS_S = 240.0
# a worker that wakes up tells so at once
_ONLINE_S = 120.0
_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
_BEGUN = re.compile(r"segment ([0-9a-f]{64}) begins")
_RENDERED = re.compile(r"segment ([0-9a-f]{64}) ends")


# --- where a campaign lies ----------------------------------------------------------------------


class Place(Protocol):
    """The files of a campaign, looked at behind the product's back."""

    def names(self) -> set[str]: ...

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, data: bytes) -> None: ...

    def remove(self, name: str) -> None: ...


@dataclass(frozen=True)
class Folder:
    """On a local disk."""

    root: Path

    def names(self) -> set[str]:
        found = self.root.rglob("*") if self.root.exists() else ()
        return {path.relative_to(self.root).as_posix() for path in found if path.is_file()}

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        (self.root / name).write_bytes(data)

    def remove(self, name: str) -> None:
        (self.root / name).unlink()


@dataclass(frozen=True)
class Objects:
    """In a bucket, through boto3's own client."""

    client: Any
    bucket: str
    prefix: str

    def names(self) -> set[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.prefix}/"
        )
        keys = (each["Key"] for page in pages for each in page.get("Contents", ()))
        return {key.removeprefix(f"{self.prefix}/") for key in keys}

    def read(self, name: str) -> bytes:
        answer = self.client.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")
        return answer["Body"].read()

    def write(self, name: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=data)

    def remove(self, name: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")


def finished_segments(place: Place) -> set[str]:
    """Keys that have a receipt."""
    return {
        Path(name).stem
        for name in place.names()
        if name.startswith("segments/") and name.endswith(".json")
    }


def finished_videos(place: Place) -> set[str]:
    """Videos that have a receipt."""
    return {
        Path(name).stem
        for name in place.names()
        if name.startswith("videos/") and name.endswith(".json")
    }


def digests(place: Place) -> dict[str, str]:
    """sha256 of every finished video and caption file."""
    return {
        name.removeprefix("videos/"): hashlib.sha256(place.read(name)).hexdigest()
        for name in sorted(place.names())
        if name.startswith("videos/") and name.endswith((".mp4", ".srt", ".vtt"))
    }


# --- who works ----------------------------------------------------------------------------------


class Crew:
    """One worker for campaigns, and workers for videos, each of which owns a GPU of its own."""

    def __init__(
        self,
        cluster: PrefectCluster,
        folder: Path,
        env: Mapping[str, str],
        slots: Iterable[str],
        cpu: Worker | None = None,
    ) -> None:
        """``cpu``: another crew's worker for campaigns, which is at work already."""
        self.cluster = cluster
        self.scratch = folder / "scratch"
        env = {**TINY, **env, "NIGHTSHOOT_SCRATCH": str(self.scratch)}
        self.cpu = cpu or Worker(cluster, "cpu", env=env)
        self.gpus = [
            Worker(
                cluster,
                "gpu",
                type_="gpu-process",
                env={
                    **env,
                    "NIGHTSHOOT_GPU_SLOTS": slot,
                    "NIGHTSHOOT_LEASE_DIR": str(folder / f"leases-{slot}"),
                },
            )
            for slot in slots
        ]
        self._own = self.gpus if cpu else [self.cpu, *self.gpus]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for worker in self._own:
                stack.enter_context(worker)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        _resume(self._own)
        self._stack.close()

    @contextmanager
    def at_work(self) -> Generator[Self]:
        """Whole while a test needs it; then at rest, as a worker costs its server 3 % of a core."""
        self.restore()
        try:
            yield self
        finally:
            _suspend(self._own)

    def restore(self) -> None:
        """Wake it up, and start again whatever an earlier test left dead."""
        _resume(self._own)
        for worker in self._own:
            if not worker.daemon.is_running:
                worker.start()
        wait_until(self._are_online, _ONLINE_S, "the server has heard of the whole crew")

    def _are_online(self) -> bool:
        return all(worker.is_online() for worker in self._own)

    @contextmanager
    def gpus_at_rest(self) -> Generator[None]:
        """Its workers for videos take none meanwhile: another worker has the pool to itself."""
        _suspend(self.gpus)
        try:
            yield
        finally:
            _resume(self.gpus)

    def told(self, pattern: re.Pattern[str]) -> Counter[tuple[str, str]]:
        """How often the logs of engine hosts match, by worker and segment."""
        counts: Counter[tuple[str, str]] = Counter()
        for worker in self.gpus:
            folder = self.cluster.folder / "home" / "nightshoot" / worker.name
            for path in folder.glob("host-*.log"):
                keys = pattern.findall(path.read_text(errors="replace"))
                counts.update((worker.name, key) for key in keys)
        return counts


def _suspend(workers: Iterable[Worker]) -> None:
    for worker in workers:
        if worker.daemon.is_running:
            psutil.Process(worker.pid).suspend()


def _resume(workers: Iterable[Worker]) -> None:
    for worker in workers:
        if worker.daemon.is_running:
            psutil.Process(worker.pid).resume()


def engine_hosts(worker: Worker) -> list[psutil.Process]:
    """The engine hosts of a worker, not their guards."""
    return [process for process in worker.children() if _is_module(process, "model.host")]


def flow_process(worker: Worker, run_id: str = "") -> psutil.Process | None:
    """The process below a worker that executes a run's flow."""
    found = [
        process
        for process in worker.children()
        if _is_module(process, RUN_MODULE)
        and (not run_id or _environment(process).get(RUN_VARIABLE) == run_id)
    ]
    return found[-1] if found else None


def processes_of(cluster: PrefectCluster, run_ids: Iterable[str]) -> list[psutil.Process]:
    """Whatever carries the id of one of these runs, in any session: flows, hosts, encoders."""
    wanted = set(run_ids)
    return [
        process
        for process in cluster.processes()
        if _environment(process).get(RUN_VARIABLE) in wanted
    ]


def _is_module(process: psutil.Process, module: str) -> bool:
    with suppress(psutil.Error):
        line = process.cmdline()
        return module in line and "model.host.guard" not in line
    return False


def _environment(process: psutil.Process) -> dict[str, str]:
    with suppress(psutil.Error):
        return process.environ()
    return {}


# --- a campaign under way -----------------------------------------------------------------------


@dataclass
class Campaign:
    """A submitted campaign, and what its engine hosts have begun since."""

    crew: Crew
    place: Place
    name: str
    out: str
    run_id: str = ""
    excused: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self._begun_before = self.crew.told(_BEGUN)
        self._rendered_before = self.crew.told(_RENDERED)

    @property
    def cluster(self) -> PrefectCluster:
        return self.crew.cluster

    def begun(self, worker: Worker | None = None) -> Counter[str]:
        """How often each segment was begun, by all or by one worker's hosts."""
        return _by_segment(self.crew.told(_BEGUN) - self._begun_before, worker)

    def rendered(self, worker: Worker) -> set[str]:
        """Segments that a worker's hosts have drawn to the end, kept or not."""
        return set(_by_segment(self.crew.told(_RENDERED) - self._rendered_before, worker))

    def in_flight(self, worker: Worker | None = None) -> set[str]:
        """Segments that were begun and have no receipt yet."""
        begun = set(self.begun(worker))
        return begun - finished_segments(self.place)

    def wait_in_flight(self, worker: Worker, num_finished: int = 0) -> set[str]:
        """Wait until a worker's host is at a segment, and so many are finished in all."""

        def seen() -> set[str]:
            if len(finished_segments(self.place)) < num_finished:
                return set()
            return self.in_flight(worker)

        return wait_until(seen, _PROGRESS_S, f"{self.name}: a segment in flight", every_s=0.1)

    def wait_progress(self, num_segments: int = 1) -> None:
        """Wait until so many more segments are finished."""
        goal = len(finished_segments(self.place)) + num_segments
        what = f"{self.name}: {goal} segments are finished"
        wait_until(lambda: len(finished_segments(self.place)) >= goal, _PROGRESS_S, what)

    def kill(self, act: Callable[[], object], *victims: Worker) -> set[str]:
        """Do a deed; what is in flight on the victims may be begun once more."""
        act()
        lost: set[str] = set()
        for worker in victims:
            lost |= self.in_flight(worker)
        self.excused.update(lost)
        return lost

    def kill_at_work(
        self,
        worker: Worker,
        victim: Callable[[], psutil.Process | None],
        num_finished: int = 0,
    ) -> set[str]:
        """Kill a process of a worker in the middle of a segment, once so many are finished.

        It is stopped before anybody looks, so that what is seen is still so when it is killed: a
        segment that was drawn to its end meanwhile would not be lost with its host.
        """

        def lost() -> set[str]:
            if len(finished_segments(self.place)) < num_finished or not self.in_flight(worker):
                return set()
            with suppress(psutil.NoSuchProcess):
                process = victim()
                if process is None:
                    return set()
                process.suspend()
                half_drawn = self.in_flight(worker) - self.rendered(worker)
                if half_drawn:
                    self.kill(process.kill, worker)
                    return half_drawn
                process.resume()
            return set()

        return wait_until(lost, _PROGRESS_S, f"{self.name}: killed at a segment", every_s=0.1)

    def finish(self) -> dict[str, Any]:
        """Wait for its end; a crash is none, as the server revives it."""
        return self.cluster.wait_for_run(self.run_id, CAMPAIGN_S, _ENDED)

    def video_runs(self) -> dict[str, dict[str, Any]]:
        """Its video runs by name."""
        found = self.cluster.flow_runs(flow_runs={"name": {"like_": f"{self.name}/"}}, limit=200)
        return {run["name"]: run for run in found}

    def check_renders(self) -> int:
        """Nothing was rendered twice but what a kill met in flight; how many were."""
        own = finished_segments(self.place)
        begun = {key: count for key, count in self.begun().items() if key in own}
        too_often = {
            key: count for key, count in begun.items() if count > 1 + self.excused.get(key, 0)
        }
        assert not too_often, f"begun more often than kills excuse: {too_often}"
        num_twice = sum(count - 1 for count in begun.values())
        assert num_twice <= sum(self.excused.values())
        return num_twice


def _by_segment(counts: Counter[tuple[str, str]], worker: Worker | None) -> Counter[str]:
    found: Counter[str] = Counter()
    for (name, key), count in counts.items():
        if worker is None or worker.name == name:
            found[key] += count
    return found


def submitted(crew: Crew, place: Place, manifest: Path, out: object, *options: object) -> Campaign:
    """A campaign, submitted like a person does it."""
    campaign = Campaign(crew, place, manifest.stem, str(out))
    campaign.run_id = crew.cluster.nightshoot_json("submit", manifest, "--out", out, *options)[
        "run_id"
    ]
    return campaign


def outage(seconds: float) -> None:
    """Let so much time pass."""
    back_at = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > back_at, seconds + 60, "the outage ends")


def send(process: psutil.Process | None, number: signal.Signals = signal.SIGKILL) -> None:
    """A signal, to a process that must be there."""
    assert process is not None, "the process to be killed is not there"
    process.send_signal(number)


def messages(cluster: PrefectCluster, run_id: str) -> str:
    """What a run has logged on the server."""
    wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}, "limit": 200}
    return "\n".join(each["message"] for each in cluster.request("POST", "/logs/filter", wanted))
