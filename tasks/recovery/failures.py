"""What became of a try, and what to do next: fault, signature, next step, breaker. Pure.

Times and random numbers are passed in; nothing here reads a clock, a file or an environment.
"""

import re
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model.errors import Fault, NightshootError
from tasks.errors import (
    ProgramError,
)

Action = Literal["retry", "rung", "move", "quarantine", "give_up"]

MAX_TRIES = 3  # of a resource or an unknown fault, all places together
MAX_PLACES = 3  # a machine fault gets MAX_TRIES tries in each
RELOAD_S = 20.0
SIGNATURE_CHARS = 120

# of the time an engine takes to load: a hiccup is over after the first, a reload after both
_MACHINE_DELAY_SHARES = (0.25, 1.0)
_MACHINE_SPREAD = 0.5
_UNKNOWN_DELAYS_S = (2.0, 8.0)
_ROWS_NAMED = 5


def fault_of(error: BaseException) -> Fault:
    """Whose fault ``error`` is; whatever is not in the tree of errors is unknown."""
    return error.fault if isinstance(error, NightshootError) else "unknown"


# --- what to do next ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """What to do after a failed try.

    Attributes:
        action: ``retry`` here; the next ``rung`` here; ``move`` the run to another slot;
            ``quarantine`` the row (only a person can help); ``give_up`` for this night.
        delay_s: to wait before it.
    """

    action: Action
    delay_s: float = 0.0


def next_step(
    fault: Fault,
    attempt: int,
    rungs_left: int,
    jitter: float,
    *,
    earlier: int = 0,
    reload_s: float = RELOAD_S,
) -> Step:
    """Decide what follows a failed try.

    ========  ==================================================================================
    row       quarantine at once
    resource  the next rung while there is one, else move; give up after 3 tries in all
    machine   retry after 1/4 and 1/1 of ``reload_s`` (up to half as much again by jitter), move
              after the 3rd try in a place, give up after the 9th in all
    unknown   retry after 2 and 8 s (up to twice that by jitter); give up after 3 tries in all
    ========  ==================================================================================

    Args:
        fault: of the try that just failed.
        attempt: tries of this work (a segment, the stitch) in this place (one slot, one run),
            the failed one included: 1 after the first. The next segment begins at 1 again.
        rungs_left: rungs that the fault offers and that were not tried yet.
        jitter: a random number, ``0 <= jitter < 1``, so that many runs do not return together.
        earlier: tries of it in the places before this one; *in all* is ``earlier + attempt``.
        reload_s: time in which a lost engine is ready again.

    Raises:
        ValueError: a count, the jitter or the time is out of its range.
    """
    _check_counts(attempt, rungs_left, earlier)
    if not 0 <= jitter < 1 or reload_s < 0:
        raise ValueError(
            f"jitter must be 0 <= jitter < 1 and reload_s at least 0, got {jitter} and {reload_s}"
        )
    tries = earlier + attempt
    if fault == "row":
        return Step("quarantine")
    if fault == "machine":
        return _machine_step(attempt, tries, jitter, reload_s)
    if tries >= MAX_TRIES:
        return Step("give_up")
    if fault == "resource":
        return Step("rung" if rungs_left else "move")
    return Step("retry", _UNKNOWN_DELAYS_S[tries - 1] * (1 + jitter))


def _machine_step(attempt: int, tries: int, jitter: float, reload_s: float) -> Step:
    if tries >= MAX_TRIES * MAX_PLACES:
        return Step("give_up")
    if attempt >= MAX_TRIES:
        return Step("move")
    share = _MACHINE_DELAY_SHARES[attempt - 1]
    return Step("retry", share * reload_s * (1 + _MACHINE_SPREAD * jitter))


def _check_counts(attempt: int, rungs_left: int, earlier: int) -> None:
    if attempt < 1 or rungs_left < 0 or earlier < 0:
        raise ValueError(
            f"attempt must be at least 1, rungs_left and earlier at least 0, "
            f"got {attempt}, {rungs_left} and {earlier}"
        )


# --- the same kind of failure -------------------------------------------------------------------

_FILE_ENDINGS = (
    "csv|tsv|json|toml|log|txt|srt|vtt|sock|lock|safetensors|"
    "png|jpe?g|webp|bmp|wav|mp3|mp4|m4a|mov|mkv|flac|ogg|opus|aac"
)
_CLASS_NAME = re.compile(r"[A-Z]\w*: ")
_ANY = "*"


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


# applied in this order: the first that matches takes the text
_NAMES = _patterns(
    r'"[^"\n]*"|`[^`\n]*`|(?<!\w)\'[^\'\n]*\'(?!\w)',  # quoted values
    r"[a-z][a-z0-9+.-]*://\S*[^\s.,:;)]",  # addresses
    r"(?:[\w.~@+=-]+|(?<!\w))(?:/[\w.~@+=-]+)+/?",  # paths
    rf"[\w.-]*\w\.(?:{_FILE_ENDINGS})\b",  # file names
)
_NUMBERS = _patterns(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",  # UUIDs
    r"\b0x[0-9a-f]+\b",  # addresses in memory
    r"\b(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{6,}\b",  # digests
    r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?",  # times
    r"(?<![\w.])(?=[a-z0-9-]*\d)[a-z0-9]+(?:-[a-z0-9]+)+\b",  # ids: ann-1
    r"(?<![\w*])[+-]?\d+(?:[.,:]\d+)*(?:e[+-]?\d+)?|\d+(?:\.\d+)?",
    r"\*(?:, ?\*)+,?",  # lists, of any length
)


def signature_of(error_or_text: BaseException | str, video_id: str | None = None) -> str:
    """The same for the same kind of failure on different rows; at most 120 characters.

    Class name and message, in which quoted values, addresses, paths, file names, ids, digests and
    numbers became ``*``. A text is taken as ``ClassName: message``.

    Args:
        error_or_text: what was raised, or was written down of it.
        video_id: becomes ``*`` too where the message names it; one like ``ann-1`` does so unasked.
    """
    text = _told(error_or_text) if isinstance(error_or_text, BaseException) else error_or_text
    found = _CLASS_NAME.match(text)
    head = found.group() if found else ""
    message = _replaced(text[len(head) :], _NAMES)
    if video_id:
        own = rf"(?<![\w-])(?<!\d[.,:]){re.escape(video_id)}(?![\w-]|[.,:]\d)"
        message = re.sub(own, _ANY, message)
    message = " ".join(_replaced(message, _NUMBERS).split())
    return (head + message)[:SIGNATURE_CHARS].rstrip()


def _replaced(text: str, patterns: Sequence[re.Pattern[str]]) -> str:
    for pattern in patterns:
        text = pattern.sub(_ANY, text)
    return text


def _told(error: BaseException) -> str:
    """Class and message; of a program its last words, as its command line hides them."""
    name = type(error).__name__
    if isinstance(error, ProgramError):
        lines = error.stderr.strip().splitlines() or ["(no message)"]
        return f"{name}: {lines[-1]}"
    return f"{name}: {error}"


# --- the breaker --------------------------------------------------------------------------------


class Breaker:
    """Stops a campaign that fails alike on row after row, instead of burning the night.

    It is told of videos whose rendering failed for good (a step ``quarantine`` or ``give_up``): not
    of tries, which fail alike all night on many machines and are healed by the next place, nor of
    rows that were refused before rendering, which burn nothing. Told of either, it stops an
    ordinary night of 100,000 videos within half an hour (benchmarks/night_simulation.py).

    Raises:
        ValueError: the limit is below 1 or the window not positive.
    """

    def __init__(self, limit: int = 3, window_s: float = 3600.0) -> None:
        if limit < 1 or window_s <= 0:
            raise ValueError(
                f"limit must be at least 1 and window_s positive, got {limit} and {window_s}"
            )
        self.limit, self.window_s = limit, window_s
        self._strikes: dict[str, list[tuple[float, str]]] = {}

    def add(self, video_id: str, signature: str, at_s: float) -> str | None:
        """Note that a video failed; the reason to stop, once there is one.

        There is one when ``limit`` different videos, this one included, failed with the same
        signature less than ``window_s`` apart. Failures may be told in any order of time.
        """
        strikes = self._strikes.setdefault(signature, [])
        insort(strikes, (at_s, video_id))
        videos = max(self._windows_around(strikes, at_s), key=len)
        return self._reason(signature, videos) if len(videos) >= self.limit else None

    def _windows_around(
        self, strikes: Sequence[tuple[float, str]], at_s: float
    ) -> list[tuple[str, ...]]:
        """The different videos of every stretch of ``window_s`` that holds ``at_s``."""
        near = [strike for strike in strikes if abs(strike[0] - at_s) < self.window_s]
        begins = [begin for begin, _ in near if begin <= at_s]
        return [
            tuple(dict.fromkeys(video for at, video in near if begin <= at < begin + self.window_s))
            for begin in begins
        ]

    def _reason(self, signature: str, videos: Sequence[str]) -> str:
        names = ", ".join(videos[:_ROWS_NAMED])
        more = f" and {len(videos) - _ROWS_NAMED} more" if len(videos) > _ROWS_NAMED else ""
        return (
            f"stopped: {len(videos)} different videos ({names}{more}) failed in the same way "
            f"within {self.window_s / 60:.0f} minutes, and the limit is {self.limit}: {signature}; "
            f"read failures/{videos[0]}.json, correct what they have in common (engine, settings, "
            "weights, store), then retry the campaign; finished segments are kept"
        )
