"""Manifest rows -> plans: portraits read and checked, scripts spoken, segments cut and keyed.

Plain functions without Prefect: the command line calls them before any server is needed.
"""

import contextlib
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from flows.outcomes import RowName
from flows.plan_check import (
    as_begun,
    as_delivered,
    as_rendered,
    films_fault,
    found_fault,
    is_begun,
)
from flows.rows.amended_plans import Planning
from flows.rows.deliverables import deliver_request, with_deliverables
from flows.rows.finished import finished_master, is_delivered
from flows.rows.lost_plans import (
    carried_out_again,
    changes_lost,
    check_changes_told,
    check_journal_told,
)
from flows.rows.order import Turns
from flows.rows.plans import checked_size, plan_video, with_portrait
from flows.rows.portraits import (
    PortraitFacts,
    check_portrait_sides,
    framed_portrait,
    portrait_facts,
    with_portrait_findings,
)
from flows.rows.requests import earlier_requests, request_digest, row_request_of
from flows.rows.screens import damaged_screen
from flows.rows.settings import NO_GATES_ASKED, PrepareSettings, settings_of
from model.engine import (
    UNKNOWN_WEIGHTS,
    EngineIdentity,
    earlier_identities,
    engine_identity,
)
from model.errors import NightshootError
from tasks.errors import (
    DamagedError,
    UnforeseenError,
)
from tasks.gpu_plans.compilation import compilation_kept
from tasks.gpu_plans.kernels import kernels_kept, with_kernel
from tasks.media.finished_video import delivery_sha256
from tasks.media.sound import keeps_loudness
from tasks.plan.audio_window import EngineTrack
from tasks.portrait.framed import keep_framed
from tasks.portrait.portrait import (
    read_rig,
)
from tasks.quality.gates.policy import GateRequest, as_asked, planned_policy
from tasks.records import (
    Failure,
    FramedPortrait,
    ManifestRow,
    RowRecord,
    StoredPlan,
    VideoPlan,
    VideoReceipt,
)
from tasks.redaction import without_secrets
from tasks.review.decision import CHANGES, Decision
from tasks.review.journal import Journal, read_journal
from tasks.speech.row_speech import (
    is_reread,
    row_request,
    row_speech,
    spoken_words,
    stored_rereadings,
)
from tasks.speech.speech import request_sha256
from tasks.speech_records import Reread, Speech
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.files import file_version

ReadJournal = Callable[[CampaignFolder], Journal]


@dataclass(frozen=True)
class Prepared:
    """A row with its plan, or with the error that stopped it.

    Attributes:
        row: the row's name and line.
        plan: as it is kept in the store.
        receipt: when nothing is left to do.
        master: of a finished video of which something is still to be made.
        failure: when the same plan was quarantined earlier.
        error: why there is no plan.
        rereads: the words that would be read otherwise today, where that is to be told.
    """

    row: RowName
    stored: StoredPlan | None = None
    receipt: VideoReceipt | None = None
    master: VideoReceipt | None = None
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
    turns: Turns | None = None,
    journal: ReadJournal = read_journal,
) -> Prepared:
    """Speak and plan one row in its turn, or find it planned; judge what is left to do."""
    taken = turns or Turns(1)

    def planned(lost: StoredPlan | None = None) -> tuple[StoredPlan, bool]:
        return _planned(row, settings, folder, taken, notice, journal, lost)

    def prepare() -> Prepared:
        stored, is_found = planned()
        prepared = judged(row, stored, folder, notice)
        is_needed = is_found and prepared.receipt is None and prepared.failure is None
        look = films_fault if prepared.master else found_fault
        fault = look(stored, folder) if is_needed else None
        if fault:
            check_changes_told(stored, fault.reason, folder, journal)
            notice(f"{row.video_id}: planning it again: {fault.reason}")
            folder.discard_plan(row.video_id)
            if fault.is_speech_in_doubt:
                folder.discard_speech(stored.plan.speech_id)
            stored = _planned_again(stored, planned, folder)
            prepared = judged(row, stored, folder, notice)
        if damaged := _damaged_screen(prepared, folder):
            notice(f"{row.video_id}: drawing it again: {damaged} is missing or damaged")
            stored = with_deliverables(stored, row, folder, is_drawn_anew=True)
            prepared = judged(row, stored, folder, notice)
        if prepared.receipt:
            prepared = replace(prepared, receipt=_regarded(prepared.receipt, settings, folder))
        if settings.rereading != "tell" or stored.amendment:
            return prepared
        request = row_request(row, settings.voice_settings, settings.lexicon, settings.proof_s)
        return replace(prepared, rereads=stored_rereadings(request, stored, folder))

    return guarded(row, folder, prepare)


