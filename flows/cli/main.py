"""The command line. Thin: options in, one call, an exit code out.

Nothing heavy is imported before it is needed: `nightshoot --help` loads click alone.
"""

import atexit
import io
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import click

from flows.cli.campaign_options import (
    MANIFEST,
    request_of,
    with_campaign,
    with_json,
    with_out,
    with_reread,
    with_workers,
)
from flows.cli.cluster_commands import (
    add_to,
    has_cluster,
    retry_on_cluster,
    with_layout,
)
from flows.cli.gpus.commands import (
    add_placing_to,
    gpus_asked,
    plan_without_manifest,
    weights_not_needed,
    with_gpus,
)
from flows.cli.lists.commands import add_lists_to
from flows.cli.review.decide import decide
from flows.cli.review.deliver import deliver, delivery_line
from flows.cli.review.options import with_delivery
from flows.cli.review.report import report
from flows.cli.rows.pricing import price_asked, with_price, with_terms
from flows.cli.rows.settings import given_settings
from flows.cli.spoken.say import say_script
from flows.cli.terminal import console as terminal_console
from flows.cli.terminal import say
from flows.cli.tools import judge, manifest, rig, smoke, voices
from flows.cli.upkeep.backup import backup, restore
from flows.cli.upkeep.metrics import metered, with_metrics_port
from flows.cli.upkeep.purge import purge
from flows.cli.upkeep.watch import watch
from tasks.redaction import without_secrets

if TYPE_CHECKING:
    from flows.run import Source
    from flows.work import Night
    from tasks.delivery.release import Release

_EXIT_REFUSED, _EXIT_INTERRUPTED = 2, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="nightshoot", prog_name="nightshoot")
def cli() -> None:
    """Turn a CSV of scripts and portraits into finished talking-avatar videos.

    Exit codes: 0 all done, 1 something failed, 2 refused before any work, 130 interrupted.
    """


