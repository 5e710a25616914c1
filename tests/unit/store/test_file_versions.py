"""A file that many rows name is read once, and again when it has changed."""

import os
from pathlib import Path

import pytest

from tasks.store import files
from tasks.store.files import file_version, sha256_of_file, sha256_of_version


def num_readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every reading of a whole file from now on."""
    read: list[Path] = []

    def counted(path: Path) -> str:
        read.append(path)
        return sha256_of_file(path)

    monkeypatch.setattr(files, "sha256_of_file", counted)
    return read


def test_a_settled_file_is_read_once_and_a_changed_one_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_SETTLED_NS", -1)
    read = num_readings(monkeypatch)
    path = tmp_path / "face.png"
    path.write_bytes(b"one")
    assert {sha256_of_version(path) for _ in range(5)} == {sha256_of_file(path)}
    assert len(read) == 1
    status = path.stat()
    path.write_bytes(b"two")  # of the same size, and with the same time of its content
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert sha256_of_version(path) == sha256_of_file(path)
    assert len(read) == 2


def test_a_file_that_changed_just_now_is_read_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its times may not tell its next change from its last one."""
    read = num_readings(monkeypatch)
    path = tmp_path / "face.png"
    path.write_bytes(b"one")
    assert sha256_of_version(path) == sha256_of_version(path)
    assert len(read) == 2


def test_a_file_that_is_not_there_has_no_version_and_cannot_be_hashed(tmp_path: Path) -> None:
    assert file_version(tmp_path / "none") == ()
    with pytest.raises(FileNotFoundError):
        sha256_of_version(tmp_path / "none")
