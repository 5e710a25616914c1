"""Manifest rows -> plans: portraits read and checked, scripts spoken, segments cut and keyed.

Plain functions without Prefect: the command line calls them before any server is needed.
"""

import contextlib
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal, TypeVar

from flows.outcomes import RowName
from flows.plan_check import as_delivered, as_rendered, found_fault
from model.engine import (
    UNKNOWN_WEIGHTS,
    EngineIdentity,
    Pixels,
    earlier_identities,
    engine_identity,
)
from model.errors import NightshootError, PortraitError, RowError
from tasks.canonical_json import canonical_sha256
from tasks.errors import (
    DamagedError,
    NewerRecordError,
    UnforeseenError,
)
from tasks.manifest.cell_values import smaller_size_fault
from tasks.manifest.presets import Preset, size_for
from tasks.manifest.row_settings import RowSettings, row_settings
from tasks.media.finished_video import DELIVERY_VERSION, delivery_sha256
from tasks.media.sound import keeps_loudness, target_lufs
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import (
    KEY_VERSION,
    choose_cuts,
    cut_settings_for,
    keyed,
    num_frames_of,
)
from tasks.portrait.framed import FramedFile, framed_file, keep_framed
from tasks.portrait.picture import PortraitReader, portrait_sha256
from tasks.portrait.portrait import (
    PortraitLimits,
    check_portrait,
    read_rig,
)
from tasks.quality.gates.policy import GateRequest, planned_policy
from tasks.reading.flaws import ScriptError
from tasks.reading.languages import earlier_language_of
from tasks.reading.lexicon import NO_LEXICON, Lexicon
from tasks.reading.script_text import script_text
from tasks.records import (
    EncodeProfile,
    Failure,
    FramedPortrait,
    Loudness,
    ManifestRow,
    Reread,
    Scalar,
    Speech,
    StoredPlan,
    VideoPlan,
    VideoReceipt,
)
from tasks.recovery.night import Unfinished, carry_over_order
from tasks.speech.row_speech import (
    is_reread,
    row_request,
    row_speech,
    spoken_words,
    stored_rereadings,
)
from tasks.speech.speech import request_sha256
from tasks.speech.voices import VoiceSettings
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.files import file_version

_TITLE_CHARS = 60
_NO_GATES_ASKED = GateRequest()
# what is done is asked of the store, which may be far away: 8 requests one after the other a video
_LOOKUPS_AT_ONCE = 8
_NEVER = datetime.max.replace(tzinfo=UTC)
_NO_WAIT = nullcontext()
_NO_PART_OF_A_REQUEST = ("uses_seed",)  # earlier releases did not know it
_PORTRAITS = PortraitReader()

Rereading = Literal["keep", "tell", "renew"]
"""What becomes of planned rows that would be read otherwise today: nothing, it is told, or they
are spoken and planned anew."""

_Row = TypeVar("_Row")
_Result = TypeVar("_Result")


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
    gates: GateRequest = _NO_GATES_ASKED


@dataclass(frozen=True)
class Prepared:
    """A row with its plan, or with the error that stopped it.

    Attributes:
        row: the row's name and line.
        plan: as it is kept in the store.
        receipt: when nothing is left to do.
        failure: when the same plan was quarantined earlier.
        error: why there is no plan.
        rereads: the words that would be read otherwise today, where that is to be told.
    """

    row: RowName
    stored: StoredPlan | None = None
    receipt: VideoReceipt | None = None
    failure: Failure | None = None
    error: Exception | None = None
    rereads: tuple[Reread, ...] = ()

    @property
    def plan(self) -> VideoPlan | None:
        """The plan, where there is one."""
        return self.stored.plan if self.stored else None


