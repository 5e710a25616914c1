"""What all rows of a campaign are prepared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from model.engine import (
    EngineIdentity,
)
from tasks.manifest.presets import Preset
from tasks.manifest.row_settings import RowSettings, row_settings
from tasks.portrait.portrait import (
    PortraitLimits,
)
from tasks.quality.gates.policy import GateRequest
from tasks.reading.lexicon import NO_LEXICON, Lexicon
from tasks.records import (
    Loudness,
    ManifestRow,
    Scalar,
)
from tasks.speech.voices import VoiceSettings

NO_GATES_ASKED = GateRequest()
Rereading = Literal["keep", "tell", "renew"]
"""What becomes of planned rows that would be read otherwise today: nothing, it is told, or they
are spoken and planned anew."""


@dataclass(frozen=True)
class PrepareSettings:
    """What the whole campaign has in common."""

    presets: dict[str, Preset]
    engine_settings: dict[str, Scalar]  # as options gave them, of clips too
    voice_settings: VoiceSettings
    portrait_limits: PortraitLimits
    ffmpeg_version: str
    lexicon: Lexicon = NO_LEXICON
    rereading: Rereading = "keep"
    loudness: Loudness | None = None  # None: nobody asked for one
    proof_s: float | None = None  # seconds of a proof; None: whole videos
    proofed: Mapping[str, ManifestRow] = field(default_factory=dict[str, ManifestRow])
    """By video id, the rows whose proofs are made: their portraits are judged at their size."""
    gates: GateRequest = NO_GATES_ASKED
    kernels: Mapping[str, str] = field(default_factory=dict[str, str])  # of attention, by dtype
    compilation: frozenset[str] = frozenset()  # dtypes in which new plans are compiled


def settings_of(
    row: ManifestRow, settings: PrepareSettings, identity: EngineIdentity
) -> RowSettings:
    """What a row is planned with: its own values, the campaign's, its preset's, its engine's."""
    return row_settings(row, settings.presets[row.preset], settings.engine_settings, identity)
