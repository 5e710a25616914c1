"""Clauses spoken side by side, as far as cores are free for it, and returned in their order.

A built-in voice takes one core for a clause, so that the same clause is the same bytes on every
machine; several clauses at a time use the others.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from threading import BoundedSemaphore
from typing import TypeVar

from model.speech.utterance import Utterance
from tasks.processes.stop_request import check_stop
from tasks.speech.voices import source_of

_Item = TypeVar("_Item")


def spoken_in_order(
    clauses: Sequence[_Item], speak: Callable[[_Item], Utterance], num_speakers: int
) -> Iterator[Utterance]:
    """What ``speak`` makes of each clause.

    Args:
        clauses: in the order of the script.
        speak: called by ``num_speakers`` threads at once.
        num_speakers: 1: one clause after the other, by this thread.

    Raises:
        StoppedError: a person asked to stop; no further clause is begun.
    """

    def turn(clause: _Item) -> Utterance:
        check_stop()
        return speak(clause)

    if num_speakers == 1 or len(clauses) < 2:
        yield from map(turn, clauses)
        return
    pool = ThreadPoolExecutor(num_speakers, thread_name_prefix="speaker")
    try:
        futures = [pool.submit(copy_context().run, turn, clause) for clause in clauses]
        for future in futures:
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def num_speakers(voice: str) -> int:
    """How many clauses a voice speaks at once: a service or a program outside is asked for one."""
    return num_cores() if source_of(voice) == "builtin" else 1


def on_a_core(speak: Callable[[str], Utterance]) -> Callable[[str], Utterance]:
    """``speak``, waiting until one of this process's cores has no other clause to speak."""

    def wait_and_speak(line: str) -> Utterance:
        with _cores():
            return speak(line)

    return wait_and_speak


@cache
def _cores() -> BoundedSemaphore:
    return BoundedSemaphore(num_cores())


def num_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
