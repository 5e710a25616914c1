"""The time that `plan` foretells, beside the time that the run takes.

    .venv/bin/python benchmarks/quote.py [--on machine pool] [--kind mixed short] [--times 3]

Each time the quote is made right before the run, in a store of its own, as load varies. ``mixed``:
eleven videos of four sizes, some of many segments, spoken by three voices and recorded, two of
them with films for other formats. ``short``: videos of one short sentence, sixty or ``--short``.
``machine`` is `render`, ``pool`` is `submit --wait` on a cluster of `cluster start`. "the run" is
what the report sets beside the quote; "the command" is what a person waits for, the start of Python
with it. Cores' seconds are those foretold, and those that all processes of the run computed: they
hardly change with the load.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests' cluster is not installed

from tests.integration.one_machine import OneMachine

ROOT = Path(__file__).parents[1]
FILES = ("portraits/mara.png", "portraits/otto.png", "portraits/jun.png")
RECORDING = "otto-welcome.wav"
NUM_SHORT = 60
SENTENCES = (
    "Meet the lamp that follows the sun.",
    "In the morning it wakes you with a cool, clear white.",
    "By evening it settles into a warm amber glow.",
    "Plug it in once, and it learns the rest.",
    "The arm is a single piece of ash wood, cut from forests that are planted again every spring.",
    "It draws nine watts at its brightest, which is less than a small radio.",
    "Order today, and we ship it tomorrow morning.",
)
CHINESE = "早晨它用清亮的白光叫醒你，傍晚再慢慢变成温暖的琥珀色。插上电源，它自己会记住其余的一切。"
Nightshoot = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Measured:
    """One quote and its run, in seconds.

    Attributes:
        quoted: by `plan`.
        run: of the campaign's run, which its report sets beside the quote.
        command: of the whole command.
        quoted_core_s: that cores compute, by `plan`.
        core_s: that they computed, in all processes.
    """

    quoted: float
    run: float
    command: float
    quoted_core_s: float
    core_s: float

    @property
    def off(self) -> float:
        """How much longer the run took than was foretold, as a share of what was foretold."""
        return self.run / self.quoted - 1

    @property
    def cores_off(self) -> float:
        """The same of seconds of cores."""
        return self.core_s / self.quoted_core_s - 1


def mixed_rows() -> list[str]:
    """Of one to six segments, two sizes, with voices and recordings."""
    rows: list[str] = []
    for number in range(8):
        script = " ".join((f"Number {number + 1}.", *(SENTENCES * 4)[: 1 + 3 * number]))
        voice = ("hibari", "af_heart")[number % 2]
        size = ("384x256", "704x384", "384x256")[number % 3]
        face = ("mara", "otto")[number % 2]
        deliver = "9:16" if number in (1, 2) else ""
        rows.append(f'mixed-{number},"{script}",,{face}.png,{voice},{size},{deliver}')
    rows.append(f"mixed-zh,{CHINESE * 2},,jun.png,zf_xiaoxiao,384x384,")
    rows.append(f"mixed-wav,,{RECORDING},otto.png,,704x384,")
    rows.append(f"mixed-small,,{RECORDING},mara.png,,192x192,")
    return rows


def short_rows(count: int = NUM_SHORT) -> list[str]:
    """One sentence each."""
    return [
        f'short-{number:03d},"Hello, guest {number + 1}.",,mara.png,hibari,256x256,'
        for number in range(count)
    ]


KINDS: dict[str, Callable[[], list[str]]] = {"mixed": mixed_rows, "short": short_rows}


def write_manifest(folder: Path, kind: str) -> Path:
    """The rows of a kind, as a manifest, with their files beside it."""
    for name in (*FILES, f"recordings/{RECORDING}"):
        shutil.copy(ROOT / "manifests" / name, folder)
    header = "video_id,script,audio,portrait,voice,size,deliver"
    manifest = folder / f"{kind}.csv"
    manifest.write_text("\n".join((header, *KINDS[kind]())) + "\n")
    return manifest


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`nightshoot` in a process of its own."""
    words = [sys.executable, "-m", "flows.cli", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Door:
    """How `nightshoot` is called: alone, or beside a cluster that finds its own commands."""

    call: Nightshoot
    cluster: OneMachine | None = None

    def core_s(self) -> float:
        """Seconds that all processes computed until now."""
        times = [os.times()[2:4]]
        for process in self.cluster.processes() if self.cluster else ():
            try:
                each = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            times.append((each.user + each.children_user, each.system + each.children_system))
        return sum(map(sum, times))


@contextmanager
def door(on: str, folder: Path) -> Generator[Door]:
    """To one machine, or to a cluster of its own."""
    if on == "machine":
        yield Door(command)
        return
    cluster = OneMachine(folder)
    try:
        cluster.start()
        yield Door(cluster.command, cluster)
    finally:
        cluster.end()


def checked(done: subprocess.CompletedProcess[str]) -> str:
    """What a command printed.

    Raises:
        SystemExit: it failed.
    """
    if done.returncode:
        sys.exit(f"{done.args} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def measured(on: str, kind: str, folder: Path, at: Door) -> Measured:
    """Plan a campaign, and make it."""
    manifest, out = write_manifest(folder, kind), folder / "out"
    begun = ["submit", "--wait"] if on == "pool" else ["render"]
    planned = ["plan", *(["--cluster"] if on == "pool" else [])]
    told = checked(at.call(*planned, manifest, "--out", out, "--json"))
    quote: dict[str, Any] = json.loads(told)
    started, computed = time.perf_counter(), at.core_s()
    checked(at.call(*begun, manifest, "--out", out, "--json"))
    command_s, core_s = time.perf_counter() - started, at.core_s() - computed
    report = (out / kind / "report" / "index.html").read_text()
    taken = re.search(r"this run took (\d+) s", report)
    assert taken is not None, "the report sets no run beside the quote"
    quoted_s, quoted_core_s = float(quote["estimated_s"]), float(quote["core_s"])
    return Measured(quoted_s, float(taken[1]), command_s, quoted_core_s, core_s)


def measure(on: str, kind: str, times: int, *, is_shown: bool = True) -> list[Measured]:
    """Several times over; each has a store of its own."""
    found: list[Measured] = []
    with (
        tempfile.TemporaryDirectory(prefix="nightshoot-quote-") as name,
        door(on, Path(name) / "cluster") as at,
    ):
        for number in range(times):
            folder = Path(name) / f"{number}"
            folder.mkdir()
            each = measured(on, kind, folder, at)
            found.append(each)
            if is_shown:
                print(_line(on, kind, each), flush=True)
    return found


def _line(on: str, kind: str, each: Measured) -> str:
    load = os.getloadavg()[0]
    return (
        f"| {on} | {kind} | {each.quoted:.1f} | {each.run:.1f} | {each.off:+.0%} | "
        f"{each.command:.1f} | {each.quoted_core_s:.1f} | {each.core_s:.1f} | "
        f"{each.cores_off:+.0%} | {load:.1f} |"
    )


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", nargs="+", choices=("machine", "pool"), default=["machine", "pool"])
    parser.add_argument("--kind", nargs="+", choices=tuple(KINDS), default=list(KINDS))
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--short", type=int, default=NUM_SHORT, help="How many videos those are.")
    wanted = parser.parse_args()
    KINDS["short"] = partial(short_rows, wanted.short)
    print(
        "| on | campaign | quoted, s | the run, s | off | the command, s | quoted, cores' s | "
        "computed, cores' s | off | load |"
    )
    print("|" + "---|" * 10)
    for on in wanted.on:
        for kind in wanted.kind:
            measure(on, kind, wanted.times)


if __name__ == "__main__":
    main()
