"""The options that fill the settings of rows whose cells are empty."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tasks.records import Scalar

with_loudness = click.option(
    "--loudness",
    type=click.Choice(["-14", "-16", "-23", "off"]),
    help="Loudness of what viewers hear, in LUFS; off leaves it as it was spoken or recorded. "
    "[default: -16, and finished videos stay as they are]",
)
SETTING_HELP = {
    "infer_frames": "Frames per clip, 1 to 480. [default: the preset's]",
    "segment_clips": "Clips per segment to aim for. [default: the preset's, else the handoff's]",
    "sample_steps": "Number of denoising steps. [default: the preset's]",
    "sample_guide_scale": "Guidance scale; live-avatar accepts only 0.",
    "dtype": "Number format of the weights: bfloat16, float8 (-kept, -tensor), float16, float32.",
    "handoff": "What each segment continues from: last-frame or context.",
}
"""Settings with an option of their own, for rows whose cell is empty."""


def with_settings(command: Any) -> Any:
    """Add the options that fill the settings of clips and engines; read by ``given_settings``."""
    for name, told in reversed(SETTING_HELP.items()):
        command = click.option(f"--{name.replace('_', '-')}", metavar="VALUE", help=told)(command)
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="Any setting of the engine or of clips, by name. May be given more than once.",
    )(command)


def given_settings(options: dict[str, Any]) -> "dict[str, Scalar]":
    """The settings among a command's options, as text: who uses them knows their types."""
    own = {name: options.get(name) for name in (*SETTING_HELP, "on_no_face")}
    given: dict[str, Scalar] = {name: text for name, text in own.items() if text is not None}
    for text in options["settings"]:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.BadParameter(f'"{text}" must read NAME=VALUE', param_hint="--set")
        if name in given:
            raise click.BadParameter(f'"{text}": {name} is given twice', param_hint="--set")
        given[name] = value
    return given
