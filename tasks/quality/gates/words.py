"""Verdicts in words, for people who want to know what is wrong, and from which second on."""

from collections.abc import Sequence

from tasks.gate_records import GateVerdict


def told_verdict(verdict: GateVerdict) -> str:
    """``mouth late by 90 ms from 0:14``."""
    return f"{verdict.words} from {minutes(verdict.second)}"


def told_verdicts(verdicts: Sequence[GateVerdict], most: int = 3) -> str:
    """The first verdicts, and how many more there are; empty for none."""
    told = [told_verdict(verdict) for verdict in verdicts[:most]]
    more = len(verdicts) - most
    return "; ".join(told) + (f" and {more} more" if more > 0 else "")


def minutes(seconds: float) -> str:
    """``0:14``, ``12:05``."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