def _planned_again(
    lost: StoredPlan,
    planned: Callable[[StoredPlan], tuple[StoredPlan, bool]],
    folder: CampaignFolder,
) -> StoredPlan:
    """A plan in the place of one that was discarded; where none can be made, that one is put back.

    It alone may tell what people had changed in it.
    """
    try:
        stored, _ = planned(lost)
    except BaseException:
        if lost.amendment:
            folder.write_plan(lost)
        raise
    return stored


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
            folder.write_text(
                name, without_secrets("".join(traceback.format_exception(error))).encode()
            )
        told = f"{type(error).__name__}: {error}; the traceback is in {name}"
        return Prepared(row, error=UnforeseenError(told))


def judged(
    row: RowName, stored: StoredPlan, folder: CampaignFolder, notice: Callable[[str], None]
) -> Prepared:
    """A planned row, with what the store says of it."""
    master = finished_master(stored, folder, notice)
    if master is not None and is_delivered(stored, master, folder):
        return Prepared(row, stored, master)
    failure = folder.read_failure(row.video_id)
    if failure and not (failure.is_quarantined and failure.plan_sha256 == stored.sha256):
        failure = None
    return Prepared(row, stored, master=master, failure=failure)


def _damaged_screen(prepared: Prepared, folder: CampaignFolder) -> str:
    """Of a video of which something is to be made: a screen that cannot be shown."""
    stored = prepared.stored
    if prepared.receipt or prepared.failure or stored is None or stored.deliver is None:
        return ""
    return damaged_screen(stored.deliver, folder)


def _with_decisions(
    row: ManifestRow,
    anew: StoredPlan,
    lost: StoredPlan | None,
    settings: PrepareSettings,
    place: CampaignFolder,
    notice: Callable[[str], None],
    decisions: Sequence[Decision],
) -> StoredPlan:
    """A plan in the place of a lost one, with what people had changed in that; or it is told."""
    names = dict.fromkeys(each.by for each in decisions if each.action in CHANGES)
    if not names or (lost is not None and lost.amendment is None):
        return anew
    record = RowRecord(
        video_id=row.video_id, line=row.line, priority=row.priority, cells={}, row=row
    )
    planning = Planning(
        settings.presets, settings.engine_settings, settings.lexicon, settings.voice_settings
    )
    found = carried_out_again(record, anew, lost, decisions, planning, place)
    if found is None and lost is not None:
        raise changes_lost(lost, place)
    if found is None:
        notice(
            f"{row.video_id}: it is planned as its row asks: run `nightshoot retry` afterwards, "
            f"which carries out again what {' and '.join(names)} decided to change"
        )
        return anew
    if found.amendment:
        notice(f"{row.video_id}: planned again with what {told_names(found)} decided to change")
    return found


def _planned(
    row: ManifestRow,
    settings: PrepareSettings,
    folder: CampaignFolder,
    turns: Turns,
    notice: Callable[[str], None],
    journal: ReadJournal,
    lost: StoredPlan | None,
) -> tuple[StoredPlan, bool]:
    """The row's plan, and whether the store had it; ``lost`` is one that was just discarded."""
    identity = engine_identity(row.engine)
    portrait = portrait_facts(row.portrait_path, file_version(row.portrait_path))
    check_portrait_sides(row, portrait, identity)
    rig = read_rig(row.rig_path) if row.rig_path else None
    request = row_request(row, settings.voice_settings, settings.lexicon, settings.proof_s)
    asked_speech = request_sha256(request)

    def asked(engine: EngineIdentity) -> Iterator[str]:
        """Today's first: of most rows no other is needed."""
        for digest in portrait.digests:
            yield request_digest(row, settings, engine, digest, rig, asked_speech)
        yield from earlier_requests(row, settings, engine, portrait, rig)

    stored, damage = _stored_plan(row.video_id, folder)
    if damage:
        notice(f"{row.video_id}: planning it again: {damage}")
    engines = (identity, *earlier_identities(row.engine))
    is_renewed = settings.rereading == "renew"
    if (
        stored is not None
        and any(row_request_of(stored) in asked(engine) for engine in engines)
        and keeps_loudness(stored.plan.loudness_lufs, settings.loudness)
    ):
        is_spoken_anew = is_renewed and stored.amendment is None
        stays = not (is_spoken_anew and is_reread(request, stored, folder))
        if stays:
            judged_plan = _with_gates(stored, settings.gates, folder)
            return with_deliverables(judged_plan, row, folder), True
    if stored is not None and stored.amendment:
        notice(
            f"{row.video_id}: planned as its row asks, without what {told_names(stored)} decided "
            "to change; write that into the manifest to keep it, or decide again"
        )
    with folder.local(f"prepare-{row.video_id}") as place:
        with turns.speaking(row):
            speech = row_speech(request, place, stored, reread=is_renewed)
        known = stored or lost
        earlier = known.plan if known else None
        with turns.planning:
            anew = _plan_anew(row, settings, place, identity, portrait, rig, speech, earlier)
        if identity.weights_id == UNKNOWN_WEIGHTS:  # nothing may be filed under its keys
            is_same = stored is not None and _without_keys(stored.plan) == _without_keys(anew.plan)
            return (stored if stored and is_same else anew), False
        anew = anew.model_copy(update={"request_sha256": next(asked(identity))})
        if stored is None:
            told = journal(folder)
            check_journal_told(told, anew, lost, damage, folder)
            with turns.speaking(row):
                decisions = told.of(row.video_id)
                anew = _with_decisions(row, anew, lost, settings, place, notice, decisions)
        place.write_plan(anew)
    return anew, False


