"""How alarms reach people: a signed webhook, mail; and the heartbeat that is missed if we are gone.

The body of a webhook is JSON. ``Nightshoot-Timestamp`` holds seconds since 1970, and
``Nightshoot-Signature`` is ``v1=`` and the HMAC-SHA256 of ``<timestamp>.<body>`` in hex, with the
shared secret as its key. ``Idempotency-Key`` is the same each time a message is sent.
"""

import hashlib
import hmac
import json
import smtplib
import ssl
import time
from email.message import EmailMessage

import httpx

from tasks.alarms.journal import Message
from tasks.alarms.settings import MailSettings, WebhookSettings, secret
from tasks.redaction import printable, without_secrets

_TIMEOUT_S = 10.0
_PAGE = "docs/operations.md"


def signature(key: bytes, timestamp: int, body: bytes) -> str:
    """What ``Nightshoot-Signature`` says."""
    signed = f"{timestamp}.".encode() + body
    return f"v1={hmac.new(key, signed, hashlib.sha256).hexdigest()}"


def body_of(message: Message) -> bytes:
    """The JSON that is posted."""
    fields = {
        "id": message.id,
        "event": message.event,
        "alarm": message.name,
        "subject": message.subject,
        "message": message.text,
        "at": message.at.isoformat(timespec="seconds"),
        "what_to_do": f"{_PAGE}#{message.name}",
    }
    return json.dumps(fields, ensure_ascii=False).encode()


def post(settings: WebhookSettings, message: Message) -> None:
    """Post an alarm.

    Raises:
        OSError: nobody took it.
        CampaignError: there is no secret to sign it with.
    """
    body, timestamp = body_of(message), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "nightshoot",
        "Idempotency-Key": message.id,
        "Nightshoot-Timestamp": str(timestamp),
        "Nightshoot-Signature": signature(secret(settings.secret_env), timestamp, body),
    }
    try:
        answer = httpx.post(settings.url, content=body, headers=headers, timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise OSError(without_secrets(f"{type(error).__name__}: {error}")) from error
    if not answer.is_success:
        raise OSError(f"it answered with {answer.status_code}")


def mail(settings: MailSettings, message: Message) -> None:
    """Send an alarm by mail.

    Raises:
        OSError: the server did not take it (smtplib's errors are of this kind).
        CampaignError: there is no password for the user.
    """
    made = EmailMessage()
    made["Subject"] = f"[nightshoot] {message.name} {message.event}: {printable(message.subject)}"
    made["From"], made["To"] = settings.sender, ", ".join(settings.to)
    made["Message-ID"] = f"<{message.id}@{settings.sender.partition('@')[2]}>"
    made.set_content(
        f"{message.text}\n\n{message.event} at {message.at:%Y-%m-%d %H:%M:%S} UTC\n"
        f"What to do: {_PAGE}, section {message.name}\n"
    )
    context = ssl.create_default_context()
    if settings.tls == "ssl":
        server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=_TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=_TIMEOUT_S)
    with server:
        if settings.tls == "starttls":
            server.starttls(context=context)
        if settings.user:
            server.login(settings.user, secret(settings.password_env).decode())
        server.send_message(made)


def beat(url: str) -> None:
    """Call the heartbeat's URL.

    Raises:
        OSError: it does not answer well.
    """
    try:
        answer = httpx.get(url, timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise OSError(without_secrets(f"{type(error).__name__}: {error}")) from error
    if not answer.is_success:
        raise OSError(f"the heartbeat's URL answered with {answer.status_code}")
