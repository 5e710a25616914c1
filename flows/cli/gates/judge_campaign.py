"""A campaign's finished videos, judged again without rendering; also those older than gates.

Each finished file is looked at as well, as a viewer would (tasks/quality/looks/): what is seen
there is told, and holds nothing.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from flows.stored import StoredCampaign
from model.engine import Pixels, engine_identity
from tasks.errors import DamagedError, FfmpegError
from tasks.gate_records import GateFigures, GatePolicy, GateVerdict
from tasks.media.contact_sheets import keep_stills, stills_folder, stills_path
from tasks.plan.audio_window import EngineTrack
from tasks.portrait.picture import read_planned_portrait
from tasks.quality.gates.curves import video_curves
from tasks.quality.gates.decoded import measured_file
from tasks.quality.gates.limits import check_limits, limits_of
from tasks.quality.gates.policy import GateRequest, policy_of
from tasks.quality.gates.reference import reference_of
from tasks.quality.gates.video_verdicts import video_verdicts
from tasks.quality.looks.faults import Fault, look_limits_of
from tasks.quality.looks.finished_file import faults_of_file
from tasks.record import Record
from tasks.records import RowRecord, SegmentReceipt, VideoPlan, VideoReceipt
from tasks.report.report import campaign_report
from tasks.speech.speech_files import load_speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import open_campaign
from tasks.upkeep.freed_segments import told_segment

Judged = Literal["passed", "told", "fails", "held", "not judged"]


class JudgedVideo(Record):
    """What became of one video."""

    video_id: str
    verdict: Judged
    gates: tuple[GateVerdict, ...] = ()
    faults: tuple[Fault, ...] = ()
    reason: str = ""
    num_measured: int = 0


def judge_campaign(out: str | Path, campaign: str, request: GateRequest) -> list[JudgedVideo]:
    """Judge every finished video by today's limits, write its verdicts, then the report.

    Raises:
        CampaignError: there is no such campaign, a run is at work on it, or the file of limits has
            faults.
        FfmpegError, Mp4Error: a segment or a finished file cannot be decoded.
    """
    if request.limits is not None:
        check_limits(request.limits)
    folder = open_campaign(out, campaign)
    source = StoredCampaign(folder, campaign)
    with folder.lock():
        folder.snapshot()
        judged = [_judged(folder, row, request) for row in source.rows]
        folder.snapshot()  # what was written counts
        _write_report(folder, source)
    return judged


def _judged(folder: CampaignFolder, row: RowRecord, request: GateRequest) -> JudgedVideo:
    video_id = row.video_id
    try:
        stored, receipt = folder.read_plan(video_id), folder.find_video(video_id)
        if stored is None or receipt is None or receipt.plan_sha256 != stored.sha256:
            return _left(video_id, "not finished")
        found = [told_segment(folder, key) for key in receipt.segment_keys]
        segments = [each for each in found if each is not None]
        if len(segments) < len(found):
            return _left(video_id, "receipts of its segments are missing")
        if any(s.figures is None and not folder.has_segment(s.key) for s in segments):
            return _left(video_id, "its segments were purged before a gate had measured them")
        return _judged_video(folder, stored.plan, receipt, segments, request)
    except DamagedError as error:
        return _left(video_id, str(error))


def _left(video_id: str, reason: str) -> JudgedVideo:
    return JudgedVideo(video_id=video_id, verdict="not judged", reason=reason)


def _policy(plan: VideoPlan, request: GateRequest) -> GatePolicy:
    """Asked to judge, gates that were off hold; the limits are today's."""
    planned = policy_of(plan)
    mode = request.mode or ("hold" if planned.mode == "off" else planned.mode)
    limits = limits_of(plan.engine, request.limits)
    return GatePolicy(mode=mode, tries=planned.tries, limits=limits)


