"""The options that say how a row becomes its videos."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

_FILE = click.Path(path_type=Path, dir_okay=False)

if TYPE_CHECKING:
    from tasks.manifest.personal.settings import Personal


def with_personal(command: Any) -> Any:
    """Add the options; read by ``personal_of``."""
    options = (
        click.option(
            "--strict-variables",
            is_flag=True,
            help="Refuse the manifest if a row lacks a value, even where its variable has a "
            "default.",
        ),
        click.option(
            "--variants",
            type=_FILE,
            help="TOML file with sets of variants. [default: variants.toml beside the manifest, "
            "where there is one]",
        ),
        click.option(
            "--presenters",
            type=_FILE,
            help="TOML file with presenters. [default: presenters.toml beside the manifest, where "
            "there is one]",
        ),
        click.option(
            "--brand",
            type=_FILE,
            help="TOML file with the brand of rows that name none: logo, colours, fonts, layouts. "
            "[default: brand.toml beside the manifest, where there is one]",
        ),
        click.option(
            "--max-videos",
            metavar="N",
            type=click.IntRange(min=1),
            help="Refuse the manifest if its rows stand for more videos. [default: 10000 if rows "
            "have languages or variants]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def personal_of(options: dict[str, Any]) -> "Personal":
    """How the manifest is read, of a command's options."""
    from tasks.manifest.personal.settings import Personal

    return Personal(
        is_strict=options["strict_variables"],
        max_videos=options["max_videos"],
        variants=options["variants"],
        presenters=options["presenters"],
        brand=options["brand"],
    )
