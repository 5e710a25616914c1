"""A night of 100,000 videos on 500 GPUs, simulated: what failures cost, which choices matter.

Discrete events over a heap, seeded. What follows a failure, when to stop and what still fits into
the night is decided by the product's own tasks/recovery/failures.py and tasks/recovery/night.py.
Every GPU-second of the fleet is put into exactly one account, so the accounts add up to the fleet's
capacity.

    .venv/bin/python benchmarks/night_simulation.py [--seed N]
"""

import argparse
import heapq
import math
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from model.errors import EngineFailedError, MachineError, PortraitError
from tasks.engines.host_process import EngineLostError
from tasks.recovery.failures import Breaker, next_step, signature_of
from tasks.recovery.night import Pace, may_open, parse_window

OPENING = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
ROUNDING_S = 1e-6
SHORTEST_FRAMES, LONGEST_FRAMES = 50, 90_000
HOUR_S = 3600.0
LONGEST_NIGHT_S = 60 * 24 * HOUR_S

Account = Literal["render", "segment", "deliver", "start", "load", "wait", "lost", "idle", "down"]
ACCOUNTS: tuple[Account, ...] = (
    "render",  # frames that were kept
    "segment",  # beside the rendering of kept segments
    "deliver",  # stitch, captions, checks
    "start",  # a run's start
    "load",  # loads of an engine
    "wait",  # delays before a retry, beside the load
    "lost",  # rendered, then thrown away
    "idle",  # nothing to do, or held back for a 4-GPU run
    "down",  # machine or GPU out of service
)


@dataclass(frozen=True)
class Settings:
    """The work, the fleet, its failures, and the choices. Seconds of the wall clock.

    Measured: ``segment_s`` (57 ms through a warm host + 46 ms encoder and commit + about 50 ms
    for four puts), ``deliver_s``, ``start_s``, ``query_s``, ``zombie_s``, ``revive_s``. Published:
    ``frame_s`` (6.8 GPU-seconds for a second of video) and ``quad_speed``. The rest is assumed.
    """

    num_videos: int = 100_000
    median_video_s: float = 15.0
    spread: float = 0.6  # sigma of the logarithm
    frame_s: float = 6.8 / 25
    frame_spread: float = 0.1
    segment_frames: int = 144
    bad_row_share: float = 0.0
    quad_share: float = 0.0  # videos that want all 4 GPUs of a machine
    quad_speed: float = 6.8 / 9.8 * 4

    num_machines: int = 125
    gpus_per_machine: int = 4
    load_s: float = 60.0
    start_s: tuple[float, float] = (2.0, 6.0)
    query_s: float = 2.0  # a worker asks for runs this often
    segment_s: float = 0.15
    deliver_s: float = 1.5
    poll_s: float = 5.0  # the campaign asks for its runs this often
    create_s: float = 0.05  # to create one run
    zombie_s: float = 91.0  # until a run whose worker died is known to have crashed
    revive_s: float = 5.0

    run_crash_per_h: float = 1 / 50  # of a busy run
    engine_crash_per_h: float = 1 / 100  # of a busy GPU
    gpu_fault_per_h: float = 1 / 500  # of a busy GPU
    worker_crash_per_h: float = 1 / 100  # of a machine
    preempt_per_h: float = 1 / 100  # of a machine
    worker_restart_s: float = 20.0
    preempted_s: float = 1800.0
    gpu_repair_s: float = 1800.0
    fault_after_s: float = 5.0  # a broken GPU or a poisoned engine fails after this
    poison: Literal["none", "machine", "engine"] = "none"

    is_warm: bool = True
    resumes_segments: bool = True
    order: Literal["manifest", "longest", "shortest", "quads first"] = "manifest"
    outstanding: float = 2.0  # runs kept scheduled or running, as a multiple of the GPUs
    is_started_ahead: bool = False  # the next run is up before its GPU is free
    window: str = ""
    opens_only_what_fits: bool = True
    look_ahead: int = 2000  # waiting videos asked for one that still fits
    knows_queue: bool = True  # the time in the queue is part of the estimate
    margin: float = 0.25
    breaker: Literal["off", "ends", "ends and rows", "tries"] = "ends"
    cool_off_s: float = 300.0  # of a worker after a machine fault; 0: it goes on at once
    has_gate: bool = True
    max_crashes: int = 3  # of one video, then it failed
    forgives_progress: bool = True  # a crash after a finished segment counts as the first again

    @property
    def num_gpus(self) -> int:
        """Of the fleet."""
        return self.num_machines * self.gpus_per_machine


