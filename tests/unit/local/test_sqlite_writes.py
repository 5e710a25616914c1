"""Two transactions of Prefect's server that read and then write at the same time, on SQLite."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from prefect.server.database.configurations import AioSqliteConfiguration

from flows.local import sqlite_writes
from flows.local.sqlite_writes import let_writers_wait


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AioSqliteConfiguration:
    own = sqlite_writes._PREFECTS_OWN
    monkeypatch.setattr(AioSqliteConfiguration, "begin_transaction", own)  # and back at the end
    return AioSqliteConfiguration(f"sqlite+aiosqlite:///{tmp_path / 'some.db'}")


async def _count_twice(configuration: AioSqliteConfiguration) -> int:
    """Both read the number before either writes, if they may; what the number is then."""
    engine = await configuration.engine()
    session = await configuration.session(engine)
    async with session, configuration.begin_transaction(session):
        await session.execute(sa.text("create table counter (number integer)"))
        await session.execute(sa.text("insert into counter values (0)"))
    both_have_read = asyncio.Barrier(2)

    async def add_one() -> None:
        session = await configuration.session(engine)
        async with session, configuration.begin_transaction(session):
            number = (await session.execute(sa.text("select number from counter"))).scalar_one()
            try:
                async with asyncio.timeout(0.5):
                    await both_have_read.wait()
            except (TimeoutError, asyncio.BrokenBarrierError):
                pass  # the other one waits for us
            await session.execute(sa.text("update counter set number = :n"), {"n": number + 1})

    await asyncio.gather(add_one(), add_one())
    async with session:
        number = (await session.execute(sa.text("select number from counter"))).scalar_one()
    await engine.dispose()
    return number


def test_prefect_by_itself_says_that_the_database_is_locked(configuration: AioSqliteConfiguration):
    # where this fails, Prefect has learnt to wait, and flows/local/sqlite_writes.py can go
    with pytest.raises(sa.exc.OperationalError, match="database is locked"):
        asyncio.run(_count_twice(configuration))


def test_our_server_lets_the_second_one_wait(configuration: AioSqliteConfiguration):
    let_writers_wait()

    assert asyncio.run(_count_twice(configuration)) == 2
