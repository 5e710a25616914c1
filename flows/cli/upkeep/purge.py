"""`nightshoot purge`: what may go is told first, then freed."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.cli.spoken.say import Place
from flows.cli.terminal import say

if TYPE_CHECKING:
    from flows.upkeep.purge import CampaignPurge

_HOURS = {"h": 1, "d": 24, "w": 168}
_ALWAYS_KEPT = ("delivery", "decisions")
_KEPT_BY_CHOICE = ("logs",)
OUT = Place("OUT", click.Path(path_type=Path, file_okay=False, exists=True))


class Age(click.ParamType[timedelta]):
    """A number of hours, days or weeks: 12h, 90d, 6w."""

    name = "age"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """The age as a length of time."""
        match = re.fullmatch(r"(\d{1,5})([hdw])", str(value))
        if match is None:
            self.fail(
                f'"{value}" must be a number of hours, days or weeks, such as 90d', param, ctx
            )
        return timedelta(hours=int(match[1]) * _HOURS[match[2]])


class Names(click.ParamType[tuple[str, ...]]):
    """Words of a list, with commas between them."""

    name = "names"

    def __init__(self, known: Sequence[str], needed: Sequence[str] = ()) -> None:
        self._known, self._needed = known, needed

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The words, each of them known, and none that is needed missing."""
        if not isinstance(value, str):
            return value
        words = tuple(word for word in value.split(",") if word)
        unknown = [word for word in words if word not in self._known]
        if unknown:
            self.fail(f'"{unknown[0]}" must be one of {", ".join(self._known)}', param, ctx)
        missing = [word for word in self._needed if word not in words]
        if missing:
            self.fail(f'"{value}" must name {missing[0]}, which is never removed', param, ctx)
        return words


@click.command()
@click.argument("out", type=OUT)
@click.option(
    "--older-than",
    type=Age(),
    required=True,
    help="Only of videos that were finished and last decided on so long ago: 12h, 90d, 6w.",
)
@click.option(
    "--keep",
    type=Names((*_ALWAYS_KEPT, *_KEPT_BY_CHOICE), _ALWAYS_KEPT),
    default="delivery,decisions,logs",
    show_default=True,
    help="What stays beside the finished videos and all records. Leave out logs to remove those "
    "of segments and rows too.",
)
@click.option("--unapproved", is_flag=True, help="Also of finished videos that nobody approved.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def purge(
    out: str | Path,
    older_than: timedelta,
    keep: tuple[str, ...],
    unapproved: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Free the segments of finished and approved videos, and what killed runs left behind.

    OUT is a folder of campaigns, or s3://bucket/prefix. The videos stay finished, and no run
    renders them again. A video that changes later, or whose file is damaged, is rendered again as a
    whole. Campaigns at work are left alone. With --json and without --yes, nothing is done.
    """
    from flows.upkeep.purge import PurgeRule, survey
    from flows.upkeep.purge import purge as purge_out

    rule = PurgeRule(datetime.now(UTC) - older_than, unapproved, "logs" not in keep)
    found = survey(out, rule)
    if not as_json:
        _print(found, "would be freed")
    if not any(each.segments or each.logs for each in found) and not yes:
        _print_json(found, as_json=as_json)
        return 0
    if as_json and not yes:
        _print_json(found, as_json=True)
        return 0
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nothing was freed: add --yes, as nobody can be asked here")
        click.confirm(
            "Free these segments? The videos stay; a video that changes later is rendered whole",
            abort=True,
        )
    done = purge_out(out, rule, found)
    if not as_json:
        _print(done, "freed")
    _print_json(done, as_json=as_json)
    return 0


def _print_json(found: "Sequence[CampaignPurge]", *, as_json: bool) -> None:
    if as_json:
        say(json.dumps([asdict(each) for each in found], indent=1))


def _print(found: "Sequence[CampaignPurge]", deed: str) -> None:
    from tasks.errors import counted

    for each in found:
        logs = f" and {counted(len(each.logs), 'log')}" if each.logs else ""
        say(
            f"{each.campaign}: {counted(len(each.segments), 'segment')} of "
            f"{counted(len(each.videos), 'video')}{logs} {deed}, {each.num_bytes / 1e6:,.1f} MB"
        )
        for sentence in each.left:
            say(f"  stays: {sentence}")
        if each.num_parts:
            say(f"  {counted(each.num_parts, 'half-written file')} removed")
    total = sum(each.num_bytes for each in found)
    say(f"{counted(len(found), 'campaign')}: {total / 1e9:,.2f} GB {deed}")
