"""The request to stop, as everything below the flows sees it: every long wait looks at it.

It travels in a context variable. Prefect carries that into the threads of its tasks; who starts
threads of his own runs them in a copy of the context.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

from model.errors import StoppedError

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
