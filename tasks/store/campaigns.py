"""Opens a campaign's store, on a disk or on S3; the one door that every campaign's name passes."""

import unicodedata
from pathlib import Path

from model.errors import CampaignError
from tasks.redaction import shown_url
from tasks.store.campaign_folder import S3_SCHEME, CampaignFolder

_NOT_IN_NAMES = frozenset(("Cc", "Cs", "Zl", "Zp"))  # controls, broken text, ends of lines


def checked_campaign(name: str) -> str:
    """The name of a campaign, which is a folder in ``out`` and nothing else.

    Raises:
        CampaignError: it leads elsewhere, or cannot be written or printed.
    """
    if (
        name.strip(" ") in ("", ".", "..")
        or set(name) & set("/\\")
        or any(unicodedata.category(char) in _NOT_IN_NAMES for char in name)
    ):
        shown = name.encode("unicode_escape", "backslashreplace").decode()
        raise CampaignError(
            f'campaign "{shown}" must be the name of one folder, without slashes and control '
            "characters; give another --campaign, for example june"
        )
    return name


def _is_on_s3(out: str | Path) -> bool:
    """Raises CampaignError for any other address: it is not taken for the name of a folder."""
    if "://" in str(out) and not str(out).startswith(S3_SCHEME):
        raise CampaignError(
            f'--out "{shown_url(str(out))}" is an address; campaigns are kept in a folder or under '
            "s3://bucket/prefix"
        )
    return str(out).startswith(S3_SCHEME)


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
        CampaignError: ``out`` names no bucket, or holds what does not belong into it; the name
            leads out of it.
    """
    checked_campaign(campaign)
    if not _is_on_s3(out):
        return CampaignFolder(Path(out) / campaign)
    from tasks.store.s3.campaign import open_s3_campaign  # its imports take a third of a second

    return open_s3_campaign(str(out), campaign, scratch)


def campaigns_in(out: str | Path) -> list[str]:
    """Names of the campaigns in a folder or under ``s3://bucket/prefix``.

    Raises:
        CampaignError: ``out`` names no bucket, or it cannot be read.
    """
    if not _is_on_s3(out):
        return sorted(path.parent.name for path in Path(out).glob("*/campaign.json"))
    from tasks.store.s3.campaign import s3_campaigns

    return s3_campaigns(str(out))
