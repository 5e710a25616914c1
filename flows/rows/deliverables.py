"""What is to be made of a row's finished video, as its plan keeps it beside its digest."""

from collections.abc import Iterator
from typing import Literal

from flows.rows.screens import keep_screens, shown_sha256
from model.engine import engine_identity
from model.errors import RowError
from tasks.deliver_records import (
    CaptionMode,
    CaptionStyle,
    DeliverRequest,
    FaceBox,
    Size,
    Upscaler,
)
from tasks.deliverables.captions.drawing import (
    CaptionError,
    check_captions,
    highlighted_words,
    no_word_times,
    screen_captions,
    told_once,
)
from tasks.deliverables.captions.places import Stand
from tasks.deliverables.clips import Clip
from tasks.deliverables.deliverable import screen_on
from tasks.deliverables.sound_mix import measured_music
from tasks.deliverables.store import keep_material
from tasks.deliverables.upscaler import upscaler_of
from tasks.errors import DamagedError
from tasks.portrait.picture import read_planned_portrait
from tasks.record import FileEntry
from tasks.records import ManifestRow, StoredPlan, VideoPlan
from tasks.screen.brand.brand import Brand
from tasks.screen.brand.brand_file import read_brand
from tasks.screen.brand.clips import ClipError, check_clip
from tasks.screen.caption_styles import style_faults
from tasks.screen.faces import face_in_master
from tasks.screen.formats import is_burned, is_tall
from tasks.screen.label import LABELS
from tasks.screen.placing import on_screen
from tasks.speech.speech_files import load_speech
from tasks.speech_records import Speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import file_version


def deliver_request(
    row: ManifestRow,
    plan: VideoPlan,
    speech: Speech,
    folder: CampaignFolder,
    script: str | None = None,
) -> DeliverRequest | None:
    """What a row asks to be made of its video; None: nothing, as with proofs that have no layout.

    ``script``: what people decided to have said instead of the row's own; None: the row's.

    Raises:
        DamagedError: the plan's portrait is not in the store.
        PortraitError: its rig is unusable.
        RowError: captions cannot be drawn, or have no room; the music cannot be used; or what the
            brand and the columns of the screen ask for does not fit.
    """
    if not _is_asked(row, plan):
        return None
    asked = _asked(row, plan, _face(plan, folder), script, folder)
    return _checked(_drawn(asked, row, plan, script, speech, folder), row, plan, speech, folder)


def with_deliverables(
    stored: StoredPlan, row: ManifestRow, folder: CampaignFolder, *, is_drawn_anew: bool = False
) -> StoredPlan:
    """A stored plan with what its row asks for now, written where that has changed.

    No key of a segment and no digest of the plan changes with it. Screens that were drawn are
    drawn again only where that ``is_drawn_anew``.

    Raises:
        DamagedError, PortraitError, RowError: see :func:`deliver_request`.
    """
    before = stored.deliver
    script = stored.amendment.script if stored.amendment else None
    if not _is_asked(row, stored.plan):
        asked = None
    elif (
        before is not None
        and not is_drawn_anew
        and _is_as_before(row, stored.plan, before, script, folder)
    ):
        return stored
    else:
        with folder.local(f"deliver-{row.video_id}") as place:
            place.fetch_speech(stored.plan.speech_id)
            speech = load_speech(stored.plan.speech_id, place.speech)
            if speech is None:
                raise DamagedError(
                    f"speech/{stored.plan.speech_id} is missing; delete "
                    f"plans/{row.video_id}.json and render again to speak this row again"
                )
            # the face stays where it was found
            face = before.face if before is not None else _face(stored.plan, place)
            asked = _asked(row, stored.plan, face, script, folder, before)
            asked = _drawn(asked, row, stored.plan, script, speech, place)
            asked = asked.model_copy(update={"earlier_screens": _earlier_screens(before, asked)})
            asked = _checked(asked, row, stored.plan, speech, place)
    if asked == before:
        return stored
    changed = stored.model_copy(update={"deliver": asked})
    folder.write_plan(changed)
    return changed


