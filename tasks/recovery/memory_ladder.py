"""What a video gives up where it does not fit: the next rung, and the plan after it. Pure.

A rung that changes no pixel goes into the jobs of the video's segments. One that changes pixels
goes into the plan, which then has other keys from its first segment on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from model.errors import SMALLER_SIZE, ResourceError, Rung
from tasks.canonical_json import canonical_sha256
from tasks.errors import counted
from tasks.records import Scalar, SegmentReceipt, VideoPlan

_SIZE = "size"


@dataclass(frozen=True)
class Concessions:
    """What a video gave up so far.

    Attributes:
        silent: rungs that change no pixel, for its jobs.
        changed: those that do; they are in its plan.
    """

    silent: tuple[Rung, ...] = ()
    changed: tuple[Rung, ...] = ()

    def and_also(self, rung: Rung) -> "Concessions":
        """With one more."""
        if rung.changes_pixels:
            return Concessions(self.silent, (*self.changed, rung))
        return Concessions((*self.silent, rung), self.changed)


def settings_after(plan: VideoPlan, rungs: Sequence[Rung]) -> dict[str, Scalar]:
    """The settings of the plan's jobs, silent ones included."""
    return {**plan.settings, **{name: value for rung in rungs for name, value in rung.settings}}


def next_rung(plan: VideoPlan, silent: Sequence[Rung], offered: Sequence[Rung]) -> Rung | None:
    """The first of those offered that sets what is not set yet: never the same settings twice.

    The smaller size is the row's, where the manifest names one.
    """
    current = settings_after(plan, silent).items()
    for rung in offered:
        if rung == SMALLER_SIZE:
            if plan.smaller_size and plan.smaller_size != (plan.width, plan.height):
                return Rung(((_SIZE, "{}x{}".format(*plan.smaller_size)),), changes_pixels=True)
        elif rung not in silent and dict(rung.settings).items() - current:
            return rung
    return None


def after_rung(plan: VideoPlan, rung: Rung) -> VideoPlan:
    """The plan with what a rung changes; its keys are still the old ones."""
    wanted = dict(rung.settings)
    if _SIZE in wanted:
        assert plan.smaller_size is not None
        width, height = plan.smaller_size
        changed: dict[str, object] = {"width": width, "height": height}
        if shown := plan.smaller_portrait:
            changed |= {"portrait": shown.name, "portrait_sha256": shown.sha256, "rig": shown.rig}
        return plan.model_copy(update=changed)
    return plan.model_copy(update={"settings": {**plan.settings, **wanted}})


# --- what is known of a campaign ----------------------------------------------------------------


class Ladder:
    """What did not fit in this run, so that a thousand videos do not each fail first."""

    def __init__(self) -> None:
        self._found: dict[str, ResourceError] = {}
        self._lock = Lock()

    def note(self, plan: VideoPlan, silent: Sequence[Rung], error: ResourceError) -> bool:
        """Remember what was said of a plan that did not fit; whether that is new."""
        kind = _kind_of(plan, silent)
        with self._lock:
            is_new = kind not in self._found
            self._found.setdefault(kind, ResourceError(error.message, error.rungs))
        return is_new

    def find(self, plan: VideoPlan, silent: Sequence[Rung]) -> ResourceError | None:
        """What was said of one with the same engine, size and settings."""
        with self._lock:
            return self._found.get(_kind_of(plan, silent))


def _kind_of(plan: VideoPlan, silent: Sequence[Rung]) -> str:
    settings = settings_after(plan, silent)
    return canonical_sha256([plan.engine, plan.width, plan.height, settings])


# --- what is said of it -------------------------------------------------------------------------


def effective(rungs: Sequence[Rung]) -> tuple[str, ...]:
    """The rungs in words, without those whose settings a later one set again."""
    last = {tuple(name for name, _ in rung.settings): str(rung) for rung in rungs}
    return tuple(last.values())


def describe_changes(rungs: Sequence[Rung], why: str) -> str:
    """For the report: what changed of the video's pictures."""
    names = ", ".join(map(str, rungs))
    return f"rendered with {names}, because it did not fit otherwise: {why}"


def describe_silent_changes(receipts: Sequence[SegmentReceipt]) -> tuple[str, ...]:
    """For the report: what was slower than asked for, and changed no picture."""
    counts = Counter(receipt.rungs for receipt in receipts if receipt.rungs)
    return tuple(
        f"{count} of {counted(len(receipts), 'segment')} rendered with {', '.join(rungs)}, because "
        "nothing else fitted; no pixel differs"
        for rungs, count in counts.items()
    )
