"""One deliverable of a finished video: made, proved, kept; its receipt last."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from model.errors import RowError
from tasks.deliver_records import (
    CaptionStyle,
    DeliverableReceipt,
    DeliverRequest,
    Enlargement,
    Size,
    Upscaler,
)
from tasks.deliverables.captions.drawing import (
    caption_overlays,
    highlighted_words,
    no_word_times,
    screen_captions,
)
from tasks.deliverables.captions.places import Stand, lettering
from tasks.deliverables.clips import MATERIALS, Clips, kept_clips
from tasks.deliverables.encoding import AHEAD, Deliverable, KeptParts, encode_deliverable
from tasks.deliverables.final_encode import KEYFRAME_EVERY, SETTINGS
from tasks.deliverables.keys import deliverable_key, earlier_look
from tasks.deliverables.overlay_tracks import equal_from
from tasks.deliverables.sound_mix import FilmSound, Parts, film_sound
from tasks.deliverables.stills import poster, teaser
from tasks.deliverables.store import (
    EarlierFilm,
    commit_deliverable,
    deliverable_folder,
    discard_deliverable,
    find_deliverable,
    find_earlier,
    part_folder,
)
from tasks.deliverables.upscaler import enlarge, enlarged_crop, enlarged_size
from tasks.errors import DamagedError
from tasks.media.captions import Caption, shifted_captions
from tasks.media.mp4 import read_mp4
from tasks.processes.ffmpeg import ffmpeg_version
from tasks.record import FileEntry
from tasks.records import VideoPlan, VideoReceipt
from tasks.screen.formats import format_name, is_burned
from tasks.screen.kept_screens import screen_name, screen_of_bytes
from tasks.screen.label import label_overlay
from tasks.screen.overlays import Region, Screen
from tasks.screen.placing import Placing, crop_of, on_screen, placing_of
from tasks.speech.speech_files import load_speech
from tasks.speech_records import Speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import (
    part_path,
    write_file,
)

GENERATED = "AI-generated"
"""What the tags of every deliverable say."""


def screen_on(
    master: Size, size: Size, request: DeliverRequest, folder: CampaignFolder
) -> tuple[Screen, Placing]:
    """The screen that was drawn for a size when its row was planned, else the presenter alone.

    Raises:
        DamagedError: it is not in the store as it was.
    """
    digest = request.screens.get(format_name(size))
    if digest is None:
        placing = placing_of(master, size, request.face)
        return Screen(size[0], size[1], placing.presenter), placing
    data = folder.read_bytes(screen_name(digest))
    if data is None or sha256(data).hexdigest() != digest:
        rule = "is missing or not what was drawn"
        raise DamagedError(f"{screen_name(digest)} {rule}; render the manifest again")
    screen = screen_of_bytes(data)
    region = screen.presenter
    crop = crop_of(master, (region.width, region.height), request.face)
    return screen, Placing(crop, region)


def size_of(receipt: VideoReceipt, path: Path) -> Size:
    """Width and height of a master; receipts of early releases do not tell it.

    Raises:
        Mp4Error: it cannot be read.
    """
    if receipt.size:
        width, _, height = receipt.size.partition("x")
        return int(width), int(height)
    track = read_mp4(path).track("vide")
    return track.width, track.height


def size_to_enlarge(
    request: DeliverRequest, size: Size, master: Size, folder: CampaignFolder
) -> Size | None:
    """The sides to which an upscaler enlarges a master for one size; None: it need not.

    Raises:
        DamagedError: see :func:`screen_on`.
    """
    screen, placing = screen_on(master, size, request, folder)
    alone = crop_of(master, size, request.face) if screen.presenter_alone else None
    return _enlarged_sides(master, size, screen.presenter, placing.crop, alone)


def _enlarged_sides(
    master: Size, size: Size, region: Region, crop: Region, alone: Region | None
) -> Size | None:
    parts = [(crop, (region.width, region.height))]
    return enlarged_size(master, parts + ([(alone, size)] if alone else []))


def make_deliverable(
    size: Size,
    request: DeliverRequest,
    plan: VideoPlan,
    master: VideoReceipt,
    folder: CampaignFolder,
) -> DeliverableReceipt:
    """One size of a finished video, made unless it is there and whole.

    Raises:
        DamagedError: the master or its speech is not what its receipt says.
        RowError: captions have no room, or the music cannot be used.
        DeliverableError, FfmpegError, DiskFullError: nothing was kept.
    """
    key = deliverable_key(request, size, master)
    try:
        if found := find_deliverable(folder, key):
            return found
    except DamagedError:
        discard_deliverable(folder, key)
    started = time.perf_counter()
    path = folder.fetch_video(master)
    shape = size_of(master, path)
    look = _look(request, size, shape, plan, master, folder)
    screen, placing, stand = look.screen, look.placing, look.stand
    clips = kept_clips(request, folder)
    before = find_earlier(request, size, master, folder)
    first = 0
    if before is not None and not before.has_same_presenter:
        past = earlier_look(request, size, before.changed)
        first = _equal_from(past, look, size, shape, plan, master, folder)
        if request.upscaler is not None:
            before = None  # whose frames are another program's: they are not made again in part
    with tempfile.TemporaryDirectory(prefix="nightshoot-sound-") as scratch:
        sound = _sound(request, clips, plan, master, path, folder, Path(scratch))
        made = Deliverable(
            master,
            path,
            plan.encode,
            screen,
            placing.crop,
            tags=labelled_tags(dict(read_mp4(path).tags)),
            sound=sound.path,
            alone=crop_of(shape, size, request.face) if screen.presenter_alone else None,
            clips=clips,
            label=request.label,
        )
        if before is not None:
            made = _with_copies(made, before, first, folder)
        enlargement = None
        if request.upscaler is not None and before is None:
            made, enlargement = _enlarged(made, request.upscaler, shape, Path(scratch))
        files, checks = _kept_files(made, request, key, folder)
    place = lettering(look.captions, stand) if look.captions else None
    crop, region = placing.crop, placing.presenter
    receipt = DeliverableReceipt(
        key=key,
        video_id=master.video_id,
        master_sha256=master.file.sha256,
        size=size,
        file=files[".mp4"],
        poster=files[".jpg"],
        teaser=files.get(f".{request.teaser}"),
        is_copy=made.is_copy,
        presenter=(region.left, region.top, region.width, region.height),
        crop=(crop.left, crop.top, crop.width, crop.height),
        num_frames=made.num_frames,
        num_intro_frames=clips.num_before,
        num_outro_frames=clips.num_after,
        srt=files.get(".srt"),
        vtt=files.get(".vtt"),
        duration_s=made.num_frames / plan.encode.fps if clips.num_frames else master.duration_s,
        checks=checks,
        caption_place=(place.size, place.top, place.bottom) if place else None,
        label=request.label,
        integrated_lufs=sound.loudness.integrated_lufs if sound.loudness else None,
        true_peak_dbtp=sound.loudness.true_peak_dbtp if sound.loudness else None,
        warnings=(*sound.warnings, *look.notices),
        upscaler=before.receipt.upscaler if before else made.enlarged and request.upscaler,
        enlargement=enlargement,
        encode={} if made.is_copy else dict(SETTINGS),
        seconds=round(time.perf_counter() - started, 3),
        versions={"nightshoot": version("nightshoot"), "ffmpeg": ffmpeg_version()},
    )
    return commit_deliverable(folder, receipt)


@dataclass(frozen=True)
class _Look:
    """What is seen in one size: a screen with all its overlays, and what they were made of."""

    screen: Screen
    placing: Placing
    stand: Stand
    captions: tuple[Caption, ...]
    notices: tuple[str, ...]


def _look(
    request: DeliverRequest,
    size: Size,
    shape: Size,
    plan: VideoPlan,
    master: VideoReceipt,
    folder: CampaignFolder,
) -> _Look:
    screen, placing = screen_on(shape, size, request, folder)
    face = on_screen(request.face, placing) if request.face else None
    style = request.caption_style or CaptionStyle()
    stand = Stand(size, face, screen.captions, style, request.label)
    speech = captioned_speech(request, size, plan, master, folder)
    length = {"num_frames": master.num_frames, "fps": plan.fps}
    shown = screen_captions(speech, stand, **length) if speech else ()
    words = highlighted_words(speech, stand) if speech else ()
    overlays = screen.overlays + caption_overlays(shown, stand, words or ())
    if request.label:
        overlays += (label_overlay(request.label, size, master.duration_s),)
    notices = (no_word_times(speech),) if speech and words is None else ()
    return _Look(replace(screen, overlays=overlays), placing, stand, shown, notices)


def _equal_from(
    past: DeliverRequest,
    now: _Look,
    size: Size,
    shape: Size,
    plan: VideoPlan,
    master: VideoReceipt,
    folder: CampaignFolder,
) -> int:
    """The frame of the master from which on a film looks as an earlier request's did."""
    try:
        before = _look(past, size, shape, plan, master, folder)
    except (DamagedError, RowError):
        return master.num_frames  # how it looked cannot be told any more
    one, other = (replace(look.screen, overlays=(), captions=None) for look in (before, now))
    if one != other:
        return master.num_frames
    overlays = (before.screen.overlays, now.screen.overlays)
    return equal_from(*overlays, master.num_frames, plan.encode.fps)