def _is_asked(row: ManifestRow, plan: VideoPlan) -> bool:
    """Whether anything is made of a row's video: of a proof, what shows the layout."""
    return bool(row.deliver) and not (plan.is_proof and row.screen is None)


def _is_as_before(
    row: ManifestRow,
    plan: VideoPlan,
    before: DeliverRequest,
    script: str | None,
    folder: CampaignFolder,
) -> bool:
    """Whether a row asks for what its plan holds, whose screens need not be drawn again."""
    asked = _asked(row, plan, before.face, script, folder, before)
    return asked == before.model_copy(update={"screens": asked.screens})


def _drawn(
    asked: DeliverRequest,
    row: ManifestRow,
    plan: VideoPlan,
    script: str | None,
    speech: Speech,
    folder: CampaignFolder,
) -> DeliverRequest:
    screens = keep_screens(row, plan, asked, script, speech, folder)
    return asked.model_copy(update={"screens": screens}) if screens else asked


def _asked(
    row: ManifestRow,
    plan: VideoPlan,
    face: FaceBox | None,
    script: str | None,
    folder: CampaignFolder,
    before: DeliverRequest | None = None,
) -> DeliverRequest:
    brand = read_brand(row.screen.brand_path, allow_outside=True) if row.screen else None
    music_path = row.music_path or (brand.music if brand and row.has_music else None)
    music = None
    if music_path is not None:
        measured_music(music_path, file_version(music_path))
        music = keep_material(folder, music_path)
    # a proof shows the row, and not what every film has in common
    clips = _clips(brand) if brand and not plan.is_proof else {}
    kept = {name: keep_material(folder, clip.path) for name, clip in clips.items()}
    has_label = row.language == "zh" if row.ai_label is None else row.ai_label
    label = _label(row, brand) if has_label else ""
    return DeliverRequest(
        sizes=row.deliver,
        face=face,
        captions=_captions(row, brand, before),
        caption_style=_style(row, brand),
        label=label,
        language=row.language,
        music=music,
        earlier_music=_earlier("music", before, music),
        earlier_intro=_earlier("intro", before, kept.get("intro")),
        earlier_outro=_earlier("outro", before, kept.get("outro")),
        earlier_label=_earlier_label(before, label),
        earlier_screens=before.earlier_screens if before else {},
        teaser=row.teaser,
        intro=kept.get("intro"),
        outro=kept.get("outro"),
        clip_background=brand.tables.palette.background if brand and clips else "",
        earlier_clip_background=_earlier_background(before) if before and not clips else "",
        num_clip_frames=sum(clip.num_frames for clip in clips.values()),
        upscaler=_upscaler(brand) if brand and not plan.is_proof else None,
        shown=shown_sha256(row, plan, script),
    )


def _earlier(
    name: Literal["music", "intro", "outro"],
    before: DeliverRequest | None,
    now: FileEntry | None,
) -> str | None:
    """The music or the clip that this row's films had until it was changed."""
    if before is None:
        return None
    file: FileEntry | None = getattr(before, name)
    if file == now:
        earlier: str | None = getattr(before, f"earlier_{name}")
        return earlier
    return file.sha256 if file else ""


def _earlier_label(before: DeliverRequest | None, now: str) -> str | None:
    """The label that this row's films had until it was changed."""
    if before is None:
        return None
    return before.earlier_label if before.label == now else before.label


def _earlier_screens(before: DeliverRequest | None, now: DeliverRequest) -> dict[str, str]:
    """The screens that this row's films had until they were changed, by size."""
    if before is None:
        return {}
    kept = before.earlier_screens | {
        name: digest
        for name, digest in before.screens.items()
        if digest != now.screens.get(name, digest)
    }
    return {name: digest for name, digest in kept.items() if name in now.screens}


def _earlier_background(before: DeliverRequest) -> str:
    """The colour around the clips that this row's films had."""
    return before.clip_background or before.earlier_clip_background


def _label(row: ManifestRow, brand: Brand | None) -> str:
    """What the mark says: the brand's words, or the usual ones."""
    own = getattr(brand.tables.label, row.language) if brand else ""
    return own or LABELS[row.language]


