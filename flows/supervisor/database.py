"""The database of a cluster's server: a file, or PostgreSQL by its address."""

import asyncio
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import unquote, urlsplit

from flows.supervisor.home import SupervisorError
from tasks.redaction import shown_url, without_secrets

DATABASE_VARIABLE = "NIGHTSHOOT_DATABASE"
PASSWORD_VARIABLE = "PGPASSWORD"
_PREFIX = "PREFECT_SERVER_DATABASE_"
_CONNECT_TIMEOUT_S = 10.0
_PORT = 5432


def database_settings(address: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What Prefect's server must be set to, by parts: a whole address it hides from doctor.

    Args:
        address: ``postgresql://USER:PASSWORD@HOST:PORT/NAME``.
        environ: PGPASSWORD is used where the address has no password.

    Raises:
        SupervisorError: it is no such address, or there is no password.
    """
    shown = shown_url(address)
    try:
        parts = urlsplit(address)
        port = parts.port or _PORT
    except ValueError as error:
        raise SupervisorError(f"--database {shown}: {error}") from error
    if parts.scheme not in ("postgresql", "postgres") or not (parts.hostname and parts.username):
        raise SupervisorError(
            f"--database {shown} must read postgresql://USER@HOST/NAME; "
            "leave it out to keep a database in a file"
        )
    if parts.query or parts.fragment:
        raise SupervisorError(
            f"--database {shown} must end with the database's name, because options behind ? are "
            "not passed on to Prefect; for TLS, set "
            "PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_ENABLED=true"
        )
    name = unquote(parts.path.strip("/"))
    password = unquote(parts.password or "") or environ.get(PASSWORD_VARIABLE, "")
    if not name or not password:
        missing = "a password; set PGPASSWORD" if name else "the database's name behind the host"
        raise SupervisorError(f"--database {shown} lacks {missing}")
    settings = {
        "DRIVER": "postgresql+asyncpg",
        "HOST": parts.hostname,
        "PORT": str(port),
        "USER": unquote(parts.username),
        "PASSWORD": password,
        "NAME": name,
    }
    return {_PREFIX + name: value for name, value in settings.items()}


def check_database(settings: Mapping[str, str]) -> None:
    """Connect once: the server would say the same in a hundred lines.

    Raises:
        SupervisorError: the database does not let us in.
    """
    asyncpg: Any = import_module("asyncpg")  # it has no types

    async def connect() -> None:
        connection = await asyncpg.connect(
            host=settings[f"{_PREFIX}HOST"],
            port=int(settings[f"{_PREFIX}PORT"]),
            user=settings[f"{_PREFIX}USER"],
            password=settings[f"{_PREFIX}PASSWORD"],
            database=settings[f"{_PREFIX}NAME"],
            timeout=_CONNECT_TIMEOUT_S,
        )
        await connection.close()

    try:
        asyncio.run(connect())
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        host, port, user, name = (
            settings[_PREFIX + part] for part in ("HOST", "PORT", "USER", "NAME")
        )
        reason = without_secrets(str(error)) or type(error).__name__
        raise SupervisorError(
            f"--database: PostgreSQL at {host}:{port} does not let {user} into {name} ({reason}); "
            "check that it runs, and that user, password and database exist"
        ) from error
