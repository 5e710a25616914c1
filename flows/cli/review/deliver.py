"""`nightshoot deliver`: the folder of what may leave the house."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from flows.cli.review.options import OUT, with_delivery
from flows.cli.terminal import say

if TYPE_CHECKING:
    from flows.review.delivery import Delivered
    from tasks.delivery.release import Release


@click.command()
@click.argument("campaign")
@OUT
@with_delivery
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def deliver(
    campaign: str, out: str | Path, release: str | None, name: str | None, as_json: bool
) -> int:
    """Put the videos that may leave the house into delivery/, with captions and a list.

    The delivery follows what people decide from then on: `nightshoot decide` and `nightshoot retry`
    add what is approved and withdraw what is not any more.
    """
    from flows.review.delivery import deliver as make
    from flows.stored import StoredCampaign
    from tasks.store.campaigns import open_campaign

    source = StoredCampaign(open_campaign(out, campaign), campaign)
    delivered = make(source, cast("Release | None", release), name)
    say(json.dumps(asdict(delivered), indent=1) if as_json else delivery_line(delivered))
    return 0


def delivery_line(delivered: "Delivered") -> str:
    """What is said of a delivery."""
    from tasks.errors import counted

    changes = [f"{counted(len(delivered.placed), 'file')} added"] if delivered.placed else []
    if delivered.withdrawn:
        changes.append(f"withdrawn: {', '.join(delivered.withdrawn)}")
    return (
        f"delivery: {counted(delivered.num_videos, 'video')} in {delivered.place}, "
        f"{delivered.num_held_back} finished but not released"
        + (f" ({'; '.join(changes)})" if changes else "")
    )
