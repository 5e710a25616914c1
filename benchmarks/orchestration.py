"""What orchestration costs, with the null engine and everything else real.

    python benchmarks/orchestration.py --videos 10 100        campaigns on work pools
    python benchmarks/orchestration.py --resume 1000          a finished campaign on S3, run again
    python benchmarks/orchestration.py --segments 10 100 1000 one long video on one machine

``--videos``: Prefect's server on PostgreSQL, a worker for campaigns, a GPU worker with two slots,
a campaign of each size one after the other, on a local disk or (``--s3``) on SeaweedFS. Every video
has six segments, a seed of its own and one recording in common: nothing is spoken, every segment is
rendered.
``--resume``: such a campaign is made on a SeaweedFS by the command line, then run again there.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests' servers are not installed

from flows.session import Request, Session
from tasks.manifest.manifest import RowDefaults
from tasks.records import FileEntry, Record, StoredPlan, VideoReceipt
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.campaigns import (
    open_campaign,
)
from tasks.store.entries import (
    segment_entries,
)
from tests.integration.servers import ROOT, Postgres, PrefectCluster, Worker
from tests.seaweed import Seaweed

NUM_SEGMENTS = 6
NUM_FRAMES = 144  # of each: what the preset aims at
NUM_SLOTS = 2
OUTSTANDING = 2 * NUM_SLOTS
SAMPLES_A_FRAME = 640
SAMPLE_EVERY_S = 5.0
RECORDED_WITHIN_S = 120.0
HOURS_S = 6 * 3600.0
MIB = 1 << 20


# --- manifests ----------------------------------------------------------------------------------


def write_inputs(folder: Path, num_segments: int, num_frames: int) -> None:
    """``face.png``, and ``speech.wav`` with a pause wherever a segment is to be cut."""
    rng = np.random.default_rng(num_segments)
    pcm = rng.normal(0, 0.05, (num_segments, num_frames * SAMPLES_A_FRAME)).astype(np.float32)
    pcm[:, :1280] = 0
    pcm[:, -1280:] = 0
    soundfile.write(folder / "speech.wav", pcm.ravel(), 16_000, subtype="PCM_16")
    assert cv2.imwrite(str(folder / "face.png"), rng.integers(0, 255, (320, 256, 3), np.uint8))


def write_manifest(folder: Path, num_videos: int, preset: str = "quick") -> Path:
    """Videos that differ in their seed, and so in every segment."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["video_id,audio,portrait,engine,size,preset,seed"]
    lines += [
        f"v{number:05d},speech.wav,face.png,null,96x64,{preset},{number}"
        for number in range(num_videos)
    ]
    manifest = folder / f"n{num_videos}.csv"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


# --- campaigns on work pools --------------------------------------------------------------------


@dataclass(frozen=True)
class VideoRun:
    """When a video run was due, running and over; seconds since 1970."""

    due: float
    running: float
    ended: float


@dataclass(frozen=True)
class TaskRun:
    """When a segment (or the delivery, the last) began and ended, and the server knew of it."""

    video_id: str
    began: float
    ended: float
    recorded: float


@dataclass
class Sampled:
    """What was seen of the processes while the campaign ran."""

    server_rss_bytes: list[int] = field(default_factory=list)
    server_cpu_s: list[float] = field(default_factory=list)
    runs_cpu_s: list[float] = field(default_factory=list)
    campaign_rss_bytes: int = 0
    campaign_cpu_s: float = 0.0


@dataclass(frozen=True)
class Measured:
    """One campaign."""

    num_videos: int
    wall_s: float
    begin_s: float
    report_s: float
    beside_s: float
    starved_s: float
    to_running_s: Sequence[float]
    in_run_s: Sequence[float]
    segment_s: Sequence[float]
    segment_beside_s: Sequence[float]
    recorded_s: Sequence[float]
    num_behind: int
    num_lost: int
    database_bytes: int
    sampled: Sampled


