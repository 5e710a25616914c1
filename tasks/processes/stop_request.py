"""The request to stop, as everything below the flows sees it: every long wait looks at it.

It travels in a context variable. Prefect carries that into the threads of its tasks; who starts
threads of his own runs them in a copy of the context.
"""

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Thread
from typing import TypeVar

from model.errors import StoppedError

_Result = TypeVar("_Result")

POLL_S = 0.2
"""A wait looks at least this often whether somebody has asked to stop."""


def _never() -> bool:
    return False


_should_stop: ContextVar[Callable[[], bool]] = ContextVar("should_stop", default=_never)


@contextmanager
def stop_asked_by(should_stop: Callable[[], bool]) -> Generator[None]:
    """Let every wait inside ask ``should_stop``."""
    token = _should_stop.set(should_stop)
    try:
        yield
    finally:
        _should_stop.reset(token)


def check_stop() -> None:
    """To be called between steps and in every wait.

    Raises:
        StoppedError: the user asked to stop.
    """
    if _should_stop.get()():
        raise StoppedError("stopped; finished work is kept")


def pause(seconds: float) -> None:
    """Wait so long.

    Raises:
        StoppedError: the user asked to stop.
    """
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        check_stop()
        time.sleep(min(POLL_S, left))


def until_stopped(work: Callable[[], _Result]) -> _Result:
    """What ``work`` returns or raises; its thread is left behind where somebody asks to stop.

    For calls that wait inside a library: for an answer of a server, for a name to be resolved.

    Raises:
        StoppedError: the user asked to stop.
    """
    outcome: Future[_Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            outcome.set_exception(error)

    Thread(target=run, name="until-stopped", daemon=True).start()
    while True:
        check_stop()
        with suppress(_StillWorkingError):
            return _result(outcome)


class _StillWorkingError(Exception):
    """The work has not ended yet; a timeout of the work's own is another thing."""


def _result(outcome: "Future[_Result]") -> _Result:
    try:
        return outcome.result(POLL_S)
    except TimeoutError:
        if outcome.done():
            raise
        raise _StillWorkingError from None
