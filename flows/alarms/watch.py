"""`nightshoot watch`: looks every minute, wakes somebody once, and beats while all is well.

It is no flow: it must see that Prefect's scheduler or server has stopped.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.alarms.cluster_facts import late_nights, open_nights, workers
from flows.deployment.server import ClusterError, cluster_client
from model.errors import CampaignError, NightshootError
from tasks.alarms.channels import beat, mail, post
from tasks.alarms.endings import certificate_of, consents_of, midnight_of
from tasks.alarms.facts import CampaignSeen, DatabaseSeen, DiskSeen, Ending, Facts
from tasks.alarms.journal import AlarmJournal, Message
from tasks.alarms.rules import Alarm, alarms_of, may_end
from tasks.alarms.settings import AlarmSettings, secret
from tasks.alarms.store_facts import StoreWatch, free_bytes
from tasks.redaction import without_secrets
from tasks.store.campaigns import campaigns_in, open_campaign

_DAY = timedelta(days=1)
_POSTGRES = ("postgres://", "postgresql://", "postgresql+asyncpg://")


@dataclass
class _Look:
    """What one look finds; ``silent`` grows where something cannot be seen."""

    silent: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    campaigns: list[CampaignSeen] = field(default_factory=list[CampaignSeen])

    def cannot(self, part: str, error: Exception) -> None:
        self.silent.append((part, without_secrets(f"{error}") or type(error).__name__))


@dataclass(frozen=True)
class Looked:
    """How one look ended.

    Attributes:
        alarms: that are on.
        troubles: of telling them.
        has_beaten: the heartbeat's URL was called.
    """

    alarms: tuple[Alarm, ...]
    troubles: tuple[str, ...]
    has_beaten: bool


class Watch:
    """Looks again and again; what it has told survives it in its journal."""

    def __init__(self, settings: AlarmSettings, state: Path) -> None:
        """Nothing is looked at yet.

        Raises:
            CampaignError: the secret of the webhook or the password of the mail is missing.
            DamagedError: the journal is not what was written.
        """
        self._settings = settings
        self.journal = AlarmJournal(state)
        self._stores = StoreWatch()
        self._channels: dict[str, Callable[[Message], None]] = {}
        if settings.webhook is not None:
            secret(settings.webhook.secret_env)  # now, not at 3 a.m.
            self._channels["webhook"] = partial(post, settings.webhook)
        if settings.mail is not None:
            if settings.mail.user:
                secret(settings.mail.password_env)
            self._channels["mail"] = partial(mail, settings.mail)

    def look(self, now: datetime | None = None) -> Looked:
        """Look once, tell what is new, and beat if nothing is wrong."""
        now = now or datetime.now(UTC)
        facts = self.facts(now)
        alarms = alarms_of(facts, self._settings.thresholds)
        self.journal.note(alarms, now, partial(may_end, facts=facts))
        days: dict[str, int] = {}
        for each in facts.campaigns:
            days[each.out] = days.get(each.out, 0) + each.day_bytes
        self.journal.note_sizes(facts.database.num_bytes if facts.database else None, days, now)
        troubles = self.journal.send(self._channels, now)
        is_well = not alarms and not self.journal.state.firing and not troubles
        has_beaten = False
        if is_well and self._settings.heartbeat_url:
            try:
                beat(self._settings.heartbeat_url)
                has_beaten = True
            except OSError as error:
                troubles.append(str(error))
        return Looked(tuple(alarms.values()), tuple(troubles), has_beaten)

    def tell(self, alarm: Alarm) -> list[str]:
        """Send a message as a trial; what went wrong."""
        now = datetime.now(UTC)
        self.journal.note({alarm.key: alarm}, now, lambda key: key == alarm.key)
        troubles = self.journal.send(self._channels, now)
        for _ in range(2):  # looks without it
            self.journal.note({}, now, lambda key: key == alarm.key)
        return troubles + self.journal.send(self._channels, now)

    def facts(self, now: datetime) -> Facts:
        """All that rules look at."""
        look = _Look()
        disks = self._look_at_stores(look, now)
        cluster = _look_at_cluster(look, now)
        return Facts(
            now=now,
            campaigns=tuple(look.campaigns),
            disks=tuple(disks),
            endings=tuple(self._endings(look)),
            database=self._database(look, now),
            silent=tuple(look.silent),
            late=cluster.late,
            nights=cluster.nights,
            workers=cluster.workers,
        )

    def _look_at_stores(self, look: _Look, now: datetime) -> list[DiskSeen]:
        disks: list[DiskSeen] = []
        for out in self._settings.outs:
            try:
                for name in campaigns_in(out):
                    seen = self._stores.campaign(open_campaign(out, name), out, name, now)
                    if seen is not None:
                        look.campaigns.append(seen)
                free = free_bytes(out)
            except (NightshootError, OSError) as error:
                look.cannot(out, error)
                continue
            if free is not None:
                days = self.journal.state.day_bytes.get(out, {})
                today = sum(each.day_bytes for each in look.campaigns if each.out == out)
                disks.append(DiskSeen(out, free, max([today, *days.values()])))
        return disks

    def _endings(self, look: _Look) -> list[Ending]:
        found = [Ending(name, midnight_of(day)) for name, day in self._settings.ends.items()]
        for file in self._settings.presenters:
            try:
                found += consents_of(file)
            except NightshootError as error:
                look.cannot(f"consents in {file}", error)
        for host in self._hosts():
            try:
                found.append(certificate_of(host))
            except (OSError, ValueError) as error:
                look.cannot(f"certificate of {host}", error)
        return found

    def _hosts(self) -> list[str]:
        urls = [os.environ.get("PREFECT_API_URL", "")]
        if self._settings.webhook is not None:
            urls.append(self._settings.webhook.url)
        parts = [urlsplit(url) for url in urls]
        secured = [f"{p.hostname}:{p.port or 443}" for p in parts if p.scheme == "https"]
        return list(dict.fromkeys((*self._settings.hosts, *secured)))

    def _database(self, look: _Look, now: datetime) -> DatabaseSeen | None:
        place = self._settings.database
        if not place:
            return None
        try:
            num_bytes = _database_bytes(place)
        except (OSError, NightshootError) as error:
            look.cannot("database", error)
            return None
        known = self.journal.state.database_bytes
        day_old = [at for at in known if at <= now - _DAY]
        before = known[max(day_old)] if day_old else (known[min(known)] if known else None)
        return DatabaseSeen(num_bytes, before)


def _look_at_cluster(look: _Look, now: datetime) -> Facts:
    """Of the cluster alone; nothing where no cluster is named."""
    if not os.environ.get("PREFECT_API_URL"):
        return Facts(now)
    try:
        with cluster_client() as client:
            return Facts(
                now,
                late=tuple(late_nights(client, now)),
                nights=tuple(open_nights(client)),
                workers=tuple(workers(client)),
            )
    except ClusterError as error:
        look.cannot("server", error)
        return Facts(now)


def _database_bytes(place: str) -> int:
    """Size of Prefect's database: of SQLite's files, or as PostgreSQL says."""
    if not place.startswith(_POSTGRES):
        files = [Path(place + suffix) for suffix in ("", "-wal")]
        return files[0].stat().st_size + sum(f.stat().st_size for f in files[1:] if f.exists())
    return asyncio.run(_postgres_bytes("postgresql://" + place.partition("://")[2]))


async def _postgres_bytes(url: str) -> int:
    asyncpg: Any = import_module("asyncpg")  # the driver of Prefect's server; it has no types

    try:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return int(await connection.fetchval("select pg_database_size(current_database())"))
        finally:
            await connection.close()
    except asyncpg.PostgresError as error:
        raise CampaignError(f"PostgreSQL does not tell its size: {error}") from error
