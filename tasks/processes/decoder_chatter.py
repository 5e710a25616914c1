"""What decoders write to the terminal by themselves: not for people, so it is left out.

libjpeg and libpng, as OpenCV has them, and mpg123, as libsndfile has it, write their warnings to
standard error, wherever Python's own stderr is. While they are at work, it is a file; what others
wrote meanwhile comes out again behind the last of them, whole.
"""

import os
import re
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from typing import IO

_STDERR = 2
_CHATTER = re.compile(
    rb"(?:libpng (?:warning|error): |Corrupt JPEG data: |Premature end of JPEG file"
    rb"|Inconsistent progression sequence|Invalid SOS parameters|Unknown Adobe color transform"
    rb"|Application transferred too many scanlines|\[src/libmpg123/|Note: |Warning: )[^\n]*(?:\n|$)"
)


class _Silence:
    """Standard error as a file, while ``num_users`` is not 0."""

    def __init__(self) -> None:
        self.lock, self.num_users = Lock(), 0
        self.terminal: int | None = None
        self.file: IO[bytes] | None = None

    def begin(self) -> None:
        """For the first of several users at a time."""
        try:
            self.terminal = os.dup(_STDERR)
        except OSError:
            return  # it is closed, so nothing comes out
        if self.file is None:  # kept: making one costs more than reading a short recording's header
            self.file = tempfile.TemporaryFile()  # noqa: SIM115
        os.dup2(self.file.fileno(), _STDERR)

    def end(self) -> None:
        """For the last one."""
        if self.terminal is None or self.file is None:
            return
        os.dup2(self.terminal, _STDERR)
        os.close(self.terminal)
        self.file.seek(0)
        others = _CHATTER.sub(b"", self.file.read())
        self.file.seek(0)
        self.file.truncate()
        self.terminal = None
        while others:
            others = others[os.write(_STDERR, others) :]


_SILENCE = _Silence()


@contextmanager
def decoders_silenced() -> Generator[None]:
    """For the time of a block; several threads may be in one."""
    with _SILENCE.lock:
        if not _SILENCE.num_users:
            _SILENCE.begin()
        _SILENCE.num_users += 1
    try:
        yield
    finally:
        with _SILENCE.lock:
            _SILENCE.num_users -= 1
            if not _SILENCE.num_users:
                _SILENCE.end()
