"""Errors of tasks, below the root in :mod:`model.errors`."""

import errno
import shlex
from collections.abc import Sequence
from pathlib import Path

from model.errors import MachineError, NightshootError, ResourceError


def counted(number: int, noun: str) -> str:
    """``1 segment``, ``2 segments``: for messages."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def os_error_text(error: OSError) -> str:
    """What the system refused, where, and the way out, in one line."""
    # of a file that cannot be given its name, the name is what people find
    named = (error.errno in _OF_THE_NEW_NAME and error.filename2) or error.filename
    where = f"{named}: " if named else ""
    way_out = _OS_WAYS_OUT.get(error.errno or 0, "correct that, then run the same command again")
    return f"{where}{error.strerror or error}; {way_out}"


class ProgramError(MachineError):
    """A program failed: what was run, how it ended (None: it never started or hung), its words."""

    def __init__(self, command: Sequence[str], returncode: int | None, stderr: str) -> None:
        super().__init__(tuple(command), returncode, stderr)
        self.command, self.returncode, self.stderr = tuple(command), returncode, stderr

    @property
    def ending(self) -> str:
        """How it ended and what it said, without its command line."""
        code = self.returncode
        how = "did not finish" if code is None else f"ended with exit code {code}"
        return f"{how}: {self.stderr.strip()[-_STDERR_SHOWN:] or '(no message)'}"

    def __str__(self) -> str:
        return f"{shlex.join(self.command)} {self.ending}"


class ProgramHungError(ProgramError):
    """A program did not end in time, and was killed."""


class FfmpegError(ProgramError):
    """Ffmpeg failed."""


class DiskFullError(ResourceError):
    """There is no room for a file; nothing was left under its name."""

    def __init__(self, path: Path, free_bytes: int, needed_bytes: int | None = None) -> None:
        need = "" if needed_bytes is None else f" and {needed_bytes / 1e6:.1f} MB are needed"
        super().__init__(
            f"{path}: the disk is full: {free_bytes / 1e6:.1f} MB are free{need}; "
            "free some space or choose another --out, then run the same command again"
        )
        self.path, self.free_bytes, self.needed_bytes = path, free_bytes, needed_bytes
        self.args = (path, free_bytes, needed_bytes)


class UnforeseenError(NightshootError):
    """Something that no rule of ours foresaw; its traceback is kept in the campaign's logs."""


class StoreError(MachineError):
    """The store did not do what it must; the same may succeed later."""


class DamagedError(StoreError):
    """A record, or a file that a receipt vouches for, is not what was written; says which and how.

    Whoever meets it may discard the thing and make it again.
    """


class NewerRecordError(StoreError):
    """A record that is whole but written by a later release: nobody here may discard it."""

    def __init__(self, name: str, schema: int, known: int) -> None:
        super().__init__(name, schema, known)
        self.name, self.schema, self.known = name, schema, known

    def __str__(self) -> str:
        return (
            f"{self.name} was written by a later release of Nightshoot (schema {self.schema}; this "
            f"release reads up to {self.known}); install that release and run the command again. "
            "Nothing was changed"
        )


_STDERR_SHOWN = 2_000
_FORBIDDEN = "check the owner and the permissions of that place, or use another one"
_FULL = "free some space or use another place, then run the same command again"
_OF_THE_NEW_NAME = (errno.EISDIR, errno.ENOTEMPTY)
_OS_WAYS_OUT = {
    errno.EISDIR: "move that folder away, then run the same command again",
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: _FORBIDDEN,
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
}
