"""What all campaigns of one ``--out`` share: files named by their content, written if absent.

    <out>/speech/clauses/<key[:2]>/<key>.wav    the sound of one clause, with its record

Nobody locks them: of two writers the first one wins, and a reader proves what it reads. They save
work and hold none: each campaign keeps its own speech, so what is lost here is made again.
"""

import contextlib
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tasks.errors import DamagedError, NewerRecordError
from tasks.speech_records import Speech
from tasks.store.entries import Listed
from tasks.store.files import disk_full_as_error, write_file_once
from tasks.store.record_json import read_record

if TYPE_CHECKING:
    from tasks.store.s3.bucket import Bucket

SOUNDS = "speech/clauses"
UNUSED_DAYS = 30
"""How long the sound of a clause is kept that no campaign's speech has in it."""
_RECEIPTS = "*/speech/*.json"
_PARTS = f"{SOUNDS}/*/.part-*"
_PART_AGE = timedelta(days=1)


class SharedFiles(Protocol):
    """Small files by their names under ``out``."""

    def read_bytes(self, name: str) -> bytes | None:
        """Content of a file; None where it is not there."""
        ...

    def write_once(self, name: str, data: bytes) -> bool:
        """Write a file only if it is absent; False where another was first.

        Raises:
            DiskFullError: there is no room for it; nothing is left of it.
        """
        ...

    def remove(self, name: str) -> None:
        """Remove a file; nothing where it is not there."""
        ...

    def matching(self, pattern: str) -> dict[str, Listed]:
        """The files whose names match, part by part: ``*/speech/*.json``."""
        ...


class LocalFiles:
    """:class:`SharedFiles` in a folder."""

    def __init__(self, out: Path) -> None:
        self._out = out

    def read_bytes(self, name: str) -> bytes | None:
        """See :meth:`SharedFiles.read_bytes`."""
        try:
            return (self._out / name).read_bytes()
        except FileNotFoundError:
            return None

    def write_once(self, name: str, data: bytes) -> bool:
        """See :meth:`SharedFiles.write_once`."""
        path = self._out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with disk_full_as_error(path):
            return write_file_once(path, data)

    def remove(self, name: str) -> None:
        """See :meth:`SharedFiles.remove`."""
        (self._out / name).unlink(missing_ok=True)

    def matching(self, pattern: str) -> dict[str, Listed]:
        """See :meth:`SharedFiles.matching`."""
        found: dict[str, Listed] = {}
        for path in sorted(self._out.glob(pattern)):
            with contextlib.suppress(FileNotFoundError):  # removed since it was listed
                stat = path.stat()
                modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                name = path.relative_to(self._out).as_posix()
                found[name] = Listed(stat.st_size, modified)
        return found


class BucketFiles:
    """:class:`SharedFiles` below the prefix of a bucket."""

    def __init__(self, out: "Bucket") -> None:
        self._out = out

    def read_bytes(self, name: str) -> bytes | None:
        """See :meth:`SharedFiles.read_bytes`."""
        found = self._out.read(name)
        return None if found is None else found.data

    def write_once(self, name: str, data: bytes) -> bool:
        """See :meth:`SharedFiles.write_once`."""
        return self._out.put_bytes(data, name, once=True) is not None

    def remove(self, name: str) -> None:
        """See :meth:`SharedFiles.remove`."""
        self._out.delete(name)

    def matching(self, pattern: str) -> dict[str, Listed]:
        """See :meth:`SharedFiles.matching`."""
        fixed = pattern.partition("*")[0]
        return {
            name: listed
            for name, listed in self._out.list(fixed).items()
            if name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)
        }


def sweep_sounds(files: SharedFiles, now: datetime) -> int:
    """Remove the sounds of clauses that no speech of any campaign has in it; how many.

    A sound stays for its first 30 days, in which a campaign may be about to use it, and wherever
    a receipt of a speech under the same ``out`` names it. Nothing is removed while a receipt
    cannot be read: it may name any of them.
    """
    listed = files.matching(f"{SOUNDS}/*/*.wav")
    before = now - timedelta(days=UNUSED_DAYS)
    old = [
        name
        for name, each in listed.items()
        if each.modified < before and not name.rpartition("/")[2].startswith(".")
    ]
    used = _sounds_in_use(files) if old else frozenset[str]()
    unused = [name for name in old if used is not None and _key_of(name) not in used]
    for name in unused:
        files.remove(name)
    return len(unused)


def sweep_shared_parts(files: SharedFiles, now: datetime) -> int:
    """Remove what killed runs left half-written more than a day ago; how many files."""
    parts = files.matching(_PARTS)
    old = [name for name, each in parts.items() if each.modified < now - _PART_AGE]
    for name in old:
        files.remove(name)
    return len(old)


def sound_name(key: str) -> str:
    """Name of the sound of a clause."""
    return f"{SOUNDS}/{key[:2]}/{key}.wav"


def _key_of(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".wav")


def _sounds_in_use(files: SharedFiles) -> frozenset[str] | None:
    """The keys that receipts of speech name; None where a receipt cannot be read."""
    used: set[str] = set()
    for name in files.matching(_RECEIPTS):
        data = files.read_bytes(name)
        try:
            speech = None if data is None else read_record(name, data, Speech)
        except (DamagedError, NewerRecordError):
            return None
        used.update(clause.sound for clause in (speech.clauses if speech else ()))
    return frozenset(used)
