"""A plan and what people decided to have otherwise -> the plan of that, with every key.

A plan changes in what was asked and in nothing else: with a new seed the speech and the cuts stay,
with another text the presenter does. The plan remembers the row's request, so that rendering the
unchanged manifest leaves the video as people decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flows.rows.deliverables import deliver_request
from flows.rows.plans import title_of
from flows.rows.portraits import portrait_findings
from model.engine import engine_identity
from model.errors import RowError
from tasks.canonical_json import canonical_sha256
from tasks.errors import DamagedError
from tasks.manifest.presets import Preset
from tasks.manifest.row_settings import row_settings
from tasks.media.finished_video import delivery_sha256
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import choose_cuts, cut_settings_for, cuts_of, keyed, num_frames_of
from tasks.portrait.framed import FramedFile, framed_file, keep_framed
from tasks.portrait.picture import PortraitReader, portrait_sha256
from tasks.portrait.portrait import PortraitLimits
from tasks.reading.lexicon import Lexicon
from tasks.records import (
    Amendment,
    FramedPortrait,
    ManifestRow,
    RowRecord,
    Scalar,
    SegmentPlan,
    StoredPlan,
    VideoPlan,
)
from tasks.review.decision import Decision
from tasks.speech.row_speech import row_request, row_speech, spoken_words
from tasks.speech.speech_files import load_speech
from tasks.speech.voices import VoiceSettings
from tasks.speech_records import ReadWords, Speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import file_version

_PORTRAITS = PortraitReader()


@dataclass(frozen=True)
class Planning:
    """What all rows of a campaign are planned with, where people want one otherwise."""

    presets: Mapping[str, object]
    engine_settings: Mapping[str, Scalar]
    lexicon: Lexicon
    voices: VoiceSettings


@dataclass(frozen=True)
class _Spoken:
    """The speech of a changed plan, and what is known of how its script was read."""

    speech: Speech
    words: tuple[ReadWords, ...]


def changed_plan(
    row: RowRecord,
    stored: StoredPlan,
    changes: Sequence[Decision],
    planning: Planning,
    place: CampaignFolder,
) -> StoredPlan:
    """The changed plan of one video; it is not written.

    Args:
        row: of the manifest.
        stored: its plan before.
        changes: what people asked for, in the order of time.
        planning: what the campaign's rows have in common.
        place: the campaign's folder on this machine.

    Raises:
        NightshootError: it cannot be carried out.
    """
    before = stored.amendment or Amendment(row_request_sha256=stored.request_sha256)
    amendment = amended(before, changes)
    pictures = [each for each in changes if each.action == "portrait"]
    is_text = any(each.action == "script" for each in changes)
    spoken = _spoken(row, stored, amendment, planning, place) if is_text else None
    plan = _changed(row, stored.plan, amendment, pictures[-1:], planning, spoken, place)
    speech = spoken.speech if spoken else _speech(plan, place)
    return StoredPlan(
        plan=plan,
        line=stored.line,
        sha256=delivery_sha256(plan, speech),
        request_sha256=canonical_sha256({"amendment": amendment.model_dump(mode="json")}),
        words=spoken.words if spoken else stored.words,
        amendment=amendment,
        deliver=deliver_request(row.row, plan, speech, place, amendment.script)
        if row.row
        else None,
    )


def amended(before: Amendment, changes: Sequence[Decision]) -> Amendment:
    """What differs from the row after these changes, in the order of time. Pure.

    Seeds of segments belong to the cuts and the seed they were asked with: a new text and a new
    seed of the whole video end them.
    """
    update: dict[str, object] = {}
    seeds = dict(before.segment_seeds)
    for each in changes:
        if each.action == "portrait":
            update["portrait"] = each.text
        elif each.action == "script":
            update["script"] = each.text
            seeds.clear()
        elif each.segment is None:
            update["seed"] = int(each.text)
            seeds.clear()
        else:
            seeds[each.segment - 1] = int(each.text)
    by = dict.fromkeys((*before.by, *(each.by for each in changes)))
    return before.model_copy(update=update | {"segment_seeds": seeds, "by": tuple(by)})


def _changed(
    row: RowRecord,
    plan: VideoPlan,
    amendment: Amendment,
    pictures: Sequence[Decision],
    planning: Planning,
    spoken: _Spoken | None,
    place: CampaignFolder,
) -> VideoPlan:
    update: dict[str, object] = {}
    if amendment.seed is not None:
        update["seed"] = amendment.seed
    for each in pictures:
        update |= _pictured(plan, row, each, place)
    cuts = cuts_of(plan)
    if spoken:
        place.fetch_speech(plan.speech_id)
        before = load_speech(plan.speech_id, place.speech)
        told = plan.model_copy(update=update).warnings
        num_frames, cuts = _new_cuts(_row_of(row), spoken.speech, plan, planning)
        update |= {
            "num_frames": num_frames,
            "speech_id": spoken.speech.speech_id,
            "title": title_of(_row_of(row).model_copy(update={"script": amendment.script})),
            "warnings": kept_warnings(told, before, spoken.speech),
        }
    update["segments"] = _seeded(cuts, amendment)
    speech = spoken.speech if spoken else _speech(plan, place)
    track = EngineTrack(place.speech / f"{speech.speech_id}.16k.wav", speech.phonemes)
    identity = engine_identity(plan.engine)
    return keyed(
        plan.model_copy(update=update),
        cuts,
        identity,
        lambda start, end: track.window(start, end, identity).sha256,
    )


def kept_warnings(warnings: Sequence[str], before: Speech | None, after: Speech) -> tuple[str, ...]:
    """Warnings of a plan that is spoken otherwise: those of its presenter stay. Pure.

    Args:
        warnings: of the plan as it is.
        before: its speech; None where that is lost, and nobody knows whose the warnings are.
        after: its new speech.
    """
    gone = set(before.warnings if before else ())
    kept = (warning for warning in warnings if warning not in gone)
    return tuple(dict.fromkeys((*after.warnings, *kept)))


def _seeded(cuts: Sequence[int], amendment: Amendment) -> tuple[SegmentPlan, ...]:
    """Segments without keys, for those that have a seed of their own."""
    return tuple(
        SegmentPlan(
            index=index,
            start_frame=start,
            end_frame=end,
            key="",
            seed=amendment.segment_seeds.get(index),
        )
        for index, (start, end) in enumerate(pairwise(cuts))
    )


def _pictured(
    plan: VideoPlan, row: RowRecord, change: Decision, place: CampaignFolder
) -> dict[str, object]:
    """What another portrait changes; the size of the video stays.

    Raises:
        PortraitError: it has no face that can be animated.
    """
    path = place.portrait(change.text)
    version = file_version(path)
    picture = _PORTRAITS.read(path, version)
    whole = FramedPortrait(name=change.text, sha256=portrait_sha256(picture.pixels), rig=change.rig)
    framing = (row.row.framing if row.row else None) or "auto"

    def framed(size: tuple[int, int]) -> FramedFile | None:
        return framed_file(path, version, change.rig, size, framing)

    shown = framed((plan.width, plan.height))
    smaller = framed(plan.smaller_size) if shown and plan.smaller_size else None
    kept = keep_framed(shown, place) if shown else whole
    warnings = plan.warnings + (shown.notices if shown else ())
    if engine_identity(plan.engine).needs_face:
        asked = plan.model_copy(update={"rig": change.rig})
        scale = shown.scale if shown else None
        warnings += portrait_findings(
            asked,
            picture.pixels,
            path.name,
            PortraitLimits(),
            scale=scale,
            allowed=row.row.allow if row.row else (),
        )
    return {
        "portrait": kept.name,
        "portrait_sha256": kept.sha256,
        "rig": kept.rig,
        "smaller_portrait": keep_framed(smaller, place) if smaller else None,
        "warnings": warnings,
    }


def _speech(plan: VideoPlan, place: CampaignFolder) -> Speech:
    place.fetch_speech(plan.speech_id)
    speech = load_speech(plan.speech_id, place.speech)
    if speech is None:
        raise DamagedError(
            f"speech/{plan.speech_id} is missing or damaged; render the manifest, which speaks it "
            "again, and decide again"
        )
    return speech


def _row_of(row: RowRecord) -> ManifestRow:
    """The row as it was read.

    Raises:
        RowError: an earlier release kept only its cells.
    """
    if row.row is None:
        raise RowError(
            "an earlier release rendered this campaign and kept too little of its rows to speak "
            "another text; run `nightshoot render MANIFEST` once, which renders nothing again"
        )
    return row.row


def _spoken(
    row: RowRecord,
    stored: StoredPlan,
    amendment: Amendment,
    planning: Planning,
    place: CampaignFolder,
) -> _Spoken:
    """The new text, spoken as the row's own text was.

    Raises:
        RowError: the row is a recording, or the text cannot be spoken.
    """
    asked = _row_of(row)
    if asked.audio_path is not None:
        raise RowError(
            "a recording says what it says; record it anew and change the manifest's row, or reject"
        )
    asked = asked.model_copy(update={"script": amendment.script})
    request = row_request(asked, planning.voices, planning.lexicon)
    speech = row_speech(request, place, stored, reread=False)
    return _Spoken(speech, spoken_words(asked, planning.lexicon, speech))


def _new_cuts(
    row: ManifestRow, speech: Speech, plan: VideoPlan, planning: Planning
) -> tuple[int, tuple[int, ...]]:
    """Length in frames and cuts of a new text, as the row's own were chosen."""
    identity = engine_identity(plan.engine)
    preset = Preset.model_validate(planning.presets[row.preset])
    used = row_settings(row, preset, planning.engine_settings, identity)
    num_frames = num_frames_of(speech.num_samples, speech.sample_rate_hz, plan.fps)
    if row.num_clip is not None:
        num_frames = min(num_frames, row.num_clip * used.infer_frames)
    settings = cut_settings_for(used.segment_clips, used.infer_frames)
    return num_frames, choose_cuts(speech.grid_levels_db, num_frames, settings)