def _judged_video(
    folder: CampaignFolder,
    plan: VideoPlan,
    receipt: VideoReceipt,
    segments: Sequence[SegmentReceipt],
    request: GateRequest,
) -> JudgedVideo:
    identity = engine_identity(plan.engine)
    with folder.local(f"judge-{plan.video_id}") as place:
        place.fetch_speech(plan.speech_id)
        speech = load_speech(plan.speech_id, place.speech)
        if speech is None:
            return _left(plan.video_id, "its speech is missing or damaged")
        track = EngineTrack(place.speech / f"{plan.speech_id}.16k.wav", speech.phonemes)
        window = track.window(0, receipt.num_frames, identity)
        pcm = window.pcm[window.left_context : len(window.pcm) - window.right_context]
        figures: list[GateFigures] = []
        num_measured = start = 0
        for segment in segments:
            end = start + segment.num_frames
            if segment.figures is None:
                segment = _measured(place, plan, segment, track, start)
                folder.renew_segment(segment)
                num_measured += 1
            assert segment.figures is not None
            figures.append(segment.figures)
            start = end
        faults: tuple[Fault, ...] = ()
        if identity.needs_face:
            faults = faults_of_file(
                place.fetch_video(receipt),
                _portrait(place, plan),
                pcm,
                is_rigged=plan.rig is not None,
                limits=look_limits_of(is_preview=plan.is_preview),
            )
    policy = _policy(plan, request)
    gates, curves = video_verdicts(figures, pcm, policy), video_curves(figures, policy.limits)
    renewed = receipt.model_copy(update={"gates": gates, "is_judged": True, "curves": curves})
    if renewed != receipt:
        folder.renew_video(renewed)
        _keep_stills(folder, renewed)
    return JudgedVideo(
        video_id=plan.video_id,
        verdict=_verdict(renewed, faults),
        gates=gates,
        faults=faults,
        num_measured=num_measured,
    )


def _verdict(receipt: VideoReceipt, faults: Sequence[Fault]) -> Judged:
    if receipt.is_held:
        return "held"
    return "fails" if faults else "told" if receipt.gates else "passed"


def _portrait(place: CampaignFolder, plan: VideoPlan) -> Pixels:
    portrait = read_planned_portrait(place.portrait(plan.portrait), plan.portrait_sha256)
    if portrait is None:
        raise DamagedError(f"portraits/{plan.portrait} is not the picture it was planned with")
    return portrait


def _keep_stills(folder: CampaignFolder, receipt: VideoReceipt) -> None:
    """Show the second that is the worst now; where the video cannot be read, nothing is shown."""
    with folder.local(f"stills-{receipt.video_id}") as place, contextlib.suppress(FfmpegError):
        path = stills_path(receipt, stills_folder(place.root))
        if path is not None and place.read_bytes(path.relative_to(place.root).as_posix()) is None:
            keep_stills(place.fetch_video(receipt), receipt, stills_folder(place.root))
            place.publish(path)


def _measured(
    place: CampaignFolder,
    plan: VideoPlan,
    segment: SegmentReceipt,
    track: EngineTrack,
    start_frame: int,
) -> SegmentReceipt:
    """The receipt of a segment that no gate has seen, with figures of its decoded frames."""
    identity = engine_identity(plan.engine)
    portrait = _portrait(place, plan)
    place.fetch_segment(segment)
    media = segment.media
    reference = reference_of(portrait, plan.rig, media.width, media.height, identity)
    window = track.window(start_frame, start_frame + segment.num_frames, identity)
    pcm = window.pcm[window.left_context : len(window.pcm) - window.right_context]
    file = place.segment_folder(segment.key) / segment.video.name
    return segment.model_copy(update={"figures": measured_file(file, reference, pcm)})


def _write_report(folder: CampaignFolder, source: StoredCampaign) -> None:
    outcomes = source.outcomes()
    words = {
        outcome.video_id: stored.words
        for outcome in outcomes
        if outcome.status in ("done", "held")
        and (stored := folder.read_plan(outcome.video_id)) is not None
    }
    campaign_report(
        folder,
        title=source.campaign,
        columns=source.columns,
        cells=source.cells,
        outcomes=[
            outcome.model_copy(update={"words": words.get(outcome.video_id, ())})
            for outcome in outcomes
        ],
        facts=source.facts,
        notices=[],
    )