def prepare_row(
    row: ManifestRow,
    settings: PrepareSettings,
    folder: CampaignFolder,
    notice: Callable[[str], None],
    turns: AbstractContextManager[object] = _NO_WAIT,
) -> Prepared:
    """Speak and plan one row in its turn, or find it planned; judge what is left to do."""

    def prepare() -> Prepared:
        stored, is_found = _planned(row, settings, folder, turns, notice)
        prepared = judged(row, stored, folder, notice)
        is_needed = prepared.receipt is None and prepared.failure is None
        fault = found_fault(stored, folder) if is_found and is_needed else None
        if fault:
            notice(f"{row.video_id}: planning it again: {fault.reason}")
            folder.discard_plan(row.video_id)
            if fault.is_speech_in_doubt:
                folder.discard_speech(stored.plan.speech_id)
            stored, _ = _planned(row, settings, folder, turns, notice)
            prepared = judged(row, stored, folder, notice)
        if settings.rereading != "tell" or stored.amendment:
            return prepared
        request = row_request(row, settings.voice_settings, settings.lexicon, settings.proof_s)
        return replace(prepared, rereads=stored_rereadings(request, stored, folder))

    return guarded(row, folder, prepare)


def guarded(row: RowName, folder: CampaignFolder, prepare: Callable[[], Prepared]) -> Prepared:
    """What ``prepare`` returns; its trouble, whatever it is, is this row's and stops no other.

    The traceback of what no rule of ours foresaw is kept in the campaign's logs.
    """
    try:
        return prepare()
    except (NightshootError, OSError) as error:
        return Prepared(row, error=error)
    except Exception as error:  # noqa: BLE001  reported with its text, like any other fault
        name = f"logs/rows/{row.video_id}.txt"
        with contextlib.suppress(OSError, NightshootError):
            folder.write_text(name, "".join(traceback.format_exception(error)).encode())
        told = f"{type(error).__name__}: {error}; the traceback is in {name}"
        return Prepared(row, error=UnforeseenError(told))


def judged(
    row: RowName, stored: StoredPlan, folder: CampaignFolder, notice: Callable[[str], None]
) -> Prepared:
    """A planned row, with what the store says of it."""
    receipt = _finished(stored, folder, notice)
    failure = None if receipt else folder.read_failure(row.video_id)
    if failure and not (failure.is_quarantined and failure.plan_sha256 == stored.sha256):
        failure = None
    return Prepared(row, stored, receipt, failure)


def _planned(
    row: ManifestRow,
    settings: PrepareSettings,
    folder: CampaignFolder,
    turns: AbstractContextManager[object],
    notice: Callable[[str], None],
) -> tuple[StoredPlan, bool]:
    """The row's plan, and whether the store had it."""
    identity = engine_identity(row.engine)
    portrait = _portrait_facts(row.portrait_path, file_version(row.portrait_path))
    _check_portrait_sides(row, portrait, identity)
    rig = read_rig(row.rig_path) if row.rig_path else None
    request = row_request(row, settings.voice_settings, settings.lexicon, settings.proof_s)
    asked_speech = request_sha256(request)

    def asked(engine: EngineIdentity) -> list[str]:
        digests = [
            _request_sha256(row, settings, engine, digest, rig, asked_speech)
            for digest in portrait.digests
        ]
        return digests + _earlier_requests(row, settings, engine, portrait, rig)

    try:
        stored = folder.read_plan(row.video_id)
    except DamagedError as error:
        notice(f"{row.video_id}: planning it again: {error}")
        stored = None
    engines = (identity, *earlier_identities(row.engine))
    is_renewed = settings.rereading == "renew"
    if (
        stored is not None
        and any(_row_request(stored) in asked(engine) for engine in engines)
        and keeps_loudness(stored.plan.loudness_lufs, settings.loudness)
    ):
        is_spoken_anew = is_renewed and stored.amendment is None
        stays = not (is_spoken_anew and is_reread(request, stored, folder))
        if stays:
            return _with_gates(stored, settings.gates, folder), True
    if stored is not None and stored.amendment:
        notice(
            f"{row.video_id}: planned as its row asks, without what {told_names(stored)} decided "
            "to change; write that into the manifest to keep it, or decide again"
        )
    with turns, folder.local(f"prepare-{row.video_id}") as place:
        speech = row_speech(request, place, stored, reread=is_renewed)
        anew = _plan_anew(row, settings, place, identity, portrait, rig, speech)
        if identity.weights_id == UNKNOWN_WEIGHTS:  # nothing may be filed under its keys
            is_same = stored is not None and _without_keys(stored.plan) == _without_keys(anew.plan)
            return (stored if stored and is_same else anew), False
        anew = anew.model_copy(update={"request_sha256": asked(identity)[0]})
        place.write_plan(anew)
    return anew, False


