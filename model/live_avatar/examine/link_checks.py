"""Whether the ranks of a placement can talk to each other: tried in real processes, then judged.

Over NCCL where ranks have GPUs, over gloo where they have none. Where it fails, it is tried again
with each setting that is known to help, so that doctor names the one that does. No torch here:
the ranks (:mod:`model.live_avatar.parallel.link_trials`) import it in processes of their own, and a
driver that hangs takes none but them along.
"""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model import child_environment
from model.engine import Finding
from model.live_avatar.parallel.link_trials import (
    ALL_REDUCE,
    ALL_TO_ALL,
    PAIR,
    START,
    Trial,
    num_bytes,
    trials,
)

LIMIT_S = 120
"""Of all that is tried; NCCL on eight GPUs starts in 20 s, torch is imported in 10."""
BACKENDS = {"cpu": "gloo", "cuda": "NCCL"}
REMEDIES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cuda": (
        ("NCCL_P2P_DISABLE", "1"),
        ("NCCL_SHM_DISABLE", "1"),
        ("NCCL_IB_DISABLE", "1"),
        ("NCCL_SOCKET_IFNAME", "lo"),
    ),
    "cpu": (("GLOO_SOCKET_IFNAME", "lo"),),
}
"""Settings that are known to help, by the kind of device."""
LEAST_SHM_BYTES = 1_000_000_000
_SHM = Path("/dev/shm")  # where NCCL has files of its own
_POLL_S = 0.05
_GRACE_S = 2.0
_TAIL = 400
_PASSES = {ALL_REDUCE: 2, ALL_TO_ALL: 1}  # over a link, of all values but a rank's own share


# --- what was tried -----------------------------------------------------------------------------


@dataclass(frozen=True)
class RankSeen:
    """What one rank left behind.

    Attributes:
        notes: as it wrote them.
        exit_code: negative: the signal that ended it; None: it had not ended.
        last_words: on its standard error.
    """

    notes: Sequence[Mapping[str, Any]]
    exit_code: int | None
    last_words: str = ""

    @property
    def error(self) -> str:
        """That it told; empty: none."""
        return next((note["error"] for note in self.notes if "error" in note), "")

    def seconds(self, index: int) -> float | None:
        """Of a trial; None: it was not done."""
        found = [
            note["seconds"]
            for note in self.notes
            if note.get("trial") == index and "seconds" in note
        ]
        return found[0] if found else None

    def has_begun(self, index: int) -> bool:
        """Whether it came as far as this trial."""
        return any(note.get("trial") == index for note in self.notes)


@dataclass(frozen=True)
class Tried:
    """How it went.

    Attributes:
        seconds: of each trial that all its ranks did.
        failed: the first one that not all did; None: all went well.
        reason: why, in the words of a rank or of who watched.
    """

    seconds: Mapping[Trial, float]
    failed: Trial | None = None
    reason: str = ""


def judge(ranks: Sequence[RankSeen], limit_s: float) -> Tried:
    """What the ranks' notes mean.

    Args:
        ranks: what each left.
        limit_s: that they had.
    """
    done: dict[Trial, float] = {}
    for index, trial in enumerate(trials(len(ranks))):
        taken = [ranks[rank].seconds(index) for rank in trial.ranks]
        missing = [rank for rank, each in zip(trial.ranks, taken, strict=True) if each is None]
        if missing:
            return Tried(done, trial, _reason(ranks, index, missing, limit_s))
        done[trial] = max(each for each in taken if each is not None)
    return Tried(done)


def _reason(ranks: Sequence[RankSeen], index: int, missing: list[int], limit_s: float) -> str:
    told = [f"rank {rank}: {ranks[rank].error}" for rank in missing if ranks[rank].error]
    if told:
        return told[0]
    for rank in missing:
        seen = ranks[rank]
        if seen.exit_code is not None:
            how = f"exit code {seen.exit_code}"
            if seen.exit_code < 0:
                how = signal.Signals(-seen.exit_code).name
            return f"rank {rank} ended with {how} {seen.last_words}".strip()
    away = [rank for rank in missing if not ranks[rank].has_begun(index)] or missing
    return f"no answer within {limit_s:.0f} s from rank {', '.join(map(str, away))}"


# --- trying -------------------------------------------------------------------------------------


def try_links(
    num_ranks: int, kind: str, limit_s: int, environ: Mapping[str, str] | None = None
) -> Tried:
    """Start the ranks, wait for them, end them.

    Args:
        num_ranks: processes.
        kind: ``cuda``, each with its own GPU; or ``cpu``.
        limit_s: that they have in all.
        environ: of theirs; None: as this process's.
    """
    with tempfile.TemporaryDirectory(prefix="nightshoot-links-") as name:
        folder = Path(name)
        with _started(num_ranks, kind, limit_s, folder, environ or os.environ) as codes:
            _wait(codes, limit_s)
            seen = list(codes.values())  # before those that are left are killed
        return judge([_seen(folder, rank, code) for rank, code in enumerate(seen)], limit_s)


