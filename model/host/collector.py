"""Python's collector of garbage, which large imports need not wait for."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def pause_collector() -> Generator[None]:
    """While libraries are imported: they leave no garbage, and looking for it takes a fifth longer.

    What is loaded or computed here must not rely on it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
