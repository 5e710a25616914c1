"""What a program of the operator's says is told without what it was told."""

import pytest

from tasks.processes.command_template import without_arguments


def test_neither_an_argument_nor_a_key_of_the_environment_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-PASSWORD")
    monkeypatch.setenv("MY_VOICE_TOKEN", "TOKEN/PASSWORD")
    monkeypatch.setenv("COLOUR_KEY", "red")
    words = "argv --key PASSWORD-1, env sk-PASSWORD TOKEN/PASSWORD, red"

    told = without_arguments(words, ["speak", "--key", "PASSWORD-1", "{out}"])

    assert told == "argv --key ..., env ... ..., red"


def test_a_variable_before_the_program_which_only_a_shell_understands_is_not_told() -> None:
    words = '"TOKEN=PASSWORD" is not a program on this machine'
    told = without_arguments(words, ["TOKEN=PASSWORD", "speak", "{out}"])
    assert told == '"TOKEN=..." is not a program on this machine'
