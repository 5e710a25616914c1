"""Reaching the Prefect server, and errors that say why it cannot be reached."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeGuard

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import get_current_settings

from flows.local.named_server import absence, server_failure
from model.errors import NightshootError
from tasks.redaction import printable, shown_url, without_secrets

_ANSWER_SHOWN = 300


_UNAUTHORIZED = 401


class ClusterError(NightshootError):
    """The Prefect server is not there, refuses us, or holds something that cannot be used."""


def api_url() -> str:
    """URL of the server's API.

    Raises:
        ClusterError: none is set.
    """
    url = get_current_settings().api.url
    if not url:
        raise ClusterError(
            "PREFECT_API_URL is not set, so there is no cluster to talk to; "
            "set it to the server's address, for example http://127.0.0.1:4200/api"
        )
    return url


@contextmanager
def cluster_client() -> Generator[SyncPrefectClient]:
    """A client of the server.

    Raises:
        ClusterError: it is not there, it refuses us, or it refused what we asked for.
    """
    url = api_url()
    if failure := server_failure():
        if _is_unauthorized(failure):
            raise _refused(url, failure) from failure
        raise _absent(url, failure) from failure
    try:
        with get_client(sync_client=True) as client:
            yield client
    except PrefectHTTPStatusError as error:
        raise _refused(url, error) from error
    except (httpx.RequestError, json.JSONDecodeError) as error:
        raise _absent(url, error) from error


def _absent(url: str, error: Exception) -> ClusterError:
    return ClusterError(
        f"PREFECT_API_URL={shown_url(url)}: {absence(error)}; "
        "start it (`prefect server start`) or correct the address"
    )


def _is_unauthorized(error: Exception) -> TypeGuard[PrefectHTTPStatusError]:
    return isinstance(error, PrefectHTTPStatusError) and error.response.status_code == _UNAUTHORIZED


def _refused(url: str, error: PrefectHTTPStatusError) -> ClusterError:
    answer = error.response
    if _is_unauthorized(error):
        return ClusterError(
            f"{shown_url(url)}: the server wants its auth string (401); "
            "set PREFECT_API_AUTH_STRING to the server's PREFECT_SERVER_API_AUTH_STRING"
        )
    request = answer.request
    said = without_secrets(printable(answer.text))[:_ANSWER_SHOWN]
    return ClusterError(
        f"{request.method} {shown_url(str(request.url))} was answered with {answer.status_code}: "
        f"{said}"
    )


def deployment_named(client: SyncPrefectClient, name: str) -> DeploymentResponse:
    """The deployment ``flow/name``.

    Raises:
        ClusterError: the server has none of that name.
    """
    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound as error:
        raise ClusterError(
            f"{shown_url(api_url())}: there is no deployment {name}; run `nightshoot cluster up`"
        ) from error


def ui_url(path: str) -> str:
    """Address of a page of the server's UI."""
    settings = get_current_settings()
    base = settings.ui_url or api_url().removesuffix("/api")
    return f"{shown_url(base).rstrip('/')}/{path}"
