"""A page for somebody without the store: small copies of videos and their posters in one ZIP.

It holds no figure, note or name of the house: a client watches, comments and approves.
"""

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.media.posters import keep_poster
from tasks.processes.ffmpeg import run_ffmpeg
from tasks.records import VideoOutcome, VideoReceipt
from tasks.report.cards import Card, Player, captions_uri, excerpt_of
from tasks.report.report import report_html
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import commit_file, disk_full_as_error, part_path, write_file

_MAX_SIDE = 640
_CRF, _SOUND_RATE = 28, "96k"
_TIMEOUT_S = 3600


@dataclass(frozen=True)
class SharedVideo:
    """One video for the page: what became of it, its receipt, and its script."""

    outcome: VideoOutcome
    receipt: VideoReceipt
    script: str


def share_page(
    store: CampaignFolder, file: Path, *, title: str, videos: Sequence[SharedVideo]
) -> None:
    """Write the ZIP, whole or not at all.

    Args:
        store: of the campaign, with a local folder.
        file: to write.
        title: of the page.
        videos: in the order of the rows.

    Raises:
        DamagedError: a finished file is not what its receipt says.
        FfmpegError: a video cannot be read.
        DiskFullError: there is no room.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = part_path(file)
    try:
        with (
            disk_full_as_error(file),
            tempfile.TemporaryDirectory(prefix="nightshoot-share-") as scratch,
        ):
            cards = [_packed(store, each, Path(scratch)) for each in videos]
            page = report_html(title, cards, {}, [], is_shared=True)
            write_file(Path(scratch) / "index.html", page.encode("utf-8", "backslashreplace"))
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(Path(scratch).rglob("*.*")):
                    kind = zipfile.ZIP_DEFLATED if path.suffix == ".html" else zipfile.ZIP_STORED
                    archive.write(path, path.relative_to(scratch), compress_type=kind)
            commit_file(part, file)
    finally:
        part.unlink(missing_ok=True)


def _packed(store: CampaignFolder, shared: SharedVideo, folder: Path) -> Card:
    """The card of one video, whose small copy and poster are in ``folder`` then."""
    receipt, video_id = shared.receipt, shared.outcome.video_id
    video = store.fetch_video(receipt)
    small = folder / "videos" / f"{video_id}.mp4"
    small.parent.mkdir(exist_ok=True)
    run_ffmpeg(proxy_args(video, small), timeout_s=_TIMEOUT_S)
    width, _, height = receipt.size.partition("x")
    poster = ""
    if width and height:
        size = (int(width), int(height))
        made = keep_poster(video, receipt.file.sha256, folder / "posters", size)
        poster = f"posters/{made.name}"
    captions = next((each.name for each in receipt.captions if each.name.endswith(".vtt")), "")
    data = store.read_bytes(f"videos/{captions}") if captions else None
    uri = captions_uri(write_file(folder / captions, data)) if data is not None else ""
    if data is not None:
        (folder / captions).unlink()
    player = Player(video=f"videos/{video_id}.mp4", srt="", vtt="", captions=uri, poster=poster)
    return Card(
        outcome=for_client(shared.outcome),
        cells={},
        excerpt=excerpt_of(shared.script),
        player=player,
        sheet=None,
        sheet_problem="",
    )


def for_client(outcome: VideoOutcome) -> VideoOutcome:
    """What a client may know of a video: its name, its length, and which file it is."""
    return VideoOutcome(
        video_id=outcome.video_id,
        line=outcome.line,
        status="done",
        duration_s=outcome.duration_s,
        num_frames=outcome.num_frames,
        is_preview=outcome.is_preview,
        looked_at=outcome.looked_at,
    )


def proxy_args(video: Path, small: Path) -> list[str]:
    """Arguments of the ffmpeg call that makes a small copy, no side longer than 640 pixels."""
    fit = f"min(1,{_MAX_SIDE}/max(iw,ih))"
    scale = f"scale=w='2*round(iw*{fit}/2)':h='2*round(ih*{fit}/2)'"
    return [
        *("-i", f"file:{video}", "-vf", scale, "-c:v", "libx264", "-preset", "veryfast"),
        *("-crf", str(_CRF), "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", _SOUND_RATE),
        *("-map_metadata", "-1", "-movflags", "+faststart", "-y", f"file:{small}"),
    ]
