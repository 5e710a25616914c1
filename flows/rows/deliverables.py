"""What is to be made of a row's finished video, as its plan keeps it beside its digest."""

from model.engine import engine_identity
from tasks.deliver_records import DeliverRequest, FaceBox
from tasks.errors import DamagedError
from tasks.portrait.picture import read_planned_portrait
from tasks.records import ManifestRow, StoredPlan, VideoPlan
from tasks.screen.faces import face_in_master
from tasks.store.campaign_folder import CampaignFolder


def deliver_request(
    row: ManifestRow, plan: VideoPlan, folder: CampaignFolder
) -> DeliverRequest | None:
    """What a row asks to be made of its video; None: nothing, as it is with proofs.

    Raises:
        DamagedError: the plan's portrait is not in the store.
        PortraitError: its rig is unusable.
    """
    if not row.deliver or plan.is_proof:
        return None
    return DeliverRequest(sizes=row.deliver, face=_face(plan, folder))


def with_deliverables(stored: StoredPlan, row: ManifestRow, folder: CampaignFolder) -> StoredPlan:
    """A stored plan with what its row asks for now, written where that has changed.

    No key of a segment and no digest of the plan changes with it.
    """
    if stored.deliver is not None and stored.deliver.sizes == row.deliver:
        return stored
    if stored.deliver is not None and row.deliver:  # the face stays where it was found
        asked = stored.deliver.model_copy(update={"sizes": row.deliver})
    else:
        with folder.local(f"deliver-{row.video_id}") as place:
            asked = deliver_request(row, stored.plan, place)
    if asked == stored.deliver:
        return stored
    changed = stored.model_copy(update={"deliver": asked})
    folder.write_plan(changed)
    return changed


def _face(plan: VideoPlan, folder: CampaignFolder) -> FaceBox | None:
    portrait = read_planned_portrait(folder.portrait(plan.portrait), plan.portrait_sha256)
    if portrait is None:
        raise DamagedError(
            f"portraits/{plan.portrait} is not the picture that this video was planned with; "
            "render the manifest again to plan it again"
        )
    size = (plan.width, plan.height)
    return face_in_master(portrait, plan.rig, size, engine_identity(plan.engine))
