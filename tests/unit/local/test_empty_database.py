"""The database that is kept for the next new campaign: whole or not there, whatever happens."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flows.local.empty_database import (
    DATABASE,
    begin_database,
    empty_database_path,
    keep_database,
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "nightshoot"


def made(home: Path, *, mode: str = "wal") -> Path:
    """What a server makes, as far as it matters here."""
    home.mkdir()
    with closing(sqlite3.connect(home / DATABASE)) as database:
        database.execute(f"pragma journal_mode={mode}")
        database.execute("create table alembic_version (version_num text)")
        database.execute("insert into alembic_version values ('abc')")
        database.commit()
    return home


def version(home: Path) -> str:
    with closing(sqlite3.connect(home / DATABASE)) as database:
        return database.execute("select version_num from alembic_version").fetchone()[0]


def test_without_a_kept_database_a_server_begins_with_none(tmp_path: Path) -> None:
    assert begin_database(tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_what_one_server_kept_the_next_begins_with(tmp_path: Path, cache: Path) -> None:
    first = made(tmp_path / "first")
    with closing(sqlite3.connect(first / DATABASE)) as in_use:
        in_use.execute("update alembic_version set version_num = 'newer'")
        in_use.commit()  # to the log beside the file
        keep_database(first)

    assert not begin_database(tmp_path / "second")
    assert version(tmp_path / "second") == "newer"
    assert list(cache.iterdir()) == [empty_database_path()]
    assert [path.name for path in (tmp_path / "second").iterdir()] == [DATABASE]


def test_a_database_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    keep_database(made(tmp_path / "first"))
    own = made(tmp_path / "own")
    with closing(sqlite3.connect(own / DATABASE)) as database:
        database.execute("update alembic_version set version_num = 'own'")
        database.commit()

    assert not begin_database(own)
    assert version(own) == "own"


@pytest.mark.parametrize("damage", [b"", b"garbage\n" * 512, None], ids=["empty", "other", "cut"])
def test_a_damaged_one_is_not_begun_with_and_is_replaced(
    tmp_path: Path, damage: bytes | None
) -> None:
    first = made(tmp_path / "first")
    keep_database(first)
    kept = empty_database_path()
    kept.write_bytes(kept.read_bytes()[:5000] if damage is None else damage)

    assert begin_database(tmp_path / "second")
    assert not (tmp_path / "second").exists()

    keep_database(first)
    assert not begin_database(tmp_path / "second")
    assert version(tmp_path / "second") == "abc"


def test_a_changed_letter_that_sqlite_does_not_see_is_not_begun_with(tmp_path: Path) -> None:
    keep_database(made(tmp_path / "first"))
    kept = empty_database_path()
    assert kept.read_bytes().count(b"abc") == 1
    kept.write_bytes(kept.read_bytes().replace(b"abc", b"abd"))

    assert begin_database(tmp_path / "second")
    assert not (tmp_path / "second").exists()


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path, cache: Path) -> None:
    cache.parent.write_text("a file, where a folder should be")

    keep_database(made(tmp_path / "first"))

    assert begin_database(tmp_path / "second")


def test_a_user_without_a_home_is_served_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", no_home)

    keep_database(made(tmp_path / "first"))

    assert begin_database(tmp_path / "second")


def test_each_version_of_prefect_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    one = empty_database_path()
    monkeypatch.setattr("importlib.metadata.version", lambda _: "4.0.0")

    assert empty_database_path() != one
