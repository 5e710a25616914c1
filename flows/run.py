"""One run of one campaign: lock, prepare, dispatch, report.

What it is made from and where its videos are rendered are given to it.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from flows.outcomes import (
    RowName,
    done_outcome,
    failure_outcome,
    pending_outcome,
    preparation_failure,
)
from flows.prepare import Prepared
from flows.progress import ProgressView
from flows.rows.finished import films_made
from flows.stored import stored_outcome
from flows.work import Night, RenderFigures, Work, stop_on_signals
from model.errors import CampaignError, NightshootError, StoppedError
from tasks.deliverables.reckoning import told_beside
from tasks.deliverables.store import told_as_made
from tasks.engines.engine_pool import EnginePool
from tasks.errors import DamagedError, NewerRecordError, StoreError, counted
from tasks.gpu_plans.price import QuoteNote
from tasks.processes.last_resort import LastResort
from tasks.processes.stop_request import stop_asked_by
from tasks.records import Failure, StoredPlan, VideoOutcome
from tasks.report.report import campaign_report
from tasks.review.decision import Decision
from tasks.review.journal import read_journal
from tasks.review.ruling import ruling, with_rulings
from tasks.speech_records import ReadWords
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import LostLock


class Source(Protocol):
    """What a campaign is made from: a manifest, or the store alone."""

    campaign: str
    folder: CampaignFolder
    keep_going: bool
    notices: list[str]
    is_of_manifest: bool
    """Whether rows are read, spoken and planned anew; else they are found planned."""

    chosen: frozenset[str] | None
    """The videos of a manifest that the run is about; None: all of them."""

    @property
    def rows(self) -> Sequence[RowName]:
        """Every row of the campaign."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """Of the manifest, for the report."""
        ...

    @property
    def cells(self) -> Mapping[str, Mapping[str, str]]:
        """Of the manifest, for the report: video_id -> column -> text."""
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """Manifest, engine and so on, for the report's head."""
        ...

    def prepare(self, notice: Callable[[str], None]) -> Iterator[Prepared]:
        """The rows to work on, each with its plan or its error, in the order of work."""
        ...

    def describe(self) -> None:
        """Write down what the campaign is."""
        ...


class Dispatcher(Protocol):
    """Where videos are rendered."""

    def start(self, folder: CampaignFolder) -> None:
        """There will be something to render: begin what takes time to be ready."""
        ...

    def __call__(self, name: str, ready: Iterable[Prepared], work: Work) -> list[VideoOutcome]:
        """Make the videos as they become ready; one outcome per video that ended."""
        ...

    def end(self) -> None:
        """End what :meth:`start` began."""
        ...


@dataclass(frozen=True)
class Summary:
    """How a run ended."""

    outcomes: tuple[VideoOutcome, ...]
    refused: tuple[VideoOutcome, ...]
    was_stopped: bool
    report: str | None
    seconds: float
    halted: str = ""
    figures: tuple[RenderFigures, ...] = ()
    chosen: frozenset[str] | None = None

    @property
    def asked(self) -> tuple[VideoOutcome, ...]:
        """Of the videos that the run was about."""
        if self.chosen is None:
            return self.outcomes
        return tuple(each for each in self.outcomes if each.video_id in self.chosen)

    @property
    def exit_code(self) -> int:
        """0 all done, 1 something failed, 2 refused before work, 130 interrupted."""
        if self.refused:
            return 2
        if self.was_stopped and not self.halted:
            return 130
        return int(not all(outcome.needs_nobody for outcome in self.asked))


