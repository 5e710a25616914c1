"""The options and commands about GPUs. Thin, like ``flows/cli/main.py``, which adds them."""

import json
import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from flows.cli.rows.settings import given_settings
from flows.cli.terminal import console, say

if TYPE_CHECKING:
    from tasks.gpu_plans.requests import GpuRequest

_ONLY_WITH_GPUS = ("placement", "offload", "host_memory")
_ONLY_WITH_MANIFEST = (
    "strict_variables",
    "variants",
    "presenters",
    "brand",
    "max_videos",
    "gpu_hour_price",
    "budget",
    "deadline",
    "fit",
    "window",
    "only",
    "sample",
    "limit",
    "campaign",
    "seed",
    "voice",
    "language",
    "lexicon",
    "spoken",
    "cluster",
    "prompt",
    "on_no_face",
    "voice_url",
    "voice_model",
    "voice_key_env",
    "voice_command",
)


def with_gpus(command: Any) -> Any:
    """Add the options that ask about GPUs; read by :func:`gpus_asked`."""
    options = (
        click.option(
            "--gpus",
            metavar="COUNTxGPU,...",
            help="GPUs to plan for, by memory in GB or by name, with commas between machines: "
            "4x24,1x80 or 8xH100.",
        ),
        click.option(
            "--rush",
            is_flag=True,
            help="Plan to finish one video as soon as possible, not to render many efficiently.",
        ),
        click.option(
            "--placement",
            metavar="WORDS",
            help="Plan for this placement only, such as stages=2,heads=2.",
        ),
        click.option(
            "--offload",
            metavar="NAMES",
            help='Plan for this offload only, such as kv,text; "" offloads nothing.',
        ),
        click.option(
            "--host-memory",
            type=click.FloatRange(min=0),
            metavar="GIB",
            help="How much of each machine's memory may be page-locked. [default: any amount]",
        ),
        click.option("--all", "is_all", is_flag=True, help="List every placement."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def gpus_asked(options: dict[str, Any]) -> "GpuRequest | None":
    """What a command's options ask about GPUs; None where they do not.

    Raises:
        click.UsageError: they ask for what needs ``--gpus``.
    """
    if options["gpus"] is None:
        given = [name for name in _ONLY_WITH_GPUS if options[name] is not None]
        given += [name for name in ("rush", "is_all") if options[name]]
        if given:
            told = given[0].removeprefix("is_").replace("_", "-")
            raise click.UsageError(f"--{told} works only together with --gpus; add --gpus")
        return None
    from tasks.gpu_plans.calibration import calibration_path, read_calibrations
    from tasks.gpu_plans.requests import asked

    return asked(
        options["gpus"],
        read_calibrations(calibration_path(os.environ)),
        is_rush=options["rush"],
        placement=options["placement"],
        offload=options["offload"],
        host_gib=options["host_memory"],
    )


@contextmanager
def weights_not_needed(wanted: "GpuRequest | None") -> Generator[bool]:
    """Lets GPUs be asked about where no weights are; yields whether none are known."""
    if wanted is None:
        yield False
        return
    from tasks.gpu_plans.layouts import weights_elsewhere

    with weights_elsewhere() as are_unknown:
        yield are_unknown


def plan_without_manifest(
    wanted: "GpuRequest | None", options: dict[str, Any], *, as_json: bool
) -> int:
    """What the GPUs would do with the presets."""
    if wanted is None:
        raise click.UsageError("give a MANIFEST, or --gpus to plan every preset for these GPUs")
    given = [name for name in _ONLY_WITH_MANIFEST if options[name] not in (None, (), False)]
    if options["engine"] not in (None, "live-avatar"):
        given.append("engine")
    if given:
        raise click.UsageError(
            f"--{given[0].replace('_', '-')} works only together with a MANIFEST; give one"
        )
    from flows.cli.gpus.tables import gpu_tables, plan_presets

    quote = plan_presets(
        wanted,
        given_settings(options),
        options["presets"],
        options["preset"],
        _size(options["size"]),
    )
    if as_json:
        say(quote.model_dump_json(indent=1))
        return 0
    table_console = console()
    for part in gpu_tables(quote, is_all=options["is_all"]):
        table_console.print(part)
    return 0


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)[x*](\d+)", text)
    if found is None:
        raise click.BadParameter(f'"{text}" must be WxH, such as 704x384', param_hint="--size")
    return int(found[1]), int(found[2])


@click.command()
@click.option(
    "--engine",
    type=click.Choice(["live-avatar", "preview"]),
    default="live-avatar",
    show_default=True,
    help="Engine to measure.",
)
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    type=click.Choice(["bfloat16", "float16", "float8", "float32"]),
    help="Number format of the weights to measure. May be given more than once. "
    "[default: bfloat16]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def calibrate(engine: str, dtypes: Sequence[str], as_json: bool) -> int:
    """Measure this machine's speed for `nightshoot plan --gpus`.

    This takes under three minutes, and on a GPU some more, to compile.
    """
    from flows.cli.gpus.calibrate import calibrate as measure_all
    from flows.cli.gpus.calibrate import calibration_lines

    if engine == "preview" and dtypes:
        raise click.UsageError(
            "--dtype works only with live-avatar, because the preview engine has no weights"
        )
    entries = measure_all(engine, dtypes)
    if as_json:
        say(json.dumps([entry.model_dump(mode="json") for entry in entries], indent=1))
        return 0
    for line in calibration_lines(entries):
        say(line)
    return 0


def add_placing_to(cli: click.Group) -> None:
    """Add these commands to the command line."""
    cli.add_command(calibrate)
