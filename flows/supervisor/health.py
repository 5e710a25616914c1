"""Signs of life of a cluster's parts: the server answers, and workers touch files."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from flows.supervisor.home import SupervisorError

HANG_VARIABLE = "NIGHTSHOOT_HANG_S"
_HANG_S = 90.0
_LEAST_S = 10.0
_EVERY_S = 5.0
_ANSWER_S = 30.0
_STARTS_WITHIN_S = 300.0
_GAP_S = 5.0


def hang_limit(environ: Mapping[str, str]) -> float:
    """Seconds without a sign of life after which a part is taken to hang.

    Raises:
        SupervisorError: NIGHTSHOOT_HANG_S is no such number.
    """
    text = environ.get(HANG_VARIABLE) or f"{_HANG_S:.0f}"
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _LEAST_S <= seconds < float("inf"):
        raise SupervisorError(
            f'{HANG_VARIABLE} is "{text}"; it must be a number of seconds from {_LEAST_S:.0f} on, '
            f"such as {_HANG_S:.0f}"
        )
    return seconds


class Signs:
    """What a part's signs of life come to.

    A part may take five minutes to give its first sign. While the supervisor itself stood still,
    as with Ctrl-Z or in a machine that slept, nobody is missed.

    Args:
        read: gives something that changes for as long as the part lives.
        limit_s: how long it may stay the same.
    """

    def __init__(self, read: Callable[[], object], limit_s: float) -> None:
        self._read, self._limit_s = read, limit_s
        self._last: object = None
        self._has_given_one = False
        self._since = self._looked_at = 0.0

    def begin(self, now: float) -> None:
        """The part has just been started; ``now`` is of a clock that only goes forward."""
        self._last, self._has_given_one = self._read(), False
        self._since = self._looked_at = now

    def silent_s(self, now: float) -> float:
        """For how long there has been no sign, where that is too long; else 0."""
        found = self._read()
        if found != self._last:
            self._last, self._since, self._has_given_one = found, now, True
        elif now - self._looked_at > _GAP_S:
            self._since = now
        self._looked_at = now
        limit_s = self._limit_s if self._has_given_one else max(self._limit_s, _STARTS_WITHIN_S)
        silent = now - self._since
        return silent if silent > limit_s else 0.0


class ServerHealth:
    """Asks a server for its health every 5 s, in a thread of its own."""

    def __init__(self, api_url: str) -> None:
        self._url, self.num_answers = f"{api_url}/health", 0
        self._is_over = threading.Event()
        threading.Thread(target=self._ask, name="health", daemon=True).start()

    def _ask(self) -> None:
        # one client: making one reads the machine's certificates, which takes 40 ms each time
        with httpx.Client(timeout=_ANSWER_S) as client:
            while not self._is_over.wait(_EVERY_S):
                try:
                    if client.get(self._url).is_success:
                        self.num_answers += 1
                except httpx.TransportError:
                    continue  # a server that is down or hangs; its part is looked at by others

    def close(self) -> None:
        """Ask no more."""
        self._is_over.set()


def touched(path: Path) -> Callable[[], object]:
    """When a file was last touched; None while it is not there."""

    def read() -> object:
        try:
            return path.stat().st_mtime_ns
        except FileNotFoundError:
            return None

    return read