class Run:
    """Renders what is missing of a campaign."""

    def __init__(
        self,
        source: Source,
        view: ProgressView,
        dispatcher: Dispatcher,
        *,
        night: Night | None = None,
        lock_wait_s: float = 0.0,
        last_resort: LastResort | None = None,
    ) -> None:
        """Nothing is begun yet.

        Args:
            source: what the campaign is made from.
            view: who is told what happens.
            dispatcher: where videos are rendered.
            night: when to stop for today.
            lock_wait_s: how long another run of this campaign may take to end.
            last_resort: ends this process if a stop that a person asked for takes too long.
        """
        self.source, self.view, self._dispatcher = source, view, dispatcher
        self._lock_wait_s = lock_wait_s
        self.stop = threading.Event()
        self._pool = EnginePool(source.folder.logs, keep=source.folder.write_text)
        self._last_resort = last_resort
        self._work = Work(
            source.folder, self._pool, view, self.stop, night, last_resort=last_resort
        )
        self._outcomes = self._work.outcomes
        self._words: dict[str, tuple[ReadWords, ...]] = {}
        self._decisions: Mapping[str, Sequence[Decision]] = {}
        self._films_before: list[tuple[StoredPlan, frozenset[str]]] = []
        self._is_started = False

    def __call__(self) -> Summary:
        """Prepare, dispatch, report.

        Raises:
            CampaignError: another run holds the campaign, or its store cannot be used.
            StoreError: the store stopped answering.
        """
        started = time.perf_counter()
        folder, report = self.source.folder, None
        with ExitStack() as stack:
            folder.check_writable()  # first: a lock is a file too
            stack.enter_context(folder.lock(self._lock_wait_s))
            stack.enter_context(self._pool)
            stack.callback(self._end_dispatcher)
            stack.enter_context(stop_on_signals(self.stop, self._last_resort))
            folder.sweep_parts()
            folder.snapshot()
            self._decisions = read_journal(folder).by_video()
            self.source.describe()
            with self.view, stop_asked_by(self.stop.is_set):
                refused = self._render()
            seconds = time.perf_counter() - started
            if not refused and not folder.lock_lost.is_set():
                report = self._report(seconds)
        if folder.lock_lost.is_set():
            raise lost_error(self.source.campaign, folder.lock_lost)
        return Summary(
            tuple(self._all_outcomes()),
            tuple(refused),
            self.stop.is_set(),
            report,
            seconds,
            self._work.halted,
            tuple(self._work.figures),
            self.source.chosen,
        )

    def _render(self) -> list[VideoOutcome]:
        ready = self._sorted_out(self.source.prepare(self.view.notice))
        if self.source.keep_going:
            self._dispatch(ready)
            return []
        todo = list(ready)
        refused = [o for o in self._outcomes.values() if o.status == "failed"]
        if not refused:
            self._dispatch(iter(todo))
        return refused

    def _sorted_out(self, rows: Iterator[Prepared]) -> Iterator[Prepared]:
        """Rows with something left to render; the others' outcomes are noted on the way."""
        outdated: set[str] = set()
        if self.source.is_of_manifest:
            failures = self.source.folder.failures()
            outdated = {each.video_id for each in failures if not each.plan_sha256}
        num_rows = len(self.source.rows if self.source.chosen is None else self.source.chosen)
        for number, prepared in enumerate(rows, 1):
            if self.stop.is_set():
                return
            row = prepared.row
            if row.video_id in outdated and prepared.error is None:
                self.source.folder.clear_failure(row.video_id)
            if prepared.stored is not None:
                self._words[row.video_id] = prepared.stored.words
            self.view.status(f"{number} of {counted(num_rows, 'row')} spoken and planned")
            if prepared.error is not None:
                self.view.row_prepared(row, None)
                # the breaker is not told: bad rows fail alike every night, and cost no GPU hour
                self._end(failure_outcome(row, self._kept_failure(row, prepared.error)))
            elif prepared.failure is not None:
                self.view.row_prepared(row, None)
                self._end(failure_outcome(row, prepared.failure))
            elif prepared.receipt is not None:
                self.view.row_prepared(row, None)
                url = self.source.folder.video_url(row.video_id)
                self._outcomes[row.video_id] = done_outcome(row, prepared.receipt, url)
            elif dropped := self._dropped(prepared):
                self.view.row_prepared(row, None)
                self._end(dropped)
            else:
                self._start_dispatcher()
                self._note_films(prepared)
                self.view.row_prepared(row, prepared.plan)
                yield prepared

    def _note_films(self, prepared: Prepared) -> None:
        """Which films of a row are there before the run, to tell which it made."""
        stored, master = prepared.stored, prepared.master
        if stored is not None and stored.deliver is not None:
            made = told_as_made(stored, master, self.source.folder) if master else ()
            self._films_before.append((stored, frozenset(each.key for each in made)))

    def _dropped(self, prepared: Prepared) -> VideoOutcome | None:
        """Of a row that is not finished and that somebody decided to leave out; else None."""
        assert prepared.stored is not None
        row, plan_sha256 = prepared.row, prepared.stored.sha256
        found = ruling(self._decisions.get(row.video_id, ()), plan_sha256)
        if found.verdict != "dropped" or found.decided is None:
            return None
        left_out = pending_outcome(row, prepared.plan, f"left out, as {found.decided.by} decided")
        return left_out.model_copy(update={"looked_at": plan_sha256})

    def _kept_failure(self, row: RowName, error: Exception) -> Failure:
        """Why a row has no plan; kept in the store, for `status` and `retry`."""
        failure = preparation_failure(row, error)
        if self.source.is_of_manifest:
            with contextlib.suppress(NightshootError, OSError):  # a full disk keeps no note
                self.source.folder.write_failure(failure)
        return failure

    def _end(self, outcome: VideoOutcome) -> None:
        self._outcomes[outcome.video_id] = outcome
        self.view.video_ended(outcome)

    def _start_dispatcher(self) -> None:
        if not self._is_started:
            self._is_started = True
            self._dispatcher.start(self.source.folder)

    def _end_dispatcher(self) -> None:
        if self._is_started:
            self._dispatcher.end()

    def _dispatch(self, ready: Iterator[Prepared]) -> None:
        first = next(ready, None)
        if first is None:
            return
        self.view.status("waiting for Prefect")
        try:
            outcomes = self._dispatcher(self.source.campaign, _chain(first, ready), self._work)
        except StoppedError:
            return  # before the first video
        for outcome in outcomes:
            self._outcomes[outcome.video_id] = outcome

    def _all_outcomes(self) -> list[VideoOutcome]:
        """Of every row of the campaign, also of those that this run did not come to."""
        outcomes = (
            self._outcomes.get(row.video_id) or self._earlier_outcome(row)
            for row in self.source.rows
        )
        told = [
            outcome.model_copy(update={"words": self._words.get(outcome.video_id, ())})
            for outcome in outcomes
        ]
        return with_rulings(told, self._decisions)

    def _earlier_outcome(self, row: RowName) -> VideoOutcome:
        note, chosen = self._work.halted, self.source.chosen
        if chosen is not None and row.video_id not in chosen:
            note = "the last run was not about this video"
        try:
            return stored_outcome(self.source.folder, row, is_at_work=False, note=note)
        except (NightshootError, OSError):  # of a store that has stopped answering
            return pending_outcome(row, None, note)

    def _foretold(self, seconds: float) -> dict[str, str]:
        """What the last plan said of this run, beside what it took."""
        try:
            note = self.source.folder.read_record("quote.json", QuoteNote)
        except (DamagedError, NewerRecordError):
            return {}
        if note is None:
            return {}
        films = self._foretold_films(note)
        num_rendered = sum(each.num_segments_rendered for each in self._outcomes.values())
        if not num_rendered:
            return films
        told = f"{note.seconds:.0f} s for {counted(note.num_segments, 'segment')} ({note.at})"
        if num_rendered == note.num_segments:
            told += f"; this run took {seconds:.0f} s ({seconds / note.seconds - 1:+.0%})"
        else:
            told += f"; this run rendered {num_rendered}"
        return {"quote": told, **films}

    def _foretold_films(self, note: QuoteNote) -> dict[str, str]:
        """What the last plan said of films, beside those that this run made."""
        if note.deliverables is None:
            return {}
        folder = self.source.folder
        try:
            made = [
                film
                for stored, before in self._films_before
                for film in films_made(stored, before, folder)
            ]
        except (DamagedError, NewerRecordError):
            return {}
        return {"films": told_beside(note.deliverables, made)} if made else {}

    def _report(self, seconds: float) -> str:
        source = self.source
        facts = {
            **source.facts,
            "finished": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            **self._foretold(seconds),
        }
        return campaign_report(
            source.folder,
            title=source.campaign,
            columns=source.columns,
            cells=source.cells,
            outcomes=self._all_outcomes(),
            facts=facts,
            notices=[*source.notices, *([self._work.halted] if self._work.halted else [])],
            gpu_note=self._pool.keep_samples(),
        )


def lost_error(campaign: str, lost: LostLock) -> NightshootError:
    """Why a run ended without its lock: another has it, or its store does not answer."""
    if lost.is_taken:
        return CampaignError(
            f'campaign "{campaign}": another run has taken it over, because this one could not '
            "renew its lock in time; finished work is kept"
        )
    return StoreError(
        f'campaign "{campaign}": its lock could not be renewed, so this run has stopped; finished '
        f"work is kept ({lost.why})"
    )


def _chain(first: Prepared, rest: Iterator[Prepared]) -> Iterator[Prepared]:
    yield first
    yield from rest
