"""One rank of a trial of the links between ranks, run as a module.

Values are sent that tell who sent them, and compared where they arrive. What is begun and what is
done is written down as it happens, so that whoever started the ranks sees where one stays away.
:mod:`model.live_avatar.examine.link_checks` starts them and judges.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from model.errors import ResourceError
from model.host import heartbeats

_MOST_PAIRED = 8  # ranks, of which every pair is tried; of more, neighbours alone
_NUM_VALUES = {"cpu": 1 << 20, "cuda": 1 << 24}  # of float32: 4 and 64 MiB
_PERIOD = 1000  # sums of a few such numbers are exact
START, ALL_REDUCE, ALL_TO_ALL, PAIR = "start", "all-reduce", "all-to-all", "point-to-point"


@dataclass(frozen=True)
class Trial:
    """One thing that is tried.

    Attributes:
        kind: of what the ranks do.
        ranks: that take part; the others wait.
    """

    kind: str
    ranks: tuple[int, ...]

    def __str__(self) -> str:
        if self.kind == PAIR:
            return f"{PAIR} between ranks {self.ranks[0]} and {self.ranks[1]}"
        return f"{self.kind} of ranks 0 to {self.ranks[-1]}"


def trials(num_ranks: int) -> list[Trial]:
    """All that is tried, in order."""
    everyone = tuple(range(num_ranks))
    pairs = combinations(everyone, 2)
    if num_ranks > _MOST_PAIRED:
        pairs = ((rank, rank + 1) for rank in everyone[:-1])
    together = [Trial(kind, everyone) for kind in (START, ALL_REDUCE, ALL_TO_ALL)]
    return [*together, *(Trial(PAIR, pair) for pair in pairs)]


class _Rank:
    """This process among the others."""

    def __init__(self, told: argparse.Namespace) -> None:
        import torch
        import torch.distributed as dist

        self._torch, self._dist = torch, dist
        self._rank, self._num_ranks, self._told = told.rank, told.num_ranks, told
        # documented, but left out of its stubs
        self._store = dist.FileStore(told.store, told.num_ranks)  # pyright: ignore[reportPrivateImportUsage]
        self._store.set_timeout(timedelta(seconds=told.limit_s))
        is_gpu = told.kind == "cuda"
        self._device = torch.device("cuda", told.rank) if is_gpu else torch.device("cpu")
        self._pattern = torch.arange(_NUM_VALUES[told.kind], dtype=torch.float32) % _PERIOD
        self._do: dict[str, Callable[[Trial], None]] = {
            START: self._start,
            ALL_REDUCE: self._all_reduce,
            ALL_TO_ALL: self._all_to_all,
            PAIR: self._exchange,
        }

    def run(self, note: Callable[..., None]) -> None:
        """Try everything in order, all ranks in step."""
        for index, trial in enumerate(trials(self._num_ranks)):
            if self._rank in trial.ranks:
                note(trial=index)
                note(trial=index, seconds=self._seconds(trial))
            self._await_all(index)
        self._dist.destroy_process_group()

    def _await_all(self, index: int) -> None:
        """Through the file of the store: no link is needed for it."""
        if self._store.add(f"come {index}", 1) == self._num_ranks:
            self._store.set(f"all {index}", "1")
        self._store.wait([f"all {index}"])

    def _seconds(self, trial: Trial) -> float:
        """Of the second time; the first one makes connections."""
        if trial.kind == START:
            return self._timed(trial)
        self._timed(trial)
        return self._timed(trial)

    def _timed(self, trial: Trial) -> float:
        started = time.perf_counter()
        self._do[trial.kind](trial)
        if self._device.type == "cuda":
            self._torch.cuda.synchronize(self._device)
        return time.perf_counter() - started

    def _start(self, _: Trial) -> None:
        device = None
        if self._device.type == "cuda":
            self._torch.cuda.set_device(self._device)
            device = self._device  # with it NCCL starts at once, and not at the first letter
        self._dist.init_process_group(
            "cpu:gloo,cuda:nccl" if device else "gloo",
            store=self._dist.PrefixStore("group", self._store),
            rank=self._rank,
            world_size=self._num_ranks,
            timeout=timedelta(seconds=self._told.limit_s),
            device_id=device,
        )
        self._dist.all_reduce(self._torch.zeros(1))  # letters go through the host's memory
        self._pattern = self._pattern.to(self._device)

    def _all_reduce(self, trial: Trial) -> None:
        sums = self._pattern + self._rank
        self._dist.all_reduce(sums)
        self._compare(sums, self._num_ranks * self._pattern + sum(trial.ranks), trial)

    def _all_to_all(self, trial: Trial) -> None:
        """Each rank has a part for each: in it the sender's number and the receiver's."""
        own = self._pattern[: len(self._pattern) // self._num_ranks]
        sent = self._torch.cat([own + self._mark(self._rank, other) for other in trial.ranks])
        received = self._torch.empty_like(sent)
        self._dist.all_to_all_single(received, sent)
        wanted = [own + self._mark(other, self._rank) for other in trial.ranks]
        self._compare(received, self._torch.cat(wanted), trial)

    def _exchange(self, trial: Trial) -> None:
        """There and back."""
        first, second = trial.ranks
        for sender, receiver in ((first, second), (second, first)):
            values = self._pattern + self._mark(sender, receiver)
            if self._rank == sender:
                self._dist.send(values, receiver)
            else:
                received = self._torch.empty_like(values)
                self._dist.recv(received, sender)
                self._compare(received, values, trial)

    def _mark(self, sender: int, receiver: int) -> int:
        return _PERIOD * (1 + sender * self._num_ranks + receiver)

    def _compare(self, found: Any, wanted: Any, trial: Trial) -> None:
        if not self._torch.equal(found, wanted):
            share = float((found != wanted).float().mean())
            raise ValueError(f"{trial}: {share:.1%} of the values that arrived are wrong")


def meet_all_ranks(group: Any, device: Any) -> None:
    """Send a number to every rank of a group, before anything is loaded: connections are made here.

    All ranks call this. One that never answers is found by who watches
    (:mod:`model.host.heartbeats`).

    Args:
        group: of ranks; None: all.
        device: whose backend is tried.

    Raises:
        ResourceError: they cannot reach each other; with the settings to change.
    """
    import torch
    import torch.distributed as dist

    num_ranks, rank = dist.get_world_size(group), dist.get_rank()
    backend = "NCCL" if device.type == "cuda" else "gloo"
    with heartbeats.within(f"greeting the other ranks over {backend}", "block"):
        try:
            sums = torch.full((num_ranks,), dist.get_rank(group) + 1, device=device)
            dist.all_reduce(sums, group=group)
            found = sums.tolist()
        except RuntimeError as error:  # torch.distributed's own are of this kind
            raise ResourceError(_unreachable(backend, rank, str(error))) from error
    wanted = num_ranks * (num_ranks + 1) // 2
    if found != [wanted] * num_ranks:
        said = f"the sum over the ranks is {found}, but each must be {wanted}"
        raise ResourceError(_unreachable(backend, rank, said))


def _unreachable(backend: str, rank: int, said: str) -> str:
    first = (said.strip() or "no message").splitlines()[0]
    return (
        f"engine live-avatar: rank {rank} cannot reach the other ranks over {backend} ({first}); "
        "run `nightshoot doctor --engine live-avatar` with this environment: it names the "
        "setting that helps, for example NCCL_P2P_DISABLE=1, NCCL_SHM_DISABLE=1 or "
        "NCCL_IB_DISABLE=1"
    )


def num_bytes(kind: str) -> int:
    """That each rank sends in a trial on a device of this kind."""
    return 4 * _NUM_VALUES[kind]


def main() -> None:
    """Take part as one rank; the exit code is 1 where something failed."""
    parser = argparse.ArgumentParser(
        prog="python -m model.live_avatar.parallel.link_trials", description=__doc__
    )
    parser.add_argument("--rank", type=int, required=True)
    parser.add_argument("--num-ranks", type=int, required=True)
    parser.add_argument("--kind", choices=_NUM_VALUES, required=True)
    parser.add_argument("--store", required=True, help="a file that all ranks share")
    parser.add_argument("--notes", type=Path, required=True, help="a file of its own")
    parser.add_argument("--limit-s", type=int, required=True, help="after which it ends itself")
    told = parser.parse_args()
    signal.alarm(told.limit_s)  # whoever started it may be gone
    with told.notes.open("w") as notes:

        def note(**fields: object) -> None:
            notes.write(json.dumps(fields) + "\n")
            notes.flush()

        try:
            _Rank(told).run(note)
        except (RuntimeError, ValueError) as error:  # what torch.distributed raises
            note(error=str(error).strip())
            sys.exit(1)


if __name__ == "__main__":
    main()
