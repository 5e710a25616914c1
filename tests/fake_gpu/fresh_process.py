"""Counts in a process of their own: torch's compiler plans otherwise what follows other graphs."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a module's function returns where torch has compiled nothing before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *arguments).result()
