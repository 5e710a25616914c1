"""Calls to Prefect's server that outlast its restarts; a run's own state, asked for."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from typing import TypeVar
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.runtime import flow_run
from prefect.states import Running

from model.errors import MachineError

OUTAGE_LIMIT_S = 3600.0
_FIRST_DELAY_S, _LONGEST_DELAY_S = 1.0, 15.0
_OWN_STATE_EVERY_S = 5.0
_SERVER_ERROR = 500
_Result = TypeVar("_Result")


class ServerLostError(MachineError):
    """Prefect's server did not answer for an hour."""


def outlast_restarts(call: Callable[[], _Result], limit_s: float = OUTAGE_LIMIT_S) -> _Result:
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
                    "start it again; finished work is in the store"
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
        self._stack = ExitStack()

    @cached_property
    def _client(self) -> SyncPrefectClient:
        """One for all that is asked: to make one takes 25 ms of computing, ten times a request."""
        return self._stack.enter_context(get_client(sync_client=True))

    def look(self) -> bool:
        """Ask the server; False also where it does not answer, or has lost its database."""
        if not self.is_cancelled:
            self._look()
        return self.is_cancelled

    def _look(self) -> State | None:
        if self._id is None:
            return None
        with suppress(httpx.HTTPError, ObjectNotFound):
            state = self._client.read_flow_run(self._id).state
            self.is_cancelled = state is not None and (
                state.is_cancelling() or state.is_cancelled()
            )
            return state
        return None

    def _deny_crash(self) -> None:
        """Say that this run is alive, which the server takes for dead: it missed its heartbeats.

        It does so when it was away itself. Whoever starts crashed runs again waits longer
        (``flows/deployment/automations.py``, ``flows/cluster/dispatcher.py``) than it takes to say
        this.
        """
        assert self._id is not None
        with suppress(httpx.HTTPError, ObjectNotFound):
            self._client.set_flow_run_state(self._id, Running(), force=True)

    def _wait_for_server(self) -> None:
        """A run that cannot tell its end to the server is called Failed by Prefect."""
        if (run_id := self._id) is not None:
            with suppress(ObjectNotFound):
                outlast_restarts(lambda: self._client.read_flow_run(run_id))

    @contextmanager
    def watched(self, stop: threading.Event) -> Generator[None]:
        """Set ``stop`` when the run is cancelled; until then, see that it is not given up."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(_OWN_STATE_EVERY_S):
                state = self._look()
                if self.is_cancelled:
                    stop.set()
                    return
                if state is not None and state.is_crashed() and not stop.is_set():
                    self._deny_crash()

        thread = threading.Thread(target=watch, name="own run", daemon=True)
        thread.start()
        try:
            yield
            if not stop.is_set():
                self._wait_for_server()
        finally:
            ended.set()
            thread.join()
            if stop.is_set():
                self.look()
            self._stack.close()
