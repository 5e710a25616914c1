"""`cluster start` and `cluster stop`: the cluster of this machine; other commands find it."""

import os
from pathlib import Path

import click

from flows.cli.terminal import say
from flows.cli.upkeep.metrics import with_metrics_port

_home = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="NIGHTSHOOT_CLUSTER_HOME",
    help="Folder of the server's database, of logs and of the password. [default: "
    "~/.local/share/nightshoot/cluster; NIGHTSHOOT_CLUSTER_HOME sets it too, also for submit and "
    "the other commands]",
)


@click.command()
@_home
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=4200,
    show_default=True,
    help="Port of the server, on the loopback address.",
)
@click.option(
    "--database",
    metavar="URL",
    default="",
    envvar="NIGHTSHOOT_DATABASE",
    help="PostgreSQL, as postgresql://USER@HOST/NAME; the password comes from PGPASSWORD. "
    "[default: a file in --home; NIGHTSHOOT_DATABASE sets it too]",
)
@with_metrics_port
def start(home: Path | None, port: int, database: str, metrics_port: str) -> int:
    """Run a whole cluster on this machine: server, deployments and workers, until Ctrl-C."""
    from flows.supervisor.home import default_home
    from flows.supervisor.supervisor import ClusterRequest, run_cluster

    request = ClusterRequest(home or default_home(), port, database, metrics_port)
    run_cluster(request, os.environ, say)
    return 0


@click.command()
@_home
def stop(home: Path | None) -> int:
    """Stop the cluster that `cluster start` runs on this machine, as Ctrl-C does."""
    from flows.supervisor.home import STOP_TIMEOUT_S, ClusterHome, default_home

    holder = ClusterHome(home or default_home()).stop(STOP_TIMEOUT_S)
    say(f"stopped (process {holder})")
    return 0


def join_own_cluster() -> None:
    """Talk to the cluster of this machine (`cluster start`), where no other is named; say so."""
    from flows.supervisor.home import join_cluster

    if url := join_cluster():
        say(f"cluster of this machine: {url}", to_stderr=True)