@cli.command()
@click.argument("manifest", type=MANIFEST)
@with_campaign
@with_reread
@click.option("--keep-going", is_flag=True, help="Render the good rows even if other rows fail.")
@click.option(
    "--window",
    metavar="HH:MM-HH:MM",
    help="Render only between these times; the next run continues with what is left.",
)
@click.option(
    "--timezone", default="UTC", show_default=True, help="Timezone of --window, --deadline."
)
@with_terms
@with_delivery
@with_metrics_port
@with_json
def render(
    manifest: str | Path,
    reread: bool,
    keep_going: bool,
    window: str | None,
    timezone: str,
    release: str | None,
    name: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Render the videos of a manifest. Run it again to continue: it makes only what is missing."""
    from flows.review.delivery import check_names
    from flows.session import Session
    from flows.work import night_of

    night = night_of(window, timezone) if window else None
    priced = price_asked(options | {"window": window, "timezone": timezone})
    request = replace(
        request_of(manifest, options),
        keep_going=keep_going,
        begun_first=night is not None,
        rereading="renew" if reread else "keep",
    )
    session = Session(request)
    check_names(session.folder, session.rows, session.cells, session.columns, name)
    if priced.gpu_hour_price is not None and priced.budget is None:
        raise click.UsageError(
            "--gpu-hour-price needs --budget here; `nightshoot plan` tells costs"
        )
    if priced.has_terms:
        from flows.cli.plan import within_terms

        session = within_terms(session, priced, terminal_console(to_stderr=as_json))
    asked = (cast("Release | None", release), name)
    return _run(
        session,
        options["workers"],
        night,
        as_json=as_json,
        delivery=asked,
        metrics_port=options["metrics_port"],
    )


@cli.command()
@click.argument("manifest", type=MANIFEST)
@with_campaign
@click.option(
    "--seconds",
    type=click.FloatRange(1, 19),
    default=4.0,
    show_default=True,
    help="How much of each video to show.",
)
@with_json
def proof(manifest: str | Path, seconds: float, as_json: bool, **options: Any) -> int:
    """Make a small proof of every video: framing, voice, captions, layout and the first seconds.

    The proofs are a campaign of their own, named after the other one, with a report to look at. The
    preview engine makes them on the CPU, and the word PROOF is drawn over them. Only the clauses
    that they show are spoken, and a render finds these spoken.
    """
    from flows.session import Session
    from tasks.manifest.personal.proof import ENDING

    unused = sorted(set(given_settings(options)) - {"on_no_face"})
    if unused:
        raise click.UsageError(f"proofs have no use for the setting {unused[0]}; leave it out")
    request = request_of(manifest, options)
    request = replace(request, campaign=request.campaign + ENDING, keep_going=True, proof_s=seconds)
    return _run(Session(request), options["workers"], None, as_json=as_json)


@cli.command()
@click.argument("campaign")
@with_out
@click.option(
    "--video",
    "videos",
    multiple=True,
    help="Retry only this video_id. May be given more than once.",
)
@with_workers
@click.option("--here", is_flag=True, help="Render on this machine, even if there is a cluster.")
@click.option(
    "--wait", is_flag=True, help="On a cluster: wait until the run ends, and exit 1 if it failed."
)
@with_layout
@with_json
def retry(
    campaign: str,
    out: str | Path,
    videos: tuple[str, ...],
    workers: int,
    here: bool,
    wait: bool,
    as_json: bool,
    **layout: Any,
) -> int:
    """Retry the videos of a campaign that failed or were never finished.

    What `nightshoot decide` asked for is carried out: new seeds, other texts and portraits. The
    manifest is not needed. If PREFECT_API_URL names a cluster that `nightshoot cluster up` has
    set up, the retry runs there.
    """
    if not here and has_cluster():
        return retry_on_cluster(
            campaign, str(out), videos, layout=layout, wait=wait, as_json=as_json
        )
    given = [name for name, value in layout.items() if value is not None]
    if given:
        raise click.UsageError(
            f"--{given[0]} works only on a cluster, and this retry runs on this machine; set "
            "NIGHTSHOOT_PLACEMENT and NIGHTSHOOT_OFFLOAD instead"
        )
    from flows.review.changed_plans import carry_out
    from flows.stored import StoredCampaign
    from tasks.speech.voices import voices_of
    from tasks.store.campaigns import (
        open_campaign,
    )

    source = StoredCampaign(open_campaign(out, campaign), campaign, videos)
    carry_out(source, voices_of(os.environ), source.notices.append)
    return _run(source, workers, None, as_json=as_json)


@cli.command()
@click.argument("campaign", required=False)
@with_out
@with_json
def status(campaign: str | None, out: str | Path, as_json: bool) -> int:
    """Show which videos of a campaign are done, held, failed or still to do, and who decided what.

    Exits with code 1 unless all of them are done, or were approved or dropped by a person. Without
    a CAMPAIGN, list the campaigns of the output.
    """
    if campaign is None:
        from flows.cli.lists.finding import campaign_lines, campaigns_json, campaigns_table

        lines = campaign_lines(out)
        if as_json:
            say(campaigns_json(lines))
        else:
            terminal_console().print(campaigns_table(lines))
        return 0
    from flows.cli.live_progress import (
        status_table,
    )
    from flows.stored import StoredCampaign
    from tasks.store.campaigns import (
        open_campaign,
    )

    outcomes = StoredCampaign(open_campaign(out, campaign), campaign).outcomes()
    if as_json:
        say(json.dumps([outcome.model_dump() for outcome in outcomes], indent=1))
    else:
        terminal_console().print(status_table(outcomes))
    return int(not all(outcome.needs_nobody for outcome in outcomes))


@cli.command()
@click.argument("campaign")
@with_out
@click.option(
    "--uploads-older-than",
    "hours",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    help="Abort S3 uploads left unfinished for more than this many hours.",
)
@click.option("--verify", is_flag=True, help="Read every file and check its sha256.")
def sweep(campaign: str, out: str | Path, hours: float, verify: bool) -> int:
    """Clean up after runs that were killed; with --verify, also find damaged files."""
    from flows.sweep import sweep_campaign

    found = sweep_campaign(out, campaign, hours, verify=verify)
    for line in found.lines:
        say(line)
    return int(bool(found.damaged))


def _run(
    source: "Source",
    workers: int,
    night: "Night | None",
    *,
    as_json: bool,
    delivery: "tuple[Release | None, str | None]" = (None, None),
    metrics_port: str = "",
) -> int:
    from flows.cli.live_progress import (
        progress_view,
    )
    from flows.cli.summary import summary_lines
    from flows.local.dispatcher import LocalDispatcher
    from flows.progress import (
        PlainProgress,
    )
    from flows.review.delivery import deliver as make
    from flows.review.delivery import refresh_delivery
    from flows.run import Run
    from flows.stored import StoredCampaign
    from tasks.processes.last_resort import STOP_WITHIN_S, LastResort

    console = terminal_console(to_stderr=as_json)
    for notice in source.notices:
        console.print(f"note: {notice}", style="yellow", markup=False, soft_wrap=True)
    view = PlainProgress(console) if as_json else progress_view(console)
    last_resort = LastResort(STOP_WITHIN_S)
    with metered(source, view, metrics_port) as (view, tell_end):
        run = Run(source, view, LocalDispatcher(workers), night=night, last_resort=last_resort)
        summary = run()
        tell_end(summary.asked)
    if as_json:
        say(json.dumps([outcome.model_dump() for outcome in summary.outcomes], indent=1))
    else:
        for line in summary_lines(summary):
            console.print(line, soft_wrap=True)
    last_resort.is_over()
    if summary.report:
        finished = StoredCampaign(source.folder, source.campaign)
        delivered = make(finished, *delivery) if any(delivery) else refresh_delivery(finished)
        if delivered:
            console.print(delivery_line(delivered), soft_wrap=True, markup=False)
    return summary.exit_code


@cli.command()
@click.argument("manifest", type=MANIFEST, required=False)
@with_campaign
@with_reread
@click.option(
    "--spoken",
    is_flag=True,
    default=None,
    help="Show also how each script is read: what is spoken differently from what is written, and "
    "what to check.",
)
@with_gpus
@click.option(
    "--cluster",
    is_flag=True,
    default=None,
    help="Tell the time that a cluster on this machine takes (`cluster start`), not `render`.",
)
@with_price
@with_json
def plan(manifest: str | Path | None, reread: bool, as_json: bool, **options: Any) -> int:
    """Preview a render: videos, segments, lengths, disk space and time.

    This already synthesises the speech, because the speech decides the lengths.

    With --gpus, plan for GPUs that this machine need not have: what fits on them, with which
    settings, and when everything would be finished. Without a MANIFEST, plan a one-minute video in
    every preset.
    """
    asked, priced = gpus_asked(options), price_asked(options)
    if options["cluster"] and asked is not None:
        raise click.UsageError("--cluster plans for this machine, --gpus for others; leave one out")
    if manifest is None:
        return plan_without_manifest(asked, options, as_json=as_json)
    from flows.cli.plan import keep_quote, plan_interruptibly
    from flows.cli.plan_table import campaign_table
    from flows.cli.spoken.read_back import spoken_tables
    from flows.session import Session

    console = terminal_console(to_stderr=as_json)
    request = replace(request_of(manifest, options), rereading="renew" if reread else "tell")
    with weights_not_needed(asked) as are_unknown:
        session = Session(request)
        for notice in session.notices:
            console.print(f"note: {notice}", style="yellow", markup=False, soft_wrap=True)
        quote = plan_interruptibly(
            session,
            asked,
            priced,
            is_spoken=bool(options["spoken"]),
            are_weights_unknown=are_unknown,
            is_on_cluster=bool(options["cluster"]),
        )
    fits = keep_quote(quote, session.folder)
    if as_json:
        say(quote.model_dump_json(indent=1))
    else:
        for part in campaign_table(quote, is_all=options["is_all"]):
            console.print(part)
        if options["spoken"]:
            for part in spoken_tables([(v.video_id, v.words) for v in quote.videos if not v.error]):
                console.print(part)
    if fits is not None:
        told = f"to render what fits: nightshoot render {manifest} --only @{fits}"
        say(told, to_stderr=as_json)
    return _EXIT_REFUSED if quote.errors or quote.breaches else 0


cli.add_command(say_script)
add_to(cli)
add_placing_to(cli)
add_lists_to(cli)
cli.add_command(decide)
cli.add_command(deliver)
cli.add_command(report)
for upkeep in (backup, restore, purge, watch):
    cli.add_command(upkeep)
for tool in (smoke, voices, rig, judge, manifest):
    cli.add_command(tool)


def _tell_unforeseen(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """A traceback as Python prints it, without the secrets of addresses in a library's words."""
    import traceback

    say(without_secrets("".join(traceback.format_exception(kind, error, trace))), to_stderr=True)


def main() -> None:
    """Run the command line; every error of ours is a message, never a traceback."""
    from model.errors import CampaignError, NightshootError
    from tasks.errors import os_error_text

    sys.excepthook = _tell_unforeseen
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)
        say(without_secrets(told.getvalue()), to_stderr=True, has_end=False)
        code = error.exit_code
    except NightshootError as error:
        say(without_secrets(str(error)), to_stderr=True)
        is_refused = isinstance(error, CampaignError) or error.fault in ("row", "unknown")
        code = _EXIT_REFUSED if is_refused else 1
    except OSError as error:  # of a store, mostly: another user's, a disk that is going
        say(without_secrets(os_error_text(error)), to_stderr=True)
        code = _EXIT_REFUSED
    except (KeyboardInterrupt, click.exceptions.Abort):
        from tasks.processes.last_resort import leave

        leave("Stopped.")  # threads that still wait for a server or a program are left behind
    if code == _EXIT_INTERRUPTED:
        # Python gives signals back their own meaning before it has ended: a second Ctrl-C then
        # would end it with another exit code
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    sys.exit(code if isinstance(code, int) else 0)
