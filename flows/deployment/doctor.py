"""What is open, missing or slow: of the Prefect server, its database, this machine, an engine.

Each question has a pure function from what was seen to a finding; ``examine`` asks them all.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from prefect.settings import get_current_settings

from flows.deployment.findings import Finding, Report, Verdict
from flows.deployment.inventory import (
    POOLS,
    ClusterStatus,
)
from flows.deployment.server import (
    ClusterError,
    api_url,
)
from flows.deployment.server_findings import (
    batching_findings,
    database_finding,
    server_facts,
    server_findings,
)
from flows.deployment.status import (
    cluster_status,
)
from model.engine import engine_names, examine_engine
from model.errors import CampaignError, NightshootError
from tasks.engines.gpu_lease import SLOTS_VARIABLE, slot_names
from tasks.processes.ffmpeg import ffmpeg_version
from tasks.store.campaigns import (
    open_campaign,
)

_LITTLE_DISK_BYTES = 1_000_000_000
_SOME_DISK_BYTES = 10_000_000_000
_PROBE_CAMPAIGN = "doctor-probe"
_UP = "run `nightshoot cluster up`"


def examine(out: str | None, engine: str | None = None) -> Report:
    """Ask everything; what cannot be asked is a finding too.

    Args:
        out: where campaigns go, to try whether it can be written; None leaves that out.
        engine: name of an engine whose files and devices are examined; None leaves that out.

    Raises:
        CampaignError: there is no such engine.
    """
    findings = machine_findings(os.environ, Path(out or "."))
    if engine is not None:
        findings += engine_findings(engine)
    if out is not None:
        findings.append(_store_finding(out))
    if not get_current_settings().api.url:
        return Report(findings=(*findings, _no_cluster()))
    findings += [_serializer_here(), telemetry_finding(os.environ)]
    try:
        status = cluster_status()
        facts = server_facts(api_url())
    except ClusterError as error:
        found = Finding(
            verdict="fail", what="server", found=str(error), way_out="follow what the message says"
        )
        return Report(findings=(*findings, found))
    num_workers = sum(worker.is_online for worker in status.workers)
    return Report(
        findings=(
            *findings,
            *server_findings(facts),
            *batching_findings(facts.settings),
            database_finding(facts.settings, num_workers),
            *cluster_findings(status),
        )
    )


# --- this machine -------------------------------------------------------------------------------


def machine_findings(environ: Mapping[str, str], out: Path) -> list[Finding]:
    """Ffmpeg, disk and GPU slots of this machine."""
    return [
        _tried("ffmpeg", ffmpeg_version),
        disk_finding(_free_bytes(out)),
        _slots_finding(environ),
    ]


def _tried(what: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(verdict="ok", what=what, found=ask())
    except NightshootError as error:
        return Finding(
            verdict="fail", what=what, found=str(error), way_out="follow what the message says"
        )


def _free_bytes(place: Path) -> int:
    """Free space of the disk that ``place`` is on or would be on; for s3 the scratch disk's."""
    if str(place).startswith("s3:"):
        place = Path(tempfile.gettempdir())
    folder = place.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def disk_finding(free_bytes: int) -> Finding:
    """Whether a night fits; a minute of video is about 10 MB, its segments as much again."""
    found = f"{free_bytes / 1e9:.1f} GB are free"
    if free_bytes >= _SOME_DISK_BYTES:
        return Finding(verdict="ok", what="disk", found=found)
    verdict: Verdict = "fail" if free_bytes < _LITTLE_DISK_BYTES else "warn"
    return Finding(
        verdict=verdict, what="disk", found=found, way_out="free some space, or use another disk"
    )


def _slots_finding(environ: Mapping[str, str]) -> Finding:
    try:
        names = slot_names(environ)
    except NightshootError as error:
        return Finding(
            verdict="warn",
            what="GPU slots",
            found=str(error),
            way_out="this does not matter on a machine without a GPU worker",
        )
    origin = f"from {SLOTS_VARIABLE}" if SLOTS_VARIABLE in environ else "found"
    return Finding(verdict="ok", what="GPU slots", found=f"{', '.join(names)} ({origin})")


def telemetry_finding(environ: Mapping[str, str]) -> Finding:
    """Whether Prefect's client reports its use to its makers."""
    if environ.get("DO_NOT_TRACK", "").lower() in ("1", "true"):
        return Finding(verdict="ok", what="telemetry here", found="off")
    return Finding(
        verdict="warn",
        what="telemetry here",
        found="Prefect's client may send usage data to its makers",
        way_out="set DO_NOT_TRACK=1 for workers and commands",
    )


def _serializer_here() -> Finding:
    return serializer_finding(get_current_settings().results.default_serializer)


def serializer_finding(name: str) -> Finding:
    """Whether results are data: reading a pickle runs whatever its writer put into it."""
    if name == "json":
        return Finding(verdict="ok", what="results", found="json")
    return Finding(
        verdict="fail",
        what="results",
        found=f'written as "{name}": anybody who can write results can run code on the workers',
        way_out="set PREFECT_RESULTS_DEFAULT_SERIALIZER=json for workers and commands",
    )


def _store_finding(out: str) -> Finding:
    folder = Path(out) / _PROBE_CAMPAIGN

    def ask() -> str:
        open_campaign(out, _PROBE_CAMPAIGN).check_writable()
        return f"{out} can be written to"

    finding = _tried("store", ask)
    if "://" not in out and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return finding


def _no_cluster() -> Finding:
    return Finding(
        verdict="warn",
        what="server",
        found="PREFECT_API_URL is not set, so campaigns run only on this machine",
        way_out="for a cluster, set it to the server's address as docs/operations.md describes",
    )


# --- an engine ----------------------------------------------------------------------------------


def engine_findings(name: str) -> list[Finding]:
    """What an engine finds of the files, packages and devices that it needs.

    Raises:
        CampaignError: there is no such engine.
    """
    if name not in engine_names():
        raise CampaignError(f'--engine "{name}": must be one of {", ".join(engine_names())}')
    return [
        Finding(
            verdict=seen.verdict,
            what=f"{name}, {seen.what}",
            found=seen.found,
            way_out=seen.way_out,
        )
        for seen in examine_engine(name)
    ]


# --- the cluster --------------------------------------------------------------------------------


def cluster_findings(status: ClusterStatus) -> list[Finding]:
    """Pools, queues, automations and deployments; somebody to work on them."""
    findings: list[Finding] = []
    if status.missing:
        names = ", ".join(f"{thing.kind} {thing.name} ({thing.state})" for thing in status.missing)
        findings.append(Finding(verdict="fail", what="cluster", found=names, way_out=_UP))
    else:
        findings.append(
            Finding(
                verdict="ok", what="cluster", found=f"all {len(status.things)} parts are in place"
            )
        )
    for pool in POOLS:
        online = [seen.name for seen in status.workers if seen.pool == pool and seen.is_online]
        findings.append(_workers_finding(pool, online))
    return findings


def _workers_finding(pool: str, online: list[str]) -> Finding:
    what = f"workers of {pool}"
    if online:
        return Finding(verdict="ok", what=what, found=f"{len(online)} online: {', '.join(online)}")
    return Finding(
        verdict="fail",
        what=what,
        found="no worker takes its runs",
        way_out=f"prefect worker start --pool {pool} --type {POOLS[pool]}",
    )
