"""The figures of one campaign run: while it is under way, and how it ended."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from flows.metrics import families
from flows.metrics.families import Figures
from flows.metrics.textfile import tell
from model.errors import NightshootError
from tasks.errors import DamagedError, NewerRecordError
from tasks.gpu_plans.price import QuoteNote
from tasks.records import FINISHED, VideoOutcome
from tasks.store.campaign_folder import CampaignFolder

STATES = ("waiting", "running", "done", "held", "failed", "quarantined", "pending")
_log = logging.getLogger("nightshoot.metrics")
_FAULTS = ("row", "resource", "machine", "unknown")


class CampaignMetrics:
    """Tells the figures of a campaign; nothing where no folder is named.

    A store that cannot be read is a line in the log: no night is lost for its figures.
    """

    def __init__(self, campaign: str, folder: CampaignFolder, place: Path | None) -> None:
        self._campaign, self._folder, self._place = campaign, folder, place
        self._began = time.monotonic()
        self._waiting_since: dict[str, float] = {}

    def show(self, rows: Sequence[Mapping[str, object]]) -> None:
        """While it is under way: ``rows`` have a ``video`` and a ``state``."""
        self._tell(partial(self._under_way, rows))

    def end(self, outcomes: Sequence[VideoOutcome]) -> None:
        """How it ended, in full."""
        self._tell(partial(self._ended, outcomes))

    def _tell(self, gathered: Callable[[], Figures]) -> None:
        if self._place is None:
            return
        try:
            figures = gathered()
        except (NightshootError, OSError) as error:
            _log.warning("%s: figures cannot be told (%s)", self._campaign, error)
            return
        tell(self._place, f"campaign-{self._campaign}", figures)

    def _under_way(self, rows: Sequence[Mapping[str, object]]) -> Figures:
        figures = self._figures(is_running=True)
        states = Counter(str(row["state"]) for row in rows)
        figures.put_all(families.VIDEOS, self._campaign, {name: states[name] for name in STATES})
        waiting = {str(row["video"]) for row in rows if row["state"] == "waiting"}
        figures.put(families.OLDEST_WAITING, (self._campaign,), self._oldest_s(waiting))
        return figures

    def _ended(self, outcomes: Sequence[VideoOutcome]) -> Figures:
        figures = self._figures(is_running=False)
        states = Counter(each.status for each in outcomes)
        figures.put_all(families.VIDEOS, self._campaign, {name: states[name] for name in STATES})
        figures.put(families.OLDEST_WAITING, (self._campaign,), 0)
        figures.put_all(families.SEGMENTS, self._campaign, segments_by_state(outcomes))
        figures.put_all(families.HELD, self._campaign, held_by_gate(outcomes))
        self._put_failures(figures)
        self._put_seconds(figures, outcomes)
        return figures

    def _figures(self, *, is_running: bool) -> Figures:
        figures, labels = Figures(), (self._campaign,)
        figures.put(families.IS_RUNNING, labels, is_running)
        figures.put(families.UPDATED, labels, time.time())
        figures.put(families.RUN_SECONDS, labels, time.monotonic() - self._began)
        began = time.perf_counter()
        self._folder.read_bytes("campaign.json")
        figures.put(families.STORE_SECONDS, labels, time.perf_counter() - began)
        try:
            note = self._folder.read_record("quote.json", QuoteNote)
        except (DamagedError, NewerRecordError):
            note = None
        if note is not None:
            figures.put(families.QUOTED, labels, note.seconds)
        return figures

    def _oldest_s(self, waiting: set[str]) -> float:
        now = time.monotonic()
        self._waiting_since = {name: self._waiting_since.get(name, now) for name in waiting}
        return max((now - since for since in self._waiting_since.values()), default=0.0)

    def _put_failures(self, figures: Figures) -> None:
        faults = Counter(each.fault for each in self._folder.failures())
        figures.put_all(families.FAILURES, self._campaign, {name: faults[name] for name in _FAULTS})

    def _put_seconds(self, figures: Figures, outcomes: Sequence[VideoOutcome]) -> None:
        """Of videos that this run rendered; engine and size are those of their plans."""
        seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
        totals: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for outcome in outcomes:
            if outcome.status not in FINISHED or not outcome.num_segments_rendered:
                continue
            stored = self._folder.read_plan(outcome.video_id)
            if stored is None:
                continue
            plan = stored.plan
            kind = (plan.engine, f"{plan.width}x{plan.height}")
            found = [self._folder.find_segment(each.key) for each in plan.segments]
            seconds[kind] += [receipt.engine_seconds for receipt in found if receipt is not None]
            if outcome.num_segments_rendered == outcome.num_segments:
                totals[kind][0] += outcome.engine_seconds
                totals[kind][1] += outcome.duration_s
        for kind, each in seconds.items():
            labels = (self._campaign, *kind)
            figures.put(families.SEGMENT_SECONDS, labels, sum(each), count=len(each))
        for kind, (engine_s, video_s) in totals.items():
            if video_s:
                figures.put(families.ENGINE_RATIO, (self._campaign, *kind), engine_s / video_s)


def segments_by_state(outcomes: Sequence[VideoOutcome]) -> dict[str, float]:
    """Segments that the run rendered, found, or left open."""
    rendered = sum(each.num_segments_rendered for each in outcomes)
    finished = sum(each.num_segments for each in outcomes if each.status in FINISHED)
    num_open = sum(each.num_segments for each in outcomes if each.status not in FINISHED)
    return {"rendered": rendered, "found": max(0, finished - rendered), "open": num_open}


def held_by_gate(outcomes: Sequence[VideoOutcome]) -> Mapping[str, float]:
    """How many videos each gate holds."""
    held = (each for each in outcomes if each.status == "held")
    return Counter(
        gate for each in held for gate in {verdict.gate for verdict in each.gates if verdict.held}
    )
