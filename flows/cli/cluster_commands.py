"""The commands that talk to a Prefect cluster; ``flows/cli/main.py`` adds them."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flows.cli.cluster.own import join_own_cluster, start, stop
from flows.cli.cluster.printing import print_json, print_run, print_status, print_things
from flows.cli.cluster.promise import (
    is_sound,
    terms_asked,
    with_cluster_terms,
    within_terms_of,
)
from flows.cli.gates.options import with_gates, with_workers_gate_limits
from flows.cli.rows.choice import choice_fields, with_choice
from flows.cli.rows.inputs import with_inputs
from flows.cli.rows.personal import with_personal
from flows.cli.rows.settings import SETTING_HELP, given_settings, with_loudness, with_settings
from flows.cli.terminal import say

if TYPE_CHECKING:
    from flows.cluster.parameters import CampaignParameters, Parameters

_EXIT_REFUSED = 2
_Parameters = TypeVar("_Parameters", bound="Parameters")
_lexicon = click.option(
    "--lexicon",
    help="CSV file that says how words are spoken, or its address. [default: lexicon.csv beside "
    "the manifest, where there is one]",
)
_sheet = click.option(
    "--sheet", help="Sheet of a workbook. [default: the first one that is not hidden]"
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_wait = click.option(
    "--wait", is_flag=True, help="Wait until the run ends, and exit 1 if it failed."
)
_out = click.option(
    "--out", required=True, help="Folder that every worker can reach, or s3://bucket/prefix."
)


_no_check = click.option(
    "--no-check",
    is_flag=True,
    help="Do not read the manifest on this machine first; for one that only the workers can read.",
)


def with_layout(command: Any) -> Any:
    """Add the options that say what each video gets of GPUs."""
    options = (
        click.option(
            "--gpus",
            type=click.IntRange(0, 64),
            help="GPUs per video. [default: as many as the placement needs]",
        ),
        click.option(
            "--placement",
            metavar="WORDS",
            help="How to spread each video over its GPUs, such as stages=4. [default: the worker's "
            "own setting]",
        ),
        click.option(
            "--offload",
            metavar="NAMES",
            help="What to keep in the host's memory, such as kv,text. [default: the worker's own "
            "setting]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


_outstanding = click.option(
    "--outstanding",
    type=click.IntRange(1, 1000),
    default=8,
    show_default=True,
    help="How many videos may be waiting or rendering at the same time.",
)


def _queue(default: str) -> Any:
    return click.option(
        "--queue",
        type=click.Choice(["urgent", "nightly"]),
        default=default,
        show_default=True,
        help="Queue for the videos. Urgent videos are rendered before nightly ones.",
    )


@click.group()
def cluster() -> None:
    """Set up a Prefect server for rendering on a cluster, and check it."""


cluster.add_command(start)
cluster.add_command(stop)


@cluster.command()
@click.option("--webhook", metavar="URL", help="URL to notify when a campaign fails or finishes.")
@_json
def up(webhook: str | None, as_json: bool) -> int:
    """Create work pools, queues, automations and deployments, and keep those that exist."""
    join_own_cluster()
    from flows.deployment.setup import cluster_up

    things = cluster_up(webhook)
    if as_json:
        print_json(things)
    else:
        print_things(things)
    return 0


@cluster.command()
@_json
def status(as_json: bool) -> int:
    """Show what is missing, which workers are online, what runs next and what went wrong."""
    join_own_cluster()
    from flows.deployment.status import (
        cluster_status,
    )

    seen = cluster_status()
    if as_json:
        say(seen.model_dump_json(indent=1))
    else:
        print_status(seen)
    return seen.exit_code


@click.command()
@click.option(
    "--out", help="Folder or s3:// address for campaigns, to check that it can be written to."
)
@click.option("--engine", help="Engine to check too: its weights, its packages and the GPUs.")
@_json
def doctor(out: str | None, engine: str | None, as_json: bool) -> int:
    """Check the server, database, workers, store, engine and this machine for problems."""
    join_own_cluster()
    from flows.deployment.doctor import examine

    report = examine(out, engine)
    if as_json:
        say(report.model_dump_json(indent=1))
        return report.exit_code
    for finding in report.findings:
        say(f"{finding.verdict:4}  {finding.what}: {finding.found}")
        if finding.way_out:
            say(f"      -> {finding.way_out}")
    return report.exit_code


@click.command()
@click.argument("manifest")
@_out
@click.option("--campaign", help="Name of the campaign. [default: the manifest's name]")
@click.option("--engine", help="Engine for rows that name no engine. [default: preview]")
@click.option("--preset", help="Preset for rows that name no preset. [default: standard]")
@with_loudness
@with_gates
@with_workers_gate_limits
@_lexicon
@_sheet
@with_inputs
@with_settings
@with_personal
@with_choice
@click.option("--window", metavar="HH:MM-HH:MM", help="Render only between these times.")
@click.option(
    "--timezone", default="UTC", show_default=True, help="Timezone of --window, --deadline."
)
@with_cluster_terms
@with_layout
@_outstanding
@_queue("urgent")
@_no_check
@_wait
@_json
def submit(manifest: str, no_check: bool, wait: bool, as_json: bool, **options: Any) -> int:
    """Start rendering a manifest on the cluster. MANIFEST is a path, s3://... or https://..."""
    join_own_cluster()
    from flows.deployment.submit import submit_campaign

    asked, gpus = terms_asked(options, is_checked=not no_check), options.pop("reckon_gpus")
    parameters = campaign_parameters(manifest, options)
    if not no_check and not is_sound(parameters, "submitted"):
        return _EXIT_REFUSED
    if asked.has_terms:
        parameters = within_terms_of(parameters, asked, gpus, as_json=as_json)
    run = submit_campaign(parameters, is_waited_for=wait)
    return print_run(run, as_json=as_json)


