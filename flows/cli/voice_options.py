"""The options that say who speaks a script, and how: the same for every command that speaks."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

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
    from tasks.speech.voices import VoiceSettings

    given: dict[str, Any] = {
        "base_url": options["voice_url"] or os.environ.get("NIGHTSHOOT_VOICE_URL"),
        "model": options["voice_model"],
        "api_key_env": options["voice_key_env"],
        "command": options["voice_command"] or os.environ.get("NIGHTSHOOT_VOICE_COMMAND"),
    }
    return VoiceSettings(**{name: value for name, value in given.items() if value is not None})
