"""Memory that all threads of this process share for large, short work."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Condition

from tasks.processes.stop_request import POLL_S, check_stop


class MemoryBudget:
    """So many bytes; who wants more than are left waits until others have given theirs back."""

    def __init__(self, num_bytes: int) -> None:
        self._all = self._left = num_bytes
        self._changed = Condition()

    @contextmanager
    def taken(self, num_bytes: int) -> Generator[None]:
        """``num_bytes`` of it for the time of a block; what is larger than all of it works alone.

        Raises:
            StoppedError: the user asked to stop while this was waiting.
        """
        share = min(num_bytes, self._all)
        with self._changed:
            while self._left < share:
                check_stop()
                self._changed.wait(POLL_S)
            self._left -= share
        try:
            yield
        finally:
            with self._changed:
                self._left += share
                self._changed.notify_all()
