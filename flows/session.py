"""A campaign made from a manifest, as a person asks for it: options, rows, settings resolved."""

import json
import os
import platform
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from flows.outcomes import name_of
from flows.prepare import Prepared, prepare_row
from flows.rows.order import PREPARED_AT_ONCE, Turns, in_order, side_by_side
from flows.rows.settings import PrepareSettings, Rereading, settings_of
from flows.work import RenderFigures
from model.child_environment import keep_from_children
from model.engine import engine_identity
from tasks.errors import DamagedError, NewerRecordError, counted
from tasks.gpu_plans.calibration import CalibrationEntry, calibration_path, read_calibrations
from tasks.gpu_plans.compilation import compilation_notices, compilation_of
from tasks.gpu_plans.kernels import ENGINE, kernel_notices, kernels_of, model_named
from tasks.inputs.inputs import Inputs
from tasks.manifest.lexicon_file import LexiconFile, beside, read_lexicon
from tasks.manifest.manifest import Manifest, RowDefaults, read_manifest
from tasks.manifest.personal.proof import PRESET, PRESET_NAME, proof_row
from tasks.manifest.personal.selection import EVERYTHING, Selection, chosen_of
from tasks.manifest.personal.settings import USUAL, Personal
from tasks.manifest.presets import load_presets
from tasks.manifest.row_settings import RowSettings, check_options, notices_of
from tasks.portrait.portrait import PortraitLimits
from tasks.processes.ffmpeg import ffmpeg_version
from tasks.quality.gates.limits import check_limits, uncalibrated_notices
from tasks.quality.gates.policy import GateRequest
from tasks.reading.languages import Language
from tasks.reading.lexicon import NO_LEXICON
from tasks.records import CampaignRows, Loudness, ManifestRow, RowRecord, Scalar
from tasks.redaction import shown_url
from tasks.review.journal import read_journal
from tasks.speech.voices import VoiceSettings
from tasks.store.campaigns import (
    open_campaign,
)
from tasks.store.record_json import record_bytes
from tasks.upkeep.sources import told_by_campaign


@dataclass(frozen=True)
class Request:
    """What a person asked for; one field per option."""

    manifest: str | Path
    out: str | Path
    campaign: str
    defaults: RowDefaults
    workers: int
    keep_going: bool = False
    allow_outside: bool = False
    sheet: str | None = None
    presets: Path | None = None
    engine_settings: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    voice_settings: VoiceSettings = field(default_factory=VoiceSettings)
    begun_first: bool = False
    allow_private: bool = False
    rereading: Rereading = "keep"
    lexicon: Path | str | None = None
    loudness: Loudness | None = None
    personal: Personal = USUAL
    selection: Selection = EVERYTHING
    proof_s: float | None = None
    gates: GateRequest = field(default_factory=GateRequest)


