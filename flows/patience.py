"""Calls to Prefect's server that outlast its restarts; a run's own state, asked for."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.runtime import flow_run

from model.errors import MachineError

OUTAGE_LIMIT_S = 3600.0
_FIRST_DELAY_S, _LONGEST_DELAY_S = 1.0, 15.0
_OWN_STATE_EVERY_S = 5.0
_SERVER_ERROR = 500
_Result = TypeVar("_Result")


class ServerLostError(MachineError):
    """Prefect's server did not answer for an hour."""


def patiently(call: Callable[[], _Result], limit_s: float = OUTAGE_LIMIT_S) -> _Result:
    """The call's result, however often the server is restarted meanwhile.

    Raises:
        ServerLostError: it did not answer within ``limit_s``.
        PrefectHTTPStatusError: it refused the call.
    """
    deadline = time.monotonic() + limit_s
    delay_s = _FIRST_DELAY_S
    while True:
        try:
            return call()
        except (httpx.TransportError, PrefectHTTPStatusError) as error:
            if isinstance(error, PrefectHTTPStatusError) and not _is_servers(error):
                raise
            if time.monotonic() + delay_s > deadline:
                raise ServerLostError(
                    f"Prefect's server did not answer for {limit_s:.0f} s ({error}); "
                    "start it again: what is finished is in the store"
                ) from error
        time.sleep(delay_s)
        delay_s = min(_LONGEST_DELAY_S, 2 * delay_s)


def _is_servers(error: PrefectHTTPStatusError) -> bool:
    return error.response.status_code >= _SERVER_ERROR


class OwnRun:
    """The run that this process is, and whether somebody has cancelled it.

    Prefect's own observer of cancellations does not survive an outage of a minute.
    """

    def __init__(self) -> None:
        run_id = flow_run.get_id()
        self._id = UUID(run_id) if run_id else None
        self.is_cancelled = False

    def look(self) -> bool:
        """Ask the server; False also where it does not answer, or has lost its database."""
        if self._id is not None and not self.is_cancelled:
            with get_client(sync_client=True) as client:
                try:
                    state = client.read_flow_run(self._id).state
                except (httpx.HTTPError, ObjectNotFound):
                    return False
            self.is_cancelled = state is not None and (
                state.is_cancelling() or state.is_cancelled()
            )
        return self.is_cancelled

    @contextmanager
    def watched(self, stop: threading.Event) -> Generator[None]:
        """Set ``stop`` when the run is cancelled."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(_OWN_STATE_EVERY_S):
                if self.look():
                    stop.set()
                    return

        thread = threading.Thread(target=watch, name="own run", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            if stop.is_set():
                self.look()
