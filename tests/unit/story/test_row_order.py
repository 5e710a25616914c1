"""Rows that are worked on a few ahead of who wants them."""

import signal
import threading
import time
from types import FrameType

import pytest

from flows.rows.order import PREPARED_AT_ONCE, side_by_side
from tasks.speech.recordings import decoding


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


def test_as_many_rows_are_prepared_at_once_as_fill_two_starts_of_the_decoder():
    """Eight are decoded in one start; those that come meanwhile wait for the next."""
    meeting = threading.Barrier(PREPARED_AT_ONCE)

    def work(number: int) -> int:
        meeting.wait(60)
        return number

    assert PREPARED_AT_ONCE == 2 * decoding._MOST_TOGETHER
    rows = range(PREPARED_AT_ONCE)
    assert list(side_by_side(rows, work, PREPARED_AT_ONCE)) == list(rows)
