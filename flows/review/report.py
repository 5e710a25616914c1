"""`nightshoot report`: the page and the table of a campaign, written again from its store."""

from pathlib import Path

from flows.stored import StoredCampaign
from model.errors import CampaignError
from tasks.report.report import campaign_report
from tasks.report.share import SharedVideo, share_page
from tasks.review.journal import read_journal
from tasks.review.looked_at import looked_at


def write_campaign_report(source: StoredCampaign) -> str:
    """Write both reports as the store and people's decisions are now; returns the page's address.

    Raises:
        StoreError: the store cannot be reached.
        DiskFullError: there is no room; the reports that were there are untouched.
    """
    return campaign_report(
        source.folder,
        title=source.campaign,
        columns=source.columns,
        cells=source.cells,
        outcomes=source.outcomes(),
        facts=source.facts,
        notices=read_journal(source.folder).damage,
    )


def share_report(source: StoredCampaign, file: Path, only: str) -> int:
    """Write a page with small copies of the finished videos; returns how many there are.

    Args:
        source: the campaign.
        file: the ZIP to write.
        only: ``approved`` or ``held`` videos; empty: every finished one.

    Raises:
        CampaignError: there is no such video, or the file is there already.
        DamagedError, FfmpegError: a video cannot be read; nothing was written.
    """
    if file.exists():
        raise CampaignError(f"{file} exists already; name another file, or remove it first")
    finished = [each for each in source.outcomes() if each.status in ("done", "held")]
    shared = [each for each in finished if only in ("", each.status, each.verdict)]
    if not shared:
        kind = f"{only} video" if only else "finished video"
        raise CampaignError(f'campaign "{source.campaign}" has no {kind} to share')
    videos: list[SharedVideo] = []
    for each in shared:
        receipt = looked_at(source.folder, each.video_id).receipt
        if receipt is not None:  # else it is being made again at this moment
            script = source.cells[each.video_id].get("script", "")
            videos.append(SharedVideo(each, receipt, script))
    with source.folder.local("share") as place:
        share_page(place, file, title=source.campaign, videos=videos)
    return len(videos)
