"""Before a campaign is promised to a cluster: whether its manifest is sound, what it may cost."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from flows.cli.rows.pricing import PriceRequest, price_asked, with_terms
from flows.cli.terminal import console, say
from tasks.redaction import without_secrets

if TYPE_CHECKING:
    from flows.cluster.parameters import CampaignParameters

_NAMES = ("gpu_hour_price", "budget", "deadline", "fit")


def with_cluster_terms(command: Any) -> Any:
    """Add the options, and the GPUs by which to reckon; read by ``terms_asked``."""
    command = click.option(
        "--reckon-gpus",
        metavar="COUNTxGPU,...",
        help="The cluster's GPUs, such as 8xH100, by which --budget and --deadline are reckoned. "
        "[default: this machine is measured]",
    )(command)
    return with_terms(command, writes="submit these")


def terms_asked(options: dict[str, Any], *, is_checked: bool) -> PriceRequest:
    """What the options ask; they are taken out of ``options``, as no run has such parameters.

    Args:
        options: of the command.
        is_checked: whether the manifest is read on this machine.

    Raises:
        click.UsageError: one of them has no use without another.
        CampaignError: the deadline cannot be read, or is over.
    """
    window, timezone = options["window"], options["timezone"]
    given = {name: options.pop(name) for name in _NAMES}
    asked = price_asked(given | {"window": window, "timezone": timezone})
    if asked.gpu_hour_price is not None and asked.budget is None:
        raise click.UsageError(
            "--gpu-hour-price needs --budget here; `nightshoot plan` tells costs"
        )
    if asked.has_terms and not is_checked:
        raise click.UsageError(
            "--budget and --deadline need the manifest on this machine; leave out --no-check"
        )
    if options["reckon_gpus"] is not None and not asked.has_terms:
        raise click.UsageError("--reckon-gpus works only together with --budget or --deadline")
    return asked


def within_terms_of(
    parameters: "CampaignParameters", asked: PriceRequest, gpus: str | None, *, as_json: bool
) -> "CampaignParameters":
    """The campaign as it may be submitted: all of it, or with ``--fit`` the videos that fit.

    It is spoken and planned here, into the output, where the run finds it.

    Args:
        parameters: of the run.
        asked: its terms.
        gpus: of the cluster; None: this machine is measured.
        as_json: whether what is told goes to stderr.

    Raises:
        CampaignError: it costs more or takes longer than was asked, or nothing fits.
    """
    from flows.cli.gpus.commands import weights_not_needed
    from flows.cli.plan import fitting_videos
    from flows.cluster.requests import request_of
    from flows.session import Session
    from tasks.gpu_plans.calibration import calibration_path, read_calibrations
    from tasks.gpu_plans.requests import asked as gpus_asked
    from tasks.speech.clauses.speakers import num_cores

    wanted = None
    if gpus is not None:
        wanted = gpus_asked(
            gpus,
            read_calibrations(calibration_path(os.environ)),
            is_rush=False,
            placement=parameters.placement or None,
            offload=parameters.offload or None,
            host_gib=None,
        )
    request = replace(request_of(parameters), workers=num_cores())
    with weights_not_needed(wanted):
        fit = fitting_videos(
            Session(request), asked, console(to_stderr=as_json), wanted, is_on_cluster=True
        )
    if fit is None:
        return parameters
    return parameters.model_copy(update={"only": fit, "sample": None, "limit": None})


def is_sound(parameters: "CampaignParameters", deed: str) -> bool:
    """Whether the manifest can be rendered as things are; if not, say all that is wrong with it."""
    from flows.deployment.manifest_check import check_manifest
    from model.errors import NightshootError
    from tasks.gpu_plans.layouts import weights_elsewhere

    try:
        with weights_elsewhere():  # the workers have them, a laptop need not
            check_manifest(parameters)
    except NightshootError as error:
        say(without_secrets(str(error)), to_stderr=True)
        say(
            f"nothing was {deed}; correct this, or add --no-check where only the workers can read "
            "the manifest and its files",
            to_stderr=True,
        )
        return False
    return True
