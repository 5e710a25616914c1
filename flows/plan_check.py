"""Whether a plan calls its segments by the names that its content gives them.

A plan is trusted with what is dear: pixels are filed under the keys it names. A changed seed, an
engine of another version or other weights would file wrong pixels under right keys, for good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model.engine import EngineIdentity, earlier_identities, engine_identity
from tasks.errors import DamagedError, counted
from tasks.media.finished_video import delivery_sha256
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import cuts_of, keyed
from tasks.records import Scalar, StoredPlan, VideoPlan, VideoReceipt
from tasks.speech.speech_files import load_speech
from tasks.speech_records import Speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.upkeep.freed_segments import freed_receipt, told_segment

_LOST_SPEECH = "its speech is missing from the store, or damaged"


def keys_fault(plan: VideoPlan, track: EngineTrack, folder: CampaignFolder) -> str:
    """What is wrong with the keys of ``plan`` for this machine's engine; empty: nothing.

    Keys of an earlier version of the engine are right while all their segments are there: nothing
    is left to render.

    Args:
        plan: with its segments.
        track: what the engine hears.
        folder: where the segments are.
    """
    identity = engine_identity(plan.engine)
    cuts = cuts_of(plan)
    if cuts[-1] != plan.num_frames:
        return f"its segments end at frame {cuts[-1]}, the video at {plan.num_frames}"
    if _has_keys_of(identity, plan, track):
        return ""
    if any(_has_keys_of(each, plan, track) for each in earlier_identities(plan.engine)):
        if are_rendered(plan, folder):
            return ""
        num_done = sum(folder.has_segment(each.key) for each in plan.segments)
        return (
            f"an earlier version of engine {identity.name} began it, and this is version "
            f"{identity.version}, so {num_done} of its {counted(len(plan.segments), 'segment')} "
            "that are finished will be rendered again"
        )
    return (
        f"the keys of its segments are not those of its content with engine {identity.name}, "
        f"version {identity.version}, weights {identity.weights_id}"
    )


def is_of_earlier_engine(plan: VideoPlan, track: EngineTrack) -> bool:
    """Whether the plan's segments are another version's, which this machine cannot render."""
    return not _has_keys_of(engine_identity(plan.engine), plan, track)


def are_rendered(plan: VideoPlan, folder: CampaignFolder) -> bool:
    """Whether the store has every segment of ``plan``."""
    try:
        return all(folder.find_segment(segment.key) for segment in plan.segments)
    except DamagedError:
        return False


def _has_keys_of(identity: EngineIdentity, plan: VideoPlan, track: EngineTrack) -> bool:
    return _with_keys_of(identity, plan, track).segments == plan.segments


def _with_keys_of(identity: EngineIdentity, plan: VideoPlan, track: EngineTrack) -> VideoPlan:
    return keyed(
        plan,
        cuts_of(plan),
        identity,
        lambda start, end: track.window_sha256(start, end, identity),
    )


@dataclass(frozen=True)
class PlanFault:
    """Why a stored plan cannot be rendered.

    Attributes:
        reason: for people.
        is_speech_in_doubt: plan and speech contradict each other, so both are made again.
    """

    reason: str
    is_speech_in_doubt: bool = False


def found_fault(stored: StoredPlan, folder: CampaignFolder) -> PlanFault | None:
    """Why a stored plan cannot be rendered; None where it is right, its speech and portrait whole.

    Raises:
        NewerRecordError: a later release wrote the speech's receipt.
        CampaignError: its engine cannot tell what it is here.
    """
    plan = stored.plan
    with folder.local(f"look-{plan.video_id}") as place:
        try:
            place.portrait(plan.portrait)
        except DamagedError as error:
            return PlanFault(str(error))
        place.fetch_speech(plan.speech_id)
        speech = load_speech(plan.speech_id, place.speech)
        if speech is None:
            return PlanFault(_LOST_SPEECH)
        track = EngineTrack(place.speech / f"{plan.speech_id}.16k.wav", speech.phonemes)
        if reason := keys_fault(plan, track, folder):
            return PlanFault(reason)
        if stored.sha256 != delivery_sha256(plan, speech):
            reason = "its title, captions or segments are not those it was made with"
            return PlanFault(reason, is_speech_in_doubt=True)
        return None


def films_fault(stored: StoredPlan, folder: CampaignFolder) -> PlanFault | None:
    """Why films of a finished video cannot be made: its speech, which they may show, is lost."""
    with folder.local(f"look-{stored.plan.video_id}") as place:
        place.fetch_speech(stored.plan.speech_id)
        if load_speech(stored.plan.speech_id, place.speech) is None:
            return PlanFault(_LOST_SPEECH)
        return None


def as_rendered(plan: VideoPlan, folder: CampaignFolder) -> VideoPlan:
    """The plan with the keys of its finished video, if an earlier version of its engine made it.

    So a plan that has to be made again renders nothing again because the engine has changed.
    """
    earlier = earlier_identities(plan.engine)
    receipt = _receipt(plan, folder) if earlier else None
    if receipt is None or receipt.segment_keys == tuple(each.key for each in plan.segments):
        return plan
    speech = load_speech(plan.speech_id, folder.speech)
    track = EngineTrack(
        folder.speech / f"{plan.speech_id}.16k.wav", speech.phonemes if speech else None
    )
    for identity in earlier:
        then = _with_keys_of(identity, plan, track)
        keys = tuple(each.key for each in then.segments)
        if keys == receipt.segment_keys and _need_nothing(then, folder):
            return then
    return plan


def is_begun(plan: VideoPlan, folder: CampaignFolder) -> bool:
    """Whether the plan's first segment is there, or was freed after the video was finished."""
    key = plan.segments[0].key
    return folder.has_segment(key) or freed_receipt(folder, key) is not None


