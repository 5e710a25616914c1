"""What threads that read and speak side by side share is loaded by one of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError

import hibari.g2p
import pytest
from opencc_purepy.starter_union import StarterUnion
from py3langid.langid import LanguageIdentifier

from model import biquads
from model.loading import Loader, loaded_once, loaded_once_each
from model.preview import networks
from model.speech import english, kokoro
from model.speech import hibari as hibari_voice
from model.speech.hanzi import traditional
from tasks.deliverables import sound_mix
from tasks.portrait import framed
from tasks.reading.foreign import common_words, letter_model
from tasks.reading.mandarin import reader
from tasks.screen import fonts
from tasks.screen.brand import clips

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

    def __init__(self, make: Callable[[], object] = object) -> None:
        self._barrier, self._make = Barrier(2), make
        self.num_made = self.num_met = 0

    def __call__(self, *_: object, **__: object) -> object:
        self.num_made += 1
        try:
            self._barrier.wait(PAUSE_S)
            self.num_met += 1
        except BrokenBarrierError:  # nobody else came
            self._barrier.reset()
        return self._make()


def test_threads_that_read_side_by_side_load_one_dictionary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Meeting()
    monkeypatch.setattr(hibari.g2p, "G2P", made)
    english._reader.cache_clear()
    try:
        assert len(side_by_side(lambda: english._reader(False))) == 1
    finally:
        english._reader.cache_clear()
    assert made.num_made == 1


def test_threads_that_speak_side_by_side_load_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Meeting()
    monkeypatch.setattr(hibari_voice, "open_session", made)
    hibari_voice._session.cache_clear()
    try:
        assert len(side_by_side(hibari_voice._session)) == 1
    finally:
        hibari_voice._session.cache_clear()
    assert made.num_made == 1


def test_threads_that_meet_traditional_characters_fill_the_tables_of_one_converter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = Meeting()
    fill = StarterUnion.build_starter_index

    def filled(union: StarterUnion) -> None:
        waits()
        fill(union)

    monkeypatch.setattr(StarterUnion, "build_starter_index", filled)
    traditional._converter.cache_clear()
    try:
        side_by_side(lambda: traditional.simplified("電視機發亮"))
        assert traditional.simplified("電視機發亮") == "电视机发亮"
    finally:
        traditional._converter.cache_clear()
    assert waits.num_made == 1


def test_threads_that_read_side_by_side_load_one_model_of_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Identifier:
        def set_languages(self, names: list[str]) -> None: ...

    made = Meeting(Identifier)
    monkeypatch.setattr(LanguageIdentifier, "from_model_file", made)
    letter_model._model.cache_clear()
    try:
        assert len(side_by_side(letter_model._model)) == 1
    finally:
        letter_model._model.cache_clear()
    assert made.num_made == 1


@pytest.mark.parametrize(
    "loader",
    [
        *(biquads._kernel, networks.session, common_words._index),
        *(reader._compiled_rules, fonts._read_font, framed._framed_file),
        *(sound_mix.measured_music, clips.measured_clip),
    ],
    ids=lambda loader: loader.__name__,
)
def test_what_costs_much_is_loaded_by_one_thread(loader: object) -> None:
    assert isinstance(loader, Loader)


def test_values_of_different_arguments_wait_for_each_other_where_they_may_share_a_library() -> None:
    made = Meeting()
    load = loaded_once(made)
    numbers = iter(range(NUM_THREADS))

    assert len(side_by_side(lambda: load(next(numbers)))) == NUM_THREADS
    assert (made.num_made, made.num_met) == (NUM_THREADS, 0)


def test_values_of_different_arguments_are_loaded_side_by_side_where_they_share_nothing() -> None:
    made = Meeting()
    load = loaded_once_each(most_kept=8)(made)
    numbers = iter((0, 0, 1, 1))  # hash(number) is another turn

    assert len(side_by_side(lambda: load(next(numbers)))) == 2
    assert (made.num_made, made.num_met) == (2, 2)


def test_the_value_that_was_not_asked_for_longest_is_loaded_again() -> None:
    made = Meeting()
    load = loaded_once_each(most_kept=2)(made)

    for number in (0, 1, 0, 2, 0):
        load(number)
    assert made.num_made == 3
    load(1)
    assert made.num_made == 4


def test_what_fails_to_load_is_loaded_by_the_next_one() -> None:
    tries = iter((OSError("no room"), "loaded"))

    @loaded_once
    def load() -> str:
        match next(tries):
            case str() as value:
                return value
            case error:
                raise error

    with pytest.raises(OSError, match="no room"):
        load()
    assert load() == "loaded"


def test_one_that_loads_may_need_another_value_of_its_own() -> None:
    @loaded_once
    def load(number: int) -> int:
        return 0 if number == 0 else load(number - 1) + 1

    assert load(3) == 3


def test_voices_that_begin_side_by_side_load_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Meeting()
    monkeypatch.setattr(kokoro, "open_session", made)
    monkeypatch.setattr(kokoro, "with_fast_convolutions", bytes)
    kokoro._session.cache_clear()
    try:
        assert len(side_by_side(kokoro._session)) == 1
    finally:
        kokoro._session.cache_clear()
    assert made.num_made == 1