class Pools:
    """Server, database, workers; one campaign after the other."""

    def __init__(self, folder: Path, out: str, env: Mapping[str, str]) -> None:
        self.folder, self.out = folder, out
        self.database = Postgres(folder / "postgres.log")
        self.cluster = PrefectCluster(folder / "cluster", self.database)
        slots = ",".join(map(str, range(NUM_SLOTS)))
        gpu = {"NIGHTSHOOT_GPU_SLOTS": slots, "NIGHTSHOOT_LEASE_DIR": str(folder / "leases")}
        self.cpu = Worker(self.cluster, "cpu", env=env)
        self.gpu = Worker(self.cluster, "gpu", type_="gpu-process", env={**env, **gpu})

    def __enter__(self) -> "Pools":
        self.database.start()
        self.cluster.start()
        made = self.cluster.nightshoot("cluster", "up")
        assert made.returncode == 0, made.stdout + made.stderr
        self.cpu.start()
        self.gpu.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gpu.end()
        self.cpu.end()
        self.cluster.end()
        self.database.end()

    def query(self, sql: str) -> list[list[str]]:
        lines = self.database.query(sql, "prefect").splitlines()
        return [line.split("|") for line in lines]

    def database_bytes(self) -> int:
        return int(self.query("select pg_database_size('prefect')")[0][0])

    def tasks(self, campaign: str) -> list[TaskRun]:
        """Task runs of the campaign's videos that the server knows to be completed, in order."""
        rows = self.query(
            "select r.name, extract(epoch from t.start_time), extract(epoch from t.end_time), "
            "extract(epoch from t.updated) from task_run t join flow_run r "
            f"on t.flow_run_id = r.id where r.name like '{campaign}/%' "
            "and t.state_type = 'COMPLETED' order by r.name, t.start_time"
        )
        return [TaskRun(row[0].partition("/")[2], *map(float, row[1:])) for row in rows]

    def states(self, campaign: str) -> dict[str, dict[str, float]]:
        """Run name -> state type -> when it was first in it."""
        found: dict[str, dict[str, float]] = {}
        for name, kind, at in self.query(
            "select r.name, s.type, extract(epoch from s.timestamp) from flow_run r "
            "join flow_run_state s on s.flow_run_id = r.id "
            f"where r.name = '{campaign}' or r.name like '{campaign}/%' order by s.timestamp"
        ):
            found.setdefault(name, {}).setdefault(kind, float(at))
        return found


class Sampler:
    """Looks at server, campaign and worker every few seconds."""

    def __init__(self, pools: Pools) -> None:
        self.seen = Sampled()
        self._pools = pools
        self._server = psutil.Process(pools.cluster.daemon.pid)
        self._worker = psutil.Process(pools.gpu.pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Sampler":
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_EVERY_S):
            self._look()

    def _look(self) -> None:
        seen = self.seen
        seen.server_rss_bytes.append(self._server.memory_info().rss)
        seen.server_cpu_s.append(cpu_seconds(self._server))
        times = self._worker.cpu_times()
        seen.runs_cpu_s.append(times.children_user + times.children_system)
        for process in self._pools.cpu.children():
            try:
                seen.campaign_rss_bytes = max(seen.campaign_rss_bytes, process.memory_info().rss)
                seen.campaign_cpu_s = max(seen.campaign_cpu_s, cpu_seconds(process))
            except psutil.NoSuchProcess:
                continue


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def run_campaign(pools: Pools, num_videos: int) -> Measured:
    """Submit a campaign of that size, wait for its end, read what it left."""
    manifest = write_manifest(pools.folder / "inputs", num_videos)
    before = pools.database_bytes()
    with Sampler(pools) as sampler:
        asked = pools.cluster.nightshoot_json(
            "submit", manifest, "--out", pools.out, "--outstanding", OUTSTANDING
        )
        run = pools.cluster.wait_for_run(asked["run_id"], timeout_s=HOURS_S)
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    tasks = recorded_tasks(pools, manifest.stem, num_videos)
    grown = pools.database_bytes() - before
    return measured(pools, manifest.stem, tasks, grown, sampler.seen)


