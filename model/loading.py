"""What a process loads once, whichever of its threads needs it first.

`functools.cache` lets each thread that comes while a value is being made make its own: rows that
are prepared side by side would load a network or a dictionary as often as there are rows, and a
library that is not made for it would be half ready for the second of them.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from threading import RLock
from typing import Generic, ParamSpec, TypeVar, cast

_Asked = ParamSpec("_Asked")
_Loaded = TypeVar("_Loaded")
_ALL = 1


class Loader(Generic[_Asked, _Loaded]):
    """Calls like the function it stands for; :meth:`cache_clear` forgets what was loaded."""

    def __init__(
        self, load: Callable[_Asked, _Loaded], most_kept: int | None, num_turns: int
    ) -> None:
        self._kept = lru_cache(maxsize=most_kept)(load)
        # one that loads may need another value of its own function
        self._turns = tuple(RLock() for _ in range(num_turns))
        wraps(load)(self)

    def __call__(self, *args: _Asked.args, **kwargs: _Asked.kwargs) -> _Loaded:
        """The value, which one thread has loaded."""
        turn = 0 if len(self._turns) == _ALL else hash(args) % len(self._turns)
        with self._turns[turn]:
            return cast("_Loaded", self._kept(*args, **kwargs))

    def cache_clear(self) -> None:
        """Load anew what is asked for next."""
        self._kept.cache_clear()


def loaded_once(load: Callable[_Asked, _Loaded]) -> Loader[_Asked, _Loaded]:
    """One thread loads, and the others wait for what it has loaded; all of it is kept.

    Values of different arguments are loaded one after the other: they may share a library.
    """
    return Loader(load, None, _ALL)


def loaded_once_each(
    most_kept: int, num_turns: int = 8
) -> Callable[[Callable[_Asked, _Loaded]], Loader[_Asked, _Loaded]]:
    """The same where different arguments have nothing in common, so that most go side by side.

    Args:
        most_kept: values; the one that was not asked for longest goes.
        num_turns: how many may be loaded at once.
    """
    return lambda load: Loader(load, most_kept, num_turns)
