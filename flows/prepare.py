"""Manifest rows -> plans: portraits read and checked, scripts spoken, segments cut and keyed.

Plain functions without Prefect: the command line calls them before any server is needed.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from model.engine import EngineIdentity, engine_identity
from model.errors import NightshootError, PortraitError
from tasks.deliver import delivery_sha256
from tasks.plan import (
    KeyParts,
    choose_cuts,
    cut_settings_for,
    num_frames_of,
    plan_segments,
    resolved_settings,
)
from tasks.portrait import (
    PortraitLimits,
    check_portrait,
    portrait_sha256,
    read_portrait,
    read_rig,
)
from tasks.presets import Preset, size_for
from tasks.records import EncodeProfile, ManifestRow, Scalar, Speech, VideoPlan, VideoReceipt
from tasks.speech import SpeechRequest, make_speech
from tasks.store import CampaignFolder, DamagedError
from tasks.voices import VoiceSettings
from tasks.window import EngineTrack

_TITLE_CHARS = 60


@dataclass(frozen=True)
class PrepareSettings:
    """What the whole campaign has in common."""

    presets: dict[str, Preset]
    engine_settings: dict[str, Scalar]
    voice_settings: VoiceSettings
    portrait_limits: PortraitLimits
    ffmpeg_version: str


@dataclass(frozen=True)
class Prepared:
    """A row with its plan, or with the error that stopped it; ``receipt`` when nothing is left."""

    row: ManifestRow
    plan: VideoPlan | None = None
    receipt: VideoReceipt | None = None
    error: NightshootError | None = None


def prepare_row(
    row: ManifestRow,
    settings: PrepareSettings,
    folder: CampaignFolder,
    notice: Callable[[str], None],
) -> Prepared:
    """Speak and plan one row; its portrait is checked only if something is left to render."""
    try:
        return _prepare(row, settings, folder, notice)
    except NightshootError as error:
        return Prepared(row, error=error)


def _prepare(
    row: ManifestRow,
    settings: PrepareSettings,
    folder: CampaignFolder,
    notice: Callable[[str], None],
) -> Prepared:
    identity = engine_identity(row.engine)
    preset = settings.presets[row.preset]
    portrait = read_portrait(row.portrait_path)
    rig = read_rig(row.rig_path) if row.rig_path else None
    height, width = portrait.shape[:2]
    size = (row.width, row.height)
    if row.width is None or row.height is None:
        size = size_for(preset, width, height)
    speech = make_speech(_speech_request(row, settings), folder.speech)
    plan = plan_video(
        row,
        settings,
        identity=identity,
        speech=speech,
        folder=folder,
        portrait_sha256=portrait_sha256(portrait),
        rig=rig,
        size=(int(size[0] or 0), int(size[1] or 0)),
    )
    receipt = _finished(plan, speech, folder, notice)
    if receipt is None and identity.needs_face:
        report = check_portrait(portrait, rig, plan.width, plan.height, settings.portrait_limits)
        plan = _with_portrait_findings(plan, report.errors, report.warnings)
    return Prepared(row, plan, receipt)


def _speech_request(row: ManifestRow, settings: PrepareSettings) -> SpeechRequest:
    return SpeechRequest(
        text=row.script,
        audio_path=row.audio_path,
        voice=row.voice,
        language=row.language,
        seed=row.seed,
        settings=settings.voice_settings,
    )


def plan_video(
    row: ManifestRow,
    settings: PrepareSettings,
    *,
    identity: EngineIdentity,
    speech: Speech,
    folder: CampaignFolder,
    portrait_sha256: str,
    rig: dict[str, object] | None,
    size: tuple[int, int],
) -> VideoPlan:
    """The plan of one spoken row; every key is known."""
    preset = settings.presets[row.preset]
    num_frames = num_frames_of(speech.num_samples, speech.sample_rate_hz, identity.fps)
    if row.num_clip is not None:
        num_frames = min(num_frames, row.num_clip * preset.infer_frames)
    cuts = choose_cuts(
        speech.grid_levels_db,
        num_frames,
        cut_settings_for(preset.segment_clips, preset.infer_frames),
    )
    used, _ = resolved_settings(identity, settings.engine_settings)
    encode = EncodeProfile(crf=preset.crf, fps=identity.fps, ffmpeg=settings.ffmpeg_version)
    parts = KeyParts(
        engine=identity.name,
        engine_version=identity.version,
        weights_id=identity.weights_id,
        settings=used,
        portrait_sha256=portrait_sha256,
        rig=rig,
        prompt=row.prompt,
        seed=row.seed,
        width=size[0],
        height=size[1],
        fps=identity.fps,
        encode=encode,
    )
    track = EngineTrack(folder.speech / f"{speech.speech_id}.16k.wav", speech.phonemes)
    segments = plan_segments(
        cuts, parts, lambda start, end: track.window(start, end, identity).sha256
    )
    return VideoPlan(
        video_id=row.video_id,
        title=_title(row),
        engine=identity.name,
        settings=used,
        portrait_path=row.portrait_path,
        portrait_sha256=portrait_sha256,
        rig=rig,
        speech_id=speech.speech_id,
        prompt=row.prompt,
        seed=row.seed,
        width=size[0],
        height=size[1],
        fps=identity.fps,
        num_frames=num_frames,
        priority=row.priority,
        encode=encode,
        segments=segments,
        is_preview=identity.is_preview,
        warnings=speech.warnings,
    )


def _title(row: ManifestRow) -> str:
    text = " ".join((row.script or row.video_id).split())
    return text if len(text) <= _TITLE_CHARS else text[: _TITLE_CHARS - 1] + "…"


def _finished(
    plan: VideoPlan, speech: Speech, folder: CampaignFolder, notice: Callable[[str], None]
) -> VideoReceipt | None:
    """The receipt of a video on which nothing is left to do."""
    try:
        receipt = folder.find_video(plan.video_id)
    except DamagedError as error:
        notice(f"{plan.video_id}: the video is made again: {error}")
        return None
    if receipt is None or receipt.plan_sha256 != delivery_sha256(plan, speech):
        return None
    try:
        segments = [folder.find_segment(segment.key) for segment in plan.segments]
    except DamagedError:
        return None  # the video's chain finds it, says so and renders it again
    return None if None in segments else receipt


def _with_portrait_findings(
    plan: VideoPlan, errors: Sequence[str], warnings: Sequence[str]
) -> VideoPlan:
    """The plan with the portrait's warnings.

    Raises:
        PortraitError: the portrait cannot be animated, and a still is not asked for.
    """
    if errors and plan.settings.get("on_no_face") != "still":
        raise PortraitError(f"{plan.portrait_path.name}: {'; '.join(errors)}")
    found = tuple(f"shown as a still: {error}" for error in errors) + tuple(warnings)
    return plan.model_copy(update={"warnings": plan.warnings + found})


def prepare_rows(
    rows: Sequence[ManifestRow], prepare: Callable[[ManifestRow], Prepared], num_threads: int
) -> Iterator[Prepared]:
    """Prepare rows by falling priority, a few ahead of the consumer, in that order."""
    waiting: deque[Future[Prepared]] = deque()
    queue = iter(sorted(rows, key=lambda row: -row.priority))
    with ThreadPoolExecutor(num_threads, thread_name_prefix="prepare") as pool:
        try:
            for row in queue:
                waiting.append(pool.submit(prepare, row))
                if len(waiting) > 2 * num_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
