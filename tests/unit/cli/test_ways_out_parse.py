"""Every command that a message of ours names is one that the command line takes."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from flows.cli.main import cli
from flows.cluster.artifacts import retry_command

ROOT = Path(__file__).parents[3]
PLACEHOLDER = "x"
# options of programs that are not ours, and of our own child processes
FOREIGN = {"--pool", "--type", "--host", "--shm-size", "--ipc", "--force-reinstall", "--in"}
MODULES_WITH_OTHER_COMMANDS = {
    Path("model/live_avatar/planning/cost_report.py"),  # a command line of its own
    Path("model/host/server.py"),  # accelerate's
}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text in a module but its docstrings; what is put into one is a placeholder."""
    tree = ast.parse(path.read_text())
    skipped: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            skipped.add(id(body[0].value))
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(value) for value in node.values)
            parts = (v.value if isinstance(v, ast.Constant) else PLACEHOLDER for v in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            yield node.lineno, node.value


def all_texts(word: str) -> list[tuple[Path, int, str]]:
    """Of those of the product's sources that have a word somewhere."""
    found: list[tuple[Path, int, str]] = []
    for room in ("flows", "tasks", "model"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if word in path.read_text():
                name = path.relative_to(ROOT)
                found += [(name, line, text) for line, text in texts(path)]
    return found


COMMANDS = sorted(
    {
        (" ".join(command.split()), f"{path}:{line}")
        for path, line, text in all_texts("`nightshoot")  # all would be read at every collection
        for command in re.findall(r"`nightshoot ([a-z][^`]*)`", text)
    }
)


def leaf(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that words name, and what follows its name."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        assert words, "names a group of commands, which does nothing by itself"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def refusal(words: list[str]) -> str:
    """Why the command line does not take them; a value left out at the end is the reader's."""
    command, rest = leaf(words)
    parser = command.make_parser(click.Context(command))
    try:
        parser.parse_args(list(rest))
    except click.BadOptionUsage:
        parser.parse_args([*rest, PLACEHOLDER])
    except click.UsageError as error:
        return str(error)
    return ""


def options_of(command: click.Command) -> set[str]:
    if isinstance(command, click.Group):
        return set().union(*(options_of(each) for each in command.commands.values()))
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)}


@pytest.mark.parametrize(("command", "place"), COMMANDS)
def test_a_command_that_a_message_names_is_one_of_ours(command: str, place: str) -> None:
    assert refusal(shlex.split(command)) == "", place


def test_the_commands_that_messages_name_are_found() -> None:
    named = {command for command, _ in COMMANDS}
    assert {"rig PORTRAIT", "cluster up", "doctor --engine live-avatar", "plan --gpus"} <= named
    assert refusal(["plan", "--gpu", "1x80", "--placemnt"])  # and a wrong one would be


def test_the_command_that_retries_a_campaign_is_one_of_ours() -> None:
    words = shlex.split(retry_command("late show 1", "s3://bucket/prefix"))
    assert words[0] == "nightshoot"
    assert refusal(words[1:]) == ""


def test_every_option_that_a_message_names_exists() -> None:
    known = options_of(cli) | FOREIGN | {"--help", "--version"}
    named = [
        (path, line, option)
        for path, line, text in all_texts("--")
        if path not in MODULES_WITH_OTHER_COMMANDS and " " in text
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text)
    ]
    assert len(named) > 40
    assert [each for each in named if each[2] not in known] == []
