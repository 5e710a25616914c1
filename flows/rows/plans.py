"""One spoken row -> its plan, with every key."""

from flows.rows.portraits import PortraitFacts
from flows.rows.settings import PrepareSettings, settings_of
from model.engine import (
    EngineIdentity,
)
from model.errors import RowError
from tasks.gpu_plans.compilation import with_compilation
from tasks.gpu_plans.kernels import with_kernel
from tasks.manifest.cell_values import smaller_size_fault
from tasks.manifest.presets import size_for
from tasks.media.sound import target_lufs
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import (
    choose_cuts,
    cut_settings_for,
    cuts_of,
    keyed,
    num_frames_of,
)
from tasks.quality.gates.policy import planned_policy
from tasks.reading.flaws import ScriptError
from tasks.reading.script_text import script_text
from tasks.records import EncodeProfile, FramedPortrait, ManifestRow, VideoPlan
from tasks.screen.formats import shape_for
from tasks.speech_records import Speech

_TITLE_CHARS = 60


def plan_video(
    row: ManifestRow,
    settings: PrepareSettings,
    *,
    identity: EngineIdentity,
    speech: Speech,
    track: EngineTrack,
    portrait: FramedPortrait,
    smaller_portrait: FramedPortrait | None,
    size: tuple[int, int],
) -> VideoPlan:
    """The plan of one spoken row; every key is known.

    Args:
        row: the manifest's row.
        settings: the campaign's.
        identity: of the row's engine.
        speech: what is said.
        track: the speech, as engines hear it.
        portrait: in the store, with its rig.
        smaller_portrait: the same for the row's smaller size, where it is framed.
        size: width and height in pixels.
    """
    used = settings_of(row, settings, identity)
    num_frames = num_frames_of(speech.num_samples, speech.sample_rate_hz, identity.fps)
    if row.num_clip is not None:
        num_frames = min(num_frames, row.num_clip * used.infer_frames)
    cuts = choose_cuts(
        speech.grid_levels_db,
        num_frames,
        cut_settings_for(used.segment_clips, used.infer_frames),
    )
    draft = VideoPlan(
        video_id=row.video_id,
        title=title_of(row),
        engine=identity.name,
        settings=with_compilation(
            with_kernel(used.engine, settings.kernels),
            settings.compilation,
            used.asked,
        ),
        portrait=portrait.name,
        portrait_sha256=portrait.sha256,
        rig=portrait.rig,
        speech_id=speech.speech_id,
        prompt=row.prompt or identity.default_prompt,
        seed=row.seed,
        width=size[0],
        height=size[1],
        fps=identity.fps,
        num_frames=num_frames,
        priority=row.priority,
        smaller_size=row.smaller_size,
        smaller_portrait=smaller_portrait,
        encode=EncodeProfile(
            crf=settings.presets[row.preset].crf, fps=identity.fps, ffmpeg=settings.ffmpeg_version
        ),
        segments=(),
        is_preview=identity.is_preview,
        is_proof=settings.proof_s is not None,
        warnings=speech.warnings,
        loudness_lufs=target_lufs(settings.loudness),
        gates=planned_policy(settings.gates, identity.name, None),
    )
    return keyed(
        draft, cuts, identity, lambda start, end: track.window_sha256(start, end, identity)
    )


def with_portrait(
    plan: VideoPlan,
    portrait: FramedPortrait,
    smaller_portrait: FramedPortrait | None,
    *,
    identity: EngineIdentity,
    track: EngineTrack,
) -> VideoPlan:
    """The same plan, cut in the same places, of another picture: with the keys of that."""
    shown = {
        "portrait": portrait.name,
        "portrait_sha256": portrait.sha256,
        "rig": portrait.rig,
        "smaller_portrait": smaller_portrait,
    }
    return keyed(
        plan.model_copy(update=shown),
        cuts_of(plan),
        identity,
        lambda start, end: track.window_sha256(start, end, identity),
    )


def _without_marks(row: ManifestRow) -> str:
    try:
        return script_text(row.script or "", row.language).text
    except ScriptError:  # a caption, which a voice need not be able to read
        return row.script or ""


def title_of(row: ManifestRow) -> str:
    """A line for people: the beginning of the row's script."""
    text = " ".join((_without_marks(row) or row.video_id).split())
    return text if len(text) <= _TITLE_CHARS else text[: _TITLE_CHARS - 1] + "…"


def checked_size(
    row: ManifestRow, settings: PrepareSettings, portrait: PortraitFacts, identity: EngineIdentity
) -> tuple[int, int]:
    """The video's size, which has more pixels than the one it may give way to.

    Raises:
        RowError: it has not.
    """
    size = _size(row, settings, portrait, identity)
    fault = smaller_size_fault(size, row.smaller_size) if row.smaller_size else None
    if fault:
        told = "{}x{}".format(*row.smaller_size or ())
        raise RowError(f'smaller_size "{told}": {fault[0]}; {fault[1]}')
    return size


def _size(
    row: ManifestRow, settings: PrepareSettings, portrait: PortraitFacts, identity: EngineIdentity
) -> tuple[int, int]:
    if row.width is not None and row.height is not None:
        return row.width, row.height
    preset = settings.presets[row.preset]
    shape = shape_for(row.deliver) if row.deliver else (portrait.width, portrait.height)
    return size_for(preset, *shape, identity.min_side)
