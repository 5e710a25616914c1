"""`nightshoot report`: the page that people decide on."""

from pathlib import Path

import click

from flows.cli.review.options import OUT
from flows.cli.terminal import say


@click.command()
@click.argument("campaign")
@OUT
@click.option(
    "--share",
    "file",
    metavar="FILE.zip",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write instead a page with small copies of the videos, for somebody without the store.",
)
@click.option(
    "--only",
    type=click.Choice(["approved", "held"]),
    help="Share only these videos. [default: every finished one]",
)
def report(campaign: str, out: str | Path, file: Path | None, only: str | None) -> int:
    """Write the report of a campaign again, with what people have decided since its last run.

    With --share, write a page for a client: without any figures and notes, to approve and comment.
    `nightshoot decide CAMPAIGN decisions.csv --as "Client"` takes what the client exports.
    """
    from flows.review.report import share_report, write_campaign_report
    from flows.stored import StoredCampaign
    from tasks.errors import counted
    from tasks.store.campaigns import open_campaign

    if only and file is None:
        raise click.UsageError("--only goes with --share")
    source = StoredCampaign(open_campaign(out, campaign), campaign)
    if file is None:
        say(write_campaign_report(source))
        return 0
    num_videos = share_report(source, file, only or "")
    say(f"{file}: {counted(num_videos, 'video')}, {file.stat().st_size / 1e6:.1f} MB")
    return 0
