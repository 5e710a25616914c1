"""A page for somebody without the store: small copies of videos, films and posters in one ZIP.

It holds no figure, note or name of the house: a client watches, comments and approves.
"""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from tasks.deliverables.store import deliverable_folder, made_of
from tasks.media.posters import keep_poster
from tasks.processes.ffmpeg import run_ffmpeg
from tasks.records import VideoOutcome, VideoReceipt
from tasks.report.cards import Card, Player, captions_uri, excerpt_of
from tasks.report.films import FilmCard, film_card
from tasks.report.report import report_html
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import commit_file, disk_full_as_error, part_path, write_file

_MAX_SIDE = 640
_CRF, _SOUND_RATE = 28, "96k"
_TIMEOUT_S = 3600
_POSTER_QUALITY = 80


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
        films=tuple(_packed_films(store, receipt, folder)),
    )


def _packed_films(store: CampaignFolder, master: VideoReceipt, folder: Path) -> Iterator[FilmCard]:
    """What was made of a video, each with a small copy, a small poster and its captions."""
    stored = store.read_plan(master.video_id)
    if stored is None or stored.deliver is None:
        return
    place = folder / "films"
    for made in made_of(stored, master, store):
        card = film_card(made, stored.deliver, master)
        kept, stem = deliverable_folder(made.key), f"{master.video_id}-{card.name}"
        place.mkdir(exist_ok=True)
        small = place / f"{stem}.mp4"
        run_ffmpeg(proxy_args(store.fetch_kept(kept, made.file), small), timeout_s=_TIMEOUT_S)
        with Image.open(store.fetch_kept(kept, made.poster)) as poster:
            poster.thumbnail((_MAX_SIDE, _MAX_SIDE))
            poster.save(place / f"{stem}.jpg", quality=_POSTER_QUALITY)
        own = [entry for entry in (made.srt, made.vtt) if entry is not None]
        captions: dict[str, str] = {}
        for entry in (own or master.captions) if card.captions else ():
            suffix = Path(entry.name).suffix
            data = store.fetch_kept(kept if own else "videos", entry).read_bytes()
            write_file(place / f"{stem}{suffix}", data)
            captions[suffix.removeprefix(".").upper()] = quote(f"films/{stem}{suffix}")
        yield replace(
            card,
            link=quote(f"films/{stem}.mp4"),
            poster=quote(f"films/{stem}.jpg"),
            teaser="",
            num_bytes=small.stat().st_size,
            captions=captions,
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
