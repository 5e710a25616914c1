"""The command `nightshoot`, and ``python -m flows.cli``: imports the command line and runs it.

The imports take a second, or several on a busy machine; Ctrl-C ends them without a traceback.
"""

import os
import signal
from types import FrameType
from typing import NoReturn

_EXIT_INTERRUPTED = 130


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"Stopped.\n")
    os._exit(_EXIT_INTERRUPTED)


def main() -> None:
    """Run the command line; nothing is under way before it is imported."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # a background job of a shell ignores the signal
        signal.signal(signal.SIGINT, _leave)
    from flows.cli.main import main as run

    signal.signal(signal.SIGINT, before)
    run()


if __name__ == "__main__":
    main()
