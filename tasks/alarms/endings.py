"""When certificates end, as the machines that show them say; and consents, by presenters.toml."""

import socket
import ssl
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tasks.alarms.facts import Ending
from tasks.manifest.personal.consents import consents_in

_TIMEOUT_S = 5.0
_LAST_SECOND = timedelta(days=1, seconds=-1)


def certificate_of(host: str) -> Ending:
    """The certificate that ``host:port`` shows, verified as every client does.

    Raises:
        OSError: nobody answers there; that says nothing about a certificate.
    """
    name, _, port = host.rpartition(":")
    context = ssl.create_default_context()
    told = f"the certificate of {host}"
    with socket.create_connection((name.strip("[]"), int(port)), _TIMEOUT_S) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=name.strip("[]")) as secured:
                shown = secured.getpeercert() or {}
        except ssl.SSLCertVerificationError as error:
            return Ending(told, None, error.verify_message)
    seconds = ssl.cert_time_to_seconds(str(shown["notAfter"]))
    return Ending(told, datetime.fromtimestamp(seconds, UTC))


def consents_of(presenters: Path) -> list[Ending]:
    """The consents in a file of presenters; each holds until its last day is over.

    Raises:
        CampaignError: it cannot be read, or an end in it is no day.
    """
    return [
        Ending(each.name, midnight_of(each.until) + _LAST_SECOND)
        for each in consents_in(presenters)
    ]


def midnight_of(day: date) -> datetime:
    """When a day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