def _without_keys(plan: VideoPlan) -> VideoPlan:
    """All of a plan that does not depend on the weights."""
    segments = tuple(each.model_copy(update={"key": ""}) for each in plan.segments)
    return plan.model_copy(update={"segments": segments})


def _row_request(stored: StoredPlan) -> str:
    """Digest of the row that a plan was made from, whatever people decided to change of it."""
    return stored.amendment.row_request_sha256 if stored.amendment else stored.request_sha256


def told_names(stored: StoredPlan) -> str:
    """Who decided what differs from the row."""
    return " and ".join(stored.amendment.by) if stored.amendment else ""


def _with_gates(stored: StoredPlan, asked: GateRequest, folder: CampaignFolder) -> StoredPlan:
    """The stored plan, judged as is asked for now; no key and no digest of it changes."""
    if asked == _NO_GATES_ASKED:
        return stored
    policy = planned_policy(asked, stored.plan.engine, stored.plan.gates)
    if policy == stored.plan.gates:
        return stored
    plan = stored.plan.model_copy(update={"gates": policy})
    changed = stored.model_copy(update={"plan": plan})
    folder.write_plan(changed)
    return changed


def _earlier_requests(
    row: ManifestRow,
    settings: PrepareSettings,
    identity: EngineIdentity,
    portrait: "_PortraitFacts",
    rig: dict[str, object] | None,
) -> list[str]:
    """Digests of the same row where an older release told its language differently."""
    language = earlier_language_of(row.script or "")
    if not row.is_language_told or language == row.language:
        return []
    earlier = row.model_copy(update={"language": language})
    request = row_request(earlier, settings.voice_settings, settings.lexicon, settings.proof_s)
    return [
        _request_sha256(earlier, settings, identity, digest, rig, request_sha256(request))
        for digest in portrait.digests
    ]


def _plan_anew(
    row: ManifestRow,
    settings: PrepareSettings,
    place: CampaignFolder,
    identity: EngineIdentity,
    portrait: "_PortraitFacts",
    rig: dict[str, object] | None,
    speech: Speech,
) -> StoredPlan:
    size = _checked_size(row, settings, portrait, identity)

    def planned(shown: FramedPortrait, smaller: FramedPortrait | None) -> VideoPlan:
        return plan_video(
            row,
            settings,
            identity=identity,
            speech=speech,
            folder=place,
            portrait=shown,
            smaller_portrait=smaller,
            size=size,
        )

    framed = _framed(row, rig, size)
    whole = FramedPortrait(name="", sha256=portrait.digests[0], rig=rig)
    if framed is not None and not _goes_on_unframed(row, planned(whole, None), place):
        smaller = _framed(row, rig, row.smaller_size) if row.smaller_size else None
        plan = planned(keep_framed(framed, place), smaller and keep_framed(smaller, place))
        plan = plan.model_copy(update={"warnings": plan.warnings + framed.notices})
    else:
        framed, name = None, place.keep_portrait(row.portrait_path)
        plan = planned(whole.model_copy(update={"name": name}), None)
    if portrait.notices:
        told = tuple(f"{row.portrait_path.name}: {notice}" for notice in portrait.notices)
        plan = plan.model_copy(update={"warnings": plan.warnings + told})
    if identity.needs_face:
        scale = framed.scale if framed else None
        plan = _with_portrait_findings(plan, row, rig, settings.portrait_limits, scale)
    plan = as_rendered(plan, place)
    if settings.loudness is None:
        plan = as_delivered(plan, speech, place)
    return StoredPlan(
        plan=plan,
        line=row.line,
        sha256=delivery_sha256(plan, speech),
        request_sha256="",
        words=spoken_words(row, settings.lexicon, speech),
    )


def _framed(
    row: ManifestRow, rig: dict[str, object] | None, size: tuple[int, int]
) -> FramedFile | None:
    version = file_version(row.portrait_path)
    return framed_file(row.portrait_path, version, rig, size, row.framing or "auto")


