"""SQLite without "database is locked", for servers of ours.

Prefect opens a transaction that is going to write as a reader. When another one has written between
its first read and its first write, SQLite refuses the write at once, without waiting: the server
then answers 503, forgets a heartbeat or fails to judge a state. Opened as a writer, it waits its
turn, up to the minute that Prefect allows.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

_PREFECTS_OWN = AioSqliteConfiguration.begin_transaction


def let_writers_wait() -> None:
    """From now on, every transaction of this process waits for its turn to write."""

    @asynccontextmanager
    async def begin_as_writer(
        self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        del with_for_update  # all do
        async with _PREFECTS_OWN(self, session, with_for_update=True) as transaction:
            yield transaction

    replaced: Any = AioSqliteConfiguration
    replaced.begin_transaction = begin_as_writer
