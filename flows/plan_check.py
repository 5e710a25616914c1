"""Whether a plan calls its segments by the names that its content gives them.

A plan is trusted with what is dear: pixels are filed under the keys it names. A changed seed, an
engine of another version or other weights would file wrong pixels under right keys, for good.
"""

from dataclasses import dataclass

from model.engine import engine_identity
from tasks.errors import DamagedError
from tasks.media.finished_video import delivery_sha256
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import cuts_of, keyed
from tasks.records import Speech, StoredPlan, VideoPlan, VideoReceipt
from tasks.speech.speech_files import load_speech
from tasks.store.campaign_folder import CampaignFolder


def keys_fault(plan: VideoPlan, track: EngineTrack) -> str:
    """What is wrong with the keys of ``plan`` for this machine's engine; empty: nothing.

    Args:
        plan: with its segments.
        track: what the engine hears.
    """
    identity = engine_identity(plan.engine)
    cuts = cuts_of(plan)
    if cuts[-1] != plan.num_frames:
        return f"its segments end at frame {cuts[-1]}, the video at {plan.num_frames}"
    anew = keyed(plan, cuts, identity, lambda start, end: track.window(start, end, identity).sha256)
    if anew.segments == plan.segments:
        return ""
    return (
        f"the keys of its segments are not those of its content with engine {identity.name}, "
        f"version {identity.version}, weights {identity.weights_id}"
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
            return PlanFault("its speech is missing from the store, or damaged")
        track = EngineTrack(place.speech / f"{plan.speech_id}.16k.wav", speech.phonemes)
        if reason := keys_fault(plan, track):
            return PlanFault(reason)
        if stored.sha256 != delivery_sha256(plan, speech):
            reason = "its title, captions or segments are not those it was made with"
            return PlanFault(reason, is_speech_in_doubt=True)
        return None


def as_delivered(plan: VideoPlan, speech: Speech, folder: CampaignFolder) -> VideoPlan:
    """The plan with the loudness of its finished video, if they differ in nothing else.

    So a plan that has to be made again does not deliver a video again that nobody asked to hear
    louder or quieter.
    """
    try:
        receipt = folder.read_record(f"videos/{plan.video_id}.json", VideoReceipt)
    except DamagedError:
        return plan  # it is told, and the video made again, when the store is asked for it
    if receipt is None:
        return plan
    lufs = receipt.loudness.target_lufs if receipt.loudness else None
    delivered = plan.model_copy(update={"loudness_lufs": lufs})
    return delivered if delivery_sha256(delivered, speech) == receipt.plan_sha256 else plan
