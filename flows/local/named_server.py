"""Whether the server answers that PREFECT_API_URL names, asked before Prefect asks it.

Prefect tells of a server that is not there with tracebacks of a hundred lines, one for each video.
"""

import os

from model.errors import CampaignError
from tasks.redaction import shown_url, without_secrets

URL_VARIABLE = "PREFECT_API_URL"
_OWN_SERVER = f"unset {URL_VARIABLE}: the run then starts a server of its own"
_REFUSED = (401, 403)


def check_named_server() -> None:
    """Return if it answers and takes our requests.

    Raises:
        CampaignError: it does not; the message says what to do.
    """
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            if failure := client.api_healthcheck():
                raise _absent(failure)
            client.read_work_pools(limit=1)  # the health check needs no credentials; this does
    except PrefectHTTPStatusError as error:
        if error.response.status_code in _REFUSED:
            raise CampaignError(
                f"{_named()}: the server wants its auth string ({error.response.status_code}); set "
                f"PREFECT_API_AUTH_STRING to the server's PREFECT_SERVER_API_AUTH_STRING, or "
                f"{_OWN_SERVER}"
            ) from error
        raise _absent(error) from error
    except (httpx.TransportError, httpx.InvalidURL, ValueError) as error:
        raise _absent(error) from error


def _named() -> str:
    return f"{URL_VARIABLE}={shown_url(os.environ[URL_VARIABLE])}"


def _absent(error: Exception) -> CampaignError:
    said = without_secrets(str(error)).strip().split("\n")[0]
    return CampaignError(
        f"{_named()}: no Prefect server answers ({type(error).__name__}: {said}); start it, "
        f"correct the address, or {_OWN_SERVER}"
    )