class Session:
    """A campaign at hand: its manifest read, its settings resolved.

    Raises:
        ManifestError: faults of rows, all at once.
        CampaignError: options, presets or sizes that cannot be used, all at once.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        keep_from_children(request.voice_settings.api_key_env)
        self.campaign = request.campaign
        self.keep_going, self.is_of_manifest = request.keep_going, True
        self.folder = open_campaign(request.out, request.campaign)
        if request.gates.limits is not None:
            check_limits(request.gates.limits)
        presets = load_presets() | (load_presets(request.presets) if request.presets else {})
        inputs = Inputs(self.folder.root / "inputs", allow_private=request.allow_private)
        with inputs:
            self.manifest: Manifest = read_manifest(
                request.manifest,
                request.defaults,
                allow_outside=request.allow_outside,
                presets=presets,
                inputs=inputs,
                sheet=request.sheet,
                personal=request.personal,
            )
            lexicon = _lexicon_of(request, inputs)
        self._rows = self.manifest.rows
        proofed: dict[str, ManifestRow] = {}
        if request.proof_s is not None:
            proofed = {row.video_id: row for row in self.manifest.rows}
            presets = presets | {PRESET_NAME: PRESET}
            self._rows = tuple(proof_row(row, request.proof_s) for row in self.manifest.rows)
        calibrated, model = self._calibrated(), model_named(os.environ)
        self.settings = PrepareSettings(
            presets=presets,
            engine_settings=request.engine_settings,
            voice_settings=request.voice_settings,
            portrait_limits=PortraitLimits(),
            ffmpeg_version=ffmpeg_version(),
            rereading=request.rereading,
            lexicon=lexicon.lexicon if lexicon else NO_LEXICON,
            loudness=request.loudness,
            proof_s=request.proof_s,
            proofed=proofed,
            gates=request.gates,
            kernels=kernels_of(calibrated, model),
            compilation=compilation_of(calibrated, model),
        )
        asked = (self.rows, presets, request.engine_settings)
        check_options(*asked)
        scripts: list[tuple[str, Language]] = [
            (row.script, row.language) for row in self.rows if row.script
        ]
        told = lexicon.told(scripts) if lexicon else ()
        self.notices = [*self.manifest.notices, *told]
        if request.proof_s is None:  # the clips of a proof are not set by anybody
            self.notices += notices_of(*asked)
        if request.gates.mode != "off":
            engines = {row.engine for row in self.rows}
            self.notices += uncalibrated_notices(engines, request.gates.limits)
        open_rows = self._settings_with_a_choice()
        self.notices += kernel_notices([each.engine for each in open_rows], self.settings.kernels)
        self.notices += compilation_notices(open_rows, self.settings.compilation)
        self.chosen = chosen_of([row.video_id for row in self.rows], request.selection)
        if self.chosen is not None:
            num_rows = counted(len(self.rows), "video")
            self.notices.append(
                f"{len(self.chosen):,} of {num_rows} chosen; the others stay as they are"
            )

    @property
    def rows(self) -> tuple[ManifestRow, ...]:
        """The manifest's rows, or their proofs."""
        return self._rows

    @property
    def columns(self) -> Sequence[str]:
        """The manifest's columns."""
        return self.manifest.columns

    @property
    def cells(self) -> Mapping[str, Mapping[str, str]]:
        """The manifest's cells: video_id -> column -> text."""
        return self.manifest.cells

    @property
    def facts(self) -> dict[str, str]:
        """For the report's head."""
        return {
            "manifest": name_of(self.request.manifest),
            "engine": ", ".join(sorted({row.engine for row in self.rows})),
            "preset": ", ".join(sorted({row.preset for row in self.rows})),
        }

    def _calibrated(self) -> tuple[CalibrationEntry, ...]:
        """What decides what rows leave open, where their engine has a choice."""
        has_choice = any(row.engine == ENGINE for row in self._rows)
        return read_calibrations(calibration_path(os.environ)) if has_choice else ()

    def _settings_with_a_choice(self) -> list[RowSettings]:
        """Of rows whose videos are no tries, and whose engine has a choice of kernels."""
        rows = [row for row in self._rows if row.engine == ENGINE]
        if not rows or engine_identity(ENGINE).is_preview:
            return []
        identity = engine_identity(ENGINE)
        return [settings_of(row, self.settings, identity) for row in rows]

    def infer_frames(self, row: ManifestRow) -> int:
        """Frames of a row's clips."""
        return settings_of(row, self.settings, engine_identity(row.engine)).infer_frames

    def prepare(self, notice: Callable[[str], None]) -> Iterator[Prepared]:
        """Every chosen row with its plan or its error, in the order of work."""
        chosen = self.chosen
        rows = [row for row in self.rows if chosen is None or row.video_id in chosen]
        turns = Turns(self.request.workers)
        journal = lru_cache(1)(read_journal)  # read once, and only if a row has no plan
        return side_by_side(
            in_order(rows, self.folder if self.request.begun_first else None),
            lambda row: prepare_row(row, self.settings, self.folder, notice, turns, journal),
            PREPARED_AT_ONCE,
        )

    def _has_delivery(self) -> bool:
        """Whether what people approve is delivered though nobody asked: in new campaigns it is."""
        try:
            before = self.folder.read_record("rows.json", CampaignRows)
        except (DamagedError, NewerRecordError):
            return bool(told_by_campaign(self.folder).get("has_delivery"))
        return before is None or before.has_delivery

    def _sources(self) -> dict[str, str]:
        """The files that options named, for backups; of addresses what people may see."""
        asked = self.request
        named: dict[str, Path | str | None] = {
            "manifest": asked.manifest,
            "lexicon": asked.lexicon,
            "presets": asked.presets,
            "variants": asked.personal.variants,
            "presenters": asked.personal.presenters,
            "gate_limits": asked.gates.limits,
        }
        texts = {name: str(place) for name, place in named.items() if place is not None}
        return {
            name: shown_url(text) if "://" in text else str(Path(text).absolute())
            for name, text in texts.items()
        }

    def describe(self) -> None:
        """Write campaign.json for people, and rows.json, from which it can be retried."""
        has_delivery = self._has_delivery()
        rows = CampaignRows(
            columns=tuple(self.columns),
            facts=self.facts,
            rows=tuple(
                RowRecord(
                    video_id=row.video_id,
                    line=row.line,
                    priority=row.priority,
                    cells=dict(self.cells[row.video_id]),
                    row=row,
                )
                for row in self.rows
            ),
            has_delivery=has_delivery,
            engine_settings=self.request.engine_settings,
            presets={
                name: self.settings.presets[name].model_dump(mode="json")
                for name in sorted({row.preset for row in self.rows})
            },
            lexicon=tuple(
                (each.word, each.language, each.spoken, each.sounds)
                for each in self.settings.lexicon.entries
            ),
        )
        self.folder.write_text("rows.json", record_bytes(rows))
        about = {
            "campaign": self.request.campaign,
            "manifest": name_of(self.request.manifest),
            "manifest_sha256": self.manifest.sha256,
            "sources": self._sources(),
            "num_videos": len(self.rows),
            "has_delivery": has_delivery,
            "engine_settings": self.request.engine_settings,
            "loudness": self.request.loudness,
            "gates": [self.request.gates.mode, self.request.gates.tries],
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
        self.folder.write_text("campaign.json", text.encode())


def _lexicon_of(request: Request, inputs: Inputs) -> LexiconFile | None:
    """The lexicon that is asked for, or that lies beside the manifest."""
    place = request.lexicon or beside(request.manifest)
    return None if place is None else read_lexicon(place, inputs)


def peak_rss_bytes(figures: Sequence[RenderFigures]) -> int:
    """The largest process of the run: ours or an engine host."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own *= 1 if sys.platform == "darwin" else 1024
    return max([own, *(figure.peak_rss_bytes for figure in figures)])
