"""The files of a finished campaign, on a disk or in a bucket: kept, harmed and put back."""

import shutil
from pathlib import Path
from typing import Any, Protocol

Files = dict[str, bytes]


class Store(Protocol):
    """All that lies below ``--out``; names are relative to it."""

    has_folders: bool

    def files(self) -> Files: ...

    def write(self, name: str, data: bytes) -> None: ...

    def remove(self, name: str) -> None:
        """A file, or all below a name; nothing where there is none."""

    def make_folder(self, name: str, has_file: bool) -> None:
        """A folder in the place of a file, which may hold one."""

    def is_folder(self, name: str) -> bool: ...

    def put_back(self, whole: Files) -> None:
        """Leave exactly these files."""


class FolderStore:
    """Obeys :class:`Store`."""

    has_folders = True

    def __init__(self, out: Path) -> None:
        self._out = out

    def files(self) -> Files:
        paths = (path for path in self._out.rglob("*") if path.is_file())
        return {str(path.relative_to(self._out)): path.read_bytes() for path in paths}

    def write(self, name: str, data: bytes) -> None:
        path = self._out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def remove(self, name: str) -> None:
        path = self._out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def make_folder(self, name: str, has_file: bool) -> None:
        self.remove(name)
        (self._out / name).mkdir()
        if has_file:
            (self._out / name / "x").write_text("y")

    def is_folder(self, name: str) -> bool:
        return (self._out / name).is_dir()

    def put_back(self, whole: Files) -> None:
        shutil.rmtree(self._out)
        self._out.mkdir()
        for name, data in whole.items():
            self.write(name, data)


class BucketStore:
    """Obeys :class:`Store`; a bucket has no folders, but may have names below one."""

    has_folders = False

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client, self._bucket, self._prefix = client, bucket, f"{prefix}/"

    def _names(self) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        found = [each["Key"] for page in pages for each in page.get("Contents", [])]
        return [key.removeprefix(self._prefix) for key in found]

    def files(self) -> Files:
        return {name: self._read(name) for name in self._names()}

    def _read(self, name: str) -> bytes:
        key = self._prefix + name
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def write(self, name: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=data)

    def remove(self, name: str) -> None:
        for each in self._names():
            if each == name or each.startswith(f"{name}/"):
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + each)

    def make_folder(self, name: str, has_file: bool) -> None:
        raise NotImplementedError("a bucket has none")

    def is_folder(self, name: str) -> bool:
        return False

    def put_back(self, whole: Files) -> None:
        now = self.files()
        for name in now.keys() - whole.keys():
            self.remove(name)
        for name, data in whole.items():
            if now.get(name) != data:
                self.write(name, data)
