"""What a Prefect server lets strangers do, remembers, tells its makers, and how it keeps runs."""

import importlib.metadata
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from prefect.settings import get_current_settings
from pydantic import TypeAdapter

from flows.deployment.findings import Finding
from flows.deployment.server import (
    ClusterError,
)
from tasks.errors import counted
from tasks.redaction import shown_url, without_secrets

BATCHING: dict[str, int] = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": 100,
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": 100,
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": 200,
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": 100,
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": 100,
}
OUTAGE_VARIABLE = "PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER"
_OUTAGE = timedelta(days=1)
_TIMEOUT_S = 10.0
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_DEFAULT_PORT = 4200


@dataclass(frozen=True)
class ServerFacts:
    """What a Prefect server says of itself, and how it answers strangers.

    Attributes:
        url: of its API.
        settings: its answer to ``/admin/settings``.
        version: its answer to ``/admin/version``.
        stranger_status: HTTP status of a request without credentials; not of a POST, which
            CSRF protection refuses first.
        tokenless_status: HTTP status of a POST with credentials and no CSRF token.
        open_addresses: addresses of this machine, loopback apart, at which it answers too.
    """

    url: str
    settings: Mapping[str, Any]
    version: str
    stranger_status: int
    tokenless_status: int
    open_addresses: tuple[str, ...]


def server_facts(url: str) -> ServerFacts:
    """Ask a server, with credentials and as a stranger.

    Raises:
        ClusterError: it cannot be reached, or does not show its settings.
    """
    auth = get_current_settings().api.auth_string
    credentials = httpx.BasicAuth(*auth.get_secret_value().split(":", 1)) if auth else None
    one = {"limit": 1}
    try:
        with httpx.Client(timeout=_TIMEOUT_S) as stranger:
            stranger_status = stranger.get(f"{url}/admin/settings").status_code
        with httpx.Client(timeout=_TIMEOUT_S, auth=credentials) as known:
            return ServerFacts(
                url=shown_url(url),
                settings=known.get(f"{url}/admin/settings").raise_for_status().json(),
                version=known.get(f"{url}/admin/version").raise_for_status().json(),
                stranger_status=stranger_status,
                tokenless_status=known.post(f"{url}/flows/filter", json=one).status_code,
                open_addresses=_open_addresses(httpx.URL(url)),
            )
    except httpx.HTTPError as error:
        raise ClusterError(
            f"{shown_url(url)}: the server does not show its settings "
            f"({without_secrets(repr(error))})"
        ) from error


def _open_addresses(url: httpx.URL) -> tuple[str, ...]:
    """Where a server of this machine answers beside loopback; nothing for another machine's."""
    if url.host not in ("127.0.0.1", "localhost", "::1"):
        return ()
    found = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    return tuple(
        sorted(
            str(address)
            for address in found
            if not str(address).startswith(("127.", "::1", "fe80"))
            and _answers(str(address), url.port or _DEFAULT_PORT)
        )
    )


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def server_findings(facts: ServerFacts) -> list[Finding]:
    """What strangers may do, who is told what, and whether the UI finds its server."""
    return [
        Finding(verdict="ok", what="server", found=facts.url),
        _version_finding(facts.version),
        _auth_finding(facts.stranger_status),
        _csrf_finding(facts.tokenless_status),
        _bound_finding(facts),
        _analytics_finding(facts.settings),
        _ui_finding(facts),
        outage_finding(facts.settings),
    ]


def _version_finding(version: str) -> Finding:
    here = importlib.metadata.version("prefect")
    if version == here:
        return Finding(
            verdict="ok", what="version", found=f"Prefect {version}, the same as on this machine"
        )
    return Finding(
        verdict="warn",
        what="version",
        found=f"the server runs Prefect {version}, but this machine runs {here}",
        way_out="install the same version everywhere (see constraints.txt)",
    )


def _auth_finding(stranger_status: int) -> Finding:
    if stranger_status == _UNAUTHORIZED:
        return Finding(verdict="ok", what="auth string", found="required from everybody")
    return Finding(
        verdict="fail",
        what="auth string",
        found=f"off: a request without credentials was answered {stranger_status}, "
        "so anybody who can reach the server can run code on every worker",
        way_out="set PREFECT_SERVER_API_AUTH_STRING=NAME:PASSWORD for the server and "
        "PREFECT_API_AUTH_STRING for its clients",
    )


def _csrf_finding(tokenless_status: int) -> Finding:
    if tokenless_status == _FORBIDDEN:
        return Finding(verdict="ok", what="CSRF protection", found="on")
    return Finding(
        verdict="warn",
        what="CSRF protection",
        found=f"off: a POST without a token was answered {tokenless_status}",
        way_out="set PREFECT_SERVER_CSRF_PROTECTION_ENABLED=true for the server",
    )


