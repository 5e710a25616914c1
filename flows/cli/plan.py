"""`nightshoot plan`: what a campaign will take."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from flows.cli.rows.pricing import NOT_ASKED, PriceRequest
from flows.cli.timing import Estimate, Left, estimate_campaign, with_films, with_upscaler
from flows.prepare import Prepared
from flows.rows.finished import films_left, upscaler_paces
from flows.session import Session
from flows.work import stop_on_signals
from model.errors import CampaignError, ResourceError, StoppedError
from tasks.deliverables.reckoning import DeliverablesQuote, core_s_of, enlarging_s, reckoned
from tasks.engines.host_process import EngineLostError
from tasks.errors import (
    DamagedError,
)
from tasks.gpu_plans.campaign_quote import quote_campaign
from tasks.gpu_plans.price import (
    Price,
    QuoteNote,
    VideoShare,
    breaches,
    fitting,
    left_out_lines,
    price_of,
)
from tasks.gpu_plans.quotes import GpuQuote, quote_gpus
from tasks.gpu_plans.requests import ENGINE, GpuRequest, videos_of
from tasks.manifest.personal.selection import Selection
from tasks.plan.plan import unbroken_frames
from tasks.processes.last_resort import STOP_WITHIN_S, LastResort, leave
from tasks.processes.stop_request import check_stop, stop_asked_by
from tasks.reading.readback import read_back
from tasks.records import ManifestRow, Record, VideoPlan
from tasks.speech_records import ReadWords, Reread
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.record_json import record_bytes

# H.264 at CRF 17 of a calm portrait, measured on the demo, 2026-11: bits per pixel, generously.
_BITS_PER_PIXEL = 0.35
_PNG_BYTES_PER_PIXEL = 1.8
_MAX_UNBROKEN_CLIPS = 500
_WITHOUT_WEIGHTS = (
    "NIGHTSHOOT_WEIGHTS is not set, so this plan was made without weights. It gives lengths, "
    "placements and times, and keeps the speech but not the plans. It counts finished segments "
    "only of rows that are planned as they were when they were rendered."
)


class VideoQuote(Record):
    """One video of a plan."""

    video_id: str
    line: int = 0
    size: str
    duration_s: float
    num_frames: int
    infer_frames: int
    num_clips: float
    num_segments: int
    num_segments_done: int
    num_frames_left: int
    is_done: bool
    error: str = ""
    warnings: tuple[str, ...] = ()
    rereads: tuple[Reread, ...] = ()
    words: tuple[ReadWords, ...] = ()


class Quote(Record):
    """What a campaign is and what is left of it.

    Where this machine cannot render, ``estimated_s`` is None and ``time_unknown`` says why.
    """

    campaign: str
    videos: tuple[VideoQuote, ...]
    fps: int
    infer_frames: tuple[int, ...]
    disk_needed_bytes: int
    disk_free_bytes: int
    estimated_s: float | None
    workers: int
    core_s: float | None = None
    is_on_cluster: bool = False
    time_unknown: str = ""
    notices: tuple[str, ...] = ()
    gpus: GpuQuote | None = None
    engine_s: float | None = None
    shares: tuple[VideoShare, ...] = ()
    price: Price | None = None
    fit: Price | None = None
    breaches: tuple[str, ...] = ()
    deliverables: DeliverablesQuote | None = None

    @property
    def errors(self) -> tuple[str, ...]:
        """Faults that only preparation shows."""
        return tuple(f"{video.video_id}: {video.error}" for video in self.videos if video.error)


def plan_interruptibly(
    session: Session,
    wanted: GpuRequest | None = None,
    priced: PriceRequest = NOT_ASKED,
    *,
    is_spoken: bool = False,
    are_weights_unknown: bool = False,
    is_on_cluster: bool = False,
) -> Quote:
    """:func:`plan_campaign`, which Ctrl-C ends soon and a second Ctrl-C at once, with exit 130."""
    stop = threading.Event()
    last_resort = LastResort(STOP_WITHIN_S)
    try:
        with stop_on_signals(stop, last_resort), stop_asked_by(stop.is_set):
            quote = plan_campaign(
                session, wanted, priced, is_spoken=is_spoken, is_on_cluster=is_on_cluster
            )
            check_stop()
    except StoppedError:
        leave("Stopped.")
    if not are_weights_unknown or quote.gpus is None:
        return quote
    return quote.model_copy(update={"notices": (*quote.notices, _WITHOUT_WEIGHTS)})


def plan_campaign(
    session: Session,
    wanted: GpuRequest | None = None,
    priced: PriceRequest = NOT_ASKED,
    *,
    is_spoken: bool = False,
    is_on_cluster: bool = False,
) -> Quote:
    """Speak and plan every row, and tell the time: of this machine, measured on a few frames.

    Args:
        session: of the manifest.
        wanted: GPUs to tell the time of instead, which need not be here.
        priced: what is asked of the cost and of the time when it is finished.
        is_spoken: whether to tell how scripts are read, too.
        is_on_cluster: whether a cluster on this machine renders, not `render`.
    """
    folder = session.folder
    notices: list[str] = []
    prepared: list[Prepared] = []
    for each in session.prepare(notices.append):
        check_stop()
        prepared.append(each)
    done = _done_keys(prepared, folder)
    left = {each.row.video_id: _frames_left(each, done) for each in prepared}
    todo = [each.plan for each in prepared if each.plan and left[each.row.video_id]]
    frames_left = [left[plan.video_id] for plan in todo]
    rows = {row.video_id: row for row in session.rows}
    clips = {name: session.infer_frames(row) for name, row in rows.items()}
    videos = sorted(
        (
            _quote(each, done, clips[each.row.video_id], left[each.row.video_id])
            for each in prepared
        ),
        key=lambda video: rows[video.video_id].line,
    )
    if is_spoken:
        videos = [_with_words(video, rows[video.video_id], session) for video in videos]
    to_do = work_left(todo, done)
    estimate, gpus, time_unknown = None, None, ""
    if wanted is None:
        estimate, time_unknown = _estimate(to_do, session, is_on_cluster=is_on_cluster)
    elif todo:
        gpus = _quote_gpus(todo, done, wanted)
        time_unknown = "the plan is for other GPUs"
    else:
        estimate = Estimate(0.0, 0.0, ())
    engine_s = sum(estimate.work_s) if estimate else None
    films = {
        name: films_left(each, rows[name].screen, folder)
        for each in prepared
        for name in (each.row.video_id,)
    }
    pace_of = upscaler_paces(session.request.out, session.request.campaign)
    formats = reckoned((film for each in films.values() for film in each), pace_of)
    if estimate is not None:
        core_s = {name: sum(map(core_s_of, each)) for name, each in films.items()}
        of_todo = [core_s.pop(each.plan.video_id) for each in to_do]
        estimate = with_films(estimate, of_todo, sum(core_s.values()), folder)
        beside_s = {name: enlarging_s(each, pace_of) or 0.0 for name, each in films.items()}
        of_todo = [beside_s.pop(each.plan.video_id) for each in to_do]
        estimate = with_upscaler(
            estimate, of_todo, list(beside_s.values()), session.request.workers
        )
    quote = Quote(
        campaign=session.request.campaign,
        videos=tuple(videos),
        fps=25,
        infer_frames=tuple(sorted(set(clips.values()))),
        disk_needed_bytes=sum(
            _disk_bytes(plan.width, plan.height, frames, len(plan.segments))
            for plan, frames in zip(todo, frames_left, strict=True)
        )
        + formats.num_bytes,
        disk_free_bytes=folder.free_bytes(),
        estimated_s=estimate.seconds if estimate else None,
        core_s=estimate.core_s if estimate and estimate.core_s else None,
        workers=session.request.workers,
        time_unknown=time_unknown,
        notices=tuple(notices),
        gpus=gpus,
        engine_s=engine_s,
        is_on_cluster=is_on_cluster,
        deliverables=formats if formats.num_encodes else None,
    )
    return _with_price(quote, to_do, estimate, rows, priced)


def _with_price(
    quote: Quote,
    left: Sequence[Left],
    estimate: Estimate | None,
    rows: Mapping[str, ManifestRow],
    asked: PriceRequest,
) -> Quote:
    """With what it costs and when it is finished, where the time is known."""
    num_gpus, overhead_s, now = 1, 0.0, datetime.now(UTC)
    if estimate is not None:
        shares_s, overhead_s = estimate.shares_s, estimate.overhead_s
    elif quote.gpus is not None and quote.gpus.campaign is not None:
        num_gpus = sum(pool.num_gpus for pool in quote.gpus.pools)
        work = [each.num_frames * each.plan.width * each.plan.height for each in left]
        shares_s = [quote.gpus.campaign.seconds * each / max(1, sum(work)) for each in work]
    else:
        if asked != NOT_ASKED:
            raise CampaignError(f"the cost and the finish are unknown: {quote.time_unknown}")
        return quote
    shares = tuple(
        VideoShare(
            video_id=each.plan.video_id,
            seconds=seconds,
            line=rows[each.plan.video_id].line,
            priority=each.plan.priority,
            due=rows[each.plan.video_id].due,
        )
        for each, seconds in zip(left, shares_s, strict=True)
    )
    if asked.has_terms and quote.deliverables and quote.deliverables.enlarging_s is None:
        raise CampaignError(
            "the cost and the finish are unknown: no film of this output tells yet how long the "
            "upscaler takes; render one row with --only ID, then plan again"
        )
    terms = asked.terms(num_gpus)
    price = price_of(shares, overhead_s, terms, now)
    fit = fitting(shares, overhead_s, terms, now) if asked.is_fit else None
    told = () if asked.is_fit else tuple(breaches(price, terms))
    return quote.model_copy(update={"shares": shares, "price": price, "fit": fit, "breaches": told})


def within_terms(session: Session, asked: PriceRequest, console: Console) -> Session:
    """The campaign as it may be rendered: all of it, or with ``is_fit`` the videos that fit.

    Raises:
        CampaignError: it costs more or takes longer than was asked, or nothing fits.
    """
    fit = fitting_videos(session, asked, console)
    if fit is None:
        return session
    return Session(replace(session.request, selection=Selection(only=fit)))


def fitting_videos(
    session: Session,
    asked: PriceRequest,
    console: Console,
    gpus: GpuRequest | None = None,
    *,
    is_on_cluster: bool = False,
) -> tuple[str, ...] | None:
    """The videos that fit, where ``is_fit`` asks for them; None: all of the campaign fits.

    Raises:
        CampaignError: see :func:`within_terms`.
    """
    quote = plan_interruptibly(session, gpus, asked, is_on_cluster=is_on_cluster)
    keep_quote(quote, session.folder)
    if quote.breaches:
        told = "\n".join(quote.breaches)
        raise CampaignError(f"{told}\nadd --fit to render the videos that fit, or allow more")
    if quote.fit is None or not quote.shares:
        return None
    for line in left_out_lines(quote.fit):
        console.print(line, markup=False, soft_wrap=True)
    if not quote.fit.videos:
        raise CampaignError("not one video fits; allow more")
    return quote.fit.videos


def keep_quote(quote: Quote, folder: CampaignFolder) -> str | None:
    """Write down what was foretold, for the report; and the names of what fits, if asked.

    Returns:
        where those names are; None where nobody asked.
    """
    if quote.estimated_s:
        num_segments = sum(each.num_segments - each.num_segments_done for each in quote.videos)
        note = QuoteNote(
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=quote.estimated_s,
            num_videos=len(quote.shares),
            num_segments=num_segments,
            deliverables=quote.deliverables,
        )
        folder.write_text("quote.json", record_bytes(note))
    if quote.fit is None:
        return None
    folder.write_text("fit.txt", "".join(f"{name}\n" for name in quote.fit.videos).encode())
    return f"{folder.url}/fit.txt"


def _quote_gpus(todo: Sequence[VideoPlan], done: Collection[str], wanted: GpuRequest) -> GpuQuote:
    """Of what is left to render."""
    left = [
        plan.model_copy(
            update={
                "segments": tuple(segment for segment in plan.segments if segment.key not in done)
            }
        )
        for plan in todo
    ]
    videos = videos_of(left)
    if not videos:
        raise CampaignError(
            f"--gpus {wanted.gpus}: none of the videos still to render uses the engine {ENGINE}, "
            f"the only one that needs GPUs; leave --gpus out, or add --engine {ENGINE}"
        )
    quote = quote_gpus(videos, wanted)
    return quote.model_copy(update={"campaign": quote_campaign(videos, wanted)})


def work_left(todo: Sequence[VideoPlan], done: Collection[str]) -> list[Left]:
    """What is left of each video; a segment that several of them share is rendered by the first."""
    known = set(done)
    left: list[Left] = []
    for plan in todo:
        new = [segment for segment in plan.segments if segment.key not in known]
        known.update(segment.key for segment in plan.segments)
        left.append(Left(plan, sum(segment.num_frames for segment in new), len(new)))
    return left


def _estimate(
    left: Sequence[Left], session: Session, *, is_on_cluster: bool
) -> tuple[Estimate | None, str]:
    """The time to make what is left; None, and why, where this machine cannot make it."""
    workers = session.request.workers
    try:
        return estimate_campaign(left, session.folder, workers, is_on_pool=is_on_cluster), ""
    except (ResourceError, EngineLostError) as error:
        return None, str(error)


def _done_keys(prepared: Sequence[Prepared], folder: CampaignFolder) -> frozenset[str]:
    """The segments that are there and whole; each is read once, those of done videos not again."""
    keys = {key for each in prepared if each.receipt for key in each.receipt.segment_keys}
    planned = {segment.key for each in prepared if each.plan for segment in each.plan.segments}
    return frozenset(keys | {key for key in planned - keys if _is_done(folder, key)})


def _frames_left(prepared: Prepared, done: Collection[str]) -> int:
    if prepared.plan is None or prepared.receipt is not None:
        return 0
    return sum(segment.num_frames for segment in prepared.plan.segments if segment.key not in done)


def _is_done(folder: CampaignFolder, key: str) -> bool:
    try:
        return folder.find_segment(key) is not None
    except DamagedError:
        return False


def _quote(
    prepared: Prepared, done: Collection[str], infer_frames: int, frames_left: int
) -> VideoQuote:
    row, plan = prepared.row, prepared.plan
    if plan is None:
        return VideoQuote(
            video_id=row.video_id,
            line=row.line,
            size="",
            duration_s=0,
            num_frames=0,
            infer_frames=infer_frames,
            num_clips=0,
            num_segments=0,
            num_segments_done=0,
            num_frames_left=0,
            is_done=False,
            error=str(prepared.error),
        )
    num_done = sum(segment.key in done for segment in plan.segments)
    return VideoQuote(
        video_id=row.video_id,
        line=row.line,
        size=f"{plan.width}x{plan.height}",
        duration_s=plan.num_frames / plan.fps,
        num_frames=plan.num_frames,
        infer_frames=infer_frames,
        num_clips=round(plan.num_frames / infer_frames, 2),
        num_segments=len(plan.segments),
        num_segments_done=num_done,
        num_frames_left=frames_left,
        is_done=prepared.receipt is not None,
        warnings=(*plan.warnings, *unbroken_warnings(plan, infer_frames)),
        rereads=prepared.rereads,
    )


def _with_words(video: VideoQuote, row: ManifestRow, session: Session) -> VideoQuote:
    """A planned video with what of its script is not read as it is written."""
    if video.error or row.script is None or row.audio_path is not None:
        return video
    back = read_back(row.script, row.language, session.settings.lexicon)
    return video.model_copy(update={"words": back.words})


def unbroken_warnings(plan: VideoPlan, infer_frames: int) -> tuple[str, ...]:
    """Said of a video that is rendered too far without a new beginning."""
    num_clips = unbroken_frames(plan) / infer_frames
    if num_clips <= _MAX_UNBROKEN_CLIPS:
        return ()
    return (
        f"{num_clips:.0f} clips run on without a break, more than {_MAX_UNBROKEN_CLIPS}: small "
        "errors may add up over so many; use --handoff last-frame with fewer segment_clips, or "
        "split the script into several rows",
    )


def _disk_bytes(width: int, height: int, frames: int, segments: int) -> int:
    video = width * height * frames * _BITS_PER_PIXEL / 8
    # the segments, the finished file, and the last frame of each segment
    return round(2 * video + segments * width * height * _PNG_BYTES_PER_PIXEL)