@contextmanager
def _started(
    num_ranks: int, kind: str, limit_s: int, folder: Path, environ: Mapping[str, str]
) -> Iterator[dict[int, int | None]]:
    """Process id -> exit code, None while it runs; in the order of ranks. None is left behind."""
    codes: dict[int, int | None] = {}
    try:
        for rank in range(num_ranks):
            codes[_start(rank, num_ranks, kind, limit_s, folder, environ)] = None
        yield codes
    finally:
        for pid in [pid for pid, code in codes.items() if code is None]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _start(
    rank: int, num_ranks: int, kind: str, limit_s: int, folder: Path, environ: Mapping[str, str]
) -> int:
    options = {
        "--rank": rank,
        "--num-ranks": num_ranks,
        "--kind": kind,
        "--store": folder / "store",
        "--notes": folder / f"notes-{rank}",
        "--limit-s": limit_s + int(_GRACE_S),
    }
    flags = [str(word) for option in options.items() for word in option]
    to_file = os.O_WRONLY | os.O_CREAT
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "model.live_avatar.parallel.link_trials", *flags],
        {"OMP_NUM_THREADS": "1", **child_environment.engine(environ)},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, str(folder / f"words-{rank}"), to_file, 0o600),
        ],
    )


def _wait(codes: dict[int, int | None], limit_s: float) -> None:
    """Note exit codes until all have ended; or one failed, or the time is over."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        for pid in [pid for pid, code in codes.items() if code is None]:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                codes[pid] = os.waitstatus_to_exitcode(status)
        if all(code is not None for code in codes.values()):
            return
        if any(codes.values()):  # the others wait in vain, but may have something to say
            end = min(end, time.monotonic() + _GRACE_S)
        time.sleep(_POLL_S)


def _seen(folder: Path, rank: int, exit_code: int | None) -> RankSeen:
    notes, words = folder / f"notes-{rank}", folder / f"words-{rank}"
    lines = notes.read_text().splitlines() if notes.is_file() else []
    whole = [json.loads(line) for line in lines if line.endswith("}")]  # the last may be cut
    said = words.read_text(errors="replace").strip() if words.is_file() else ""
    return RankSeen(whole, exit_code, said[-_TAIL:])


# --- findings -----------------------------------------------------------------------------------


def link_findings(num_ranks: int, kind: str, limit_s: int = LIMIT_S) -> list[Finding]:
    """Whether ``num_ranks`` ranks can talk, and how fast; with the setting that helps, if one does.

    Args:
        num_ranks: above 1.
        kind: ``cuda`` or ``cpu``.
        limit_s: of each try.
    """
    tried = try_links(num_ranks, kind, limit_s)
    if tried.failed is None:
        return [links_finding(tried, num_ranks, kind)]
    helping = next(
        (
            f"{name}={value}"
            for name, value in REMEDIES[kind]
            if os.environ.get(name) != value
            and not try_links(num_ranks, kind, limit_s, {**os.environ, name: value}).failed
        ),
        "",
    )
    return [broken_finding(tried, kind, helping)]


def links_finding(tried: Tried, num_ranks: int, kind: str) -> Finding:
    """How fast they talk; pairs by the slowest of them."""
    size = num_bytes(kind)
    pairs = {each: 2 * size / took for each, took in tried.seconds.items() if each.kind == PAIR}
    slowest = min(pairs, key=lambda pair: pairs[pair])
    sent = size * (num_ranks - 1) / num_ranks
    rates = [
        f"{each.kind} {_PASSES[each.kind] * sent / took / 1e9:.1f} GB/s"
        for each, took in tried.seconds.items()
        if each.kind in _PASSES
    ]
    rates.append(f"{PAIR} {pairs[slowest] / 1e9:.1f} GB/s (ranks {slowest.ranks[0]} and ")
    found = f"{num_ranks} ranks over {BACKENDS[kind]}: {', '.join(rates)}{slowest.ranks[1]}"
    return Finding("ok", "links", f"{found}, of {len(pairs)} pairs the slowest)")


def broken_finding(tried: Tried, kind: str, helping: str) -> Finding:
    """What failed, and the setting to change.

    Args:
        tried: with what failed first.
        kind: of the devices.
        helping: the setting with which all went well, as ``NAME=value``; empty: none did.
    """
    backend = BACKENDS[kind]
    what = f"{backend} cannot start" if _is_start(tried) else f"{tried.failed} over {backend} fails"
    return Finding(
        "fail", "links", f"{what} ({tried.reason})", way_out(tried.reason, kind, helping)
    )


def _is_start(tried: Tried) -> bool:
    return tried.failed is not None and tried.failed.kind == START


def way_out(reason: str, kind: str, helping: str = "") -> str:
    """What to change; see :func:`broken_finding`."""
    if helping:
        return f"set {helping} in the worker's environment: every link works with it"
    said = reason.lower()
    names = " and ".join(f"{name}={value}" for name, value in REMEDIES[kind])
    tail = f"{names} did not help"
    if kind == "cpu":
        return f"make sure that this machine's name has an address (`hostname -i`); {tail}"
    if "shm" in said or "no space left" in said:
        return f"give the container shared memory (--shm-size=1g, or --ipc=host); {tail}"
    return (
        f"run doctor again with NCCL_DEBUG=INFO and read what NCCL says about these ranks; check "
        f"`nvidia-smi topo -m` and the shared memory (--shm-size=1g in a container); {tail}"
    )


def shm_finding(path: Path = _SHM) -> Finding | None:
    """Whether ranks on GPUs have shared memory enough; None: yes, or it is not known."""
    if not path.is_dir():
        return None
    size = os.statvfs(path)
    total = size.f_frsize * size.f_blocks
    if total >= LEAST_SHM_BYTES:
        return None
    found = f"{path} has {total / 1e6:.0f} MB; NCCL shares memory between ranks there"
    return Finding("warn", "shared memory", found, "start the container with --shm-size=1g")
