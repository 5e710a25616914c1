"""What is to be made of a row's finished video, as its plan keeps it beside its digest."""

from flows.rows.screens import keep_screens, shown_sha256
from model.engine import engine_identity
from tasks.deliver_records import DeliverRequest, FaceBox
from tasks.errors import DamagedError
from tasks.portrait.picture import read_planned_portrait
from tasks.records import ManifestRow, StoredPlan, VideoPlan
from tasks.screen.faces import face_in_master
from tasks.store.campaign_folder import CampaignFolder


def deliver_request(
    row: ManifestRow, plan: VideoPlan, folder: CampaignFolder, script: str | None = None
) -> DeliverRequest | None:
    """What a row asks to be made of its video; None: nothing, as it is with proofs.

    ``script``: what people decided to have said instead of the row's own; None: the row's.

    Raises:
        DamagedError: the plan's portrait is not in the store.
        PortraitError: its rig is unusable.
        ScreenError: something of its brand or its columns does not fit.
    """
    if not row.deliver or plan.is_proof:
        return None
    return _shown(row, plan, _face(plan, folder), script, folder)


def with_deliverables(stored: StoredPlan, row: ManifestRow, folder: CampaignFolder) -> StoredPlan:
    """A stored plan with what its row asks for now, written where that has changed.

    No key of a segment and no digest of the plan changes with it.
    """
    script = stored.amendment.script if stored.amendment else None
    if (
        stored.deliver is not None
        and stored.deliver.sizes == row.deliver
        and stored.deliver.shown == shown_sha256(row, stored.plan, script)
    ):
        return stored
    if stored.deliver is not None and row.deliver:  # the face stays where it was found
        with folder.local(f"deliver-{row.video_id}") as place:
            asked = _shown(row, stored.plan, stored.deliver.face, script, place)
    else:
        with folder.local(f"deliver-{row.video_id}") as place:
            asked = deliver_request(row, stored.plan, place, script)
    if asked == stored.deliver:
        return stored
    changed = stored.model_copy(update={"deliver": asked})
    folder.write_plan(changed)
    return changed


def _shown(
    row: ManifestRow,
    plan: VideoPlan,
    face: FaceBox | None,
    script: str | None,
    folder: CampaignFolder,
) -> DeliverRequest:
    return DeliverRequest(
        sizes=row.deliver,
        face=face,
        shown=shown_sha256(row, plan, script),
        screens=keep_screens(row, plan, face, script, folder),
    )


def _face(plan: VideoPlan, folder: CampaignFolder) -> FaceBox | None:
    portrait = read_planned_portrait(folder.portrait(plan.portrait), plan.portrait_sha256)
    if portrait is None:
        raise DamagedError(
            f"portraits/{plan.portrait} is not the picture that this video was planned with; "
            "render the manifest again to plan it again"
        )
    size = (plan.width, plan.height)
    return face_in_master(portrait, plan.rig, size, engine_identity(plan.engine))
