"""What the commands of clusters print."""

import json
from typing import TYPE_CHECKING

from flows.cli.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.deployment.inventory import ClusterStatus, Record, Thing, WorkerSeen
    from flows.deployment.submit import Submitted


def print_json(records: "Iterable[Record]") -> None:
    """For programs."""
    say(json.dumps([record.model_dump(mode="json") for record in records], indent=1))


def print_things(things: "Iterable[Thing]") -> None:
    """A line for each pool, queue, automation and deployment."""
    for thing in things:
        note = f" ({thing.note})" if thing.note else ""
        say(f"{thing.state:9}  {thing.kind:10}  {thing.name}{note}")


def print_run(run: "Submitted", *, as_json: bool) -> int:
    """A run that was asked for; the exit code of the command."""
    if as_json:
        say(run.model_dump_json(indent=1))
    else:
        say(f"{run.name}: {run.state.lower()}{f' ({run.message})' if run.message else ''}")
        say(run.url)
    return run.exit_code


def print_status(seen: "ClusterStatus") -> None:
    """Everything that `cluster status` tells."""
    from tasks.errors import counted

    say(f"server {seen.url}")
    print_things(seen.things)
    for worker in seen.workers:
        heard = (
            f"{worker.last_heartbeat:%Y-%m-%d %H:%M:%S} UTC" if worker.last_heartbeat else "never"
        )
        state = "online" if worker.is_online else "offline"
        say(
            f"{state:9}  worker      {worker.pool}/{worker.name}, {told_release(worker)} "
            f"(last heard from: {heard})"
        )
    if seen.are_mixed:
        say(
            "note: the workers that are online run different versions; a worker refuses videos "
            "that were planned for another version of their engine (docs/operations.md, 12)"
        )
    for each in seen.schedules:
        state = "on" if each.active else "off"
        following = f", next {each.next_run.isoformat()}" if each.next_run else ""
        say(
            f"{state:9}  schedule    {each.deployment} {each.slug}: "
            f"{each.when} {each.timezone}{following}"
        )
    for campaign in seen.campaigns:
        say(
            f"{campaign.trouble:9}  campaign    {campaign.campaign} "
            f"({campaign.since:%Y-%m-%d %H:%M} UTC): {campaign.message}"
        )
        if campaign.url:
            say(f"{'':23}{campaign.url}")
    for pool in seen.pools_without_worker:
        say(f"missing    worker      {pool}: no worker takes its runs; {_worker_command(pool)}")
    num_late = sum(campaign.is_clusters for campaign in seen.campaigns)
    num_wrong = len(seen.missing) + len(seen.pools_without_worker) + num_late
    say(
        "nothing is missing"
        if not num_wrong
        else f"{counted(num_wrong, 'problem')}: see the lines above that are not ok"
    )
    if seen.missing:
        say("run `nightshoot cluster up` to create what is missing")


def told_release(worker: "WorkerSeen") -> str:
    """Which release a worker runs, and the versions of its engines."""
    if not worker.release:
        return "release unknown"
    engines = ", ".join(f"{name} {number}" for name, number in sorted(worker.engines.items()))
    return f"release {worker.release}, engines {engines}"


def _worker_command(pool: str) -> str:
    from flows.deployment.inventory import (
        POOLS,
    )

    return f"start one: prefect worker start --pool {pool} --type {POOLS[pool]}"
