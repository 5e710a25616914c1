"""Prefect's database with nothing in it yet, kept in the user's cache for the next new campaign.

Making its tables takes a server several seconds; copying them takes none. The copy is of one
version of Prefect, and is made by the first server that began with no database. Before it stands
its digest: SQLite takes a changed letter in a table for what was written, and every new campaign
of this user would begin with it.
"""

import importlib.metadata
import logging
import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

from tasks.store.files import write_file

DATABASE = "prefect.db"
_log = logging.getLogger("nightshoot.server")


def empty_database_path() -> Path:
    """Where it is kept.

    Raises:
        RuntimeError: this user has no home.
    """
    cache = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(cache) if cache else Path.home() / ".cache") / "nightshoot"
    return folder / f"prefect-{importlib.metadata.version('prefect')}-empty.sealed"


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
        digest, _, database = kept.read_bytes().partition(b"\n")
        if sha256(database).hexdigest().encode() != digest:
            _log.info("%s is damaged, so it is made anew", kept)
            return False
        write_file(home / DATABASE, database)
    except OSError as error:
        _log.info("%s cannot be used, so it is made anew: %s", kept, error)
        return False
    return True


def keep_database(home: Path) -> None:
    """Keep the database of a server that has just begun with none; nothing has run on it yet."""
    try:
        kept = empty_database_path()
        with tempfile.TemporaryDirectory(prefix="nightshoot-") as folder:
            _copy(home / DATABASE, Path(folder) / DATABASE)
            database = (Path(folder) / DATABASE).read_bytes()
        write_file(kept, sha256(database).hexdigest().encode() + b"\n" + database)
    except (sqlite3.Error, OSError, RuntimeError) as error:
        _log.info("no database is kept for the next campaign, which makes its own: %s", error)


def _copy(source: Path, target: Path) -> None:
    """Copy a database, also one in use.

    Raises:
        sqlite3.Error: the source is damaged.
        OSError: the target cannot be written.
    """
    address = f"{source.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("pragma journal_mode=delete")  # one file, whoever reads it
        if (found := new.execute("pragma quick_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(found)
        new.execute("select version_num from alembic_version").fetchone()
