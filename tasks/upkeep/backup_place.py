"""Where backups lie, in a folder or a bucket: files named by their content, and the records.

    <to>/files/<sha256[:2]>/<sha256>       written once
    <to>/backups/<time>.json               what was where; written last, so a backup is whole or not
    <to>/pruned/<when>--<time>.json        a backup that is no more; its files go a day later

Equal files are kept once, whichever campaigns and backups name them.
"""

import shutil
from pathlib import Path
from typing import Protocol

from model.errors import CampaignError
from tasks.errors import DamagedError
from tasks.store.campaign_folder import S3_SCHEME
from tasks.store.files import (
    commit_file,
    disk_full_as_error,
    part_path,
    sha256_of_file,
    write_file_once,
)
from tasks.store.s3.bucket import Bucket

RECORDS, FILES = "backups", "files"


class BackupPlace(Protocol):
    """Files by their names below one folder or prefix; ``url`` is what people see."""

    url: str

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of every whole file under ``folder``, by its name."""
        ...

    def read(self, name: str) -> bytes | None:
        """Content of a small file; None where it is not there."""
        ...

    def write_once(self, name: str, data: bytes) -> bool:
        """Write a small file if it is absent; False where there is one."""
        ...

    def keep(self, path: Path, name: str, sha256: str) -> None:
        """Copy a file there, in place of one that is there.

        Raises:
            DamagedError: its bytes are not those of ``sha256`` (any more); nothing is kept.
            DiskFullError: there is no room for it.
        """
        ...

    def fetch(self, name: str, path: Path) -> str | None:
        """Write a file of the backup to ``path``; its sha256, or None where it is not there."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, where it is there."""
        ...


def open_backup(place: str | Path) -> BackupPlace:
    """The backups in a folder, or under ``s3://bucket/prefix``.

    Raises:
        CampaignError: the address names no bucket, or the path is no folder.
    """
    if str(place).startswith(S3_SCHEME):
        return BucketPlace(Bucket(str(place)))
    path = Path(place)
    if path.exists() and not path.is_dir():
        raise CampaignError(f"{path}: backups need a folder, and this is a file; name another")
    return FolderPlace(path)


def file_name(sha256: str) -> str:
    """Name of the file with this content."""
    return f"{FILES}/{sha256[:2]}/{sha256}"


class FolderPlace:
    """:class:`BackupPlace` in a folder."""

    def __init__(self, root: Path) -> None:
        self._root, self.url = root, str(root)

    def sizes(self, folder: str) -> dict[str, int]:
        """See :meth:`BackupPlace.sizes`."""
        paths = (path for path in (self._root / folder).rglob("[!.]*") if path.is_file())
        return {path.relative_to(self._root).as_posix(): path.stat().st_size for path in paths}

    def read(self, name: str) -> bytes | None:
        """See :meth:`BackupPlace.read`."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def write_once(self, name: str, data: bytes) -> bool:
        """See :meth:`BackupPlace.write_once`."""
        with disk_full_as_error(_made(self._root / name)):
            return write_file_once(self._root / name, data)

    def keep(self, path: Path, name: str, sha256: str) -> None:
        """See :meth:`BackupPlace.keep`. The copy is read back before it gets its name."""
        final = _made(self._root / name)
        part = part_path(final)
        try:
            with disk_full_as_error(final):
                shutil.copyfile(path, part)
                if sha256_of_file(part) != sha256:
                    raise DamagedError(f"{path} is not what its receipt says")
                commit_file(part, final)
        finally:
            part.unlink(missing_ok=True)

    def fetch(self, name: str, path: Path) -> str | None:
        """See :meth:`BackupPlace.fetch`."""
        if not (self._root / name).is_file():
            return None
        with disk_full_as_error(path):
            shutil.copyfile(self._root / name, path)
        return sha256_of_file(path)

    def remove(self, name: str) -> None:
        """See :meth:`BackupPlace.remove`."""
        (self._root / name).unlink(missing_ok=True)


class BucketPlace:
    """:class:`BackupPlace` below the prefix of a bucket; every upload carries its digest."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket, self.url = bucket, bucket.url

    def sizes(self, folder: str) -> dict[str, int]:
        """See :meth:`BackupPlace.sizes`."""
        listed = self._bucket.list(f"{folder}/")
        return {name: each.num_bytes for name, each in listed.items()}

    def read(self, name: str) -> bytes | None:
        """See :meth:`BackupPlace.read`."""
        found = self._bucket.read(name)
        return None if found is None else found.data

    def write_once(self, name: str, data: bytes) -> bool:
        """See :meth:`BackupPlace.write_once`."""
        return self._bucket.put_bytes(data, name, once=True) is not None

    def keep(self, path: Path, name: str, sha256: str) -> None:
        """See :meth:`BackupPlace.keep`."""
        if sha256_of_file(path) != sha256:
            raise DamagedError(f"{path} is not what its receipt says")
        self._bucket.put_file(path, name)

    def fetch(self, name: str, path: Path) -> str | None:
        """See :meth:`BackupPlace.fetch`."""
        return self._bucket.get_file(name, path)

    def remove(self, name: str) -> None:
        """See :meth:`BackupPlace.remove`."""
        self._bucket.delete(name)


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
