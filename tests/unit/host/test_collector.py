"""Python's collector is as it was, once imports are over."""

import gc
from collections.abc import Iterator

import pytest

from model.host.collector import pause_collector


@pytest.fixture(autouse=True)
def enabled() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_is_off_during_imports_and_on_again_after_one_that_fails():
    with pytest.raises(ModuleNotFoundError), pause_collector():
        assert not gc.isenabled()
        raise ModuleNotFoundError("torch")

    assert gc.isenabled()


def test_who_has_turned_it_off_keeps_it_off():
    gc.disable()

    with pause_collector():
        pass

    assert not gc.isenabled()
