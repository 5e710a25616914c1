"""Options that say what is made of finished videos."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
_OPTIONS = (
    click.option(
        "--deliver",
        help="What to make of finished videos, for rows that name nothing: 9:16, 16:9, 1:1, 4:5, "
        "WxH, or a set of the brand file; several are separated by commas.",
    ),
    click.option(
        "--captions",
        type=click.Choice(["burned", "beside", "both", "off"]),
        help="Captions of what --deliver makes, for rows that do not say. [default: burned into "
        "9:16, beside the others]",
    ),
    click.option(
        "--caption-style",
        help="How burned captions look, for rows that do not say: bottom, middle or top; box, "
        "outline or none; small, medium or large; text=, background= and highlight= with a colour. "
        'Several are separated by commas: "top, box, highlight=#ffd400". [default: the brand\'s]',
    ),
    click.option(
        "--ai-label",
        type=click.Choice(["on", "off"]),
        help="Whether what --deliver makes begins with a mark that it is generated, for rows that "
        "do not say. [default: on for Chinese videos]",
    ),
    click.option(
        "--teaser",
        type=click.Choice(["webp", "gif"]),
        help="Also make a small moving picture of the first three seconds, for rows that do not "
        "say. [default: none]",
    ),
)


def with_formats(command: _Command) -> _Command:
    """Add the options of deliverables."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
