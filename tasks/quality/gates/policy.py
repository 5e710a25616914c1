"""What a person asks of the gates, and what follows a failed one. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasks.gate_records import GateMode, GatePolicy, GateVerdict
from tasks.quality.gates.limits import limits_of
from tasks.quality.gates.segment_verdicts import segment_verdicts, severity
from tasks.records import SegmentReceipt, VideoPlan, VideoReceipt

NextTry = Literal["keep", "again", "choose"]


@dataclass(frozen=True)
class GateRequest:
    """What a person asked for; None where nobody asked.

    Attributes:
        mode: what a failed gate does.
        tries: with new seeds, after the first.
        limits: a file with limits that differ from the shipped ones.
    """

    mode: GateMode | None = None
    tries: int | None = None
    limits: Path | None = None


def planned_policy(request: GateRequest, engine: str, known: GatePolicy | None) -> GatePolicy:
    """The policy of a video: what is asked for, else what it has, else the defaults.

    Raises:
        CampaignError: the file of limits has faults.
    """
    limits = limits_of(engine, request.limits) if request.limits or not known else known.limits
    base = known or GatePolicy(limits=limits)
    return GatePolicy(
        mode=base.mode if request.mode is None else request.mode,
        tries=base.tries if request.tries is None else request.tries,
        limits=limits,
    )


def policy_of(plan: VideoPlan) -> GatePolicy:
    """How a video is judged; one that was planned before there were gates, by the defaults."""
    return plan.gates or GatePolicy(limits=limits_of(plan.engine))


def as_asked(receipt: VideoReceipt, mode: GateMode | None) -> VideoReceipt:
    """A finished video's receipt whose findings hold it or not, as a person asks now.

    Its findings stay; None: nobody asked.
    """
    if mode is None:
        return receipt
    is_held = mode == "hold"
    gates = tuple(each.model_copy(update={"held": is_held}) for each in receipt.gates)
    return receipt.model_copy(update={"gates": gates})


def receipt_verdicts(receipt: SegmentReceipt, policy: GatePolicy) -> tuple[GateVerdict, ...]:
    """What is wrong with a segment; nothing is known of one that was never measured."""
    if receipt.figures is None or policy.mode == "off":
        return ()
    return segment_verdicts(receipt.figures, policy.limits, is_held=policy.mode == "hold")


def seed_of_try(seed: int, segment_index: int, number: int) -> int:
    """The seed of try ``number`` (1: the first after a failed gate), 0 to 2**32 - 1."""
    text = f"gate try {number} of segment {segment_index}, seed {seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def next_try(
    tries: Sequence[Sequence[GateVerdict]], policy: GatePolicy, *, uses_seed: bool
) -> NextTry:
    """What follows the tries of one segment so far.

    A pure function of figures and limits, so that a run that was killed comes to the same end.

    Args:
        tries: what was found wrong with each, the first one first; at least one.
        policy: of the video.
        uses_seed: whether another seed gives the engine other pixels.
    """
    if not tries[-1]:
        return "keep"
    # a warning changes nothing: what is only told is not rendered again
    is_over = len(tries) > policy.tries or policy.mode != "hold" or not uses_seed
    return "choose" if is_over else "again"


def best_of(tries: Sequence[Sequence[GateVerdict]]) -> int:
    """The try with the fewest findings, the mildest of those; of equal ones the first."""
    return min(range(len(tries)), key=lambda number: (*severity(tries[number]), number))
