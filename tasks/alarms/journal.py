"""Which alarms there are, who was told of them, and who is still to be told: one file.

An alarm is one entry from its first look to its end. Each message gets its idempotency key when it
is written down, so that receivers know it again when this process or the next sends it once more.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import Field

from tasks.alarms.rules import Alarm
from tasks.errors import DamagedError
from tasks.record import Record
from tasks.store.files import write_file
from tasks.store.record_json import read_record, record_bytes

_ENDS_AFTER = 2  # looks without it
_FIRST_DELAY = timedelta(seconds=10)
_LONGEST_DELAY = timedelta(minutes=15)
_GIVEN_UP_AFTER = timedelta(days=3)
_SIZES_KEPT = timedelta(days=15)


class Message(Record):
    """What receivers are sent, and who has it."""

    id: str = Field(description="The idempotency key.")
    event: str = Field(description="began or ended.")
    name: str
    subject: str
    text: str
    at: datetime
    told: tuple[str, ...] = Field(default=(), description="Channels that took it.")
    tries: int = 0
    next_try: datetime
    trouble: str = ""


class Firing(Record):
    """An alarm that is on."""

    since: datetime
    num_absent: int = Field(default=0, description="Looks in a row that did not see it.")
    name: str
    subject: str
    text: str


class State(Record):
    """The file: what goes on, what is to be sent, and figures of former days."""

    firing: dict[str, Firing] = Field(default_factory=dict[str, Firing])
    messages: tuple[Message, ...] = ()
    database_bytes: dict[datetime, int] = Field(default_factory=dict[datetime, int])
    day_bytes: dict[str, dict[datetime, int]] = Field(
        default_factory=dict[str, dict[datetime, int]], description="By output."
    )


class AlarmJournal:
    """The state in its file; every change is on the disk before anything else happens."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            DamagedError: it is not what was written; remove it to begin anew.
        """
        self._path = path
        data = path.read_bytes() if path.exists() else None
        try:
            self.state = State() if data is None else read_record(path.name, data, State)
        except DamagedError as error:
            raise DamagedError(f"{path}: {error}; remove it, and alarms are told again") from error

    def note(
        self,
        alarms: Mapping[str, Alarm],
        now: datetime,
        may_end: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Begin the alarms that are new, and end those that two looks did not see."""
        firing, messages = dict(self.state.firing), list(self.state.messages)
        for key, alarm in alarms.items():
            if key not in firing:
                messages.append(_message("began", alarm.name, alarm.subject, alarm.message, now))
            since = firing[key].since if key in firing else now
            firing[key] = Firing(
                since=since, name=alarm.name, subject=alarm.subject, text=alarm.message
            )
        for key in [key for key in firing if key not in alarms and may_end(key)]:
            was = firing[key]
            if was.num_absent + 1 < _ENDS_AFTER:
                firing[key] = was.model_copy(update={"num_absent": was.num_absent + 1})
            else:
                messages.append(_message("ended", was.name, was.subject, was.text, now))
                del firing[key]
        self._write(firing=firing, messages=tuple(messages))

    def note_sizes(self, database: int | None, days: Mapping[str, int], now: datetime) -> None:
        """Remember how large things are, once an hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)

        def kept(sizes: Mapping[datetime, int], size: int) -> dict[datetime, int]:
            recent = {at: n for at, n in sizes.items() if at > now - _SIZES_KEPT}
            return recent | {hour: max(size, recent.get(hour, 0))}

        sizes = self.state.database_bytes
        self._write(
            database_bytes=sizes if database is None else kept(sizes, database),
            day_bytes={
                **self.state.day_bytes,
                **{out: kept(self.state.day_bytes.get(out, {}), n) for out, n in days.items()},
            },
        )

    def send(self, channels: Mapping[str, Callable[[Message], None]], now: datetime) -> list[str]:
        """Send what is due over every channel that has not taken it; what went wrong.

        A channel raises OSError (or a kind of it) where it does not take a message.
        """
        troubles: list[str] = []
        for message in self.state.messages:
            if message.next_try <= now:
                troubles += self._send_one(message, channels, now)
        return troubles

    def _send_one(
        self, message: Message, channels: Mapping[str, Callable[[Message], None]], now: datetime
    ) -> list[str]:
        told, troubles = list(message.told), list[str]()
        for name, send in channels.items():
            if name in told:
                continue
            try:
                send(message)
            except OSError as error:
                troubles.append(f"{name} did not take {message.id} ({message.name}): {error}")
                continue
            told.append(name)
            self._replace(message.id, message.model_copy(update={"told": tuple(told)}))
        if set(channels) <= set(told) or now - message.at > _GIVEN_UP_AFTER:
            self._replace(message.id, None)
        else:
            delay = min(_FIRST_DELAY * 2 ** min(message.tries, 10), _LONGEST_DELAY)
            update = {
                "told": tuple(told),
                "tries": message.tries + 1,
                "next_try": now + delay,
                "trouble": "; ".join(troubles)[:500],
            }
            self._replace(message.id, message.model_copy(update=update))
        return troubles

    def _replace(self, id_: str, message: Message | None) -> None:
        changed = (message if each.id == id_ else each for each in self.state.messages)
        self._write(messages=tuple(each for each in changed if each is not None))

    def _write(self, **update: object) -> None:
        state = self.state.model_copy(update=update)
        if state != self.state:
            write_file(self._path, record_bytes(state))
            self.state = state


def _message(event: str, name: str, subject: str, text: str, now: datetime) -> Message:
    return Message(
        id=uuid.uuid4().hex,
        event=event,
        name=name,
        subject=subject,
        text=text,
        at=now,
        next_try=now,
    )
