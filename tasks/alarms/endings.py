"""When certificates end, as the machines that show them say."""

import socket
import ssl
from datetime import UTC, datetime

from tasks.alarms.facts import Ending

_TIMEOUT_S = 5.0


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
