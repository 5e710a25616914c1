"""`nightshoot report`: the page that people decide on."""

from pathlib import Path

import click

from flows.cli.review.options import OUT
from flows.cli.terminal import say


@click.command()
@click.argument("campaign")
@OUT
def report(campaign: str, out: str | Path) -> int:
    """Write the report of a campaign again, with what people have decided since its last run."""
    from flows.review.report import write_campaign_report
    from flows.stored import StoredCampaign
    from tasks.store.campaigns import open_campaign

    source = StoredCampaign(open_campaign(out, campaign), campaign)
    say(write_campaign_report(source))
    return 0
