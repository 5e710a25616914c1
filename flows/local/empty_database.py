"""Prefect's database with nothing in it yet, kept in the user's cache for the next new campaign.

Making its tables takes a server several seconds; copying them takes none. The copy is of one
version of Prefect, and is made by the first server that began with no database.
"""

import importlib.metadata
import logging
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

DATABASE = "prefect.db"
_log = logging.getLogger("nightshoot.server")


def empty_database_path() -> Path:
    """Where it is kept.

    Raises:
        RuntimeError: this user has no home.
    """
    cache = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(cache) if cache else Path.home() / ".cache") / "nightshoot"
    return folder / f"prefect-{importlib.metadata.version('prefect')}-empty.db"


def begin_database(home: Path) -> bool:
    """Give a server that has no database the kept one, where there is one that can be read.

    Returns:
        Whether the server begins with none, so that what it makes is worth keeping.
    """
    if (home / DATABASE).exists():
        return False
    with suppress(RuntimeError):
        kept = empty_database_path()
        if kept.exists():
            return not _is_copied(kept, home)
    return True


def _is_copied(kept: Path, home: Path) -> bool:
    try:
        home.mkdir(parents=True, exist_ok=True)
        _copy(kept, home / DATABASE)
    except (sqlite3.Error, OSError) as error:
        _log.info("%s cannot be used, so it is made anew: %s", kept, error)
        return False
    return True


def keep_database(home: Path) -> None:
    """Keep the database of a server that has just begun with none; nothing has run on it yet."""
    try:
        kept = empty_database_path()
        kept.parent.mkdir(parents=True, exist_ok=True)
        _copy(home / DATABASE, kept)
    except (sqlite3.Error, OSError, RuntimeError) as error:
        _log.info("no database is kept for the next campaign, which makes its own: %s", error)


def _copy(source: Path, target: Path) -> None:
    """Copy a database, also one in use; the target exists only once it is whole.

    Raises:
        sqlite3.Error: the source is damaged.
        OSError: the target cannot be written.
    """
    part = target.with_name(f".part-{os.getpid()}-{target.name}")
    try:
        address = f"{source.absolute().as_uri()}?mode=ro"
        with (
            closing(sqlite3.connect(address, uri=True)) as old,
            closing(sqlite3.connect(part)) as new,
        ):
            old.backup(new)
            new.execute("pragma journal_mode=delete")  # one file, whoever reads it
            if (found := new.execute("pragma quick_check").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(found)
            new.execute("select version_num from alembic_version").fetchone()
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        for left in part.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)
