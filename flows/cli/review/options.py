"""Options that the commands of reviewers share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from flows.cli.spoken.say import Place

_Command = TypeVar("_Command", bound=Callable[..., Any])

OUT = click.option(
    "--out",
    type=Place("folder or s3://bucket/prefix", click.Path(path_type=Path, file_okay=False)),
    default="renders",
    show_default=True,
    help="Folder where campaigns are kept, or s3://bucket/prefix.",
)
_DELIVERY = (
    click.option(
        "--release",
        type=click.Choice(["approved", "unheld", "all"]),
        help="What may leave the house: what a person approved; also what no gate holds and nobody "
        "refused; or all that nobody refused. [default: as before, approved at first]",
    ),
    click.option(
        "--name",
        metavar="TEMPLATE",
        help="How delivered files are called, with any columns in braces, such as "
        "{video_id}_{language}, or {{name|nobody}} with a default. [default: as before, {video_id} "
        "at first]",
    ),
)


def with_delivery(command: _Command) -> _Command:
    """Add the options that say what is delivered, and under which names."""
    for option in reversed(_DELIVERY):
        command = option(command)
    return command