@dataclass(frozen=True)
class Night:
    """What came of it. Accounts are GPU-hours of the whole fleet until the last run ended."""

    num_done: int
    num_failed: int
    num_quarantined: int
    num_carried_begun: int
    num_carried_fresh: int
    hours: float
    tail_hours: float  # from 99 % of the videos that were done to the last
    accounts: dict[Account, float]
    stopped_at_hours: float | None
    quad_wait_minutes: tuple[float, float]  # median and longest, from created to started
    quad_done_hours: float

    @property
    def capacity(self) -> float:
        """GPU-hours in all accounts."""
        return sum(self.accounts.values())

    @property
    def utilisation(self) -> float:
        """Share of the capacity that went into frames that were kept."""
        return self.accounts["render"] / self.capacity if self.capacity else 0.0

    @property
    def num_carried(self) -> int:
        """Videos left for the next night."""
        return self.num_carried_begun + self.num_carried_fresh


# --- the state ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Video:
    """One video; ``num_left`` frames are to render."""

    num_frames: int
    num_left: int
    frame_s: float  # on what it runs
    num_gpus: int
    is_bad: bool
    status: Literal["pending", "open", "done", "failed", "quarantined", "carried"] = "pending"
    created_s: float = 0.0
    num_crashes: int = 0
    left_at_crash: int = 0
    earlier: int = 0  # tries in the places before


@dataclass(slots=True)
class Slot:
    """One GPU."""

    machine: int
    state: Literal["idle", "busy", "down"] = "idle"
    since_s: float = 0.0
    version: int = 0  # raised with every change, so that an event for an earlier state is void
    warm_for: int = 0  # GPUs of the host that is loaded on it; 0: none
    run: "Run | None" = None


@dataclass(slots=True)
class Machine:
    """One machine: its worker takes runs for its GPUs."""

    slots: list[Slot]
    drained_until_s: float = 0.0
    faults_in_a_row: int = 0
    held: int | None = None  # a 4-GPU video that waits for all GPUs
    held_since_s: float = 0.0


@dataclass(slots=True)
class Run:
    """A video on its GPUs. ``prelude`` is what comes before the rendering of this try."""

    video: int
    slots: list[Slot]
    told_until_s: float  # the accounts hold its time until then
    prelude: tuple[tuple[Account, float], ...]
    attempt: int = 0
    is_broken: bool = False  # its GPU fails every time
    version: int = 0
    num_rendered: int = 0
    began_s: float = 0.0


@dataclass(slots=True)
class Tally:
    """What is counted while it runs."""

    accounts: dict[Account, float] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0.0))
    done_at_s: list[float] = field(default_factory=list)
    quad_waits_s: list[float] = field(default_factory=list)
    quad_done_s: float = 0.0
    last_s: float = 0.0
    stopped_s: float | None = None


# --- the events ---------------------------------------------------------------------------------


