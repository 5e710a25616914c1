"""The options that choose some of a manifest's videos."""

from pathlib import Path
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
            help="Only these video_ids; a row's name stands for all its videos. @FILE reads them "
            "from a file, one on each line. May be given more than once.",
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
    names = [name for given in options["only"] for name in _names(given)]
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


def _names(given: str) -> list[str]:
    """Names with commas between them, or ``@FILE`` with one on each line."""
    if not given.startswith("@"):
        return [part.strip() for part in given.split(",")]
    try:
        text = Path(given[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise click.BadParameter(
            f'"{given[1:]}" cannot be read: {reason}', param_hint="--only"
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()] or [""]


def selection_of(options: dict[str, Any]) -> "Selection":
    """What a command's options choose."""
    from tasks.manifest.personal.selection import Selection

    fields = choice_fields(options)
    return Selection(seed=fields.pop("sample_seed"), **fields)
