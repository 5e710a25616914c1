"""`nightshoot say`: how a script is read, how long that takes, and what a person should check."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import click

from flows.cli.terminal import console, say
from flows.cli.voice_options import voice_settings, with_voices


@click.command("say")
@click.argument("text", required=False)
@click.option(
    "--file",
    "script_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Text file with the script, in place of TEXT.",
)
@click.option("--voice", help="Voice that speaks; see `nightshoot voices`.")
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    help="Language of the script. [default: recognised from the script]",
)
@click.option("--seed", type=int, help="Seed of the voice. [default: 0]")
@with_voices
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="WAV file to write the speech to. [default: none is kept]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def say_script(
    text: str | None, script_file: Path | None, out: Path | None, as_json: bool, **options: Any
) -> int:
    """Read a script back: TEXT in words, its phonemes, its length, and what to check in it.

    The script is read and spoken exactly as `nightshoot plan` would do it, and refused for the same
    reasons.
    """
    if (text is None) == (script_file is None):
        raise click.UsageError('give either a TEXT, such as "Hello there.", or --file')
    if out is not None and out.suffix.lower() != ".wav":
        raise click.UsageError(f'--out "{out}" must end in .wav, because WAV is what is written')
    from flows.cli.read_back import SayRequest, said_tables, say_one

    asked = SayRequest(
        text=text,
        script_file=script_file,
        voice=options["voice"],
        language=options["language"],
        seed=options["seed"],
        lexicon=options["lexicon"],
        voice_settings=voice_settings(options),
    )
    with tempfile.TemporaryDirectory(prefix="nightshoot-say-") as scratch:
        said = say_one(asked, Path(scratch))
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(said.sound, out)
    if as_json:
        say(said.saying.model_dump_json(indent=1))
        return 0
    for part in said_tables(said, out):
        console().print(part)
    return 0
