"""Leases of whole GPUs among the processes of one machine, by file locks alone.

The folder of the locks is one for the workers of all users: sticky, so that nobody removes
another's files. It is no link that another user has laid, and what others put into it is read as
nothing but the number and the holder of a ticket.

A slot is one GPU, under the name CUDA knows it by. Who holds the ``flock`` of its file has leased
it; the kernel frees it when the last process that inherited the descriptor is gone, kill -9
included. Nothing has to be cleaned up, and no server has to be asked.

Who asks draws a ticket: a numbered file, locked for as long as its holder lives. Only the oldest
ticket alive may take slots, and keeps those it has until it has them all, so an ask for all GPUs
is not starved by asks for one. Tickets are drawn and read under the lock of a gate file, which
nobody holds for longer than it takes to list a folder.
"""

import contextlib
import errno
import fcntl
import os
import re
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_IWOTH
from typing import Self, TypeVar

from model.errors import MachineError, StoppedError
from tasks.errors import counted

SLOTS_VARIABLE = "NIGHTSHOOT_GPU_SLOTS"
FOLDER_VARIABLE = "NIGHTSHOOT_LEASE_DIR"
_NAMED_BY = (SLOTS_VARIABLE, "CUDA_VISIBLE_DEVICES")
# not TMPDIR: it differs between users, and two folders would lease the same GPU twice
DEFAULT_FOLDER = Path("/tmp/nightshoot-leases")

POLL_S = 0.1
_Granted = TypeVar("_Granted")

_SLOT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_DEVICE = re.compile(r"nvidia\d+")
_TICKET = re.compile(r"[1-9]\d{0,17}")
_SHARED_MODE = 0o1777


class LeaseError(MachineError):
    """GPUs that this machine does not have, or could not lease in time."""


