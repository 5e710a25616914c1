"""`nightshoot say`: how a script is read, how long that takes, and what a person should check.

Also the options that say who speaks, and how: the same for every command that speaks.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flows.cli.terminal import console, say

if TYPE_CHECKING:
    from tasks.speech.voices import VoiceSettings

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Place(click.ParamType["str | Path"]):
    """A path, or an address such as s3://bucket/key."""

    def __init__(self, name: str, local: click.Path) -> None:
        self.name, self._local = name, local

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | Path:
        """Addresses stay texts; a path is checked."""
        if isinstance(value, str) and "://" in value:
            return value
        return Path(str(self._local.convert(value, param, ctx)))


_OPTIONS = (
    click.option(
        "--lexicon",
        type=Place("lexicon", click.Path(path_type=Path)),
        help="CSV file that says how words are spoken, or its address. [default: lexicon.csv "
        "beside the manifest, where there is one]",
    ),
    click.option(
        "--voice-url",
        help="Base URL of an OpenAI-compatible speech server. Other users of the machine see "
        "command lines, so set a URL with a password in NIGHTSHOOT_VOICE_URL instead.",
    ),
    click.option("--voice-model", help="Model that the speech server should use."),
    click.option(
        "--voice-key-env",
        help="Environment variable with the speech server's API key. [default: OPENAI_API_KEY]",
    ),
    click.option(
        "--voice-command",
        help="Command that speaks a script. It must contain {text_file} and {out}, and may "
        "contain {voice}. [default: NIGHTSHOOT_VOICE_COMMAND]",
    ),
)


def with_voices(command: _Command) -> _Command:
    """Add the options; read by :func:`voice_settings`, and ``lexicon`` as it is."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def voice_settings(options: dict[str, Any]) -> "VoiceSettings":
    """What the options say of voices that do not come with Nightshoot."""
    from tasks.speech.voices import voices_of

    given: dict[str, Any] = {
        "base_url": options["voice_url"] or None,
        "model": options["voice_model"],
        "api_key_env": options["voice_key_env"],
        "command": options["voice_command"] or None,
    }
    named = {name: value for name, value in given.items() if value is not None}
    return voices_of(os.environ).model_copy(update=named)


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
    from flows.cli.spoken.read_back import SayRequest, said_tables, say_one

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
