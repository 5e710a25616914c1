"""Options about a campaign's portraits and files, which rows' faults name as the way out."""

from typing import Any

import click

allow_private = click.option(
    "--allow-private",
    is_flag=True,
    help="Allow inputs from private network addresses, and over plain http.",
)
_OPTIONS = (
    click.option(
        "--framing",
        help="What the frame shows of the portrait: auto, face, wide, or a box "
        "left,top,width,height in its pixels; for rows that name none. [default: auto]",
    ),
    click.option(
        "--allow",
        metavar="NAME[,NAME]",
        help="Animate portraits with these faults all the same, in rows that name none: "
        "not-human, turned, open-mouth, no-mouth, small-face.",
    ),
    click.option(
        "--on-no-face",
        type=click.Choice(["fail", "still"]),
        help="What to do if a portrait has no usable face: fail the row, or show the picture "
        "without animation. [default: fail]",
    ),
    click.option(
        "--allow-outside", is_flag=True, help="Allow files outside the manifest's folder."
    ),
    allow_private,
)


def with_inputs(command: Any) -> Any:
    """Add these options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
