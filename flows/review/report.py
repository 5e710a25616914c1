"""`nightshoot report`: the page and the table of a campaign, written again from its store."""

from flows.stored import StoredCampaign
from tasks.report.report import campaign_report
from tasks.review.journal import read_journal


def write_campaign_report(source: StoredCampaign) -> str:
    """Write both reports as the store and people's decisions are now; returns the page's address.

    Raises:
        StoreError: the store cannot be reached.
        DiskFullError: there is no room; the reports that were there are untouched.
    """
    return campaign_report(
        source.folder,
        title=source.campaign,
        columns=source.columns,
        cells=source.cells,
        outcomes=source.outcomes(),
        facts=source.facts,
        notices=read_journal(source.folder).damage,
    )
