"""The screens of a row's formats, drawn when it is planned and kept in the store.

screens/<sha256>.json
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from model.engine import ENGINE_SAMPLE_RATE_HZ
from tasks.canonical_json import canonical_sha256
from tasks.deliver_records import DeliverRequest, FaceBox
from tasks.reading.cleaning.screen_marks import ScreenMark
from tasks.reading.script_text import script_text
from tasks.records import ManifestRow, VideoPlan
from tasks.screen.brand.brand_file import read_brand
from tasks.screen.composing.faults import ScreenFault
from tasks.screen.composing.pieces import Stage
from tasks.screen.composing.screens import ScreenError, screen_of
from tasks.screen.composing.times import Clock, MarkTimeError, Times, times_of
from tasks.screen.formats import format_name, is_burned
from tasks.screen.kept_screens import screen_bytes, screen_name
from tasks.screen.overlays import Region
from tasks.screen.placing import Placing, crop_of, on_screen
from tasks.screen_records import RowScreen
from tasks.speech_records import Speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import sha256_of_version

_VERSION = 1  # raised by a change that draws other screens of the same row


def shown_sha256(row: ManifestRow, plan: VideoPlan, script: str | None) -> str:
    """Digest of all that a row's screens are drawn of; empty where it has no brand.

    ``script``: what people decided to have said instead of the row's own; None: the row's.
    """
    if row.screen is None:
        return ""
    brand = read_brand(row.screen.brand_path, allow_outside=True)
    files = [brand.path, *filter(None, (brand.logo,)), *_paths(row.screen)]
    return canonical_sha256(
        {
            "version": _VERSION,
            "row": row.screen.model_dump(mode="json", exclude={"brand_path", "images"}),
            "images": list(row.screen.images),
            "files": [sha256_of_version(path) for path in files],
            "fonts": [sha256_of_version(font.path) for font in brand.fonts.stack],
            "script": row.script if script is None else script,
            "speech": plan.speech_id,
            "video": [plan.width, plan.height, plan.num_frames, plan.fps, plan.portrait_sha256],
            "sizes": row.deliver,
        }
    )


def keep_screens(
    row: ManifestRow,
    plan: VideoPlan,
    asked: DeliverRequest,
    script: str | None,
    speech: Speech,
    folder: CampaignFolder,
) -> dict[str, str]:
    """The screen of each of the row's formats, kept in the store; digests by the format's name.

    Raises:
        ScreenError: everything that does not fit in one of them, or comes too late.
        BrandError: the brand file cannot be read any more.
    """
    if row.screen is None:
        return {}
    brand = read_brand(row.screen.brand_path, allow_outside=True)
    text = (row.screen.marked_script or row.script or "") if script is None else script
    times = _times(text, row.screen, speech, plan)
    position = (asked.caption_style and asked.caption_style.position) or "bottom"
    kept: dict[str, str] = {}
    faults: list[ScreenFault] = []
    for size in row.deliver:
        is_captioned = bool(speech.cues) and is_burned(asked.captions, size)
        stage = Stage(
            brand,
            row.screen,
            speech.language,
            *size,
            is_captioned=is_captioned,
            caption_position=position,
            label=asked.label,
        )
        if plan.is_proof:
            stage = _seen_at_once(stage)
        try:
            data = _drawn(stage, times, plan, asked.face)
        except ScreenError as error:
            faults += error.faults
            continue
        digest = sha256(data).hexdigest()
        if folder.read_bytes(screen_name(digest)) != data:  # a damaged one is replaced
            folder.write_text(screen_name(digest), data)
        kept[format_name(size)] = digest
    if faults:
        raise ScreenError(tuple(faults))
    return kept


def damaged_screen(asked: DeliverRequest, folder: CampaignFolder) -> str:
    """Name of a kept screen that is missing or not what was drawn; empty: all are whole."""
    for digest in asked.screens.values():
        data = folder.read_bytes(screen_name(digest))
        if data is None or sha256(data).hexdigest() != digest:
            return screen_name(digest)
    return ""


def _times(text: str, row: RowScreen, speech: Speech, plan: VideoPlan) -> Times:
    if not speech.cues:
        read_text, marks = "", ()
    else:
        read = script_text(text, speech.language)
        read_text, marks = read.text, read.screen
    starts = _phone_starts(speech)
    clock = Clock(speech.cues, speech.sample_rate_hz, plan.fps, plan.num_frames, starts)
    if plan.is_proof:
        marks = tuple(_in_proof(marks, read_text, clock))
    try:
        return times_of(read_text, marks, sorted(row.images), clock)
    except MarkTimeError as error:
        told = (ScreenFault("script", *fault) for fault in error.faults)
        raise ScreenError(tuple(told)) from error


def _phone_starts(speech: Speech) -> list[float]:
    """Where people and voices from outside may pause inside a clause.

    Built-in voices hardly do; what their marks show keeps the times that every release gave it.
    """
    if speech.source == "builtin":
        return []
    scale = speech.sample_rate_hz / ENGINE_SAMPLE_RATE_HZ
    return [phone.start * scale for phone in speech.phonemes or ()]


def _in_proof(marks: Sequence[ScreenMark], text: str, clock: Clock) -> Iterator[ScreenMark]:
    """The marks that a proof comes to, none longer than it is."""
    for mark in marks:
        left_s = (clock.num_frames - clock.frame_at(text, mark.index)) / clock.fps
        if left_s > 0:
            is_whole = mark.seconds is None or mark.seconds <= left_s
            yield mark if is_whole else replace(mark, seconds=None)


def _seen_at_once(stage: Stage) -> Stage:
    """The same, with the lower third from the beginning: a proof may end before its time."""
    tables = stage.brand.tables
    third = tables.lower_third.model_copy(update={"starts_s": 0.0})
    shown = tables.model_copy(update={"lower_third": third})
    return replace(stage, brand=replace(stage.brand, tables=shown))


def _drawn(stage: Stage, times: Times, plan: VideoPlan, face: FaceBox | None) -> bytes:
    def face_in(region: Region) -> FaceBox | None:
        if face is None:
            return None
        crop = crop_of((plan.width, plan.height), (region.width, region.height), face)
        return on_screen(face, Placing(crop, region))

    screen = screen_of(
        stage,
        times,
        fps=plan.fps,
        num_frames=plan.num_frames,
        face=face_in(stage.places.presenter),
        alone=face_in(Region(0, 0, stage.width, stage.height)),
    )
    return screen_bytes(screen)


def _paths(row: RowScreen) -> list[Path]:
    return [row.images[number] for number in sorted(row.images)]
