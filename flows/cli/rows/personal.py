"""The options that say how a row becomes its videos."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tasks.manifest.manifest import Personal


def with_personal(command: Any) -> Any:
    """Add the options; read by ``personal_of``."""
    return click.option(
        "--strict-variables",
        is_flag=True,
        help="Refuse the manifest if a row lacks a value, even where its variable has a default.",
    )(command)


def personal_of(options: dict[str, Any]) -> "Personal":
    """How the manifest is read, of a command's options."""
    from tasks.manifest.manifest import Personal

    return Personal(is_strict=options["strict_variables"])