def recorded_tasks(pools: Pools, campaign: str, num_videos: int) -> list[TaskRun]:
    """Every task of the campaign, once the server knows of it; fewer where it never does."""
    expected = num_videos * (NUM_SEGMENTS + 1)  # and the delivery
    deadline = time.monotonic() + RECORDED_WITHIN_S
    while len(tasks := pools.tasks(campaign)) < expected and time.monotonic() < deadline:
        time.sleep(1)
    return tasks


def measured(
    pools: Pools, campaign: str, tasks: list[TaskRun], database_bytes: int, sampled: Sampled
) -> Measured:
    states = pools.states(campaign)
    own = states.pop(campaign)
    runs = sorted(
        (
            VideoRun(each["SCHEDULED"], each["RUNNING"], each["COMPLETED"])
            for each in states.values()
        ),
        key=lambda run: run.running,
    )
    segment_s, beside_s = segment_seconds(open_campaign(pools.out, campaign), tasks)
    wall_s = own["COMPLETED"] - own["SCHEDULED"]
    return Measured(
        num_videos=len(runs),
        wall_s=wall_s,
        begin_s=min(run.due for run in runs) - own["SCHEDULED"],
        report_s=own["COMPLETED"] - max(run.ended for run in runs),
        beside_s=wall_s - covered_s([(run.due, run.ended) for run in runs]),
        starved_s=sum(starved_seconds(runs)),
        to_running_s=to_running_seconds(runs),
        in_run_s=[run.ended - run.running for run in runs],
        segment_s=segment_s,
        segment_beside_s=beside_s,
        recorded_s=[task.recorded - task.ended for task in tasks],
        num_behind=most_at_once([(task.ended, task.recorded) for task in tasks]),
        num_lost=len(runs) * (NUM_SEGMENTS + 1) - len(tasks),
        database_bytes=database_bytes,
        sampled=sampled,
    )


def to_running_seconds(runs: Sequence[VideoRun]) -> list[float]:
    """Of each run, from the moment it was due and had a slot; ``runs`` in the order they began."""
    freed = [0.0] * NUM_SLOTS + sorted(run.ended for run in runs)
    return [run.running - max(run.due, free) for run, free in zip(runs, freed, strict=False)]


def starved_seconds(runs: Sequence[VideoRun]) -> list[float]:
    """Of each run that followed another, how long its slot was free before it was due."""
    freed = sorted(run.ended for run in runs)
    followers = zip(runs[NUM_SLOTS:], freed, strict=False)
    return [max(0.0, run.due - free) for run, free in followers]


def covered_s(spans: Iterable[tuple[float, float]]) -> float:
    """Length of the union of time spans."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def most_at_once(spans: Sequence[tuple[float, float]]) -> int:
    """The most time spans that share a moment."""
    changes = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    return max(itertools.accumulate(change for _, change in changes), default=0)


def segment_seconds(
    folder: CampaignFolder, tasks: Sequence[TaskRun]
) -> tuple[list[float], list[float]]:
    """From segment to segment within each video: all of it, and without engine and encoder."""
    whole: list[float] = []
    beside: list[float] = []
    for video_id, group in itertools.groupby(tasks, key=lambda task: task.video_id):
        stored = folder.read_plan(video_id)
        assert stored is not None
        spans = list(itertools.pairwise(task.began for task in group))
        for segment, (began, next_began) in zip(stored.plan.segments, spans, strict=False):
            receipt = folder.read_bytes(f"segments/{segment.key[:2]}/{segment.key}.json")
            assert receipt is not None, f"{video_id}: segment {segment.index} has no receipt"
            figures = json.loads(receipt)
            whole.append(next_began - began)
            busy = figures["engine_seconds"] + figures["encode_seconds"]
            beside.append(next_began - began - busy)
    return whole, beside


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Median, 95th percentile, greatest."""
    percentile = statistics.quantiles(values, n=20, method="inclusive")[-1]
    numbers = (statistics.median(values), percentile, max(values))
    return " / ".join(f"{number:.{digits}f}" for number in numbers)


