"""What is to be made of a row's finished video, as its plan keeps it beside its digest."""

from model.engine import engine_identity
from model.errors import RowError
from tasks.deliver_records import DeliverRequest, FaceBox
from tasks.deliverables.sound_mix import measured_music
from tasks.deliverables.store import keep_material
from tasks.deliverables.words import LABELS, check_captions, screen_captions
from tasks.errors import DamagedError
from tasks.portrait.picture import read_planned_portrait
from tasks.records import ManifestRow, Speech, StoredPlan, VideoPlan
from tasks.screen.faces import face_in_master
from tasks.screen.formats import is_burned
from tasks.screen.placing import on_screen, placing_of
from tasks.speech.speech_files import load_speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import file_version


def deliver_request(
    row: ManifestRow, plan: VideoPlan, speech: Speech, folder: CampaignFolder
) -> DeliverRequest | None:
    """What a row asks to be made of its video; None: nothing, as it is with proofs.

    Raises:
        DamagedError: the plan's portrait is not in the store.
        PortraitError: its rig is unusable.
        RowError: captions cannot be drawn, or have no room; the music cannot be used.
    """
    if not row.deliver or plan.is_proof:
        return None
    return _checked(_asked(row, _face(plan, folder), folder), plan, speech)


def with_deliverables(stored: StoredPlan, row: ManifestRow, folder: CampaignFolder) -> StoredPlan:
    """A stored plan with what its row asks for now, written where that has changed.

    No key of a segment and no digest of the plan changes with it.

    Raises:
        DamagedError, PortraitError, RowError: see :func:`deliver_request`.
    """
    before = stored.deliver
    if not row.deliver or stored.plan.is_proof:
        asked = None
    elif before is not None and _asked(row, before.face, folder) == before:
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
            asked = _checked(_asked(row, face, folder), stored.plan, speech)
    if asked == before:
        return stored
    changed = stored.model_copy(update={"deliver": asked})
    folder.write_plan(changed)
    return changed


def _asked(row: ManifestRow, face: FaceBox | None, folder: CampaignFolder) -> DeliverRequest:
    music = None
    if row.music_path is not None:
        measured_music(row.music_path, file_version(row.music_path))
        music = keep_material(folder, row.music_path)
    has_label = row.language == "zh" if row.ai_label is None else row.ai_label
    return DeliverRequest(
        sizes=row.deliver,
        face=face,
        captions=row.captions,
        label=LABELS[row.language] if has_label else "",
        language=row.language,
        music=music,
        teaser=row.teaser,
    )


def _checked(request: DeliverRequest, plan: VideoPlan, speech: Speech) -> DeliverRequest:
    """The same, once it is known that the captions of every size have room.

    Raises:
        RowError: they have not; all sizes at once.
    """
    faults: list[str] = []
    for size in request.sizes:
        if is_burned(request.captions, size):
            shown = screen_captions(speech, size, num_frames=plan.num_frames, fps=plan.fps)
            placing = placing_of((plan.width, plan.height), size, request.face)
            face = on_screen(request.face, placing) if request.face else None
            try:
                check_captions(shown, size, face)
            except RowError as error:
                faults.append(str(error))
    if faults:
        raise RowError("; ".join(faults))
    return request


def _face(plan: VideoPlan, folder: CampaignFolder) -> FaceBox | None:
    portrait = read_planned_portrait(folder.portrait(plan.portrait), plan.portrait_sha256)
    if portrait is None:
        raise DamagedError(
            f"portraits/{plan.portrait} is not the picture that this video was planned with; "
            "render the manifest again to plan it again"
        )
    size = (plan.width, plan.height)
    return face_in_master(portrait, plan.rig, size, engine_identity(plan.engine))
