"""Digests of all that a plan is made from, today's and those of earlier releases."""

from dataclasses import fields

from flows.rows.portraits import PortraitFacts
from flows.rows.settings import PrepareSettings, settings_of
from model.engine import (
    EngineIdentity,
)
from tasks.canonical_json import canonical_sha256
from tasks.gpu_plans.compilation import is_compilation_refused
from tasks.media.finished_video import DELIVERY_VERSION
from tasks.plan.plan import (
    KEY_VERSION,
)
from tasks.reading.languages import earlier_language_of
from tasks.records import (
    ManifestRow,
    StoredPlan,
)
from tasks.speech.request import request_sha256, without_lexicon
from tasks.speech.row_speech import (
    row_request,
)

# another one makes deliverables anew, and renders nothing
_NO_PART_OF_A_MASTER = {
    *(
        "deliver",
        "screen",
        "captions",
        "caption_style",
        "ai_label",
        "music_path",
        "has_music",
        "teaser",
    )
}
_NO_PART_OF_A_REQUEST = ("uses_seed", "later_settings")  # earlier releases did not know them


def request_digest(
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
    paths |= _NO_PART_OF_A_MASTER
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
        | ({"is_compiled": False} if is_compilation_refused(used.engine, used.asked) else {})
        | _proofed(row, settings)
    )


def _proofed(row: ManifestRow, settings: PrepareSettings) -> dict[str, object]:
    """The size for which a proof judges its portrait."""
    if (of := settings.proofed.get(row.video_id)) is None:
        return {}
    preset = settings.presets[of.preset].model_dump(mode="json")
    return {"proofed": [of.width, of.height, preset, list(of.deliver)]}


def _identity_fields(identity: EngineIdentity) -> dict[str, object]:
    """The fields as they are: `dataclasses.asdict` would copy each value of each row's engine."""
    told = (each.name for each in fields(identity) if each.name not in _NO_PART_OF_A_REQUEST)
    return {name: getattr(identity, name) for name in told}


def earlier_requests(
    row: ManifestRow,
    settings: PrepareSettings,
    identity: EngineIdentity,
    portrait: PortraitFacts,
    rig: dict[str, object] | None,
) -> list[str]:
    """Digests of the same row in older releases.

    They told its language differently, or read the script of a recording without the lexicon.
    """
    rows = [row]
    language = earlier_language_of(row.script or "")
    if row.is_language_told and language != row.language:
        rows.append(row.model_copy(update={"language": language}))
    digests: list[str] = []
    for each in rows:
        request = row_request(each, settings.voice_settings, settings.lexicon, settings.proof_s)
        plain = without_lexicon(request)
        asked = ([] if each is row else [request]) + ([plain] if plain else [])
        digests += (
            request_digest(each, settings, identity, digest, rig, request_sha256(speech))
            for speech in asked
            for digest in portrait.digests
        )
    return digests


def row_request_of(stored: StoredPlan) -> str:
    """Digest of the row that a plan was made from, whatever people decided to change of it."""
    return stored.amendment.row_request_sha256 if stored.amendment else stored.request_sha256
