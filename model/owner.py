"""A process that ends with its owner, however the owner ends.

The owner keeps the write end of a pipe open as this process's standard input; the kernel closes
it when the owner dies, kill -9 included. Unlike a parent-death signal this is not tied to the
thread that started the process.
"""

import os
import sys
import threading
from collections.abc import Callable


def exit_with_owner(on_exit: Callable[[], None]) -> None:
    """Watch standard input in a thread; when it closes, call ``on_exit`` and end at once."""

    def watch() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        try:
            on_exit()
        finally:
            os._exit(0)

    threading.Thread(target=watch, name="owner", daemon=True).start()
