"""Whether the server answers that PREFECT_API_URL names, asked before Prefect asks it.

Prefect tells of a server that is not there with tracebacks of a hundred lines, one for each video,
and waits seven minutes for one that accepts a connection and says nothing.
"""

import json
import os

from pydantic import ValidationError

from model.errors import CampaignError
from tasks.redaction import printable, shown_url, without_secrets

URL_VARIABLE = "PREFECT_API_URL"
_OWN_SERVER = f"unset {URL_VARIABLE}: the run then starts a server of its own"
_REFUSED = (401, 403)
# a server that is restarted, or has much to do, is asked three times: 36 s in all
_ANSWER_S, _NUM_RETRIES = 10.0, 2


def server_failure() -> Exception | None:
    """Why the server does not answer our requests as Prefect's does; None if it does.

    Returns:
        httpx's error if nothing answers, PrefectHTTPStatusError if it refuses, and a ValueError if
        what answers is no Prefect server, or the address is none.
    """
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    try:
        with (
            temporary_settings({PREFECT_CLIENT_MAX_RETRIES: _NUM_RETRIES}),
            get_client(sync_client=True, httpx_settings={"timeout": _ANSWER_S}) as client,
        ):
            if failure := client.api_healthcheck():
                return failure
            client.read_work_pools(limit=1)  # the health check needs no credentials; this does
    except (httpx.HTTPError, httpx.InvalidURL, PrefectHTTPStatusError, ValueError) as error:
        return error
    return None


def absence(failure: Exception) -> str:
    """The same in words, of one line."""
    said = printable(without_secrets(str(failure)).strip().split("\n")[0])
    kind = type(failure).__name__
    if isinstance(failure, json.JSONDecodeError | UnicodeDecodeError | ValidationError):
        return f"what answers is no Prefect server ({kind}: {said})"
    return f"no Prefect server answers ({kind}: {said})"


def check_named_server() -> None:
    """Return if it answers and takes our requests.

    Raises:
        CampaignError: it does not; the message says what to do.
    """
    from prefect.exceptions import PrefectHTTPStatusError

    failure = server_failure()
    if failure is None:
        return
    if isinstance(failure, PrefectHTTPStatusError) and failure.response.status_code in _REFUSED:
        raise CampaignError(
            f"{_named()}: the server wants its auth string ({failure.response.status_code}); set "
            f"PREFECT_API_AUTH_STRING to the server's PREFECT_SERVER_API_AUTH_STRING, or "
            f"{_OWN_SERVER}"
        ) from failure
    raise CampaignError(
        f"{_named()}: {absence(failure)}; start it, correct the address, or {_OWN_SERVER}"
    ) from failure


def _named() -> str:
    return f"{URL_VARIABLE}={shown_url(os.environ[URL_VARIABLE])}"
