"""One run of one campaign, as the command line asks for it: read, prepare, dispatch, report."""

import json
import platform
import resource
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from flows.outcomes import done_outcome, failed_outcome, pending_outcome
from flows.prepare import Prepared, PrepareSettings, prepare_row, prepare_rows
from flows.progress import ProgressView
from flows.server import LocalServer, log_prefect_to
from flows.work import RenderFigures, Work, stop_on_signals
from model.engine import engine_identity
from model.errors import CampaignError
from tasks.engine import EnginePool
from tasks.ffmpeg import ffmpeg_version
from tasks.files import write_file
from tasks.manifest import Manifest, RowDefaults, read_manifest
from tasks.plan import resolved_settings
from tasks.portrait import PortraitLimits
from tasks.presets import load_presets
from tasks.records import ManifestRow, Scalar, VideoOutcome
from tasks.report import write_report
from tasks.store import CampaignFolder
from tasks.voices import VoiceSettings


@dataclass(frozen=True)
class Request:
    """What a person asked for; one field per option."""

    manifest: Path
    out: Path
    campaign: str
    defaults: RowDefaults
    workers: int
    keep_going: bool = False
    allow_outside: bool = False
    presets: Path | None = None
    engine_settings: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    voice_settings: VoiceSettings = field(default_factory=VoiceSettings)

    @property
    def folder(self) -> CampaignFolder:
        """Where the campaign lives."""
        return CampaignFolder(self.out / self.campaign)


