"""Settings on the command line, here and on a cluster."""

import json

import click
import pytest
from click.testing import CliRunner, Result

from flows.cli.cluster.promise import terms_asked
from flows.cli.cluster_commands import (
    campaign_parameters,
    given_settings,
    schedule,
    submit,
    with_settings,
)

PLACES = ("/m.csv", "--out", "/renders")


def given(*arguments: str) -> Result:
    @click.command()
    @with_settings
    def command(**options: object) -> None:
        click.echo(json.dumps(given_settings(options), sort_keys=True))

    return CliRunner().invoke(command, arguments)


def test_options_and_set_say_the_same_and_stay_text_until_the_engine_is_known() -> None:
    by_option = given("--sample-steps", "2", "--infer-frames", "80", "--set", "sample_shift=5")
    by_name = given(
        "--set", "sample_steps=2", "--set", "infer_frames=80", "--set", "sample_shift=5"
    )

    assert by_option.output == by_name.output
    assert json.loads(by_option.output) == {
        "infer_frames": "80",
        "sample_shift": "5",
        "sample_steps": "2",
    }
    assert json.loads(given().output) == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "sample_steps"], "must read NAME=VALUE"),
        (["--set", "=2"], "must read NAME=VALUE"),
        (["--set", "fail=row", "--set", "fail="], "fail is given twice"),
        (["--dtype", "float32", "--set", "dtype=bfloat16"], "dtype is given twice"),
    ],
)
def test_a_setting_that_is_half_given_or_twice_is_refused(arguments: list[str], words: str) -> None:
    refused = given(*arguments)
    assert refused.exit_code == 2
    assert words in refused.output


@pytest.mark.parametrize("command", [submit, schedule])
def test_a_cluster_is_told_the_same_settings_as_this_machine(command: click.Command) -> None:
    arguments = [*PLACES, "--handoff", "context", "--set", "truncate_schedule=true"]
    options = command.make_context("x", arguments, resilient_parsing=True).params
    if command is submit:  # what it may cost is decided before there is a run
        assert not terms_asked(options, is_checked=True).has_terms
        options.pop("reckon_gpus")
    for name in ("manifest", "wait", "as_json", "cron", "remove", "no_check"):
        options.pop(name, None)

    parameters = campaign_parameters("/m.csv", options)

    assert parameters.settings == {"handoff": "context", "truncate_schedule": "true"}
    assert parameters.out == "/renders"