class Simulation:
    """One night; :meth:`run` gives what came of it."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self._dice = random.Random(seed)
        self.videos = _make_videos(settings, np.random.default_rng(seed))
        self._pending = deque(_ordered(self.videos, settings.order))
        self._machines = [
            Machine([Slot(index) for _ in range(settings.gpus_per_machine)])
            for index in range(settings.num_machines)
        ]
        self._queues: tuple[deque[int], deque[int]] = (deque(), deque())  # 1-GPU and 4-GPU runs
        self._queued_work_s = 0.0
        self._hungry: list[tuple[Slot, int]] = []
        self._events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._num_events = 0
        self._now = 0.0
        self._num_outstanding = 0
        self._num_unseen = 0  # ended runs that the campaign has not seen yet
        self._num_open = len(self.videos)
        self._pace = Pace()
        self._breaker = Breaker()
        self._tally = Tally()
        self._close_s = math.inf
        if settings.window:
            end = parse_window(settings.window, "UTC").end_after(OPENING)
            if end is None:
                raise ValueError(f'window "{settings.window}" must be open at {OPENING:%H:%M}')
            self._close_s = (end - OPENING).total_seconds()

    @property
    def _is_closed(self) -> bool:
        return self._now >= self._close_s or self._tally.stopped_s is not None

    def run(self) -> Night:
        """Run until every video has ended, then add up."""
        for machine in self._machines:
            for slot in machine.slots:
                self._hungry.append((slot, slot.version))
        self._at(0.0, self._poll)
        if self._close_s < math.inf:
            self._at(self._close_s, self._close)
        for rate, event in (
            (self.settings.worker_crash_per_h, self._worker_crash),
            (self.settings.preempt_per_h, self._preempt),
        ):
            if rate:
                self._at(self._next_strike_s(rate), event)
        while self._num_open:
            self._now, _, event, arguments = heapq.heappop(self._events)
            if self._now > LONGEST_NIGHT_S:
                raise RuntimeError(f"{self._num_open} videos do not end: the night never does")
            event(*arguments)
        return self._result()

    def _at(self, delay_s: float, event: Callable[..., None], *arguments: object) -> None:
        self._num_events += 1
        heapq.heappush(self._events, (self._now + delay_s, self._num_events, event, arguments))

    def _next_strike_s(self, per_machine_hour: float) -> float:
        return self._dice.expovariate(per_machine_hour * len(self._machines) / HOUR_S)

    # --- the campaign ---

    def _poll(self) -> None:
        """Look at the runs, top them up, come again."""
        settings = self.settings
        self._num_outstanding -= self._num_unseen
        self._num_unseen = 0
        wanted = round(settings.outstanding * settings.num_gpus)
        num_affordable = int(settings.poll_s / settings.create_s)
        for _ in range(min(wanted - self._num_outstanding, num_affordable)):
            if self._is_closed or not self._open_next():
                break
        if self._pending and not self._is_closed:
            self._at(settings.poll_s, self._poll)

    def _open_next(self) -> bool:
        """Create the run of the next video that fits; False if there is none."""
        for offset in range(min(self.settings.look_ahead, len(self._pending))):
            index = self._pending[offset]
            if self._fits(self.videos[index]):
                del self._pending[offset]
                self._open(index)
                return True
        return False

    def _fits(self, video: Video) -> bool:
        if self._close_s == math.inf or not self.settings.opens_only_what_fits:
            return True
        estimate_s = self._pace.estimate_s(video.num_left)
        if estimate_s is not None and self.settings.knows_queue:
            estimate_s += self._queued_work_s / self.settings.num_gpus
        end = OPENING + timedelta(seconds=self._close_s)
        return may_open(
            OPENING + timedelta(seconds=self._now), end, estimate_s, self.settings.margin
        )

    def _open(self, index: int) -> None:
        video = self.videos[index]
        if video.is_bad:
            self._end(index, "quarantined")
            if self.settings.breaker == "ends and rows":
                self._strike(index, PortraitError(f"row-{index}.png: no face was found in it"))
            return
        video.status, video.created_s = "open", self._now
        self._num_outstanding += 1
        self._enqueue(index)

    def _enqueue(self, index: int) -> None:
        """Put a run into the pool's queue, unless the night is over."""
        video = self.videos[index]
        if self._is_closed:
            self._end(index, "carried")
            return
        self._queues[video.num_gpus > 1].append(index)
        self._queued_work_s += video.num_left * video.frame_s * video.num_gpus
        hungry, self._hungry = self._hungry, []
        for slot, version in hungry:
            if slot.version == version:
                self._ask_soon(slot)

    def _end(self, index: int, status: Literal["done", "failed", "quarantined", "carried"]) -> None:
        video = self.videos[index]
        if video.status not in ("pending", "open"):
            raise RuntimeError(f"video {index} ended as {video.status} and again as {status}")
        self._num_unseen += video.status == "open"
        video.status = status
        self._num_open -= 1
        self._tally.last_s = self._now

    def _strike(self, index: int, error: Exception) -> None:
        if self.settings.breaker == "off" or self._tally.stopped_s is not None:
            return
        if self._breaker.add(f"row-{index}", signature_of(error), self._now):
            self._tally.stopped_s = self._now
            self._close()

    def _close(self) -> None:
        """The night is over: what is not running is carried over, what runs ends its segment."""
        for queue in self._queues:
            for index in queue:
                self._end(index, "carried")
            queue.clear()
        self._queued_work_s = 0.0
        for index in self._pending:
            self._end(index, "carried")
        self._pending.clear()
        for machine in self._machines:
            if machine.held is not None:
                self._end(machine.held, "carried")
                machine.held = None
            for run in {id(slot.run): slot.run for slot in machine.slots if slot.run}.values():
                self._stop_after_segment(run)

    def _stop_after_segment(self, run: Run) -> None:
        if self._is_hopeless(run):
            return  # its failure is near
        video, settings = self.videos[run.video], self.settings
        rendering_s = self._now - run.told_until_s - sum(seconds for _, seconds in run.prelude)
        segment_s = settings.segment_frames * video.frame_s + settings.segment_s
        num_segments = math.ceil(video.num_left / settings.segment_frames)
        num_begun = math.ceil(rendering_s / segment_s) if rendering_s > 0 else 0
        if num_begun < num_segments:
            run.version += 1
            left_s = max(0.0, num_begun * segment_s - rendering_s) if num_begun else 0.0
            self._at(left_s, self._stopped, run, run.version)

    def _stopped(self, run: Run, version: int) -> None:
        if run.version == version:
            self._settle(run)
            self._release(run)
            self._end(run.video, "carried")

    # --- workers ---

    def _ask_soon(self, slot: Slot) -> None:
        """The worker asks for a run for this GPU with its next query."""
        is_ready = self.settings.is_started_ahead and any(self._queues)
        wait_s = 0.0 if is_ready else self._dice.uniform(0, self.settings.query_s)
        self._at(wait_s, self._ask, slot, slot.version)

    def _ask(self, slot: Slot, version: int) -> None:
        if slot.version != version or slot.state != "idle":
            return
        machine = self._machines[slot.machine]
        if self._now < machine.drained_until_s:
            self._at(machine.drained_until_s - self._now, self._ask, slot, version)
            return
        if machine.held is None:
            self._hold_next(machine)
        if machine.held is not None:
            if all(other.state == "idle" for other in machine.slots):
                index, machine.held = machine.held, None
                self._start(index, machine.slots)
                return
            if self.settings.has_gate:
                return  # kept free; asked again when another GPU of the machine is free
        singles = self._queues[0]
        if singles:
            self._start(self._taken(singles), [slot])
        else:
            self._hungry.append((slot, version))

    def _hold_next(self, machine: Machine) -> None:
        """Take the 4-GPU run at the head of the line, if this machine has all its GPUs."""
        singles, quads = self._queues
        is_whole = all(slot.state != "down" for slot in machine.slots)
        is_first = quads and (
            not singles
            or self.videos[quads[0]].created_s <= self.videos[singles[0]].created_s
            or not self.settings.has_gate
        )
        if is_whole and is_first:
            machine.held = self._taken(quads)

    def _taken(self, queue: deque[int]) -> int:
        video = self.videos[queue[0]]
        self._queued_work_s -= video.num_left * video.frame_s * video.num_gpus
        return queue.popleft()

    def _start(self, index: int, slots: Sequence[Slot]) -> None:
        video = self.videos[index]
        if video.num_gpus > 1:
            self._tally.quad_waits_s.append(self._now - video.created_s)
        start_s = (
            0.0 if self.settings.is_started_ahead else self._dice.uniform(*self.settings.start_s)
        )
        prelude: list[tuple[Account, float]] = [("start", start_s)]
        if not self.settings.is_warm or any(slot.warm_for != video.num_gpus for slot in slots):
            prelude.append(("load", self.settings.load_s))
        run = Run(index, list(slots), self._now, tuple(prelude), began_s=self._now)
        for slot in slots:
            if slot.warm_for > 1 and slot.warm_for != video.num_gpus:
                for other in self._machines[slot.machine].slots:
                    other.warm_for = 0  # the host over all GPUs gave way
            self._change(slot, "busy")
            slot.run = run
        for slot in slots:
            slot.warm_for = video.num_gpus
        self._foresee(run)

    def _foresee(self, run: Run) -> None:
        """Put into the future how this try ends."""
        video, settings = self.videos[run.video], self.settings
        run.attempt += 1
        run.version += 1
        before_s = sum(seconds for _, seconds in run.prelude)
        if self._is_hopeless(run):
            event = self._bad_job if settings.poison == "engine" else self._gpu_fault
            self._at(before_s + settings.fault_after_s, event, run, run.version)
            return
        num_segments = math.ceil(video.num_left / settings.segment_frames)
        whole_s = before_s + video.num_left * video.frame_s + num_segments * settings.segment_s
        whole_s += settings.deliver_s
        rates = (
            settings.run_crash_per_h / HOUR_S,
            settings.engine_crash_per_h / HOUR_S * video.num_gpus,
            settings.gpu_fault_per_h / HOUR_S * video.num_gpus,
        )
        fails_s = self._dice.expovariate(sum(rates)) if sum(rates) else math.inf
        if fails_s >= whole_s:
            self._at(whole_s, self._finished, run, run.version)
            return
        events = (self._run_crash, self._engine_crash, self._gpu_fault)
        self._at(fails_s, self._dice.choices(events, rates)[0], run, run.version)

    def _is_poisoned(self, run: Run) -> bool:
        poison = self.settings.poison
        return poison == "engine" or (poison == "machine" and run.slots[0].machine == 0)

    def _is_hopeless(self, run: Run) -> bool:
        return run.is_broken or self._is_poisoned(run)

    def _finished(self, run: Run, version: int) -> None:
        if run.version != version:
            return
        self._settle(run, is_delivered=True)
        self._release(run)
        self._machines[run.slots[0].machine].faults_in_a_row = 0
        self._end(run.video, "done")
        self._tally.done_at_s.append(self._now)
        if self.videos[run.video].num_gpus > 1:
            self._tally.quad_done_s = self._now
        elif run.num_rendered:
            self._pace.add(run.num_rendered, self._now - run.began_s)

    # --- failures ---

    def _run_crash(self, run: Run, version: int) -> None:
        if run.version == version:
            self._settle(run)
            self._release(run)
            self._revive(run.video, self.settings.revive_s)

    def _revive(self, index: int, delay_s: float) -> None:
        video = self.videos[index]
        has_progress = self.settings.forgives_progress and video.num_left < video.left_at_crash
        video.num_crashes = 1 if has_progress else video.num_crashes + 1
        video.left_at_crash = video.num_left
        if self._is_closed:
            self._end(index, "carried")
        elif video.num_crashes >= self.settings.max_crashes:
            self._end(index, "failed")
            self._strike(index, MachineError(f"the run crashed {video.num_crashes} times"))
        else:
            self._at(delay_s, self._enqueue, index)

    def _engine_crash(self, run: Run, version: int) -> None:
        if run.version == version:
            self._machine_fault(run, self._settle(run))

    def _gpu_fault(self, run: Run, version: int) -> None:
        if run.version == version:
            num_finished = self._settle(run)
            run.is_broken = True
            self._machine_fault(run, num_finished)

    def _machine_fault(self, run: Run, num_finished: int) -> None:
        if num_finished:
            run.attempt = 1  # a segment was finished since: this is the first try of another
        error = EngineLostError(
            f'engine host "a" (process {self._num_events}) was lost: the other side closed the '
            f"connection; log logs/host-{run.video}.log"
        )
        self._after_fault(run, "machine", error)

    def _bad_job(self, run: Run, version: int) -> None:
        if run.version == version:
            self._settle(run)
            words = f"ValueError: rotary table has {run.video} rows, the clip 4096"
            self._after_fault(run, "unknown", EngineFailedError(words))

    def _after_fault(
        self, run: Run, fault: Literal["machine", "unknown"], error: Exception
    ) -> None:
        if self.settings.breaker == "tries":
            self._strike(run.video, error)
        video = self.videos[run.video]
        step = next_step(
            fault,
            run.attempt,
            0,
            self._dice.random(),
            earlier=video.earlier,
            reload_s=self.settings.load_s,
        )
        if step.action == "retry" and not self._is_closed:
            self._retry(run, step.delay_s, self.settings.load_s if fault == "machine" else 0.0)
            return
        self._release(run)
        if fault == "machine":
            self._drain(run)
        if self._is_closed:
            self._end(run.video, "carried")
        elif step.action == "move":
            video.earlier += run.attempt
            self._at(self.settings.revive_s, self._enqueue, run.video)
        else:
            self._end(run.video, "failed")
            if self.settings.breaker != "tries":
                self._strike(run.video, error)

    def _retry(self, run: Run, delay_s: float, load_s: float) -> None:
        """Try again in place; a lost engine is loaded meanwhile."""
        run.prelude = (("load", load_s), ("wait", max(0.0, delay_s - load_s)))
        self._foresee(run)

    def _drain(self, run: Run) -> None:
        """The worker takes no runs for a while; a GPU that is broken is out until repaired."""
        settings, machine = self.settings, self._machines[run.slots[0].machine]
        if settings.cool_off_s:
            cool_off_s = settings.cool_off_s * 2 ** min(machine.faults_in_a_row, 8)
            machine.drained_until_s = self._now + cool_off_s
        machine.faults_in_a_row += 1
        if run.is_broken and not self._is_poisoned(run):
            self._take_down([run.slots[0]], settings.gpu_repair_s)

    def _worker_crash(self) -> None:
        machine = self._strike_machine(self.settings.worker_crash_per_h, self._worker_crash)
        self._lose(machine, self.settings.worker_restart_s, self.settings.zombie_s)

    def _preempt(self) -> None:
        machine = self._strike_machine(self.settings.preempt_per_h, self._preempt)
        self._lose(machine, self.settings.preempted_s, self.settings.revive_s)

    def _strike_machine(self, rate: float, again: Callable[[], None]) -> Machine:
        self._at(self._next_strike_s(rate), again)
        return self._dice.choice(self._machines)

    def _lose(self, machine: Machine, down_s: float, noticed_s: float) -> None:
        """The machine and what runs on it are gone for a while."""
        for run in {id(slot.run): slot.run for slot in machine.slots if slot.run}.values():
            self._settle(run)
            self._release(run)
            self._revive(run.video, noticed_s)
        self._take_down([slot for slot in machine.slots if slot.state != "down"], down_s)

    def _take_down(self, slots: Sequence[Slot], down_s: float) -> None:
        for slot in slots:
            self._change(slot, "down")
            slot.warm_for = 0
            self._at(down_s, self._up, slot, slot.version)
        machine = self._machines[slots[0].machine] if slots else None
        if machine and machine.held is not None:
            index, machine.held = machine.held, None
            self._enqueue(index)
            self._wake(machine)

    def _up(self, slot: Slot, version: int) -> None:
        if slot.version == version:
            self._change(slot, "idle")
            self._ask_soon(slot)

    # --- GPUs and their accounts ---

    def _release(self, run: Run) -> None:
        run.version += 1
        for slot in run.slots:
            slot.run = None
            self._change(slot, "idle")
            self._ask_soon(slot)

    def _wake(self, machine: Machine) -> None:
        """GPUs that were kept free ask again."""
        for slot in machine.slots:
            if slot.state == "idle":
                self._ask_soon(slot)

    def _change(self, slot: Slot, state: Literal["idle", "busy", "down"]) -> None:
        if slot.state != "busy":  # the time of busy ones is told by their runs
            self._tally.accounts[slot.state] += self._now - slot.since_s
        slot.state, slot.since_s = state, self._now
        slot.version += 1

    def _settle(self, run: Run, *, is_delivered: bool = False) -> int:
        """Put the run's time since the last time into the accounts; segments finished in it."""
        settings, video = self.settings, self.videos[run.video]
        accounts, num_gpus = self._tally.accounts, len(run.slots)
        left_s = self._now - run.told_until_s
        run.told_until_s = self._now
        for account, seconds in run.prelude:
            accounts[account] += num_gpus * min(seconds, left_s)
            left_s -= min(seconds, left_s)
        run.prelude = ()
        num_segments, num_frames = _finished_segments(video, settings, left_s, is_delivered)
        is_kept = settings.resumes_segments and not self._is_hopeless(run)
        if not (is_kept or is_delivered):
            num_segments = num_frames = 0
        render_s, beside_s = num_frames * video.frame_s, num_segments * settings.segment_s
        accounts["render"] += num_gpus * render_s
        accounts["segment"] += num_gpus * beside_s
        accounts["deliver" if is_delivered else "lost"] += num_gpus * (left_s - render_s - beside_s)
        video.num_left -= num_frames
        run.num_rendered += num_frames
        return num_segments

    def _result(self) -> Night:
        tally = self._tally
        self._now = tally.last_s
        for machine in self._machines:
            for slot in machine.slots:
                self._change(slot, slot.state)
        done = sorted(tally.done_at_s)
        carried = [video for video in self.videos if video.status == "carried"]
        num_begun = sum(video.num_left < video.num_frames for video in carried)
        counts = Counter(video.status for video in self.videos)
        waits = sorted(tally.quad_waits_s) or [0.0]
        return Night(
            num_done=counts["done"],
            num_failed=counts["failed"],
            num_quarantined=counts["quarantined"],
            num_carried_begun=num_begun,
            num_carried_fresh=len(carried) - num_begun,
            hours=tally.last_s / HOUR_S,
            tail_hours=(done[-1] - done[int(0.99 * (len(done) - 1))]) / HOUR_S if done else 0.0,
            accounts={name: tally.accounts[name] / HOUR_S for name in ACCOUNTS},
            stopped_at_hours=None if tally.stopped_s is None else tally.stopped_s / HOUR_S,
            quad_wait_minutes=(waits[len(waits) // 2] / 60, waits[-1] / 60),
            quad_done_hours=tally.quad_done_s / HOUR_S,
        )


def _finished_segments(
    video: Video, settings: Settings, seconds: float, is_delivered: bool
) -> tuple[int, int]:
    """Segments that a run finishes in ``seconds`` of rendering, and their frames."""
    num_segments = math.ceil(video.num_left / settings.segment_frames)
    whole_s = video.num_left * video.frame_s + num_segments * settings.segment_s
    if is_delivered or seconds >= whole_s - ROUNDING_S:
        return num_segments, video.num_left
    segment_s = settings.segment_frames * video.frame_s + settings.segment_s
    finished = min(int((seconds + ROUNDING_S) / segment_s), num_segments - 1)
    return finished, finished * settings.segment_frames


def _make_videos(settings: Settings, dice: np.random.Generator) -> list[Video]:
    count = settings.num_videos
    median_frames = settings.median_video_s * 25
    lengths = dice.lognormal(math.log(median_frames), settings.spread, count)
    paces = settings.frame_s * dice.lognormal(0, settings.frame_spread, count)
    is_quad = dice.random(count) < settings.quad_share
    is_bad = dice.random(count) < settings.bad_row_share
    videos: list[Video] = []
    for length, pace, quad, bad in zip(lengths, paces, is_quad, is_bad, strict=True):
        frames = int(min(max(length, SHORTEST_FRAMES), LONGEST_FRAMES))
        frame_s = float(pace) / (settings.quad_speed if quad else 1.0)
        videos.append(Video(frames, frames, frame_s, 4 if quad else 1, bool(bad)))
    return videos


def _ordered(videos: Sequence[Video], order: str) -> list[int]:
    keys: dict[str, Callable[[int], int]] = {
        "manifest": lambda row: row,
        "longest": lambda row: -videos[row].num_frames,
        "shortest": lambda row: videos[row].num_frames,
        "quads first": lambda row: -videos[row].num_gpus,
    }
    return sorted(range(len(videos)), key=keys[order])


# --- the questions ------------------------------------------------------------------------------

ORDINARY = Settings()
NO_FAILURES = replace(
    ORDINARY,
    run_crash_per_h=0,
    engine_crash_per_h=0,
    gpu_fault_per_h=0,
    worker_crash_per_h=0,
    preempt_per_h=0,
)


def tenfold(settings: Settings) -> Settings:
    """The same night with ten times as many failures of every kind."""
    return replace(
        settings,
        run_crash_per_h=10 * settings.run_crash_per_h,
        engine_crash_per_h=10 * settings.engine_crash_per_h,
        gpu_fault_per_h=10 * settings.gpu_fault_per_h,
        worker_crash_per_h=10 * settings.worker_crash_per_h,
        preempt_per_h=10 * settings.preempt_per_h,
    )


BAD = tenfold(ORDINARY)
LONG = replace(ORDINARY, num_videos=2000, median_video_s=900.0, num_machines=25)
SPREAD = replace(ORDINARY, spread=1.0, median_video_s=11.0)
SHORT_NIGHT = replace(ORDINARY, window="22:00-05:00")
SOME_QUADS = replace(ORDINARY, quad_share=0.01)
HEAVY_START = replace(ORDINARY, segment_s=2.15)
SELDOM = replace(ORDINARY, poll_s=60.0)

ORDERS: Sequence[Literal["manifest", "longest", "shortest"]] = ("manifest", "longest", "shortest")

Rows = Sequence[tuple[str, Settings]]
Column = Callable[[Night, Night], str]


def _share(account: Account) -> Column:
    return lambda night, _: f"{night.accounts[account] / night.capacity:.2%}"


def _stopped(night: Night) -> str:
    return (
        "no" if night.stopped_at_hours is None else f"after {60 * night.stopped_at_hours:.0f} min"
    )


COLUMNS: Mapping[str, Column] = {
    "time": lambda night, first: f"{night.hours / first.hours:.3f}",
    "utilisation": lambda night, _: f"{night.utilisation:.1%}",
    "last 1 %": lambda night, _: f"{night.tail_hours / night.hours:.1%}",
    "rendered twice": _share("lost"),
    "beside segments": _share("segment"),
    "loads": _share("load"),
    "starts": _share("start"),
    "idle": _share("idle"),
    "down": _share("down"),
    "kept, GPU-h": lambda night, _: f"{night.accounts['render']:.0f}",
    "GPU-h": lambda night, _: f"{night.capacity:.0f}",
    "more GPU-h": lambda night, first: f"{night.capacity - first.capacity:+.0f}",
    "done": lambda night, _: f"{night.num_done}",
    "failed": lambda night, _: f"{night.num_failed}",
    "missed": lambda night, _: f"{night.num_carried}",
    "of them begun": lambda night, _: f"{night.num_carried_begun}",
    "stopped": lambda night, _: _stopped(night),
    "4-GPU wait, min": lambda night, _: (
        f"{night.quad_wait_minutes[0]:.0f} / {night.quad_wait_minutes[1]:.0f}"
    ),
}


@dataclass(frozen=True)
class Question:
    """One table; ``time`` and ``more`` compare with its first row."""

    title: str
    columns: tuple[str, ...]
    rows: Rows


QUESTIONS = (
    Question(
        "Failures",
        (
            "time",
            "utilisation",
            "last 1 %",
            "rendered twice",
            "loads",
            "down",
            "more GPU-h",
            "failed",
        ),
        (
            ("none", NO_FAILURES),
            ("ordinary", ORDINARY),
            ("ten times as many", BAD),
        ),
    ),
    Question(
        "Warm engines (seconds to load)",
        ("time", "utilisation", "loads", "more GPU-h"),
        (
            ("warm, 60", ORDINARY),
            ("warm, 1200", replace(ORDINARY, load_s=1200.0)),
            ("cold, 20", replace(ORDINARY, load_s=20.0, is_warm=False)),
            ("cold, 60", replace(ORDINARY, is_warm=False)),
            ("cold, 1200", replace(ORDINARY, load_s=1200.0, is_warm=False)),
        ),
    ),
    Question(
        "Frames of a segment",
        ("time", "rendered twice", "beside segments", "more GPU-h"),
        tuple(
            (f"{frames or 'whole video'}{words}", replace(base, segment_frames=frames or 10**6))
            for words, base, lengths in (
                ("", ORDINARY, (144, 48, 480, 0)),
                (", failures x 10", BAD, (144, 48, 480, 0)),
                (", 2 s more per segment", HEAVY_START, (144, 48, 480, 0)),
            )
            for frames in lengths
        ),
    ),
    Question(
        "Resume by segment or by video",
        ("time", "rendered twice", "last 1 %", "more GPU-h"),
        (
            ("segment, failures x 10", BAD),
            ("video, failures x 10", replace(BAD, resumes_segments=False)),
        ),
    ),
    Question(
        "The same, videos of 15 minutes (2,000 on 100 GPUs)",
        ("time", "rendered twice", "last 1 %", "failed", "more GPU-h", "stopped"),
        (
            ("segment", LONG),
            ("video", replace(LONG, resumes_segments=False, breaker="off")),
            ("segment, failures x 10", tenfold(LONG)),
            ("video, failures x 10", replace(tenfold(LONG), resumes_segments=False, breaker="off")),
            (
                "segment, x 10, 3 crashes a night fail a video that went on",
                replace(tenfold(LONG), forgives_progress=False, breaker="off"),
            ),
            (
                "the same with the breaker",
                replace(tenfold(LONG), forgives_progress=False),
            ),
        ),
    ),
    *(
        Question(
            f"Order, without a window{words}",
            ("time", "utilisation", "last 1 %", "idle"),
            tuple((order, replace(base, order=order)) for order in ORDERS),
        )
        for words, base in (
            ("", ORDINARY),
            (", lengths spread wider (sigma 1.0)", SPREAD),
            (", videos of 15 minutes", LONG),
        )
    ),
    Question(
        "Runs outstanding, as a multiple of the GPUs",
        ("time", "utilisation", "starts", "idle"),
        (
            ("2", ORDINARY),
            *((f"{ratio:g}", replace(ORDINARY, outstanding=ratio)) for ratio in (1.0, 1.1, 4.0)),
            *(
                (f"{ratio:g}, a look every 60 s", replace(SELDOM, outstanding=ratio))
                for ratio in (1.0, 1.1, 2.0, 4.0)
            ),
            ("2, 0.2 s to create a run", replace(ORDINARY, create_s=0.2)),
            ("2, 0.3 s to create a run", replace(ORDINARY, create_s=0.3)),
            ("2, the next run up before its GPU is free", replace(ORDINARY, is_started_ahead=True)),
        ),
    ),
    Question(
        "The window closes before all is done",
        ("done", "missed", "of them begun", "kept, GPU-h", "idle"),
        (
            ("opens what fits, margin 0.25", SHORT_NIGHT),
            ("margin 0", replace(SHORT_NIGHT, margin=0.0)),
            ("margin 1", replace(SHORT_NIGHT, margin=1.0)),
            ("asks only the next 50", replace(SHORT_NIGHT, look_ahead=50)),
            ("asks only the next", replace(SHORT_NIGHT, look_ahead=1)),
            ("time in the queue left out", replace(SHORT_NIGHT, knows_queue=False)),
            (
                "the same, 4 x outstanding",
                replace(SHORT_NIGHT, knows_queue=False, outstanding=4.0),
            ),
            ("opens everything", replace(SHORT_NIGHT, opens_only_what_fits=False)),
            ("longest first", replace(SHORT_NIGHT, order="longest")),
            ("shortest first", replace(SHORT_NIGHT, order="shortest")),
        ),
    ),
    Question(
        "The breaker: what it is told",
        ("stopped", "done", "failed", "GPU-h"),
        (
            ("poisoned engine, no breaker", replace(ORDINARY, poison="engine", breaker="off")),
            ("poisoned engine, videos that failed", replace(ORDINARY, poison="engine")),
            ("ordinary night, videos that failed", ORDINARY),
            ("failures x 10, videos that failed", BAD),
            ("ordinary night, every failed try", replace(ORDINARY, breaker="tries")),
            (
                "0.1 % bad portraits, also rows refused before rendering",
                replace(ORDINARY, bad_row_share=0.001, breaker="ends and rows"),
            ),
        ),
    ),
    Question(
        "One machine of 125 fails every run",
        ("time", "utilisation", "loads", "idle", "failed"),
        (
            ("none does", ORDINARY),
            ("its worker cools off", replace(ORDINARY, poison="machine")),
            ("it goes on at once", replace(ORDINARY, poison="machine", cool_off_s=0.0)),
        ),
    ),
    Question(
        "1 % of the videos want the 4 GPUs of a machine",
        ("time", "utilisation", "4-GPU wait, min", "loads", "idle"),
        (
            ("gate at the head of the line", SOME_QUADS),
            ("no gate", replace(SOME_QUADS, has_gate=False)),
            ("gate, 4-GPU videos first in the night", replace(SOME_QUADS, order="quads first")),
        ),
    ),
)


def table(question: Question, nights: Sequence[Night]) -> str:
    """The answers in Markdown."""
    lines = [f"| | {' | '.join(question.columns)} |", "|---" * (len(question.columns) + 1) + "|"]
    for (label, _), night in zip(question.rows, nights, strict=True):
        cells = (COLUMNS[name](night, nights[0]) for name in question.columns)
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def spread_of(settings: Settings, seeds: Sequence[int]) -> str:
    """How much the dice matter: hours and utilisation over several seeds."""
    nights = [Simulation(settings, seed).run() for seed in seeds]
    hours = [night.hours for night in nights]
    shares = [night.utilisation for night in nights]
    return (
        f"{min(hours):.2f}-{max(hours):.2f} h, utilisation {min(shares):.2%}-{max(shares):.2%}, "
        f"seeds {seeds[0]}-{seeds[-1]}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed: int = parser.parse_args().seed
    started = time.perf_counter()
    seen: dict[Settings, Night] = {}
    for question in QUESTIONS:
        for _, settings in question.rows:
            if settings not in seen:
                seen[settings] = Simulation(settings, seed).run()
        print(f"\n### {question.title}\n")
        print(table(question, [seen[settings] for _, settings in question.rows]), flush=True)
    print(f"\nThe ordinary night: {spread_of(ORDINARY, range(seed, seed + 5))}.")
    print(f"{len(seen) + 5} nights in {time.perf_counter() - started:.0f} s.")


if __name__ == "__main__":
    main()