def _goes_on_unframed(row: ManifestRow, plan: VideoPlan, folder: CampaignFolder) -> bool:
    """Whether a release that framed nothing began this video, and nobody asks for a framing.

    What it rendered is kept, where a plan has to be made again.
    """
    if row.framing is not None:
        return False
    return folder.has_segment(as_rendered(plan, folder).segments[0].key)


@dataclass(frozen=True)
class _PortraitFacts:
    """Of a picture; a plan that an older release made of it bears the second of its ``digests``."""

    digests: tuple[str, ...]
    width: int
    height: int
    notices: tuple[str, ...]


@lru_cache(maxsize=256)
def _portrait_facts(path: Path, version: tuple[int, ...]) -> _PortraitFacts:
    """Of a picture file; many rows share one presenter, so it is decoded once per version."""
    picture = _PORTRAITS.read(path, version)
    readings = (picture.pixels, picture.unmanaged)
    digests = tuple(portrait_sha256(pixels) for pixels in readings if pixels is not None)
    return _PortraitFacts(
        digests, picture.pixels.shape[1], picture.pixels.shape[0], picture.notices
    )


def _check_portrait_sides(
    row: ManifestRow, portrait: _PortraitFacts, identity: EngineIdentity
) -> None:
    if min(portrait.width, portrait.height) < identity.min_side:
        raise PortraitError(
            f"{row.portrait_path.name} is {portrait.width}x{portrait.height}, but engine "
            f"{identity.name} needs at least {identity.min_side} pixels on each side; use a larger "
            "picture (512 pixels or more give a sharp face)"
        )


def _checked_size(
    row: ManifestRow, settings: PrepareSettings, portrait: _PortraitFacts, identity: EngineIdentity
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
    row: ManifestRow, settings: PrepareSettings, portrait: _PortraitFacts, identity: EngineIdentity
) -> tuple[int, int]:
    if row.width is not None and row.height is not None:
        return row.width, row.height
    preset = settings.presets[row.preset]
    return size_for(preset, portrait.width, portrait.height, identity.min_side)


def settings_of(
    row: ManifestRow, settings: PrepareSettings, identity: EngineIdentity
) -> RowSettings:
    """What a row is planned with: its own values, the campaign's, its preset's, its engine's."""
    return row_settings(row, settings.presets[row.preset], settings.engine_settings, identity)


def _request_sha256(
    row: ManifestRow,
    settings: PrepareSettings,
    identity: EngineIdentity,
    portrait_digest: str,
    rig: dict[str, object] | None,
    speech_request_sha256: str,
) -> str:
    """Digest of all that a plan is made from: the same digest, the same plan."""
    used = settings_of(row, settings, identity)
    paths = {"portrait_path", "rig_path", "audio_path", "line", "is_language_told", "due"}
    if row.framing is None:  # plans of releases without framing stay valid
        paths.add("framing")
    if not row.allow:
        paths.add("allow")
    return canonical_sha256(
        {
            "row": row.model_dump(mode="json", exclude=paths),
            "preset": settings.presets[row.preset].model_dump(mode="json"),
            "engine": _identity_fields(identity)
            | {"settings": used.engine, "silent_settings": None},
            "clips": [used.infer_frames, used.segment_clips],
            "portrait": portrait_digest,
            "rig": rig,
            "speech": speech_request_sha256,
            "limits": settings.portrait_limits.model_dump(mode="json"),
            "encode": [KEY_VERSION, DELIVERY_VERSION, settings.ffmpeg_version],
        }
        | ({} if settings.proof_s is None else {"proof_s": settings.proof_s})
    )


def _identity_fields(identity: EngineIdentity) -> dict[str, object]:
    """The fields as they are: `dataclasses.asdict` would copy each value of each row's engine."""
    told = (each.name for each in fields(identity) if each.name not in _NO_PART_OF_A_REQUEST)
    return {name: getattr(identity, name) for name in told}


