"""The calibration file: how fast this machine's devices are, one entry per engine, GPU and dtype.

It is where NIGHTSHOOT_CALIBRATION says, else in the user's configuration. Files of several machines
may be joined into one by hand: it is a JSON list.
"""

import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from model.calibration import Calibration, calibrate_engine
from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS, EngineIdentity, SegmentJob
from model.errors import CampaignError
from tasks.engines.engine_host import EngineHost
from tasks.engines.engine_pool import EnginePool
from tasks.portrait.picture import read_portrait
from tasks.portrait.portrait import read_rig, rig_path_of
from tasks.records import Record
from tasks.store.files import write_file

CALIBRATION_VARIABLE = "NIGHTSHOOT_CALIBRATION"
PREVIEW = "preview"
_PORTRAIT = Path(__file__).parents[2] / "manifests" / "portraits" / "mara.png"
_PREVIEW_SIZES = ((704, 384), (384, 256))
_PREVIEW_FRAMES = 48
_PREVIEW_REPEATS = 3


class CalibrationEntry(Record):
    """What was measured of one engine on one device with one dtype."""

    engine: str
    model: str = Field(description="Which sizes of it.")
    gpu: str = Field(description="The device's name.")
    dtype: str
    memory_bytes: int = Field(gt=0, description="Of the device, as programs see it.")
    measured_at: datetime
    measured_in_s: float = Field(ge=0)
    figures: dict[str, float]
    kernels: dict[str, float] = Field(description="Of attention, with seconds; the fastest first.")
    versions: dict[str, str]
    notes: tuple[str, ...] = Field(default=(), description="What was not measured.")

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What a newer entry replaces."""
        return self.engine, self.model, self.gpu, self.dtype


_ENTRIES = TypeAdapter(tuple[CalibrationEntry, ...])


def calibration_path(environ: Mapping[str, str]) -> Path:
    """Where the file is."""
    if named := environ.get(CALIBRATION_VARIABLE):
        return Path(named)
    config = environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "nightshoot" / "calibration.json"


def read_calibrations(path: Path) -> tuple[CalibrationEntry, ...]:
    """All entries; none where there is no file.

    Raises:
        CampaignError: the file cannot be read, or is no list of entries.
    """
    try:
        return _ENTRIES.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise CampaignError(
            f"{path}: is not a calibration file ({first}); remove it and run "
            f"`nightshoot calibrate`, or let {CALIBRATION_VARIABLE} name another"
        ) from error


def keep_calibration(path: Path, entry: CalibrationEntry) -> None:
    """Add an entry to the file; it takes the place of an older one of its kind.

    Raises:
        CampaignError: what is there cannot be read.
    """
    others = [each for each in read_calibrations(path) if each.place != entry.place]
    told = [each.model_dump(mode="json") for each in (*others, entry)]
    write_file(path, json.dumps(told, indent=1).encode())


def measure(engine: str, dtype: str = "") -> CalibrationEntry:
    """Measure an engine on this machine, now.

    Args:
        engine: its name.
        dtype: of its weights; empty: the usual one.

    Raises:
        CampaignError: the engine cannot be calibrated.
        NightshootError: this machine cannot run it.
    """
    started = time.perf_counter()
    found = measure_preview() if engine == PREVIEW else calibrate_engine(engine, dtype)
    return CalibrationEntry(
        engine=found.engine,
        model=found.model,
        gpu=found.gpu,
        dtype=found.dtype,
        memory_bytes=found.memory_bytes,
        measured_at=datetime.now(UTC).replace(microsecond=0),
        measured_in_s=round(time.perf_counter() - started, 1),
        figures=dict(found.figures),
        kernels=dict(found.kernels),
        versions=dict(found.versions),
        notes=found.notes,
    )


# --- the preview engine -------------------------------------------------------------------------


def measure_preview() -> Calibration:
    """Seconds of a frame on one core: so much each, and so much a megapixel."""
    with (
        tempfile.TemporaryDirectory(prefix="nightshoot-calibrate-") as name,
        EnginePool(Path(name)) as pool,
        pool.lend(PREVIEW) as host,
    ):
        seconds = [_preview_seconds(host, size) for size in _PREVIEW_SIZES]
        version = host.identity.version
    (large, small) = (width * height / 1e6 for width, height in _PREVIEW_SIZES)
    slope = max(0.0, (seconds[0] - seconds[1]) / (large - small))
    return Calibration(
        engine=PREVIEW,
        model=PREVIEW,
        gpu=f"cpu {platform.machine()}",
        dtype="float32",
        memory_bytes=_memory_bytes(),
        figures={"megapixel_s": slope, "frame_s": max(0.0, seconds[1] - slope * small)},
        kernels={},
        versions={"engine": str(version), "python": platform.python_version()},
    )


def _preview_seconds(host: EngineHost, size: tuple[int, int]) -> float:
    """Of a frame, the portrait being known to the host."""
    job = preview_job(host.identity, size)
    times: list[float] = []
    for _ in range(_PREVIEW_REPEATS + 1):
        started = time.perf_counter()
        num_frames = sum(len(frames) for frames in host.render(job))
        times.append((time.perf_counter() - started) / num_frames)
    return sorted(times[1:])[_PREVIEW_REPEATS // 2]


def preview_job(identity: EngineIdentity, size: tuple[int, int]) -> SegmentJob:
    """A presenter of the demo says noise in syllables."""
    context = identity.left_context + identity.right_context
    num_samples = _PREVIEW_FRAMES * ENGINE_SAMPLE_RATE_HZ // FPS + context
    t = np.arange(num_samples) / ENGINE_SAMPLE_RATE_HZ
    noise = np.random.default_rng(0).normal(0, 3000, num_samples)
    return SegmentJob(
        key="calibration",
        portrait=read_portrait(_PORTRAIT),
        rig=read_rig(rig_path_of(_PORTRAIT)),
        handoff=None,
        pcm=(noise * np.clip(np.sin(8 * np.pi * t), 0, None)).astype(np.int16),
        left_context=identity.left_context,
        right_context=identity.right_context,
        phonemes=None,
        prompt="",
        seed=1,
        width=size[0],
        height=size[1],
        num_frames=_PREVIEW_FRAMES,
        settings=dict(identity.settings),
    )


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


# --- finding entries ----------------------------------------------------------------------------


def newest(entries: Sequence[CalibrationEntry]) -> CalibrationEntry | None:
    """The one measured last."""
    return max(entries, key=lambda entry: entry.measured_at, default=None)
