"""The first signal asks a run to stop, the second interrupts it, whatever else has asked before."""

import signal
import threading

import pytest

from flows.work import stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("is_stopping", [False, True])
def test_the_second_signal_interrupts_and_not_the_first(number, is_stopping):
    stop = threading.Event()
    if is_stopping:  # the server says that the run is cancelled, before its process is signalled
        stop.set()
    with stop_on_signals(stop):
        signal.raise_signal(number)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_a_second_signal_is_the_second_for_an_outer_handler_too():
    stop = threading.Event()
    with stop_on_signals(stop):
        with stop_on_signals(stop):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_signals_of_one_run_are_not_those_of_the_next():
    for _ in range(2):
        stop = threading.Event()
        with stop_on_signals(stop):
            signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