def print_measured(seen: Measured) -> None:
    """One campaign, a line for each figure."""
    sampled, count = seen.sampled, seen.num_videos
    rss = [each / MIB for each in sampled.server_rss_bytes]
    load = " ".join(f"{number:.1f}" for number in os.getloadavg())
    lines = {
        "whole campaign, s": f"{seen.wall_s:.0f}, {seen.wall_s / count:.2f} a video",
        "from segment to segment, s": spread(seen.segment_s, 3),
        "- beside engine and encoder (0.25)": spread(seen.segment_beside_s, 3),
        "due and a slot free to Running, s (8)": spread(seen.to_running_s),
        "Running to Completed, s": spread(seen.in_run_s),
        "CPU of a video run, s": f"{(sampled.runs_cpu_s[-1] - sampled.runs_cpu_s[0]) / count:.2f}",
        f"campaign beside videos, s ({30 + 0.2 * count:.0f})": f"{seen.beside_s:.1f}",
        "- submitted to the first video run, s": f"{seen.begin_s:.1f}",
        "- last video to the end, s": f"{seen.report_s:.1f}",
        "- slots free with no run due, s in all": f"{seen.starved_s:.1f}",
        "CPU of the campaign's process, s": f"{sampled.campaign_cpu_s:.1f}",
        "memory of the campaign's process, MiB": f"{sampled.campaign_rss_bytes / MIB:.0f}",
        "CPU of Prefect's server, s": f"{sampled.server_cpu_s[-1] - sampled.server_cpu_s[0]:.1f}",
        "memory of Prefect's server, MiB": f"{rss[0]:.0f} before, at most {max(rss):.0f}",
        "a task known to the server after, s": spread(seen.recorded_s),
        "tasks it is behind, at most; lost": f"{seen.num_behind}; {seen.num_lost}",
        "database grown by, MiB": f"{seen.database_bytes / MIB:.1f}",
        "load average, 1, 5 and 15 minutes": load,
    }
    print(f"\n| {count} videos, {count * NUM_SEGMENTS} segments (limit) | |\n|---|---|")
    for what, value in lines.items():
        print(f"| {what} | {value} |", flush=True)


def measure_pools(counts: Sequence[int], folder: Path, *, is_on_s3: bool) -> None:
    inputs = folder / "inputs"
    inputs.mkdir()
    write_inputs(inputs, NUM_SEGMENTS, NUM_FRAMES)
    with ExitStack() as stack:
        out, env = str(folder / "out"), dict[str, str]()
        if is_on_s3:
            server = stack.enter_context(running_seaweed(folder))
            out, env = f"s3://{server.new_bucket()}/night", server.env()
            env["NIGHTSHOOT_SCRATCH"] = str(folder / "scratch")
            os.environ.update(env)  # this process reads the receipts
        pools = stack.enter_context(Pools(folder, out, env))
        print("several numbers are median / 95th percentile / greatest")
        for count in counts:
            print_measured(run_campaign(pools, count))


@contextmanager
def running_seaweed(folder: Path) -> Generator[Seaweed]:
    (folder / "s3").mkdir()
    server = Seaweed(folder / "s3")
    try:
        yield server.start()
    finally:
        server.end()


# --- a finished campaign on S3, run again -------------------------------------------------------


@dataclass(frozen=True)
class Rendered:
    """One command of the command line."""

    seconds: float
    cpu_s: float
    max_rss_bytes: int
    num_segments: int


def render(arguments: Sequence[object]) -> Rendered:
    """``nightshoot render``, with what the kernel says of it and its children."""
    command = [sys.executable, "-m", "flows.cli", "render", *map(str, arguments), "--json"]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"exit {process.returncode}: {text.decode()[-3000:]}"
    cpu_s = usage.ru_utime + usage.ru_stime
    num_segments = sum(each["num_segments_rendered"] for each in json.loads(text))
    return Rendered(seconds, cpu_s, usage.ru_maxrss * 1024, num_segments)


