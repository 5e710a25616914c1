"""Whether a plan calls its segments by the names that its content gives them.

A plan is trusted with what is dear: pixels are filed under the keys it names. A changed seed, an
engine of another version or other weights would file wrong pixels under right keys, for good.
"""

from model.engine import engine_identity
from tasks.errors import DamagedError
from tasks.media.finished_video import delivery_sha256
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import cuts_of, keyed
from tasks.records import Speech, StoredPlan, VideoPlan
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


def _plan_fault(stored: StoredPlan, track: EngineTrack, speech: Speech) -> str:
    """The same, and whether the finished video would be the one that was asked for."""
    fault = keys_fault(stored.plan, track)
    if not fault and stored.sha256 != delivery_sha256(stored.plan, speech):
        return "its title, captions or segments are not those it was made with"
    return fault


def found_fault(stored: StoredPlan, folder: CampaignFolder) -> str:
    """Why a stored plan cannot be rendered; empty where it is right, its speech and portrait whole.

    Raises:
        NewerRecordError: a later release wrote the speech's receipt.
        CampaignError: its engine cannot tell what it is here.
    """
    plan = stored.plan
    with folder.local(f"look-{plan.video_id}") as place:
        try:
            place.portrait(plan.portrait)
        except DamagedError as error:
            return str(error)
        place.fetch_speech(plan.speech_id)
        speech = load_speech(plan.speech_id, place.speech)
        if speech is None:
            return "its speech is missing from the store, or damaged"
        track = EngineTrack(place.speech / f"{plan.speech_id}.16k.wav", speech.phonemes)
        return _plan_fault(stored, track, speech)