@dataclass(frozen=True)
class Lease:
    """Slots that are ours until the last copy of their descriptors is closed.

    Attributes:
        slots: their names, in the machine's order.
        descriptors: give them to a child (``pass_fds``) and it holds the lease too.
    """

    slots: tuple[str, ...]
    descriptors: tuple[int, ...]

    def release(self) -> None:
        """Close this process's copies; call it once."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def slot_names(environ: Mapping[str, str], devices: Path = Path("/dev")) -> tuple[str, ...]:
    """The GPUs of this machine: as set, else as CUDA may see them, else as the driver shows them.

    Raises:
        LeaseError: there is none, or the setting is no list of different names.
    """
    for variable in _NAMED_BY:
        if variable in environ:
            return _parsed(variable, environ[variable])
    num_found = _num_devices(devices)
    if not num_found:
        raise LeaseError(
            f"no GPU was found: {devices} has no nvidia0; load the driver on a machine with GPUs, "
            f"or name the slots yourself on one without, for example {SLOTS_VARIABLE}=0,1"
        )
    # not the devices' own numbers: of GPUs 3 and 5 given to a container, CUDA knows 0 and 1
    return tuple(map(str, range(num_found)))


def has_slots(environ: Mapping[str, str], devices: Path = Path("/dev")) -> bool:
    """Whether GPUs are named by a setting, rightly or not, or shown by the driver."""
    return any(variable in environ for variable in _NAMED_BY) or _num_devices(devices) > 0


def _num_devices(devices: Path) -> int:
    return sum(_DEVICE.fullmatch(path.name) is not None for path in devices.iterdir())


def _parsed(variable: str, value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(","))
    if len(set(names)) < len(names) or not all(map(_SLOT_NAME.fullmatch, names)):
        raise LeaseError(
            f'{variable}="{value}" must name GPUs, each once, for example "0,1" '
            f"({SLOTS_VARIABLE} wins over CUDA_VISIBLE_DEVICES; unset both to use every GPU)"
        )
    return names


def lease_folder(environ: Mapping[str, str]) -> Path:
    """Where this machine's locks are: one folder for the workers of all users.

    A service with a private ``/tmp`` (systemd's ``PrivateTmp``, a container) needs the setting.
    The folder must be local: over a network file system locks are not those of this machine.
    """
    return Path(environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)


class Slots:
    """The slots of this machine.

    Raises:
        LeaseError: the folder cannot be used.
    """

    def __init__(self, names: tuple[str, ...], folder: Path) -> None:
        self.names, self._folder = names, folder
        self._token = uuid.uuid4().hex
        try:
            for place in (folder, self._tickets):
                _make_shared(place)
            for path in (self._gate_path, *map(self._slot_path, names)):
                os.close(_open(path))
        except OSError as error:
            raise LeaseError(
                f"{folder}: locks cannot be kept here ({error}); set {FOLDER_VARIABLE} to a local "
                "folder that all workers of this machine can write to"
            ) from error

    @property
    def _tickets(self) -> Path:
        return self._folder / "tickets"

    @property
    def _gate_path(self) -> Path:
        return self._folder / "gate"

    def _slot_path(self, name: str) -> Path:
        return self._folder / f"gpu-{name.replace('/', '_')}"

    def ask(self, num_slots: int) -> "Ask":
        """Take a place in the line; leave it by closing the ask.

        Raises:
            LeaseError: there are not as many slots.
        """
        if not 0 <= num_slots <= len(self.names):
            raise LeaseError(
                f"the run asks for {counted(num_slots, 'GPU')}, but this machine has "
                f"{len(self.names)} ({', '.join(self.names)}); ask for fewer, or send the run to "
                "another pool"
            )
        return Ask(self, num_slots)

    def lease(
        self,
        num_slots: int,
        timeout_s: float | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Lease:
        """Wait in line for ``num_slots`` slots.

        Raises:
            LeaseError: there are not as many, or they were not free in time.
            StoppedError: asked to stop.
        """
        with self.ask(num_slots) as ask:
            return wait_in_line(
                ask.try_lease,
                counted(num_slots, "GPU"),
                should_stop=should_stop,
                timeout_s=timeout_s,
                late=lambda waited: LeaseError(
                    f"{counted(num_slots, 'GPU')} of {', '.join(self.names)} did not become free "
                    f"within {waited}"
                ),
            )

    def is_somebody_waiting(self) -> bool:
        """Whether the next in line is another than the asks of this object."""
        first = self.first_ticket()
        return first is not None and first[1] != self._token

    def draw_ticket(self) -> tuple[int, int]:
        """The number and the descriptor of a ticket behind all others."""
        with self._gate():
            number = 1 + max(self._numbers(), default=0)
            descriptor = _made(self._tickets / str(number))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.write(descriptor, self._token.encode())
            return number, descriptor

    def _numbers(self) -> list[int]:
        names = (path.name for path in self._tickets.iterdir())
        return [int(name) for name in names if _TICKET.fullmatch(name)]

    def drop_ticket(self, number: int, descriptor: int) -> None:
        """Leave the line. A ticket whose holder lives is removed by nobody else."""
        (self._tickets / str(number)).unlink(missing_ok=True)
        os.close(descriptor)

    def first_ticket(self) -> tuple[int, str] | None:
        """Number and holder of the oldest ticket alive; dead ones are cleared away."""
        with self._gate():
            for number in sorted(self._numbers()):
                path = self._tickets / str(number)
                try:
                    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
                except OSError:
                    continue  # its holder has just left the line, or it is no ticket
                try:
                    if not _try_flock(descriptor):
                        return number, os.read(descriptor, 64).decode(errors="replace")
                    with contextlib.suppress(PermissionError):  # another user's stays, and is dead
                        path.unlink(missing_ok=True)
                finally:
                    os.close(descriptor)
        return None

    def try_slot(self, name: str) -> int | None:
        """The descriptor that holds a slot, or None while it is leased."""
        descriptor = _open(self._slot_path(name))
        if _try_flock(descriptor):
            return descriptor
        os.close(descriptor)
        return None

    @contextlib.contextmanager
    def _gate(self) -> Generator[None]:
        descriptor = _open(self._gate_path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class Ask:
    """A place in the line for a number of slots."""

    def __init__(self, slots: Slots, num_slots: int) -> None:
        self._slots, self._num_slots = slots, num_slots
        self._held: dict[str, int] = {}
        self._number, self._ticket = slots.draw_ticket()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def is_next(self) -> bool:
        """Whether everybody who asked earlier has been served or is gone."""
        first = self._slots.first_ticket()
        return first is not None and first[0] == self._number

    def try_lease(self) -> Lease | None:
        """The lease, once we are next and enough slots are free; else what is free is kept."""
        if not self.is_next():
            return None
        for name in self._slots.names:
            if len(self._held) == self._num_slots:
                break
            if name not in self._held:
                descriptor = self._slots.try_slot(name)
                if descriptor is not None:
                    self._held[name] = descriptor
        if len(self._held) < self._num_slots:
            return None
        names = tuple(name for name in self._slots.names if name in self._held)
        lease = Lease(names, tuple(self._held[name] for name in names))
        self._held.clear()
        return lease

    def close(self) -> None:
        """Leave the line, and what was kept for us."""
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()
        self._slots.drop_ticket(self._number, self._ticket)


def _open(path: Path) -> int:
    """Open a lock file, made if need be: writable for the workers of all users.

    A file that exists is opened without O_CREAT: in folders for everybody the kernel may refuse it.
    """
    while True:
        try:
            return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                return _made(path)


def _made(path: Path) -> int:
    """Make a lock file that is not there, and open it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW)
    os.fchmod(descriptor, 0o666)
    return descriptor


def _make_shared(place: Path) -> None:
    """Make a folder of locks, or check the one that is there; one of ours becomes sticky.

    Raises:
        OSError: it is no folder, or a link that another user has laid.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        place.mkdir()
        place.chmod(_SHARED_MODE)
        return
    seen = place.lstat()
    if S_ISLNK(seen.st_mode):
        if seen.st_uid not in (0, os.geteuid()):
            raise OSError(errno.ELOOP, "it is a link that another user has laid", str(place))
        seen = place.stat()
    if not S_ISDIR(seen.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
    if seen.st_uid == os.geteuid() and seen.st_mode & S_IWOTH:
        place.chmod(_SHARED_MODE)  # an earlier release made it without the sticky bit


def _try_flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_in_line(
    take: Callable[[], _Granted | None],
    what: str,
    *,
    should_stop: Callable[[], bool],
    timeout_s: float | None,
    late: Callable[[str], MachineError],
) -> _Granted:
    """Ask again and again until something is granted.

    Args:
        take: gives it, or None while it is not this one's turn.
        what: for the message, such as ``2 GPUs``.
        should_stop: asked between tries.
        timeout_s: None waits for ever.
        late: the error for a wait that took too long; is given the time, such as ``60 s``.

    Raises:
        MachineError: what ``late`` makes: nothing was granted in time.
        StoppedError: asked to stop.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while (granted := take()) is None:
        if should_stop():
            raise StoppedError(f"stopped while waiting for {what}")
        if deadline is not None and time.monotonic() > deadline:
            raise late(f"{timeout_s:.0f} s")
        time.sleep(POLL_S)
    return granted
