"""Rows that are worked on a few ahead of who wants them."""

import signal
import threading
import time
from types import FrameType

import pytest

from flows.rows.order import side_by_side


def test_results_come_in_the_order_of_the_rows():
    later = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert later.wait(60)
        later.set()
        return 10 * number

    assert list(side_by_side(range(20), work)) == [10 * number for number in range(20)]


def test_the_error_of_a_row_is_raised_in_its_turn():
    def work(number: int) -> int:
        if number == 1:
            raise ValueError("the second")
        return number

    results = side_by_side(range(3), work)
    assert next(results) == 0
    with pytest.raises(ValueError, match="the second"):
        next(results)


def test_a_signal_that_another_thread_takes_is_heard_while_a_row_is_awaited():
    """As Ctrl-C may be: Python asks handlers in the main thread, which must wake for it."""
    assert threading.current_thread() is threading.main_thread()
    heard = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        heard.set()

    def work(_: int) -> bool:
        time.sleep(0.5)  # the main thread sleeps by now
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)
        return heard.wait(30)

    before = signal.signal(signal.SIGUSR2, on_signal)
    try:
        assert list(side_by_side([0], work)) == [True]
    finally:
        signal.signal(signal.SIGUSR2, before)