def _bound_finding(facts: ServerFacts) -> Finding:
    url = httpx.URL(facts.url)
    if facts.open_addresses:
        return Finding(
            verdict="warn",
            what="address",
            found=f"also answers at {', '.join(facts.open_addresses)}, not only on loopback",
            way_out="start it with --host 127.0.0.1, behind a proxy with TLS or a tunnel",
        )
    if url.scheme == "http" and url.host not in ("127.0.0.1", "localhost", "::1"):
        return Finding(
            verdict="warn",
            what="address",
            found=f"{url.host} is reached over plain http: the auth string can be read on the way",
            way_out="use a tunnel or a proxy with TLS, unless the network is your own",
        )
    return Finding(verdict="ok", what="address", found=f"{url.scheme}://{url.host}")


def _analytics_finding(settings: Mapping[str, Any]) -> Finding:
    if not settings["server"]["analytics_enabled"]:
        return Finding(verdict="ok", what="telemetry of the server", found="off")
    return Finding(
        verdict="warn",
        what="telemetry of the server",
        found="the server sends usage data to Prefect's makers every ten minutes",
        way_out="set PREFECT_SERVER_ANALYTICS_ENABLED=false for the server",
    )


def _ui_finding(facts: ServerFacts) -> Finding:
    ui = facts.settings["server"]["ui"]["api_url"]
    is_default = (httpx.URL(facts.url).port or _DEFAULT_PORT) == _DEFAULT_PORT
    if ui or is_default:
        return Finding(verdict="ok", what="UI", found=ui or facts.url)
    return Finding(
        verdict="warn",
        what="UI",
        found=f"the page looks for its server on port {_DEFAULT_PORT} and stays blank",
        way_out=f"set PREFECT_SERVER_UI_API_URL={facts.url} for the server",
    )


def outage_finding(settings: Mapping[str, Any]) -> Finding:
    """Whether a server that was away still knows whose heartbeats it waits for.

    Prefect's usual 60 s are soon over, and runs that died meanwhile would stay Running for ever.
    """
    told = settings["server"]["events"]["expired_bucket_buffer"]
    remembered = TypeAdapter(timedelta).validate_python(told)
    if remembered >= _OUTAGE:
        return Finding(verdict="ok", what="outages", found="runs that die in one are missed later")
    return Finding(
        verdict="warn",
        what="outages",
        found=f"the server soon forgets whose heartbeats it waits for ({told}), so campaigns that "
        "die while it is away for minutes are never taken up again",
        way_out=f"set {OUTAGE_VARIABLE}=P7D for the server",
    )


def batching_findings(settings: Mapping[str, Any]) -> list[Finding]:
    """Whether the server writes in batches; one by one it lags 38 s behind 1,000 task runs."""
    slow = [
        f"{name}={wished}"
        for name, wished in BATCHING.items()
        if _service_setting(settings, name) < wished
    ]
    if not slow:
        return [Finding(verdict="ok", what="batching", found="on")]
    return [
        Finding(
            verdict="warn",
            what="batching",
            found=f"settings that are too small: {len(slow)} of {len(BATCHING)}",
            way_out=f"set for the server: {' '.join(slow)}",
        )
    ]


def _service_setting(settings: Mapping[str, Any], name: str) -> int:
    """``PREFECT_SERVER_SERVICES_<SERVICE>_<FIELD>`` as the settings' tree has it."""
    rest = name.removeprefix("PREFECT_SERVER_SERVICES_").lower()
    services = settings["server"]["services"]
    service = next(key for key in services if rest.startswith(f"{key}_"))
    return int(services[service][rest.removeprefix(f"{service}_")])


def database_finding(settings: Mapping[str, Any], num_workers: int) -> Finding:
    """PostgreSQL or not, as far as the server tells: it hides a database given as a URL."""
    driver = settings["server"]["database"]["driver"] or ""
    if driver.startswith("postgresql"):
        return Finding(verdict="ok", what="database", found="PostgreSQL")
    found = "SQLite" if driver else "SQLite, or a database given as a URL, which the server hides"
    return Finding(
        verdict="warn",
        what="database",
        found=f"{found}; {counted(num_workers, 'worker')} online",
        way_out="SQLite is fine for one worker; for more, use PostgreSQL and set "
        "PREFECT_SERVER_DATABASE_DRIVER=postgresql+asyncpg, _HOST, _PORT, _USER, _NAME, _PASSWORD",
    )
