"""Upload and download throughput of the store, beside boto3's own transfer manager, in one run.

    python benchmarks/upload.py [--rounds 3]

Starts a SeaweedFS of its own. The two take turns, so a noisy machine harms both alike; each ratio
is the median of the rounds' ratios, with the least and the greatest. Ours sends a sha256 with each
part and hashes each download; boto3 sends a crc32 and checks none.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.store.s3.bucket import Bucket
from tests.seaweed import Seaweed

MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """So many files of one size."""

    num_files: int
    num_bytes: int

    @property
    def name(self) -> str:
        size = f"{self.num_bytes / MIB:.0f} MiB" if self.num_bytes >= MIB else f"{self.num_bytes} B"
        return f"{self.num_files} x {size}"


CASES = (Case(1, 200 * MIB), Case(40, 2 * MIB), Case(200, 1000))


def seconds(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def measure(case: Case, bucket: Bucket, s3: Any, folder: Path) -> dict[str, list[float]]:
    """Seconds of one turn each."""
    up, down = folder / "up", folder / "down"
    up.write_bytes(os.urandom(case.num_bytes))
    keys = [f"{case.num_bytes}/{index}" for index in range(case.num_files)]

    def ours_up() -> None:
        for key in keys:
            bucket.put_file(up, key)

    def ours_down() -> None:
        for key in keys:
            bucket.get_file(key, down)

    def theirs_up() -> None:
        for key in keys:
            s3.upload_file(str(up), bucket.name, f"{bucket.prefix}/{key}")

    def theirs_down() -> None:
        for key in keys:
            s3.download_file(bucket.name, f"{bucket.prefix}/{key}", str(down))

    return {
        "up": [seconds(ours_up), seconds(theirs_up)],
        "down": [seconds(ours_down), seconds(theirs_down)],
    }


def report(case: Case, rounds: list[dict[str, list[float]]]) -> None:
    total = case.num_files * case.num_bytes
    for way in ("up", "down"):
        ours = statistics.median(each[way][0] for each in rounds)
        theirs = statistics.median(each[way][1] for each in rounds)
        ratios = sorted(each[way][1] / each[way][0] for each in rounds)
        print(
            f"| {case.name} {way} | {total / ours / 1e6:.1f} | {total / theirs / 1e6:.1f} | "
            f"{case.num_files / ours:.0f} | {case.num_files / theirs:.0f} | "
            f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}) |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="nightshoot-upload-") as name:
        server = Seaweed(Path(name)).start()
        try:
            os.environ.update(server.env())
            bucket = Bucket(f"s3://{server.new_bucket()}/bench")
            print("| files | ours MB/s | boto3 MB/s | ours /s | boto3 /s | ours : boto3 |")
            print("|---|---|---|---|---|---|")
            for case in CASES:
                s3 = server.client()
                measure(Case(1, case.num_bytes), bucket, s3, Path(name))  # connections are made
                report(case, [measure(case, bucket, s3, Path(name)) for _ in range(rounds)])
        finally:
            server.end()


if __name__ == "__main__":
    main()
