"""Who is told what of an unattended run, and how."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

from workplace_sync.loopback import LOOPBACK, is_private
from workplace_sync.settings.values import lower, off_is_none, shown

_ADDRESS = re.compile(r"[^\s@,<>\"]+@[A-Za-z0-9.-]+")
_DAYS = re.compile(r"[1-9][0-9]{0,2}")


def listed(value: object) -> object:
    """Return the parts of a list with commas between them."""
    return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value


def days(value: object) -> object:
    """Return the whole days of a list like 1,3,7; none for `off`. Raises ValueError."""
    value = off_is_none(value)
    if value is None:
        return ()
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",")]
    if not all(map(_DAYS.fullmatch, parts)):
        raise ValueError("should be whole days with commas between them, like 1,3,7, or off")
    return tuple(map(int, parts))


Encryption = Annotated[Literal["starttls", "tls", "none"], BeforeValidator(lower)]
Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed)]
Days = Annotated[tuple[int, ...], NoDecode, BeforeValidator(days)]


class NoticeSettings(BaseSettings):
    """Who is told what of an unattended run, and how."""

    notify_smtp_host: str = Field(
        "",
        description="The mail server that notifications are handed to. Without one there is no e-mail.",
        json_schema_extra=shown("not set"),
    )
    notify_smtp_encryption: Encryption = Field(
        "starttls",
        description="starttls, tls, or none: the last only where the mail server is on this machine.",
    )
    notify_smtp_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="The mail server's port.",
        json_schema_extra=shown("587 for starttls, 465 for tls, 25 for none"),
    )
    notify_smtp_user: str = Field(
        "", description="The user at the mail server, where it wants one.", json_schema_extra=shown("not set")
    )
    notify_smtp_password: SecretStr | None = Field(
        None, description="That user's password.", json_schema_extra=shown("not set")
    )
    notify_from: str = Field(
        "", description="The address that notifications come from.", json_schema_extra=shown("not set")
    )
    notify_to: Addresses = Field(
        (),
        description="The addresses that notifications go to, with commas between them; each sees the others.",
        json_schema_extra=shown("none"),
    )
    notify_webhook_url: SecretStr | None = Field(
        None,
        description="An address that each notification is posted to as JSON, as for a chat room.",
        json_schema_extra=shown("not set"),
    )
    notify_webhook_secret: SecretStr | None = Field(
        None,
        min_length=8,
        description="What posted notifications are signed with (HMAC-SHA256, in X-Workplace-Sync-Signature).",
        json_schema_extra=shown("not set"),
    )
    notify_apprise_urls: SecretStr | None = Field(
        None,
        description="Apprise URLs of other services, with commas or spaces between them; needs the extra `apprise`.",
        json_schema_extra=shown("not set"),
    )
    notify_reminders: Days = Field(
        (1, 3, 7),
        description="How many days after a notification the next reminder comes, while the cause lasts: after one day, "
        "then three, then every seven. `off` for no reminders.",
        json_schema_extra=shown("1,3,7"),
    )
    ping_url: SecretStr | None = Field(
        None,
        description="The address of a dead-man watcher such as healthchecks.io: told at <url>/start that a run begins, and "
        "at <url>/<exit code> how it ended, so that runs that stop coming are noticed.",
        json_schema_extra=shown("not set"),
    )

    @field_validator("notify_smtp_encryption")
    @classmethod
    def _is_private(cls, value: str, info: ValidationInfo) -> str:
        host = info.data.get("notify_smtp_host", "")
        if value == "none" and host and host not in LOOPBACK:
            raise ValueError("should be starttls or tls, as the mail server is not on this machine")
        return value

    @field_validator("notify_from")
    @classmethod
    def _is_a_sender(cls, value: str, info: ValidationInfo) -> str:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError("should be one e-mail address, without a name beside it")
        if not value and info.data.get("notify_smtp_host"):
            raise ValueError("should be set, as there is a mail server")
        return value

    @field_validator("notify_to")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not all(map(_ADDRESS.fullmatch, value)):
            raise ValueError("should be e-mail addresses with commas between them, without names beside them")
        if not value and info.data.get("notify_smtp_host"):
            raise ValueError("should be set, as there is a mail server")
        return value

    @field_validator("notify_webhook_url", "ping_url")
    @classmethod
    def _is_a_private_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_private(value.get_secret_value()):
            raise ValueError("should begin with https://, or with http:// on this machine alone")
        return value

    @property
    def reminders(self) -> tuple[timedelta, ...]:
        """How long after each notification the next reminder comes."""
        return tuple(timedelta(days=number) for number in self.notify_reminders)
