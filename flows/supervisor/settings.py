"""What the parts of a supervisor's cluster are set to, much as docs/operations/ sets services."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.cluster.workers.sign import SIGN_VARIABLE
from flows.local.server import BATCHING
from flows.metrics.endpoint import PORT_VARIABLE
from flows.metrics.textfile import FOLDER_VARIABLE
from flows.supervisor.home import PASSWORD_VARIABLE
from tasks.engines.gpu_lease import SLOTS_VARIABLE, has_slots, slot_names

_EVERY_PART = {
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PYTHONUNBUFFERED": "1",
    "COLUMNS": "200",
}
_SERVER = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": '["events", "flow_runs"]',
    "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
    # how often it looks for workers whose heartbeats stopped
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "4",
    # How long it remembers whose heartbeats it waits for. After 60 s, its default, a run that died
    # while the server was away stays Running for ever, and its campaign is never taken up again.
    "PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER": "P7D",
}
_WORKER = {
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # a worker is called offline after three heartbeats that did not come
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "8",
}


@dataclass(frozen=True)
class Slots:
    """What the worker of the pool ``gpu`` may lease.

    Attributes:
        names: of GPUs; or, on a machine without, one name for each core.
        are_gpus: which of the two.
    """

    names: tuple[str, ...]
    are_gpus: bool


def slots_of(environ: Mapping[str, str]) -> Slots:
    """The GPUs of this machine; without any, as many slots as cores, for engines that need no GPU.

    Raises:
        LeaseError: a setting names slots that cannot be.
    """
    if has_slots(environ):
        return Slots(slot_names(environ), are_gpus=True)
    # names that are no devices: an engine that wants a GPU finds none, and says so
    return Slots(tuple(f"cpu{core}" for core in range(os.cpu_count() or 1)), are_gpus=False)


def client_settings(prefect_home: Path, access: Mapping[str, str]) -> dict[str, str]:
    """Of every part that talks to the server."""
    return {**_EVERY_PART, **access, "PREFECT_HOME": str(prefect_home)}


def server_settings(
    prefect_home: Path, port: int, access: Mapping[str, str], database: Mapping[str, str]
) -> dict[str, str]:
    """Of the server; ``database`` is empty where it keeps a file."""
    origin = f"http://127.0.0.1:{port}"
    return {
        **client_settings(prefect_home, access),
        **_SERVER,
        **BATCHING,
        "PREFECT_SERVER_API_AUTH_STRING": access[PASSWORD_VARIABLE],
        "PREFECT_SERVER_UI_API_URL": f"{origin}/api",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": origin,
        **database,
    }


def worker_settings(
    prefect_home: Path,
    access: Mapping[str, str],
    slots: Slots | None,
    figures: Path | None,
    sign: Path,
) -> dict[str, str]:
    """Of a worker.

    Args:
        prefect_home: of this cluster.
        access: address and password of the server.
        slots: of the pool ``gpu``; None: of another.
        figures: folder in which figures are told. The supervisor serves those of the whole cluster,
            so no worker does.
        sign: file that the worker touches while it lives.
    """
    named = {SLOTS_VARIABLE: ",".join(slots.names)} if slots else {}
    told = {FOLDER_VARIABLE: str(figures)} if figures else {}
    own = {PORT_VARIABLE: "", SIGN_VARIABLE: str(sign)}
    return {**client_settings(prefect_home, access), **_WORKER, **named, **told, **own}
