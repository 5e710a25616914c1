"""What a warm host adds to a segment: lending, the job, the handoff; the pixels' way told apart.

The null engine renders the same segments in this process and in a warm host of a worker. The
difference is the host's cost. How much of it is the bytes of the frames alone is measured by
sending as many, in the same batches, from another process over a socket of the same kind. All
three take turns, so that each sees the same machine.

    .venv/bin/python benchmarks/warm_host.py [--segments 30] [--frames 125]
"""

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from model.engine import SegmentJob, load_engine
from model.host import protocol
from tasks.engines.engine_pool import EnginePool
from tasks.engines.gpu_lease import Slots
from tasks.engines.host_process import given_host
from tasks.engines.warm_hosts import HostKind, WarmHosts

ROOT = Path(__file__).parents[1]
BATCH_FRAMES = 12
BUDGET_MS = 60.0
SENDER = """
import socket, sys
import numpy as np
from model.host import protocol
path, width, height, num_frames, batch = sys.argv[1], *map(int, sys.argv[2:])
frames = np.zeros((num_frames, height, width, 3), np.uint8)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(path)
    while protocol.receive(connection).kind == "render":
        for start in range(0, num_frames, batch):
            protocol.send(connection, "frames", arrays={"frames": frames[start : start + batch]})
"""


def job_of(width: int, height: int, num_frames: int) -> SegmentJob:
    return SegmentJob(
        key="k" * 64,
        portrait=np.full((768, 768, 3), 90, np.uint8),
        rig=None,
        handoff=None,
        pcm=np.zeros(640 * num_frames, np.int16),
        left_context=0,
        right_context=0,
        phonemes=None,
        prompt="",
        seed=1,
        width=width,
        height=height,
        num_frames=num_frames,
        settings={"delay_ms": 0, "fail": ""},
    )


class Bytes:
    """A process that sends the bytes of a segment's frames on demand."""

    def __init__(self, folder: Path, job: SegmentJob) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / "bytes.sock"))
        listener.listen()
        sizes = (job.width, job.height, job.num_frames, BATCH_FRAMES)
        command = [sys.executable, "-c", SENDER, str(folder / "bytes.sock"), *map(str, sizes)]
        self._process = subprocess.Popen(command, cwd=ROOT)
        self._connection, _ = listener.accept()
        listener.close()
        self._num_messages = -(-job.num_frames // BATCH_FRAMES)

    def move(self) -> None:
        protocol.send(self._connection, "render")
        for _ in range(self._num_messages):
            protocol.receive(self._connection)

    def close(self) -> None:
        protocol.send(self._connection, "bye")
        self._connection.close()
        self._process.wait()


def milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def measure(job: SegmentJob, num_segments: int, folder: Path) -> str:
    engine = load_engine("null")
    moving = Bytes(folder, job)
    with WarmHosts(Slots(("0",), folder / "leases"), folder / "logs") as hosts:
        kind = HostKind("null", 1)
        host = hosts.take(kind)
        with EnginePool(folder, given_host(host.environ)) as pool:

            def here() -> None:
                rendering = engine.render(job)
                for _ in rendering:
                    pass
                assert rendering.handoff is not None

            def there() -> None:
                with pool.lend("null") as lent:
                    for _ in (rendering := lent.render(job)):
                        pass
                    assert rendering.handoff is not None

            actions = (here, there, moving.move)
            for action in actions:
                action()  # warm-up
            rounds = [[milliseconds(action) for action in actions] for _ in range(num_segments)]
        hosts.give_back(host)
        again = milliseconds(lambda: hosts.take(kind))
    moving.close()
    in_process, in_host, transfer = (
        statistics.median(column) for column in zip(*rounds, strict=True)
    )
    overheads = sorted(row[1] - row[0] - row[2] for row in rounds)
    overhead = statistics.median(overheads)
    spread = f"{overheads[len(overheads) // 10]:.1f} to {overheads[-1 - len(overheads) // 10]:.1f}"
    return (
        f"| {job.width}x{job.height} | {in_process:.1f} | {in_host:.1f} | {transfer:.1f} | "
        f"{overhead:.1f} ({spread}) | {overhead / BUDGET_MS:.2f} | {transfer / in_host:.2f} | "
        f"{again:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=30)
    parser.add_argument("--frames", type=int, default=125)
    wanted = parser.parse_args()
    print(
        f"{wanted.segments} segments of {wanted.frames} frames, medians in ms\n\n"
        "| size | in this process | warm host | pixels alone | the rest (middle 80 %) | "
        f"of {BUDGET_MS:.0f} ms | pixels' share | taking a warm host |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for width, height in ((96, 64), (384, 256), (688, 368)):
        with tempfile.TemporaryDirectory() as folder:
            job = job_of(width, height, wanted.frames)
            print(measure(job, wanted.segments, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
