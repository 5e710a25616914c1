"""What of a planned video is finished: its master, and what is made of it."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol

from tasks.deliver_records import DeliverableReceipt, DeliverRequest, Size, Upscaler
from tasks.deliverables.deliverable import size_to_enlarge
from tasks.deliverables.reckoning import FilmAhead, upscaler_pace
from tasks.deliverables.store import (
    EarlierFilm,
    enlargements,
    find_earlier,
    missing_sizes,
    told_as_made,
)
from tasks.errors import DamagedError
from tasks.plan.estimate import Pace
from tasks.records import StoredPlan, VideoPlan, VideoReceipt
from tasks.screen.brand.brand_file import read_brand
from tasks.screen.formats import is_burned
from tasks.screen.placing import placing_of
from tasks.screen_records import RowScreen
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import campaigns_in, open_campaign
from tasks.upkeep.freed_segments import told_segment


def finished_master(
    stored: StoredPlan, folder: CampaignFolder, notice: Callable[[str], None]
) -> VideoReceipt | None:
    """The receipt of a video whose master and segments are whole and as planned; else None."""
    video_id = stored.plan.video_id
    try:
        receipt = folder.find_video(video_id)
    except DamagedError as error:
        notice(f"{video_id}: making the video again: {error}")
        return None
    if receipt is None or receipt.plan_sha256 != stored.sha256:
        return None
    try:
        segments = [told_segment(folder, key) for key in receipt.segment_keys]
    except DamagedError:
        return None  # the video's chain finds it, says so and renders it again
    return None if None in segments else receipt


def is_delivered(stored: StoredPlan, master: VideoReceipt, folder: CampaignFolder) -> bool:
    """Whether everything that is asked for of a finished video is made."""
    return not missing_sizes(stored, master, folder)


def films_made(
    stored: StoredPlan, before: Collection[str], folder: CampaignFolder
) -> list[DeliverableReceipt]:
    """What was made of a video since its films had the keys ``before``; files are not read."""
    master = folder.read_record(f"videos/{stored.plan.video_id}.json", VideoReceipt)
    made = told_as_made(stored, master, folder) if master else ()
    return [each for each in made if each.key not in before]


class PlannedRow(Protocol):
    """A row with its plan, and the receipt of its master where that is finished."""

    @property
    def stored(self) -> StoredPlan | None:
        """Its plan."""
        ...

    @property
    def receipt(self) -> VideoReceipt | None:
        """Where nothing is left to do."""
        ...

    @property
    def master(self) -> VideoReceipt | None:
        """Where something is still to be made of it."""
        ...


def films_left(
    row: PlannedRow, screen: RowScreen | None, folder: CampaignFolder
) -> list[FilmAhead]:
    """What is still to be made of a row's master; ``screen``: what the row shows beside it.

    Raises:
        BrandError: the brand file cannot be read any more.
        DamagedError: a screen that was drawn for an upscaler's film is not in the store as it was.
    """
    stored = row.stored
    if stored is None or stored.deliver is None or row.receipt is not None:
        return []
    sizes = missing_sizes(stored, row.master, folder) if row.master else stored.deliver.sizes
    return [_film_left(size, stored.deliver, stored.plan, row, screen, folder) for size in sizes]


def _film_left(
    size: Size,
    request: DeliverRequest,
    plan: VideoPlan,
    row: PlannedRow,
    screen: RowScreen | None,
    folder: CampaignFolder,
) -> FilmAhead:
    earlier = find_earlier(request, size, row.master, folder) if row.master else None
    film = FilmAhead(
        size=size,
        presenter=_presenter(size, request, plan, screen),
        num_frames=plan.num_frames + request.num_clip_frames,
        fps=plan.fps,
        is_blurred=screen is None,
        has_captions=is_burned(request.captions, size),
        has_layout=screen is not None,
        num_copied_frames=_num_copied(request, plan, earlier),
    )
    if request.upscaler is None or earlier is not None:
        return film
    enlarged = size_to_enlarge(request, size, (plan.width, plan.height), folder)
    if enlarged is None:
        return film
    return replace(
        film, upscaler=request.upscaler, enlarged=enlarged, num_enlarged_frames=plan.num_frames
    )


def upscaler_paces(out: str | Path, campaign: str) -> Callable[[Upscaler], Pace | None]:
    """How long each upscaler takes: told by a campaign's films, or else by those of another one."""

    @cache
    def pace(program: str, version: str, command: str) -> Pace | None:
        upscaler = Upscaler(name=program, version=version, command=command)
        others = (name for name in campaigns_in(out) if name != campaign)
        for name in (campaign, *others):
            if found := upscaler_pace(enlargements(open_campaign(out, name), upscaler)):
                return found
        return None

    return lambda upscaler: pace(upscaler.name, upscaler.version, upscaler.command)


def _num_copied(request: DeliverRequest, plan: VideoPlan, earlier: EarlierFilm | None) -> int:
    """Frames of a film that an earlier one has: with the same clips all, else the presenter's.

    Behind another label or screen there may be some, which only their pictures tell.
    """
    if earlier is None or not earlier.has_same_presenter:
        return 0
    clips = 0 if earlier.changed & {"intro", "outro"} else request.num_clip_frames
    return plan.num_frames + clips


def _presenter(
    size: Size, request: DeliverRequest, plan: VideoPlan, screen: RowScreen | None
) -> Size:
    """Width and height of what a master fills in one format."""
    if screen is None:
        region = placing_of((plan.width, plan.height), size, request.face).presenter
    else:
        brand = read_brand(screen.brand_path, allow_outside=True)
        is_captioned = is_burned(request.captions, size)
        layout = brand.layouts[screen.layout]
        region = layout.in_frame(*size, is_captioned=is_captioned).presenter
    return region.width, region.height