@dataclass(frozen=True)
class Summary:
    """How a run ended."""

    outcomes: tuple[VideoOutcome, ...]
    refused: tuple[VideoOutcome, ...]
    was_stopped: bool
    report: Path | None
    seconds: float
    figures: tuple[RenderFigures, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all done, 1 something failed, 2 refused before work, 130 interrupted."""
        if self.refused:
            return 2
        if self.was_stopped:
            return 130
        return int(any(outcome.status != "done" for outcome in self.outcomes))


class Session:
    """A campaign at hand: its manifest read, its settings resolved.

    Raises:
        ManifestError: faults of rows, all at once.
        CampaignError: an option that cannot be used.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.folder = request.folder
        presets = load_presets() | (load_presets(request.presets) if request.presets else {})
        self.manifest: Manifest = read_manifest(
            request.manifest,
            request.defaults,
            allow_outside=request.allow_outside,
            presets=presets,
        )
        self.settings = PrepareSettings(
            presets=presets,
            engine_settings=request.engine_settings,
            voice_settings=request.voice_settings,
            portrait_limits=PortraitLimits(),
            ffmpeg_version=ffmpeg_version(),
        )
        self.notices = [*self.manifest.notices, *self._unusable_settings()]

    @property
    def rows(self) -> tuple[ManifestRow, ...]:
        """The manifest's rows."""
        return self.manifest.rows

    def _unusable_settings(self) -> list[str]:
        """Preset values an engine cannot use, said once.

        Raises:
            CampaignError: an option was given that no engine of the manifest can use.
        """
        notices: list[str] = []
        engines = sorted({row.engine for row in self.rows})
        known = {k: v for engine in engines for k, v in engine_identity(engine).settings.items()}
        for name, value in self.request.engine_settings.items():
            if name not in known:
                raise CampaignError(
                    f'setting "{name}" cannot be used by engine {", ".join(engines)}, which has '
                    f"{', '.join(sorted(known)) or 'none'}; leave it out or choose another --engine"
                )
            if type(value) is not type(known[name]):
                raise CampaignError(
                    f'setting "{name}": {value!r} must be a {type(known[name]).__name__}, '
                    f"like its default {known[name]!r}"
                )
        for engine in engines:
            used = [self.settings.presets[r.preset] for r in self.rows if r.engine == engine]
            steps: dict[str, Scalar] = {"sample_steps": max(p.sample_steps for p in used)}
            _, unused = resolved_settings(engine_identity(engine), steps)
            if unused:
                notices.append(f"the {engine} engine does not use the preset's {', '.join(unused)}")
        return notices

    def prepare(self, notice: Callable[[str], None]) -> Iterator[Prepared]:
        """Every row with its plan or its error, by falling priority."""
        return prepare_rows(
            self.rows,
            lambda row: prepare_row(row, self.settings, self.folder, notice),
            self.request.workers,
        )

    def describe(self) -> None:
        """Write campaign.json."""
        about = {
            "campaign": self.request.campaign,
            "manifest": str(self.request.manifest),
            "manifest_sha256": self.manifest.sha256,
            "num_videos": len(self.rows),
            "engine_settings": self.request.engine_settings,
            "presets": {
                name: self.settings.presets[name].model_dump(mode="json")
                for name in sorted({row.preset for row in self.rows})
            },
            "portrait_limits": self.settings.portrait_limits.model_dump(mode="json"),
            "ffmpeg": self.settings.ffmpeg_version,
            "versions": {
                "nightshoot": version("nightshoot"),
                "prefect": version("prefect"),
                "python": platform.python_version(),
                "platform": platform.platform(),
            },
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
        write_file(self.folder.root / "campaign.json", text.encode())


class Run:
    """Renders what is missing of a session."""

    def __init__(self, session: Session, view: ProgressView) -> None:
        self.session, self.view = session, view
        self.stop = threading.Event()
        self._outcomes: dict[str, VideoOutcome] = {}
        self._pool = EnginePool(session.folder.logs)
        self._server: LocalServer | None = None
        self._figures: tuple[RenderFigures, ...] = ()

    def __call__(self) -> Summary:
        """Prepare, dispatch, report.

        Raises:
            CampaignError: another run holds the campaign.
        """
        started = time.perf_counter()
        session = self.session
        with session.folder.lock(), self._pool, self._ended_server(), stop_on_signals(self.stop):
            session.folder.sweep_parts()
            session.describe()
            with self.view:
                refused = self._render()
            seconds = time.perf_counter() - started
            report = None if refused else self._report(seconds)
        outcomes = tuple(
            self._outcomes.get(row.video_id) or pending_outcome(row, None) for row in session.rows
        )
        return Summary(outcomes, tuple(refused), self.stop.is_set(), report, seconds, self._figures)

    def _render(self) -> list[VideoOutcome]:
        ready = self._sorted_out(self.session.prepare(self.view.notice))
        if self.session.request.keep_going:
            self._dispatch(ready)
            return []
        todo = list(ready)
        refused = [o for o in self._outcomes.values() if o.status == "failed"]
        if not refused:
            self._dispatch(iter(todo))
        return refused

    def _sorted_out(self, rows: Iterator[Prepared]) -> Iterator[Prepared]:
        """Rows with something left to render; the others' outcomes are noted on the way."""
        for number, prepared in enumerate(rows, 1):
            if self.stop.is_set():
                return
            row = prepared.row
            self.view.status(f"{number} of {len(self.session.rows)} rows spoken and planned")
            if prepared.error is not None:
                self.view.row_prepared(row, None)
                self._end(failed_outcome(row, prepared.error))
            elif prepared.receipt is not None:
                self.view.row_prepared(row, None)
                path = str(self.session.folder.video_path(row.video_id))
                self._outcomes[row.video_id] = done_outcome(row, prepared.receipt, path)
            else:
                self._start_server()
                self.view.row_prepared(row, prepared.plan)
                yield prepared

    def _end(self, outcome: VideoOutcome) -> None:
        self._outcomes[outcome.video_id] = outcome
        self.view.video_ended(outcome)

    def _start_server(self) -> None:
        if self._server is None:
            self._server = LocalServer(self.session.folder.logs)

    def _dispatch(self, ready: Iterator[Prepared]) -> None:
        first = next(ready, None)
        if first is None or self._server is None:
            return
        # only now: importing Prefect takes a second, and nothing may be left to do
        self.view.status("waiting for Prefect's server")
        self._server.wait()
        from flows.campaign import dispatch

        log_prefect_to(self.session.folder.logs / "prefect.log")
        work = Work(self.session.folder, self._pool, self.view, self.stop)
        name = self.session.request.campaign
        for outcome in dispatch(name, _chain(first, ready), work, self.session.request.workers):
            self._outcomes[outcome.video_id] = outcome
        self._figures = tuple(work.figures)

    def _report(self, seconds: float) -> Path:
        session, tally = self.session, self.view.tally
        outcomes = [
            self._outcomes.get(row.video_id) or pending_outcome(row, None) for row in session.rows
        ]
        facts = {
            "manifest": session.request.manifest.name,
            "engine": ", ".join(sorted({row.engine for row in session.rows})),
            "preset": ", ".join(sorted({row.preset for row in session.rows})),
            "finished": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "this run": f"{seconds:.0f} s",
        }
        if tally.times_real_time:
            facts["speed"] = f"{tally.times_real_time:.2f}x real time"
        return write_report(
            session.folder.root,
            title=session.request.campaign,
            columns=session.manifest.columns,
            cells=session.manifest.cells,
            outcomes=outcomes,
            facts=facts,
            notices=session.notices,
        )

    @contextmanager
    def _ended_server(self) -> Generator[None]:
        try:
            yield
        finally:
            if self._server is not None:
                self._server.end()


def _chain(first: Prepared, rest: Iterator[Prepared]) -> Iterator[Prepared]:
    yield first
    yield from rest


def peak_rss_bytes(figures: Sequence[RenderFigures]) -> int:
    """The largest process of the run: ours or an engine host."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own *= 1 if sys.platform == "darwin" else 1024
    return max([own, *(figure.peak_rss_bytes for figure in figures)])
