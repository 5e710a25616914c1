"""Commands of an operator with places to fill in: split, filled, and told without their arguments.

An argument may be a secret: messages tell the name of the program, and its words without it.
"""

import contextlib
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from tasks.redaction import printable, without_secrets

_LEAST_SECRET_CHARS = 4
_LEAST_KEY_CHARS = 8  # shorter ones are words such as "true"
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|AUTH|CREDENTIAL|_URL$", re.IGNORECASE)


def split_command(command: str, needed: Sequence[str]) -> list[str]:
    """The words of a command.

    Raises:
        ValueError: it cannot be split, or lacks one of the places that are ``needed``.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"`{program_of(command)} ...` cannot be split: {error}") from error
    missing = [name for name in needed if name not in command]
    if missing or not words:
        raise ValueError(f"`{program_of(command)} ...` lacks {' and '.join(missing)}")
    return words


def program_of(command: str) -> str:
    """What a message may tell of a command: the name of its program."""
    first = command.split()
    with contextlib.suppress(ValueError):
        first = shlex.split(command)
    # NAME=VALUE before a program, which only a shell understands, may be a secret
    return Path(first[0].partition("=")[0]).name if first else ""


def without_arguments(words: str, template: Sequence[str]) -> str:
    """A program's words without what its command line and its environment told it.

    Both may be secrets: of the environment, what has the name of one.
    """
    known = {
        value
        for name, value in os.environ.items()
        if _SECRET_NAME.search(name) and len(value) >= _LEAST_KEY_CHARS
    }
    told = [*template[1:], template[0].partition("=")[2]]
    parts = {part for word in told for part in re.split(r"[\s=:,;@/]+", word)} | known
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _LEAST_SECRET_CHARS and not part.startswith(("-", "{")):
            words = words.replace(part, "...")
    return printable(without_secrets(words))


def filled(template: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """A command with its places filled in, none of the values read by a shell."""
    command: list[str] = []
    for word in template:
        for name, value in values.items():
            word = word.replace(name, value)
        command.append(word)
    return command
