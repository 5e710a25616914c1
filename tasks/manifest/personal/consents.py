"""When presenters' consents end: `plan` and runs say so of those they use, `watch` of all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tasks.manifest.cell_values import BadValueError
from tasks.manifest.personal.libraries import LibraryError, Presenter, day_of, table_of, tables_of

_SOON = timedelta(days=14)


@dataclass(frozen=True)
class ConsentEnd:
    """The last day on which a consent holds."""

    presenter: str
    consent: str
    until: date

    @property
    def name(self) -> str:
        """For people."""
        return f"consent {self.consent} ({self.presenter})"


def consents_in(path: Path) -> list[ConsentEnd]:
    """Those of a file of presenters that have an end; nothing else in it is looked at.

    Raises:
        LibraryError: it cannot be read, or an end is no day.
    """
    faults: list[str] = []
    found: list[ConsentEnd] = []
    for name, given in tables_of(path, faults).items():
        table = table_of(given)
        if table is None:
            continue  # a run refuses it
        try:
            until = day_of(table)
        except BadValueError as error:
            faults.append(f"{path}: [{name}] {error.args[0]}; {error.args[1]}")
            continue
        if until is not None:
            found.append(ConsentEnd(name, str(table.get("consent", "")), until))
    if faults:
        raise LibraryError("\n".join(faults))
    return found


def consent_notices(
    presenters: Mapping[str, Presenter], used: Iterable[str], today: date
) -> Iterator[str]:
    """A line for each consent that is over, or ends within two weeks, of presenters in use."""
    for name in sorted(set(used) & presenters.keys()):
        until = presenters[name].consent_until
        if until is None or until - today > _SOON:
            continue
        told = ConsentEnd(name, presenters[name].consent, until).name
        if until < today:
            yield (
                f"{told} ended on {until}: renew it, or name another presenter, before these "
                "videos are delivered"
            )
        else:
            yield f"{told} ends on {until}: renew it in time"
