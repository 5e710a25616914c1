"""Signs of life: what each process of an engine is doing, and whether it still does anything.

Every process keeps a record of its own in a folder: the phase it is in, how long that may take,
and a pulse that a thread raises each second. A stopped process has no pulse. One that hangs in a
driver or in a message to another rank may have one, but its phase goes on and on. Whoever watches
(``model.host.guard``, which is none of them) compares what it reads with what it read before, by a
clock of its own, and leaves its words beside the records before it ends the group.

    NIGHTSHOOT_LOAD_TIMEOUT_S        to load weights; absent: as long as the engine says
    NIGHTSHOOT_COMPILE_TIMEOUT_S     to compile, absent: 900
    NIGHTSHOOT_BLOCK_TIMEOUT_S       for the next frames of a segment, absent: 300
    NIGHTSHOOT_HEARTBEAT_TIMEOUT_S   without a pulse; absent: 20, as machines may be loaded

Where nobody watches, telling a phase does nothing.
"""

import contextlib
import json
import os
import select
import sys
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from model.errors import CampaignError

HEARTBEATS_VARIABLE = "NIGHTSHOOT_BEATS"
"""The folder of the records; set by whoever starts a guard."""

GUARD_VARIABLE = "NIGHTSHOOT_GUARD"
"""Process id of the guard, set by itself: who is watched ends when nobody watches any more."""

PULSE_S = 1.0
_RECORD_BYTES = 1024
_MOST_WORDS = 400  # of a phase's name
_SUFFIX = ".beat"
_SEGMENT, _REFUSED, _FAULT = "segment", "refused", "fault"

Kind: TypeAlias = Literal["load", "compile", "block", "wait"]
"""Which limit a phase has; ``wait`` has none: it ends when another one says so."""

_VARIABLES: Mapping[str, str] = {
    "load": "NIGHTSHOOT_LOAD_TIMEOUT_S",
    "compile": "NIGHTSHOOT_COMPILE_TIMEOUT_S",
    "block": "NIGHTSHOOT_BLOCK_TIMEOUT_S",
    "heartbeat": "NIGHTSHOOT_HEARTBEAT_TIMEOUT_S",
}


@dataclass(frozen=True)
class Limits:
    """Seconds; see the module."""

    load: float = 1800.0
    compile: float = 900.0
    block: float = 300.0
    heartbeat: float = 20.0

    def of(self, kind: Kind) -> float:
        """Of a phase; 0 for none."""
        return 0.0 if kind == "wait" else float(getattr(self, kind))

    @property
    def longest(self) -> float:
        """How long an engine may say nothing before it is ended."""
        return max(self.load, self.compile, self.block) + self.heartbeat


def variable_of(kind: str) -> str:
    """The variable that sets a limit."""
    return _VARIABLES[kind]


def limits_of(environ: Mapping[str, str], load_s: float = Limits.load) -> Limits:
    """The limits that the environment sets.

    Args:
        environ: the process's.
        load_s: where the environment says nothing of loading.

    Raises:
        CampaignError: one is no positive number of seconds.
    """
    told: dict[str, float] = {"load": load_s}
    for name, variable in _VARIABLES.items():
        text = environ.get(variable, "")
        if not text:
            continue
        if not text.replace(".", "", 1).isdecimal() or float(text) <= 0:
            raise CampaignError(
                f'{variable}="{text}" must be a positive number of seconds, for example 300; '
                "unset it for the usual limit"
            )
        told[name] = float(text)
    return Limits(**told)


@dataclass(frozen=True)
class Heartbeat:
    """A process's record.

    Attributes:
        name: for people: ``host``, ``rank 1``.
        pid: its own.
        phase: what it is doing.
        kind: of limit.
        limit_s: how long it may; 0: for ever.
        number: raised with every phase.
        pulse: raised each second.
        cpu_s: processor time it has used so far.
    """

    name: str
    pid: int
    phase: str
    kind: Kind
    limit_s: float
    number: int = 0
    pulse: int = 0
    cpu_s: float = 0.0


# --- who is watched -----------------------------------------------------------------------------


class HeartbeatWriter:
    """Keeps this process's record.

    Args:
        folder: of the records; made where it is not there.
        name: of the process.
        limits: of its phases.
        guard: process id of who watches; 0: whoever reads the folder. Its end is ours (Linux).
    """

    def __init__(self, folder: Path, name: str, limits: Limits, guard: int = 0) -> None:
        self._name, self._limits, self._folder = name, limits, folder
        self._path = folder / f"{os.getpid()}{_SUFFIX}"
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._phase, self._number, self._pulse = "starting", 0, 0
        self._kind: Kind = "load"
        self._guard = os.pidfd_open(guard) if guard and sys.platform == "linux" else None
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._write()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    @property
    def phase(self) -> tuple[str, Kind]:
        """What it is doing, and of which kind."""
        return self._phase, self._kind

    @property
    def folder(self) -> Path:
        """Of the records."""
        return self._folder

    def tell(self, phase: str, kind: Kind) -> None:
        """From now on this process does something else."""
        with self._lock:
            self._phase, self._kind = phase[:_MOST_WORDS], kind
            self._number += 1
            self._write()

    def stop(self) -> None:
        """It ends as it should: nobody needs to miss it."""
        self._is_over.set()
        self._path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._is_over.wait(PULSE_S):
            if self._guard is not None and select.select([self._guard], [], [], 0)[0]:
                os.write(2, b"the guard of this process was killed, so it ends too\n")
                os._exit(1)
            with self._lock:
                self._pulse += 1
                self._write()

    def _write(self) -> None:
        beat = Heartbeat(
            name=self._name,
            pid=os.getpid(),
            phase=self._phase,
            kind=self._kind,
            limit_s=self._limits.of(self._kind),
            number=self._number,
            pulse=self._pulse,
            cpu_s=round(time.process_time(), 3),
        )
        record = json.dumps(asdict(beat)).encode().ljust(_RECORD_BYTES)
        os.pwrite(self._file, record, 0)