def as_begun(
    plan: VideoPlan, earlier: Sequence[Mapping[str, Scalar]], folder: CampaignFolder
) -> VideoPlan:
    """The plan with settings of ``earlier``, where it was begun so: before planning fixed more.

    So a plan that is lost renders nothing again because the machine has been calibrated since.
    """
    for settings in earlier:
        if plan.settings != settings:
            then = _with_settings(plan, settings, folder)
            if is_begun(then, folder):
                return then
    return plan


def _with_settings(
    plan: VideoPlan, settings: Mapping[str, Scalar], folder: CampaignFolder
) -> VideoPlan:
    """The plan with these settings, and the keys of them."""
    changed = plan.model_copy(update={"settings": dict(settings)})
    speech = load_speech(plan.speech_id, folder.speech)
    track = EngineTrack(
        folder.speech / f"{plan.speech_id}.16k.wav", speech.phonemes if speech else None
    )
    return _with_keys_of(engine_identity(plan.engine), changed, track)


def _need_nothing(plan: VideoPlan, folder: CampaignFolder) -> bool:
    """Whether all segments are there; or the finished video is, and they were freed after it."""
    if are_rendered(plan, folder):
        return True
    try:
        is_finished = folder.find_video(plan.video_id) is not None
        return is_finished and all(told_segment(folder, each.key) for each in plan.segments)
    except DamagedError:
        return False


def _receipt(plan: VideoPlan, folder: CampaignFolder) -> VideoReceipt | None:
    try:
        return folder.read_record(f"videos/{plan.video_id}.json", VideoReceipt)
    except DamagedError:
        return None  # it is told, and the video made again, when the store is asked for it


def as_delivered(plan: VideoPlan, speech: Speech, folder: CampaignFolder) -> VideoPlan:
    """The plan with the loudness of its finished video, if they differ in nothing else.

    So a plan that has to be made again does not deliver a video again that nobody asked to hear
    louder or quieter.
    """
    receipt = _receipt(plan, folder)
    if receipt is None:
        return plan
    lufs = receipt.loudness.target_lufs if receipt.loudness else None
    delivered = plan.model_copy(update={"loudness_lufs": lufs})
    return delivered if delivery_sha256(delivered, speech) == receipt.plan_sha256 else plan
