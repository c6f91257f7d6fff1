"""The settings that every job needs, and where secrets are looked up."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workplace_sync.errors import SettingsError
from workplace_sync.settings.values import (
    Folder,
    Hours,
    LogFormat,
    LogLevel,
    Pace,
    Retention,
    read_dotenv,
    shown,
    splits,
    sqlite,
    under,
    user,
)

PREFIX = "WORKPLACE_SYNC_"
ENV_FILE = Path(".env")

_DATABASE = re.compile(r"sqlite:///.+|(postgresql(\+psycopg)?|postgres)://.+", re.DOTALL)
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?(/[^\s+]*)?")
_NOT_IN_A_TOKEN = re.compile(r"[^\x21-\x7e]")  # what a header cannot carry, or a copy from a web page adds


class GroundSettings(BaseSettings):
    """Where things are, who is asking, and how the platform is spoken to."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    home: Folder = Field(Path(), description="The folder that the other folders are in, unless they are set too.")
    config_dir: Folder = Field(
        default_factory=under("home", "config"),
        description="Where groups/<name>.yaml are.",
        json_schema_extra=shown("<home>/config"),
    )
    policies_dir: Folder = Field(
        default_factory=under("home", "policies"),
        description="Where the published policies are.",
        json_schema_extra=shown("<home>/policies"),
    )
    state_dir: Folder = Field(
        default_factory=under("home", "var"),
        description="What the program keeps: database, key, crash reports.",
        json_schema_extra=shown("<home>/var"),
    )
    database_url: SecretStr = Field(
        default_factory=sqlite,
        description="SQLite (sqlite:///path) or PostgreSQL (postgresql://user:password@host/name).",
        json_schema_extra=shown("sqlite:///<state_dir>/sync.db"),
    )
    key_file: Folder = Field(
        default_factory=under("state_dir", "keys", "log.key"),
        description="The key that signs the evidence log.",
        json_schema_extra=shown("<state_dir>/keys/log.key"),
    )
    checkpoint_file: Folder = Field(
        default_factory=under("state_dir", "checkpoint.txt"),
        description="A copy of the last signed checkpoint. Keep it away from the database, best on another machine: "
        "whoever can change both can hide that the log was cut short.",
        json_schema_extra=shown("<state_dir>/checkpoint.txt"),
    )
    evidence_origin: str = Field(
        "example.org/workplace-sync",
        description="The evidence log's name in its checkpoints: an address of yours without https://, spaces or '+'. "
        "Set it before the first run; it cannot change afterwards.",
    )
    actor: str = Field(
        default_factory=user,
        min_length=1,
        max_length=100,
        description="Who is running the command; written into the evidence log.",
        json_schema_extra=shown("the name of the user at the operating system"),
    )
    threads: int = Field(8, ge=1, le=64, description="How many batches are on their way to the platform at once.")
    connect_timeout: float = Field(3.0, gt=0, le=300, description="Seconds to wait for the platform to pick up.")
    read_timeout: float = Field(30.0, gt=0, le=3600, description="Seconds to wait for the platform's answer.")
    patience_seconds: float = Field(
        180.0,
        gt=0,
        le=3600,
        description="Seconds in which one call to the platform is repeated, where that can help, before it has failed.",
    )
    page_size: int = Field(1000, ge=1, le=20_000, description="Members asked for in one page.")
    pace_per_second: Pace = Field(
        50.0,
        gt=0,
        allow_inf_nan=False,
        description="Operations a second sent to the platform, over all processes that share the database; a batch "
        "counts as its operations, so 50 is a full batch a second. The platform's own usage figures slow it down "
        "further. `off` for no pace.",
    )
    plan_valid_hours: Hours = Field(72, description="Hours after which a plan can no longer be applied.")
    approval_valid_hours: Hours = Field(72, description="Hours after which an approval no longer counts.")
    drift_percent: int = Field(
        10,
        ge=0,
        le=100,
        description="The share of a plan's changes, in percent, that may have become different since planning; "
        "beyond it the whole plan is refused.",
    )
    confirm_reads: int = Field(
        2, ge=1, le=10, description="Complete readings in a row that must miss somebody before they count as gone."
    )
    confirm_pause_seconds: float = Field(
        30.0, ge=0, le=3600, description="Seconds between a reading that misses somebody and the one that confirms it."
    )
    webhook_verify_token: SecretStr | None = Field(
        None,
        min_length=8,
        description="What the platform must say before it is let send webhooks: the verify token of the integration's "
        "webhook settings.",
        json_schema_extra=shown("not set"),
    )
    webhook_sha1_suffices: bool = Field(
        False,
        description="Whether a webhook that has the older X-Hub-Signature (SHA-1) alone is taken. Both are checked "
        "where both are there.",
    )
    webhook_body_limit: int = Field(
        1_000_000, ge=1_000, le=16_000_000, description="The largest webhook that is taken, in bytes."
    )
    retention: Retention = Field(
        default_factory=dict,
        description="For how many days the contents of entries are kept, by kind: kind=days, separated by commas, with * "
        "for every kind not named, as in `snapshot.taken=400,*=2555`. A kind without a time is kept. Nothing goes by "
        "itself: `privacy retention --apply` erases what is past its time.",
        json_schema_extra=shown("none"),
    )
    log_level: LogLevel = Field("info", description="The least important log lines shown: debug, info, warning, error.")
    log_format: LogFormat = Field(
        "auto", description="text, json, or auto: sentences on a terminal and JSON anywhere else."
    )
    secrets_dir: Folder | None = Field(
        None,
        description="A folder with one file for each secret, named like its variable.",
        json_schema_extra=shown("not set"),
    )

    _env_file: Path = PrivateAttr(default=ENV_FILE)

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, value: SecretStr) -> SecretStr:
        if not _DATABASE.fullmatch(value.get_secret_value()) or not splits(value.get_secret_value()):
            raise ValueError("should be sqlite:///path/to/file.db or postgresql://user@host/name")
        return value

    @field_validator("evidence_origin")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        # The name is a line of its own in every checkpoint, and '+' separates it from the key: C2SP signed-note.
        if not _ORIGIN.fullmatch(value):
            raise ValueError("should be a web address without https://, spaces or '+', like union.example.org/log")
        return value

    @field_validator("actor")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.strip().isprintable() or not value.strip():
            raise ValueError("should be a name on one line")
        return value.strip()

    @property
    def veil_file(self) -> Path:
        """The key for the hashes of erased people, beside the key of the log."""
        return self.key_file.with_name("suppression.key")

    @property
    def case_key_file(self) -> Path:
        """The key under which the words of escalations are encrypted, beside the key of the log."""
        return self.key_file.with_name("cases.key")

    @property
    def erasures_file(self) -> Path:
        """The journal of erasures, beside the checkpoint and with it away from the database."""
        return self.checkpoint_file.with_name("erasures.jsonl")

    @property
    def database_shown(self) -> str:
        """The database's URL without its password and options, fit for people to see."""
        url = self.database_url.get_secret_value()
        if url.startswith("sqlite:"):
            return url
        parts = urlsplit(url)
        user = f"{parts.username}@" if parts.username else ""
        return f"{parts.scheme}://{user}{parts.netloc.rpartition('@')[2]}{parts.path}"

    def secret(self, name: str) -> SecretStr:
        """Return the secret of that name, from the environment, `.env` or the secrets folder, in this order.

        Raises SettingsError, naming the variable and never its value, when it is missing, empty, or holds a space or
        another character that no token has.
        """
        value = (os.environ.get(name) or read_dotenv(self._env_file).get(name) or self._from_folder(name) or "").strip()
        if not value:
            where = f", or in a file of that name in {self.secrets_dir}" if self.secrets_dir else ""
            raise SettingsError(
                f"The secret {name} is not set.", hint=f"Put it into the environment or into {self._env_file}{where}."
            )
        if _NOT_IN_A_TOKEN.search(value):
            raise SettingsError(
                f"The secret {name} holds a space, a line break or another character that no token has.",
                hint="Copy it again from where it was made.",
            )
        return SecretStr(value)

    def _from_folder(self, name: str) -> str:
        if self.secrets_dir is None or Path(name).name != name:
            return ""
        file = self.secrets_dir / name
        try:
            return file.read_text("utf-8") if file.is_file() else ""
        except (OSError, UnicodeDecodeError):
            raise SettingsError(
                f"The secret {name} cannot be read from its file.",
                hint=f"Check the rights of {file}; it is UTF-8 text.",
            ) from None
