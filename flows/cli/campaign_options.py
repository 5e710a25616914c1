"""The options of commands that take a manifest, and the request that they make."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flows.cli.gates.options import with_gate_limits, with_gates
from flows.cli.rows.choice import selection_of, with_choice
from flows.cli.rows.formats import with_formats
from flows.cli.rows.inputs import with_inputs
from flows.cli.rows.personal import personal_of, with_personal
from flows.cli.rows.settings import given_settings, with_loudness, with_settings
from flows.cli.spoken.say import Place, voice_settings, with_voices

if TYPE_CHECKING:
    from flows.session import Request

_Command = TypeVar("_Command", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


STORE = Place("folder or s3://bucket/prefix", FOLDER)
MANIFEST = Place("manifest", FILE)


def _options(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    def apply(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


with_out = click.option(
    "--out",
    type=STORE,
    default="renders",
    show_default=True,
    help="Folder where campaigns are kept, or s3://bucket/prefix.",
)
with_workers = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=lambda: len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2,
    help="How many videos to render at the same time. [default: the number of cores]",
)
with_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


with_campaign = _options(
    with_out,
    click.option("--campaign", help="Name of the campaign. [default: the manifest's name]"),
    click.option("--engine", help="Engine for rows that name no engine. [default: preview]"),
    with_workers,
    click.option("--preset", help="Preset for rows that name no preset. [default: standard]"),
    click.option(
        "--presets",
        type=FILE,
        help="TOML file with your own presets; they can replace the shipped ones.",
    ),
    click.option(
        "--size", help="Video size for rows that name no size, such as 704x384 or 704*384."
    ),
    click.option(
        "--smaller-size",
        help="Smaller size to use when a video does not fit into memory, for rows that name none.",
    ),
    with_formats,
    click.option("--seed", type=int, help="Seed for rows that name no seed. [default: 0]"),
    click.option("--voice", help="Voice for rows that name no voice; see `nightshoot voices`."),
    click.option(
        "--language",
        type=click.Choice(["en", "zh"]),
        help="Language of the scripts. [default: recognised from each script]",
    ),
    click.option("--prompt", help="Prompt for rows that have no prompt."),
    with_loudness,
    with_gates,
    with_gate_limits,
    with_settings,
    with_personal,
    with_choice,
    with_inputs,
    click.option(
        "--sheet", help="Sheet of a workbook. [default: the first one that is not hidden]"
    ),
    with_voices,
)


with_reread = click.option(
    "--reread",
    is_flag=True,
    help="Speak again, and render again, what is read differently today than when it was spoken.",
)


def request_of(manifest: str | Path, options: dict[str, Any]) -> "Request":
    """What the command line asks of a campaign.

    Args:
        manifest: path or address of the manifest.
        options: by the names of their parameters; those of :data:`with_campaign`.
    """
    from flows.outcomes import name_of
    from flows.session import Request
    from tasks.manifest.manifest import RowDefaults
    from tasks.quality.gates.policy import GateRequest

    names = set(RowDefaults.model_fields) & set(options)
    wanted = {name: options[name] for name in names if options[name] is not None}
    return Request(
        manifest=manifest,
        out=options["out"],
        campaign=options["campaign"] or Path(name_of(manifest)).stem,
        defaults=RowDefaults(**wanted),
        workers=options["workers"],
        allow_private=options["allow_private"],
        allow_outside=options["allow_outside"],
        sheet=options["sheet"],
        presets=options["presets"],
        engine_settings=given_settings(options),
        voice_settings=voice_settings(options),
        lexicon=options["lexicon"],
        loudness=options["loudness"],
        personal=personal_of(options),
        selection=selection_of(options),
        gates=GateRequest(options["gates"], options["gate_tries"], options["gate_limits"]),
    )
