"""What threads that read and speak side by side share is loaded by one of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError

import hibari.g2p
import pytest

from model.speech import english
from model.speech import hibari as hibari_voice

NUM_THREADS = 4
PAUSE_S = 0.2


def side_by_side(work: Callable[[], object]) -> set[int]:
    """The ids of what came of it, kept alive until all have theirs."""
    barrier = Barrier(NUM_THREADS)

    def begun() -> object:
        barrier.wait(30)
        return work()

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        found = [each.result() for each in [pool.submit(begun) for _ in range(NUM_THREADS)]]
    return {id(each) for each in found}


class Meeting:
    """Made anew each time; who is made waits a moment for another one that is made meanwhile."""

    def __init__(self) -> None:
        self._barrier, self.num_made = Barrier(2), 0

    def __call__(self, *_: object, **__: object) -> object:
        self.num_made += 1
        try:
            self._barrier.wait(PAUSE_S)
        except BrokenBarrierError:  # nobody else came
            self._barrier.reset()
        return object()


def test_threads_that_read_side_by_side_load_one_dictionary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Meeting()
    monkeypatch.setattr(hibari.g2p, "G2P", made)
    english._loaded_reader.cache_clear()
    try:
        assert len(side_by_side(lambda: english._reader(False))) == 1
    finally:
        english._loaded_reader.cache_clear()
    assert made.num_made == 1


def test_threads_that_speak_side_by_side_load_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Meeting()
    monkeypatch.setattr(hibari_voice, "open_session", made)
    hibari_voice._loaded_session.cache_clear()
    try:
        assert len(side_by_side(hibari_voice._session)) == 1
    finally:
        hibari_voice._loaded_session.cache_clear()
    assert made.num_made == 1