def _with_copies(
    made: Deliverable, before: EarlierFilm, first: int, folder: CampaignFolder
) -> Deliverable:
    """The same, with the frames that an earlier film has: all, or those of its equal parts.

    ``first``: the frame of the master from which on it looks as it did.
    """
    receipt = before.receipt

    def kept_file() -> Path:
        return folder.fetch_kept(deliverable_folder(receipt.key), receipt.file)

    if before.has_same_picture:
        return replace(made, picture=kept_file())
    begins, ends = receipt.num_intro_frames, receipt.num_frames - receipt.num_outro_frames
    parts = {"intro": range(begins), "outro": range(ends, receipt.num_frames)}
    parts = {name: frames for name, frames in parts.items() if frames}
    if "label" in before.changed:
        parts.pop("intro", None)  # which shows it too
    key = -(-first // KEYFRAME_EVERY) * KEYFRAME_EVERY
    if before.has_same_presenter:
        parts["master"] = range(begins, ends)
    elif key + AHEAD < made.master.num_frames and not made.is_copy:
        parts["tail"] = range(begins + key, ends)
    kept = {name: frames for name, frames in parts.items() if name not in before.changed}
    return replace(made, kept=KeptParts(kept_file(), kept)) if kept else made


def _enlarged(
    made: Deliverable, upscaler: Upscaler, shape: Size, scratch: Path
) -> tuple[Deliverable, Enlargement | None]:
    """The same of the enlarged master, where a part of the master is to be enlarged."""
    size = _enlarged_sides(shape, made.size, made.screen.presenter, made.crop, made.alone)
    if size is None:
        return made, None
    started, num_frames = time.perf_counter(), made.master.num_frames
    frames = {"num_frames": num_frames, "fps": made.profile.fps}
    enlarged = enlarge(upscaler, made.path, size, scratch, **frames)
    took = Enlargement(
        size=size,
        num_frames=num_frames,
        num_bytes=enlarged.stat().st_size,
        seconds=round(time.perf_counter() - started, 3),
    )
    changed = replace(
        made,
        enlarged=enlarged,
        crop=enlarged_crop(made.crop, shape, size),
        alone=enlarged_crop(made.alone, shape, size) if made.alone else None,
    )
    return changed, took


def _sound(
    request: DeliverRequest,
    clips: Clips,
    plan: VideoPlan,
    master: VideoReceipt,
    path: Path,
    folder: CampaignFolder,
    scratch: Path,
) -> FilmSound:
    """The master's own sound, or the one with the music and the clips that are asked for."""
    parts = Parts(
        master=path,
        num_frames=master.num_frames,
        fps=plan.encode.fps,
        music=folder.fetch_kept(MATERIALS, request.music) if request.music else None,
        clips=clips,
    )
    return film_sound(parts, plan.loudness_lufs, scratch)


def _kept_files(
    made: Deliverable, request: DeliverRequest, key: str, folder: CampaignFolder
) -> tuple[dict[str, FileEntry], dict[str, bool | float | str]]:
    """The files of a deliverable under their content's names, by suffix; what was compared."""
    place = part_folder(folder, key)
    part = part_path(place / f"{key}.mp4")
    try:
        checks = encode_deliverable(made, part)
        starts_s = made.clips.num_before / made.profile.fps
        beside = {".jpg": poster(part, made.size, starts_s)}
        if request.teaser is not None:
            beside[f".{request.teaser}"] = teaser(part, made.size, request.teaser, starts_s)
        if starts_s:
            beside |= _shifted_captions(made.master, round(1000 * starts_s), folder)
        entries = {".mp4": folder.adopt(part, key, ".mp4")}
    finally:
        part.unlink(missing_ok=True)
    for suffix, data in beside.items():
        file = write_file(part_path(place / f"{key}{suffix}"), data)
        entries[suffix] = folder.adopt(file, key, suffix)
    return entries, checks


def _shifted_captions(
    master: VideoReceipt, milliseconds: int, folder: CampaignFolder
) -> dict[str, bytes]:
    """The captions that lie beside a film, in its time, by suffix."""
    found: dict[str, bytes] = {}
    for entry in master.captions:
        text = folder.fetch_kept("videos", entry).read_text(encoding="utf-8")
        found[Path(entry.name).suffix] = shifted_captions(text, milliseconds).encode()
    return found


def captioned_speech(
    request: DeliverRequest,
    size: Size,
    plan: VideoPlan,
    master: VideoReceipt,
    folder: CampaignFolder,
) -> Speech | None:
    """The speech whose captions are burned into one size of a finished video; None: none are.

    Raises:
        DamagedError: it is not in the store.
    """
    if not (master.captions and is_burned(request.captions, size)):
        return None
    folder.fetch_speech(plan.speech_id)
    speech = load_speech(plan.speech_id, folder.speech)
    if speech is None:
        raise DamagedError(
            f"speech/{plan.speech_id} is missing from {folder.url}; render the manifest again to "
            "make the speech again"
        )
    return speech


def labelled_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a master, and that it is generated: whether a label is seen or not."""
    comment = "; ".join(text for text in (GENERATED, tags.get("comment", "")) if text)
    return {**tags, "comment": comment}