def _style(row: ManifestRow, brand: Brand | None) -> CaptionStyle | None:
    """How burned captions look: as the row says it, else the brand; None: as usual."""
    brands = brand.tables.captions if brand else CaptionStyle()
    style = (row.caption_style or CaptionStyle()).over(brands)
    if row.language != "en":  # words are lit in English alone
        style = style.model_copy(update={"highlight": None})
    return None if style == CaptionStyle() else style


def _upscaler(brand: Brand) -> Upscaler | None:
    """What enlarges masters, with this machine's command.

    Raises:
        UpscalerError: there is no such command.
    """
    table = brand.tables.upscaler
    return upscaler_of(table.name, table.version) if table else None


def _clips(brand: Brand) -> dict[str, Clip]:
    """The clips that a brand names, as they will be played.

    Raises:
        RowError: one cannot be played any more.
    """
    named = {"intro": brand.intro, "outro": brand.outro}
    try:
        return {name: Clip(path, check_clip(path)) for name, path in named.items() if path}
    except ClipError as error:
        raise RowError(f"{brand.path.name}: {error.rule}; {error.way_out}") from error


def _captions(
    row: ManifestRow, brand: Brand | None, before: DeliverRequest | None
) -> CaptionMode | None:
    """How a row has its captions, where it does not say so itself.

    They lie beside the films of a layout that has no place for them in tall frames. So they do
    where they did before: early releases had no such place in any layout, and finished films stay.
    """
    if row.captions is not None or brand is None or row.screen is None:
        return row.captions
    if before is not None and before.captions == "beside":
        return "beside"
    layout = brand.layouts[row.screen.layout]
    has_place = all(layout.has_captions(*size) for size in row.deliver if is_tall(size))
    return None if has_place else "beside"


def _checked(
    request: DeliverRequest,
    row: ManifestRow,
    plan: VideoPlan,
    speech: Speech,
    folder: CampaignFolder,
) -> DeliverRequest:
    """The same, once it is known that the captions of every size have room.

    Raises:
        RowError: they have not, or cannot look as they are to; all sizes at once.
    """
    burned = [size for size in request.sizes if is_burned(request.captions, size)]
    faults = list(_style_faults(request, row, speech)) if burned else []
    found: list[CaptionError] = []
    for size in burned:
        stand = _stand(request, plan, size, folder)
        shown = screen_captions(speech, stand, num_frames=plan.num_frames, fps=plan.fps)
        try:
            check_captions(shown, stand)
        except CaptionError as error:
            found.append(error)
    faults += map(str, told_once(found))
    if faults:
        raise RowError("; ".join(faults))
    return request


def _style_faults(request: DeliverRequest, row: ManifestRow, speech: Speech) -> Iterator[str]:
    """What a style cannot be: a brand's and a row's together, or of this speech."""
    for name, rule, way_out in style_faults(request.caption_style or CaptionStyle()):
        yield f"caption_style, {name}: {rule}; {way_out}"
    asked = row.caption_style.highlight if row.caption_style else None
    if asked in (None, "off"):
        return
    way_out = "leave highlight out of caption_style"
    if row.language != "en":
        yield f"caption_style, highlight: words are highlighted in English alone; {way_out}"
    else:
        stand = Stand(request.sizes[0], None, style=request.caption_style or CaptionStyle())
        if highlighted_words(speech, stand) is None:
            yield f"caption_style, highlight: {no_word_times(speech)}, or {way_out}"


def _stand(request: DeliverRequest, plan: VideoPlan, size: Size, folder: CampaignFolder) -> Stand:
    screen, placing = screen_on((plan.width, plan.height), size, request, folder)
    face = on_screen(request.face, placing) if request.face else None
    style = request.caption_style or CaptionStyle()
    return Stand(size, face, screen.captions, style, request.label)


def _face(plan: VideoPlan, folder: CampaignFolder) -> FaceBox | None:
    portrait = read_planned_portrait(folder.portrait(plan.portrait), plan.portrait_sha256)
    if portrait is None:
        raise DamagedError(
            f"portraits/{plan.portrait} is not the picture that this video was planned with; "
            "render the manifest again to plan it again"
        )
    size = (plan.width, plan.height)
    return face_in_master(portrait, plan.rig, size, engine_identity(plan.engine))
