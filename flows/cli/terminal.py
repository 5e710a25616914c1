"""The only door to the terminal: no text of a file, a cell or a server steers it on the way out."""

from typing import TYPE_CHECKING

import click

from tasks.redaction import printable

if TYPE_CHECKING:
    from rich.console import Console


def say(text: object, *, to_stderr: bool = False, has_end: bool = True) -> None:
    """Print a line; without an end the text brings its own."""
    click.echo(printable(str(text)), err=to_stderr, nl=has_end)


def console(*, to_stderr: bool = False) -> "Console":
    """For tables, colours and the live view."""
    from flows.cli.live_progress import PlainConsole

    return PlainConsole(stderr=to_stderr, highlight=False)