@click.command()
@click.argument("manifest")
@click.option("--out", help="Folder that every worker can reach, or s3://bucket/prefix.")
@click.option("--cron", metavar="RULE", help='When to start; "15 1 * * *" means 01:15 every night.')
@click.option(
    "--timezone", default="UTC", show_default=True, help="Timezone of --cron and --window."
)
@click.option("--window", metavar="HH:MM-HH:MM", help="Render only between these times.")
@click.option("--campaign", help="Name of the campaign. [default: the manifest's name]")
@click.option("--engine", help="Engine for rows that name no engine. [default: preview]")
@click.option("--preset", help="Preset for rows that name no preset. [default: standard]")
@with_loudness
@with_gates
@with_workers_gate_limits
@_lexicon
@_sheet
@with_inputs
@with_settings
@with_personal
@with_choice
@with_layout
@_outstanding
@_queue("nightly")
@_no_check
@click.option("--remove", is_flag=True, help="Remove this campaign's schedule.")
@_json
def schedule(
    manifest: str,
    cron: str | None,
    no_check: bool,
    remove: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Schedule a manifest to render every night. Run it again to change the schedule."""
    join_own_cluster()
    from flows.deployment.submit import When, campaign_name, remove_schedule, schedule_campaign

    if not remove and not (cron and options["out"]):
        raise click.UsageError("give --out and --cron, or --remove")
    parameters = campaign_parameters(manifest, options | {"out": options["out"] or "unused"})
    slug = campaign_name(parameters)
    if remove or cron is None:
        done = remove_schedule(slug)
    elif not no_check and not is_sound(parameters, "scheduled"):
        return _EXIT_REFUSED
    else:
        done = schedule_campaign(parameters, When(cron, options["timezone"]), slug)
    if as_json:
        say(done.model_dump_json(indent=1))
        return 0
    when = f": {done.cron} {done.timezone}" if done.cron else ""
    say(f"schedule {done.slug} of campaign/nightly {done.deed}{when}")
    for warning in done.warnings:
        say(f"note: {warning}", to_stderr=True)
    return 0


def retry_on_cluster(
    campaign: str,
    out: str,
    videos: tuple[str, ...] = (),
    *,
    layout: dict[str, Any],
    wait: bool,
    as_json: bool,
) -> int:
    """What `nightshoot retry` does where PREFECT_API_URL names a cluster.

    Args:
        campaign: its name.
        out: where it is.
        videos: only these; none: all.
        layout: the options of ``with_layout``.
        wait: for the end.
        as_json: print JSON.
    """
    from flows.cluster.parameters import RetryParameters
    from flows.deployment.submit import retry_campaign

    given = layout | {"out": _absolute(out), "campaign": campaign, "videos": videos}
    parameters = _checked(RetryParameters, given)
    return print_run(retry_campaign(parameters, is_waited_for=wait), as_json=as_json)


def campaign_parameters(manifest: str, options: dict[str, Any]) -> "CampaignParameters":
    """The run's parameters of a command's options, checked as the server will check them."""
    from flows.cluster.parameters import CampaignParameters

    of_settings = (*SETTING_HELP, "on_no_face")
    given = {name: value for name, value in options.items() if name not in of_settings}
    given |= choice_fields(options)
    given["settings"] = given_settings(options)
    given |= {"manifest": _absolute(manifest), "out": _absolute(options["out"])}
    for name in ("lexicon", "variants", "presenters", "brand", "gate_limits"):
        if options.get(name):
            given[name] = _absolute(str(options[name]))
    return _checked(CampaignParameters, given)


def _checked(kind: "type[_Parameters]", options: dict[str, Any]) -> "_Parameters":
    """Parameters of ``kind`` from the options that were given.

    Raises:
        click.UsageError: the server would not take them.
    """
    from pydantic import ValidationError

    from tasks.gpu_plans.layouts import num_gpus_of

    given = {name: value for name, value in options.items() if value is not None}
    try:
        if "gpus" not in given and "placement" in given:
            given["gpus"] = num_gpus_of(given["placement"])
        return kind(**given)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # a rule of several together
            raise click.UsageError(first["msg"].removeprefix("Value error, ")) from error
        option = "--" + ".".join(map(str, first["loc"]))
        raise click.BadParameter(
            f'"{first["input"]}": {first["msg"]}', param_hint=option
        ) from error
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--placement") from error


def _absolute(place: str) -> str:
    """A path as every worker must see it; an address stays."""
    return place if "://" in place else str(Path(place).absolute())


def has_cluster() -> bool:
    """Whether there is a cluster that takes retries; a laptop's own server does not."""
    join_own_cluster()
    if not os.environ.get("PREFECT_API_URL"):
        return False
    from flows.deployment.submit import takes_retries

    return takes_retries()


def add_to(cli: click.Group) -> None:
    """Add these commands to the command line."""
    for command in (cluster, doctor, submit, schedule):
        cli.add_command(command)