_hearts: list[HeartbeatWriter] = []  # this process's, if it is watched


def begin(name: str, environ: Mapping[str, str], load_s: float) -> None:
    """Let this process be watched, if somebody does.

    Args:
        name: of the process, for people.
        environ: its environment.
        load_s: within which its engine says that it loads.

    Raises:
        CampaignError: a limit is no positive number of seconds.
    """
    limits = limits_of(environ, load_s)
    if environ.get(HEARTBEATS_VARIABLE) and not _hearts:
        guard = int(environ.get(GUARD_VARIABLE, "0"))
        _hearts.append(HeartbeatWriter(Path(environ[HEARTBEATS_VARIABLE]), name, limits, guard))


def end() -> None:
    """This process ends as it should."""
    while _hearts:
        _hearts.pop().stop()


def phase(text: str, kind: Kind) -> None:
    """Say what this process does from now on, and which limit that has."""
    for heart in _hearts:
        heart.tell(text, kind)


@contextlib.contextmanager
def within(text: str, kind: Kind) -> Generator[None]:
    """Say what it does meanwhile; the phase around it begins anew afterwards."""
    before = [heart.phase for heart in _hearts]
    phase(text, kind)
    try:
        yield
    finally:
        for around in before:
            phase(*around)


def tell_segment(key: str) -> None:
    """Say to all processes of the group which segment is rendered; empty: none."""
    for heart in _hearts:
        with contextlib.suppress(FileNotFoundError):  # the owner is gone, and so are we soon
            (heart.folder / _SEGMENT).write_text(key)


def segment() -> str:
    """Key of the segment that is rendered; empty where there is none, or nobody watches."""
    for heart in _hearts:
        with contextlib.suppress(FileNotFoundError):
            return (heart.folder / _SEGMENT).read_text()
    return ""


def refuse(why: str) -> None:
    """Say that this engine cannot be loaded here, and trying again cannot help."""
    _leave(_REFUSED, why)


def leave_fault(fault: str) -> None:
    """Keep an error for the client where its group is about to end, and cannot send it."""
    _leave(_FAULT, fault)


def _leave(name: str, text: str) -> None:
    for heart in _hearts:
        part = heart.folder / f"{name}.{os.getpid()}"
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            part.write_text(text)
            os.link(part, heart.folder / name)  # the first one is the reason
        part.unlink(missing_ok=True)


def group_cpu_seconds() -> float:
    """Processor time that all processes of the group have used; of the others a second ago."""
    others = [beat for heart in _hearts for beat in read_heartbeats(heart.folder)]
    return time.process_time() + sum(beat.cpu_s for beat in others if beat.pid != os.getpid())


# --- who looks ----------------------------------------------------------------------------------


def read_heartbeats(folder: Path) -> list[Heartbeat]:
    """The records of all processes that are watched, in the order of their names."""
    found: list[Heartbeat] = []
    for path in folder.glob(f"*{_SUFFIX}"):
        # one that is being written is read at the next look; one may end meanwhile
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            found.append(Heartbeat(**json.loads(path.read_bytes())))
    return sorted(found, key=lambda beat: beat.name)


def cpu_seconds(folder: Path) -> float:
    """Processor time of all of them so far."""
    return sum(beat.cpu_s for beat in read_heartbeats(folder))


def clear(folder: Path) -> None:
    """Make room for the records of a group that is started now; words stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.suffix == _SUFFIX or path.name.startswith((_SEGMENT, _REFUSED, _FAULT)):
            path.unlink(missing_ok=True)


def leave_words(folder: Path, words: str, pids: list[int]) -> None:
    """Keep why processes were lost, for whoever knows one of them."""
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):  # their owner is gone, and nobody will ask
            part = folder / f".words-{pid}"
            part.write_text(words)
            part.rename(_words(folder, pid))


def last_words(folder: Path, pid: int) -> str:
    """Why the group of this process was lost; empty while nothing is known."""
    with contextlib.suppress(FileNotFoundError):
        return _words(folder, pid).read_text()
    return ""


def refusal(folder: Path) -> str:
    """Why the engine cannot be loaded; empty where none of its processes has said so."""
    return _left(folder, _REFUSED)


def fault(folder: Path) -> str:
    """The error that the group kept for its client before it ended; empty where there is none."""
    return _left(folder, _FAULT)


def _left(folder: Path, name: str) -> str:
    with contextlib.suppress(FileNotFoundError):
        return (folder / name).read_text()
    return ""


def _words(folder: Path, pid: int) -> Path:
    return folder / f"words-{pid}"