def segment_objects(s3: Any, bucket: str) -> dict[str, tuple[str, Any]]:
    """Name -> etag and time of every object of a segment."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    found = (each for page in pages for each in page.get("Contents", ()))
    return {
        each["Key"]: (each["ETag"], each["LastModified"])
        for each in found
        if "/segments/" in each["Key"]
    }


def measure_resume(count: int, folder: Path, options: argparse.Namespace) -> None:
    inputs = folder / "inputs"
    inputs.mkdir()
    write_inputs(inputs, NUM_SEGMENTS, NUM_FRAMES)
    num_rendered = min(count, options.rendered or count)
    some, manifest = write_manifest(inputs, num_rendered), write_manifest(inputs, count)
    with running_seaweed(folder) as server:
        bucket = server.new_bucket()
        own = {"PREFECT_HOME": str(folder / "home"), "NIGHTSHOOT_SCRATCH": str(folder / "scratch")}
        os.environ.update({**server.env(), **own, "DO_NOT_TRACK": "1"})
        out = f"s3://{bucket}/out"
        how = ["--out", out, "--campaign", "night", "--workers", options.workers]
        print("| videos | what | wall, s | CPU s | MiB | segments rendered | load |")
        print("|---|---|---|---|---|---|---|", flush=True)
        resume_line(num_rendered, "rendered", render([some, *how]), num_rendered * NUM_SEGMENTS)
        copy_to_the_rest(manifest, out, server.client())
        made = segment_objects(server.client(), bucket)
        assert len(made) == count * NUM_SEGMENTS * 4, f"{len(made)} objects of segments"
        for _ in range(options.rounds):
            resume_line(count, "run again", render([manifest, *how]), 0)
        for delay_ms in options.delay_ms:
            os.environ["AWS_ENDPOINT_URL"] = far_away(server.endpoint, delay_ms / 1000)
            what = f"run again, {delay_ms} ms away"
            resume_line(count, what, render([manifest, *how]), 0)
            window = f"{datetime.now(UTC):%H:%M}-{datetime.now(UTC) + timedelta(hours=9):%H:%M}"
            in_window = render([manifest, *how, "--window", window])
            resume_line(count, f"{what}, with a window", in_window, 0)
        assert segment_objects(server.client(), bucket) == made, "a segment was written again"


def copy_to_the_rest(manifest: Path, out: str, s3: Any) -> None:
    """Finish the videos that were not rendered: planned truly, a rendered video's files for theirs.

    The store then holds what it would hold, under the keys that the plans ask for; only the
    pictures are another video's.
    """
    asked = Request(manifest, out, "night", RowDefaults(), workers=2)
    session = Session(asked)
    model: VideoReceipt | None = None
    for prepared in session.prepare(print):
        if prepared.receipt is not None:
            model = model or prepared.receipt
            continue
        assert prepared.stored is not None, prepared.error
        assert model is not None, "the first video is not rendered"
        copy_video(model, prepared.stored, session.folder, s3)


def copy_video(model: VideoReceipt, stored: StoredPlan, folder: CampaignFolder, s3: Any) -> None:
    bucket, _, prefix = folder.url.removeprefix("s3://").partition("/")

    def copied(place: str, entry: FileEntry, name: str) -> FileEntry:
        source = {"Bucket": bucket, "Key": f"{prefix}/{place}/{entry.name}"}
        where = f"{prefix}/{place.partition('/')[0]}/{name}"
        done = s3.copy_object(Bucket=bucket, Key=where, CopySource=source)
        etag = done["CopyObjectResult"]["ETag"].strip('"')
        return entry.model_copy(update={"name": name.rpartition("/")[2], "etag": etag})

    keys = tuple(segment.key for segment in stored.plan.segments)
    for old, new in zip(model.segment_keys, keys, strict=True):
        receipt = folder.find_segment(old)
        assert receipt is not None
        files = {
            field: copied(f"segments/{old[:2]}", entry, f"{new[:2]}/{entry.name.replace(old, new)}")
            for field, entry in segment_entries(receipt).items()
        }
        record = receipt.model_copy(update={"key": new, **files})
        assert folder.write_once(f"segments/{new[:2]}/{new}.json", json_of(record))
    video_id = stored.plan.video_id
    finished = model.model_copy(
        update={
            "video_id": video_id,
            "plan_sha256": stored.sha256,
            "segment_keys": keys,
            "file": copied("videos", model.file, f"{video_id}.mp4"),
        }
    )
    assert folder.write_once(f"videos/{video_id}.json", json_of(finished))
    sheet = f"{model.video_id}-{model.file.sha256[:8]}.jpg"
    as_entry = model.file.model_copy(update={"name": sheet})
    copied("report/sheets", as_entry, f"sheets/{sheet.replace(model.video_id, video_id)}")


def json_of(record: Record) -> bytes:
    return (record.model_dump_json(indent=1) + "\n").encode()


def far_away(endpoint: str, delay_s: float) -> str:
    """The same server through a door that holds each request up; its address."""
    host, port = endpoint.removeprefix("http://").split(":")

    async def pass_on(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(MIB):
                await asyncio.sleep(seconds)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pass_on(reader, back, delay_s), pass_on(there, writer, 0))

    loop = asyncio.new_event_loop()
    door = loop.run_until_complete(asyncio.start_server(meet, "127.0.0.1", 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return f"http://127.0.0.1:{door.sockets[0].getsockname()[1]}"


def resume_line(count: int, what: str, seen: Rendered, expected: int) -> None:
    assert seen.num_segments == expected, f"{seen.num_segments} segments, not {expected}"
    print(
        f"| {count} | {what} | {seen.seconds:.1f} | {seen.cpu_s:.1f} "
        f"| {seen.max_rss_bytes / MIB:.0f} | {seen.num_segments} | {os.getloadavg()[0]:.1f} |",
        flush=True,
    )


# --- one long video on one machine --------------------------------------------------------------


def measure_segments(counts: Sequence[int], folder: Path) -> None:
    """Segments of 12 frames; the slope between two lengths leaves the start of the run out."""
    presets = folder / "presets.toml"
    presets.write_text(
        "[tiny]\nwidth = 96\nheight = 64\nsample_steps = 1\ninfer_frames = 12\n"
        "segment_clips = 1\ncrf = 20\n"
    )
    os.environ.update({"DO_NOT_TRACK": "1", "PREFECT_HOME": str(folder / "home")})
    print("| segments | whole run, s | s per segment (slope) |\n|---|---|---|")
    previous: tuple[int, float] | None = None
    for count in counts:
        inputs = folder / f"{count}"
        inputs.mkdir()
        write_inputs(inputs, count, 12)
        manifest = write_manifest(inputs, 1, "tiny").rename(inputs / f"s{count}.csv")
        options = (manifest, "--out", folder / "out", "--presets", presets, "--workers", 1)
        seconds = render(options).seconds
        receipts = len(list((folder / "out" / manifest.stem).glob("segments/*/*.json")))
        assert receipts == count, f"{receipts} segments, not {count}"
        slope = (
            f"{(seconds - previous[1]) / (count - previous[0]):.3f}" if previous else "the first"
        )
        print(f"| {count} | {seconds:.1f} | {slope} |", flush=True)
        previous = (count, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Formatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--videos", type=int, nargs="+", metavar="N", help="on work pools")
    what.add_argument("--resume", type=int, metavar="N", help="of N finished videos on S3")
    what.add_argument("--segments", type=int, nargs="+", metavar="N", help="of one video")
    parser.add_argument("--s3", action="store_true", help="--videos on a SeaweedFS, not a disk")
    parser.add_argument("--workers", type=int, default=2, help="of --resume")
    parser.add_argument(
        "--rendered",
        type=int,
        metavar="N",
        help="of --resume: render so many, copy their files for the others (default: all)",
    )
    parser.add_argument("--rounds", type=int, default=2, help="of --resume: how often it is timed")
    parser.add_argument(
        "--delay-ms", type=int, nargs="*", default=[], help="of --resume: also from a server away"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightshoot-orchestration-") as name:
        if options.videos:
            measure_pools(options.videos, Path(name), is_on_s3=options.s3)
        elif options.resume:
            measure_resume(options.resume, Path(name), options)
        else:
            measure_segments(options.segments, Path(name))


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """The description as it is written."""


if __name__ == "__main__":
    main()
