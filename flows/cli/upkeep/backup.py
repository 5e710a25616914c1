"""`nightshoot backup` and `nightshoot restore`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from flows.cli.spoken.say import Place
from flows.cli.terminal import say
from flows.cli.upkeep.purge import OUT, Names

if TYPE_CHECKING:
    from flows.upkeep.backup import BackedUp
    from flows.upkeep.old_backups import Pruned
    from flows.upkeep.restore import Restored
    from tasks.upkeep.backup_record import Part

_PARTS = ("masters", "delivery", "segments")
_FOLDER = click.Path(path_type=Path, file_okay=False)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.command()
@click.argument("out", type=OUT)
@click.option(
    "--to",
    type=Place("folder or s3://bucket/prefix", _FOLDER),
    required=True,
    help="Where backups are kept: a folder on another disk, or s3://bucket/prefix.",
)
@click.option(
    "--with",
    "parts",
    type=Names(_PARTS),
    default="masters,delivery",
    show_default=True,
    help="Which large files to copy too. Without masters, restored videos are rendered again; "
    "segments save work on videos that are not finished.",
)
@click.option("--verify", is_flag=True, help="Read every file of the backup back.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep the N newest backups, this one included. What only older ones hold is removed a day "
    "later, by the next backup with --keep. [default: keep all]",
)
@_json
def backup(
    out: str | Path,
    to: str | Path,
    parts: tuple[str, ...],
    verify: bool,
    keep: int | None,
    as_json: bool,
) -> int:
    """Back up the campaigns of OUT, also while runs are at work on them.

    OUT is a folder of campaigns, or s3://bucket/prefix. Decisions, plans, receipts, speech,
    portraits, and the manifests, lexicons and pictures that the rows were made from are copied; a
    file that an earlier backup has is not copied again.
    """
    from flows.upkeep.backup import back_up

    done = back_up(out, to, cast("tuple[Part, ...]", parts), verify=verify, keep=keep)
    if as_json:
        say(json.dumps(_summary(done), indent=1))
    else:
        _print(done)
    return int(bool(done.damaged))


def _summary(done: "BackedUp") -> dict[str, Any]:
    contents = done.backup.contents().values()
    return {
        "backup": done.name,
        "place": done.place,
        "num_files": len(contents),
        "num_bytes": sum(each.num_bytes for each in contents),
        "num_new": done.num_new,
        "new_bytes": done.new_bytes,
        "at_work": [c.campaign for c in done.backup.campaigns if c.was_at_work],
        "left": {c.campaign: list(c.left) for c in done.backup.campaigns if c.left},
        "damaged": list(done.damaged),
        "pruned": asdict(done.pruned),
    }


def _print(done: "BackedUp") -> None:
    from tasks.errors import counted

    told = _summary(done)
    say(
        f"backup {done.name} in {done.place}: {counted(len(done.backup.campaigns), 'campaign')}, "
        f"{counted(told['num_files'], 'file')}, {told['num_bytes'] / 1e6:,.1f} MB, of which "
        f"{counted(done.num_new, 'file')}, {done.new_bytes / 1e6:,.1f} MB are new"
    )
    for name in told["at_work"]:
        say(f"  {name}: a run was at work on it; what it finishes later is in the next backup")
    for name, left in told["left"].items():
        for sentence in left:
            say(f"  {name}: not in the backup: {sentence}")
    for sentence in done.damaged:
        say(f"  {sentence}: remove it, and the next backup copies it again")
    _print_pruned(done.pruned)


def _print_pruned(pruned: "Pruned") -> None:
    from tasks.errors import counted

    if pruned.backups:
        told = counted(len(pruned.backups), "older backup")
        say(f"  {told} removed: {', '.join(pruned.backups)}")
    if pruned.num_files:
        told = counted(pruned.num_files, "file")
        say(f"  {told} removed that no backup needs any more, {pruned.num_bytes / 1e6:,.1f} MB")
    if pruned.waiting:
        told = counted(len(pruned.waiting), "removed backup")
        say(f"  what only {told} held goes with the first backup in a day's time")
    if pruned.left:
        say(f"  {pruned.left}")


@click.command()
@click.argument("place", metavar="FROM", type=Place("FROM", _FOLDER))
@click.option(
    "--out",
    type=Place("folder or s3://bucket/prefix", _FOLDER),
    required=True,
    help="Folder where campaigns are kept, or s3://bucket/prefix.",
)
@click.option(
    "--campaign",
    "campaigns",
    multiple=True,
    help="Only this campaign. May be given more than once. [default: all]",
)
@click.option("--backup", "time", metavar="NAME", help="Which backup. [default: the newest]")
@click.option(
    "--sources",
    type=_FOLDER,
    help="Folder for the manifests and the files that their rows name, one folder per campaign.",
)
@_json
def restore(
    place: str | Path,
    out: str | Path,
    campaigns: tuple[str, ...],
    time: str | None,
    sources: Path | None,
    as_json: bool,
) -> int:
    """Bring the campaigns of a backup to an output that lacks them. FROM is what --to named.

    Every file is checked against its digest, and nothing is overwritten. Videos that were finished
    are finished afterwards.
    """
    from flows.upkeep.restore import restore as bring

    done = bring(place, out, campaigns=campaigns, time=time, sources=sources)
    if as_json:
        say(json.dumps([asdict(each) for each in done], indent=1))
    else:
        for each in done:
            _print_restored(each, out)
    return 0


def _print_restored(restored: "Restored", out: str | Path) -> None:
    from tasks.errors import counted

    say(
        f"{restored.campaign}: {counted(restored.num_files, 'file')}, "
        f"{restored.num_bytes / 1e6:,.1f} MB restored to {out}"
    )
    if restored.was_at_work:
        say("  a run was at work on it then; render it again to finish what it had begun")
    if restored.sources:
        say(f"  its manifest and what its rows name: {restored.sources}")
    elif restored.num_sources:
        told = counted(restored.num_sources, "file")
        say(f"  the backup has its manifest and what its rows name ({told}): add --sources FOLDER")
    for sentence in restored.left:
        say(f"  not in the backup: {sentence}")
