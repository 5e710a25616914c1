"""`nightshoot find` and `nightshoot diff`; ``flows/cli/main.py`` adds them."""

import json
from pathlib import Path
from typing import Any

import click

from flows.cli.rows.inputs import allow_private
from flows.cli.spoken.say import Place
from flows.cli.terminal import console, say

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_out = click.option(
    "--out",
    type=Place("folder or s3://bucket/prefix", click.Path(path_type=Path, file_okay=False)),
    default="renders",
    show_default=True,
    help="Folder where campaigns are kept, or s3://bucket/prefix.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.command("find")
@_out
@click.option("--campaign", help="Look only into this campaign. [default: all of the output]")
@click.option("--script", metavar="TEXT", help="Videos that say this; case does not matter.")
@click.option("--voice", metavar="NAME", help="Videos that this voice speaks.")
@click.option("--portrait", type=_FILE, help="Videos that show this picture, whatever its name.")
@_json
def find_videos(
    out: str | Path,
    campaign: str | None,
    script: str | None,
    voice: str | None,
    portrait: Path | None,
    as_json: bool,
) -> int:
    """Find the planned videos that say a text, have a voice or show a portrait.

    Exits with code 1 if there is none.
    """
    if script is None and voice is None and portrait is None:
        raise click.UsageError("give --script, --voice or --portrait; a video must match each")
    from flows.cli.lists.finding import Wanted, found_in, found_table

    found = list(found_in(out, campaign, Wanted.of(script, voice, portrait)))
    if as_json:
        say(json.dumps([each.model_dump() for each in found], indent=1))
    else:
        console().print(found_table(found))
    return int(not found)


@click.command("diff")
@click.argument("before")
@click.argument("after")
@_out
@allow_private
@_json
def diff_manifests(
    before: str, after: str, out: str | Path, allow_private: bool, as_json: bool
) -> int:
    """Compare two manifests, or a campaign as it was last rendered with a manifest.

    BEFORE and AFTER are CSV files, workbooks, or names of campaigns in --out. Exits with code 1 if
    they differ.
    """
    from flows.cli.lists.comparing import compared, difference_lines

    found = compared(before, after, out, allow_private=allow_private)
    if as_json:
        say(json.dumps(found.model_dump() | {"made": found.made}, indent=1))
    else:
        for line in difference_lines(found):
            say(line)
    return int(bool(found.added or found.removed or found.changed))


def add_lists_to(cli: Any) -> None:
    """Add these commands to the command line."""
    for command in (find_videos, diff_manifests):
        cli.add_command(command)
