"""Errors of tasks, below the root in :mod:`model.errors`."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from model.errors import MachineError, ResourceError


def counted(number: int, noun: str) -> str:
    """``1 segment``, ``2 segments``: for messages."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class ProgramError(MachineError):
    """A program failed: what was run, how it ended (None: it never started or hung), its words."""

    def __init__(self, command: Sequence[str], returncode: int | None, stderr: str) -> None:
        super().__init__(tuple(command), returncode, stderr)
        self.command, self.returncode, self.stderr = tuple(command), returncode, stderr

    def __str__(self) -> str:
        how = "did not finish" if self.returncode is None else f"ended {self.returncode}"
        words = self.stderr.strip()[-_STDERR_SHOWN:] or "(no message)"
        return f"{shlex.join(self.command)} {how}: {words}"


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


class StoreError(MachineError):
    """The store did not do what it must; the same may succeed later."""


class DamagedError(StoreError):
    """A receipt whose files are not there or not the same; says which and how."""


_STDERR_SHOWN = 2_000
