"""`alarms.toml`: what is watched, from where on somebody is woken, and how."""

import os
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from model.errors import CampaignError
from tasks.record import Record
from tasks.tables.toml_text import parsed_toml


class Thresholds(Record):
    """From where on there is an alarm; the section of an alarm in docs/operations.md says why."""

    start_late_min: float = Field(default=10, gt=0)
    held_share: float = Field(default=0.2, gt=0, le=1)
    failed_share: float = Field(default=0.1, gt=0, le=1)
    worker_silent_s: float = Field(default=120, ge=60)
    gpu_hot_c: int = Field(default=87, ge=40, le=120)
    gpu_slow_times: float = Field(default=2.0, gt=1)
    disk_nights: float = Field(default=2.0, gt=0)
    disk_gb: float = Field(
        default=5.0, ge=0, description="At least so much, whatever a night takes."
    )
    ends_within_days: float = Field(default=14, gt=0)
    database_gb: float = Field(default=10.0, gt=0)
    database_growth_gb: float = Field(default=1.0, gt=0, description="In a day.")


class WebhookSettings(Record):
    """Where alarms are posted."""

    url: str = Field(pattern=r"^https?://[^/\s@]+(/\S*)?$")
    secret_env: str = Field(
        default="NIGHTSHOOT_ALARM_SECRET", description="Variable that holds the shared secret."
    )


class MailSettings(Record):
    """The SMTP server that takes alarms."""

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "ssl", "none"] = "starttls"
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    to: tuple[str, ...] = Field(min_length=1)
    user: str = ""
    password_env: str = "NIGHTSHOOT_MAIL_PASSWORD"


class AlarmSettings(Record):
    """The whole file."""

    outs: tuple[str, ...] = Field(min_length=1, description="Where campaigns are kept.")
    webhook: WebhookSettings | None = None
    mail: MailSettings | None = None
    heartbeat_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    database: str = Field(
        default="", description="Prefect's: path of SQLite's file, or postgresql://..."
    )
    hosts: tuple[str, ...] = Field(default=(), description="host:port with certificates.")
    ends: dict[str, date] = Field(
        default_factory=dict[str, date], description="What ends on a day, such as licences."
    )
    presenters: tuple[Path, ...] = Field(
        default=(), description="Files of presenters, whose consents end."
    )
    thresholds: Thresholds = Thresholds()


def read_settings(path: Path) -> AlarmSettings:
    """The settings in a file.

    Raises:
        CampaignError: it cannot be read, or has faults, all of which are named.
    """
    try:
        fields = parsed_toml(path.read_text())
    except (OSError, ValueError) as error:
        raise CampaignError(f"{path}: the settings of alarms cannot be read ({error})") from error
    try:
        settings = AlarmSettings.model_validate(fields)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
        )
        raise CampaignError(f"{path}: {faults}") from error
    if settings.webhook is None and settings.mail is None:
        raise CampaignError(f"{path}: nobody would be told; add [webhook] or [mail]")
    return settings


def secret(variable: str) -> bytes:
    """A secret from the environment.

    Raises:
        CampaignError: the variable is not set, or too short to be one.
    """
    text = os.environ.get(variable, "")
    if len(text) < 16:
        raise CampaignError(
            f"{variable} must hold the secret that signs alarms, at least 16 characters; "
            "`openssl rand -hex 32` makes one"
        )
    return text.encode()