def _stored_plan(video_id: str, folder: CampaignFolder) -> tuple[StoredPlan | None, str]:
    """The plan that the store has, or what is wrong with it."""
    try:
        return folder.read_plan(video_id), ""
    except DamagedError as error:
        return None, str(error)


def _without_keys(plan: VideoPlan) -> VideoPlan:
    """All of a plan that does not depend on the weights."""
    segments = tuple(each.model_copy(update={"key": ""}) for each in plan.segments)
    return plan.model_copy(update={"segments": segments})


def told_names(stored: StoredPlan) -> str:
    """Who decided what differs from the row."""
    return " and ".join(stored.amendment.by) if stored.amendment else ""


def _with_gates(stored: StoredPlan, asked: GateRequest, folder: CampaignFolder) -> StoredPlan:
    """The stored plan, judged as is asked for now; no key and no digest of it changes."""
    if asked == NO_GATES_ASKED:
        return stored
    policy = planned_policy(asked, stored.plan.engine, stored.plan.gates)
    if policy == stored.plan.gates:
        return stored
    plan = stored.plan.model_copy(update={"gates": policy})
    changed = stored.model_copy(update={"plan": plan})
    folder.write_plan(changed)
    return changed


def _regarded(
    receipt: VideoReceipt, settings: PrepareSettings, folder: CampaignFolder
) -> VideoReceipt:
    """A finished video, held or not as is asked for now; only who holds the lock writes it down."""
    asked = as_asked(receipt, settings.gates.mode)
    if asked != receipt and folder.is_locked.is_set():
        folder.renew_video(asked)
    return asked


def _plan_anew(
    row: ManifestRow,
    settings: PrepareSettings,
    place: CampaignFolder,
    identity: EngineIdentity,
    portrait: PortraitFacts,
    rig: dict[str, object] | None,
    speech: Speech,
    before: VideoPlan | None,
) -> StoredPlan:
    size = checked_size(row, settings, portrait, identity)
    if before is not None:
        settings = replace(
            settings,
            kernels=kernels_kept(settings.kernels, before.settings),
            compilation=compilation_kept(settings.compilation, before.settings),
        )

    track = EngineTrack(place.speech / f"{speech.speech_id}.16k.wav", speech.phonemes)
    framed = framed_portrait(row, rig, size)
    whole = FramedPortrait(name="", sha256=portrait.digests[0], rig=rig)
    unframed = plan_video(
        row,
        settings,
        identity=identity,
        speech=speech,
        track=track,
        portrait=whole,
        smaller_portrait=None,
        size=size,
    )
    asked = settings_of(row, settings, identity).engine
    earlier = asked, with_kernel(asked, settings.kernels)  # of releases that fixed less

    def begun(plan: VideoPlan) -> VideoPlan:
        return plan if before else as_begun(plan, earlier, place)

    if framed is not None and not _goes_on_unframed(row, begun(unframed), place):
        smaller = framed_portrait(row, rig, row.smaller_size) if row.smaller_size else None
        shown = keep_framed(framed, place), smaller and keep_framed(smaller, place)
        plan = begun(with_portrait(unframed, *shown, identity=identity, track=track))
        plan = plan.model_copy(update={"warnings": plan.warnings + framed.notices})
    else:
        framed, name = None, place.keep_portrait(row.portrait_path)
        plan = begun(unframed).model_copy(update={"portrait": name})
    if portrait.notices:
        told = tuple(f"{row.portrait_path.name}: {notice}" for notice in portrait.notices)
        plan = plan.model_copy(update={"warnings": plan.warnings + told})
    if identity.needs_face:
        scale = framed.scale if framed else None
        judged = size
        if proofed := settings.proofed.get(row.video_id):
            judged = checked_size(proofed, settings, portrait, identity)
            scale = scale and scale * judged[0] / size[0]
        limits = settings.portrait_limits
        plan = with_portrait_findings(plan, row, rig, limits, size=judged, scale=scale)
    plan = as_rendered(plan, place)
    if settings.loudness is None:
        plan = as_delivered(plan, speech, place)
    return StoredPlan(
        plan=plan,
        line=row.line,
        sha256=delivery_sha256(plan, speech),
        request_sha256="",
        words=spoken_words(row, settings.lexicon, speech),
        deliver=deliver_request(row, plan, speech, place),
    )


def _goes_on_unframed(row: ManifestRow, plan: VideoPlan, folder: CampaignFolder) -> bool:
    """Whether a release that framed nothing began this video, and nobody asks for a framing.

    What it rendered is kept, where a plan has to be made again.
    """
    if row.framing is not None:
        return False
    return is_begun(as_rendered(plan, folder), folder)
