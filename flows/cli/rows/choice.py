"""The options that choose some of a manifest's videos."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tasks.manifest.personal.selection import Selection

_COUNT = click.IntRange(min=1)


def with_choice(command: Any) -> Any:
    """Add the options; read by ``selection_of`` and ``choice_fields``."""
    options = (
        click.option(
            "--only",
            metavar="ID[,ID]",
            multiple=True,
            help="Only these video_ids; a row's name stands for all its videos. May be given more "
            "than once.",
        ),
        click.option("--sample", metavar="N", type=_COUNT, help="Only N videos, drawn by chance."),
        click.option(
            "--sample-seed",
            type=click.IntRange(0, 2**32 - 1),
            default=0,
            show_default=True,
            help="Another seed draws other videos for --sample.",
        ),
        click.option("--limit", metavar="N", type=_COUNT, help="Only the first N videos."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def choice_fields(options: dict[str, Any]) -> dict[str, Any]:
    """What a command's options choose, by the names of a run's parameters."""
    names = [part.strip() for given in options["only"] for part in given.split(",")]
    if options["only"] and not all(names):
        raise click.BadParameter(
            f'"{",".join(options["only"])}" must be names with commas between them, such as '
            "--only ann,ben",
            param_hint="--only",
        )
    return {
        "only": tuple(names),
        "sample": options["sample"],
        "limit": options["limit"],
        "sample_seed": options["sample_seed"],
    }


def selection_of(options: dict[str, Any]) -> "Selection":
    """What a command's options choose."""
    from tasks.manifest.personal.selection import Selection

    fields = choice_fields(options)
    return Selection(seed=fields.pop("sample_seed"), **fields)