def plan_video(
    row: ManifestRow,
    settings: PrepareSettings,
    *,
    identity: EngineIdentity,
    speech: Speech,
    folder: CampaignFolder,
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
        folder: where the speech is.
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
        settings=used.engine,
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
    track = EngineTrack(folder.speech / f"{speech.speech_id}.16k.wav", speech.phonemes)
    return keyed(
        draft, cuts, identity, lambda start, end: track.window(start, end, identity).sha256
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


def _finished(
    stored: StoredPlan, folder: CampaignFolder, notice: Callable[[str], None]
) -> VideoReceipt | None:
    """The receipt of a video on which nothing is left to do."""
    video_id = stored.plan.video_id
    try:
        receipt = folder.find_video(video_id)
    except DamagedError as error:
        notice(f"{video_id}: making the video again: {error}")
        return None
    if receipt is None or receipt.plan_sha256 != stored.sha256:
        return None
    try:
        segments = [folder.find_segment(key) for key in receipt.segment_keys]
    except DamagedError:
        return None  # the video's chain finds it, says so and renders it again
    return None if None in segments else receipt


def _with_portrait_findings(
    plan: VideoPlan,
    row: ManifestRow,
    rig: dict[str, object] | None,
    limits: PortraitLimits,
    scale: float | None,
) -> VideoPlan:
    """The plan with the portrait's warnings; ``scale`` is its frame's, where it has one.

    Raises:
        PortraitError: the portrait cannot be animated, and a still is not asked for.
    """
    portrait = _PORTRAITS.read(row.portrait_path, file_version(row.portrait_path))
    found = portrait_findings(
        plan.model_copy(update={"rig": rig}),
        portrait.pixels,
        row.portrait_path.name,
        limits,
        scale=scale,
        allowed=row.allow,
    )
    return plan.model_copy(update={"warnings": plan.warnings + found})


def portrait_findings(
    plan: VideoPlan,
    pixels: Pixels,
    name: str,
    limits: PortraitLimits,
    *,
    scale: float | None = None,
    allowed: Sequence[str] = (),
) -> tuple[str, ...]:
    """What is to be told of a portrait, for a plan with its rig, size and settings.

    Args:
        plan: of the video.
        pixels: the picture, (H, W, 3) uint8, RGB.
        name: of its file, for messages.
        limits: of portraits.
        scale: of its frame, where it has one; see :func:`check_portrait`.
        allowed: names of faults with which it is animated.

    Raises:
        PortraitError: the portrait cannot be animated, and a still is not asked for.
    """
    report = check_portrait(
        pixels,
        plan.rig,
        plan.width,
        plan.height,
        limits=limits,
        scale=scale,
        allowed=allowed,
    )
    is_still = not report.has_face and plan.settings.get("on_no_face") == "still"
    if report.errors and not is_still:
        raise PortraitError(f"{name}: {'; '.join(report.errors)}")
    return tuple(f"shown as a still: {error}" for error in report.errors) + report.warnings


def in_order(rows: Sequence[ManifestRow], begun_in: CampaignFolder | None) -> list[ManifestRow]:
    """Rows by falling priority, then by when they are due.

    With a store, those begun there come first, nearest to done ahead.
    """
    if begun_in is None:
        return sorted(rows, key=lambda row: (-row.priority, row.due or _NEVER))
    by_id = {row.video_id: row for row in rows}
    with ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="order") as pool:
        unfinished = list(pool.map(partial(_unfinished, begun_in), range(len(rows)), rows))
    return [by_id[each.video_id] for each in carry_over_order(unfinished)]


def _unfinished(folder: CampaignFolder, index: int, row: ManifestRow) -> Unfinished:
    try:
        stored = folder.read_plan(row.video_id)
    except (DamagedError, NewerRecordError):
        stored = None  # it is planned again, or refused, when its turn comes
    segments = stored.plan.segments if stored else ()
    left = [segment for segment in segments if not folder.has_segment(segment.key)]
    return Unfinished(
        video_id=row.video_id,
        priority=row.priority,
        num_frames_left=sum(segment.num_frames for segment in left),
        is_begun=0 < len(left) < len(segments),
        row_index=index,
    )


def side_by_side(rows: Sequence[_Row], work: Callable[[_Row], _Result]) -> Iterator[_Result]:
    """Work on rows in their order, a few ahead of the consumer."""
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="rows") as pool:
        try:
            for row in rows:
                waiting.append(pool.submit(copy_context().run, work, row))
                if len(waiting) > 2 * _LOOKUPS_AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
