"""Opens a campaign's store, on a disk or on S3."""

from pathlib import Path

from tasks.store.campaign_folder import S3_SCHEME, CampaignFolder


def open_campaign(
    out: str | Path, campaign: str, *, scratch: Path | None = None
) -> "CampaignFolder":
    """The store of one campaign.

    Args:
        out: a folder, or ``s3://bucket/prefix``.
        campaign: name of the campaign.
        scratch: where files of an S3 campaign lie while they are worked on; default
            ``$NIGHTSHOOT_SCRATCH``, else the user's cache folder.

    Raises:
        CampaignError: ``out`` names no bucket, or holds what does not belong into it.
    """
    if not str(out).startswith(S3_SCHEME):
        return CampaignFolder(Path(out) / campaign)
    from tasks.store.s3_campaign import open_s3_campaign  # its imports take a third of a second

    return open_s3_campaign(str(out), campaign, scratch)


def campaigns_in(out: str | Path) -> list[str]:
    """Names of the campaigns in a folder or under ``s3://bucket/prefix``.

    Raises:
        CampaignError: ``out`` names no bucket, or it cannot be read.
    """
    if not str(out).startswith(S3_SCHEME):
        return sorted(path.parent.name for path in Path(out).glob("*/campaign.json"))
    from tasks.store.s3_campaign import s3_campaigns

    return s3_campaigns(str(out))
