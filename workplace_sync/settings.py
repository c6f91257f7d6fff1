"""Every setting and secret as one frozen object, read from the environment, `.env` and a folder of secrets.

A setting is a variable named WORKPLACE_SYNC_<NAME>. Where it is set more than once, the environment beats `.env` (in
the home folder), which beats a file of that name in the folder WORKPLACE_SYNC_SECRETS_DIR. Tokens have names of
their own, given in the group files, and are looked up in the same three places when they are needed.
"""

import getpass
import os
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from workplace_sync.errors import SettingsError
from workplace_sync.evidence.entry import Kind

PREFIX = "WORKPLACE_SYNC_"
ENV_FILE = Path(".env")

_DATABASE = re.compile(r"sqlite:///.+|(postgresql(\+psycopg)?|postgres)://.+", re.DOTALL)
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?(/[^\s+]*)?")
_DAYS = re.compile(r"[1-9][0-9]{0,4}")
_NOT_IN_A_TOKEN = re.compile(r"[^\x21-\x7e]")  # what a header cannot carry, or a copy from a web page adds


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _off_is_none(value: object) -> object:
    return None if _lower(value) in {"off", "none"} else value


def _days_by_kind(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    given = {}
    for part in parts:
        kind, _, days = (piece.strip() for piece in part.partition("="))
        if kind not in {*Kind, "*"} or kind in given or not _DAYS.fullmatch(days):
            raise ValueError(f"should be like snapshot.taken=400,*=2555; the kinds are {', '.join(Kind)}")
        given[kind] = int(days)
    rest = given.pop("*", None)
    return given if rest is None else {kind.value: given.get(kind.value, rest) for kind in Kind}


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("should begin with ~/ or with a user of this machine, where it begins with ~") from None


_Folder = Annotated[Path, AfterValidator(_expanded)]
_LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
_LogFormat = Annotated[Literal["auto", "text", "json"], BeforeValidator(_lower)]
_Pace = Annotated[float | None, BeforeValidator(_off_is_none)]
_Retention = Annotated[dict[str, int], NoDecode, BeforeValidator(_days_by_kind)]
_Hours = Annotated[int, Field(ge=1, le=24 * 365)]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user is a bare number
        return f"uid-{os.getuid()}"


def _under(folder: str, *parts: str) -> Callable[[dict[str, object]], Path]:
    return lambda found: cast("Path", found[folder]).joinpath(*parts)


def _splits(url: str) -> bool:
    try:
        return bool(urlsplit(url).scheme)
    except ValueError:  # its text repeats the password
        return False


def _sqlite(found: dict[str, object]) -> SecretStr:
    return SecretStr(f"sqlite:///{_under('state_dir', 'sync.db')(found)}")


def _shown(default: str) -> JsonDict:
    return {"shown": default}


class Settings(BaseSettings):
    """What the program was told about its surroundings; made by `load_settings`, which tells every fault at once."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    home: _Folder = Field(Path(), description="The folder that the other folders are in, unless they are set too.")
    config_dir: _Folder = Field(
        default_factory=_under("home", "config"),
        description="Where groups/<name>.yaml are.",
        json_schema_extra=_shown("<home>/config"),
    )
    policies_dir: _Folder = Field(
        default_factory=_under("home", "policies"),
        description="Where the published policies are.",
        json_schema_extra=_shown("<home>/policies"),
    )
    state_dir: _Folder = Field(
        default_factory=_under("home", "var"),
        description="What the program keeps: database, key, crash reports.",
        json_schema_extra=_shown("<home>/var"),
    )
    database_url: SecretStr = Field(
        default_factory=_sqlite,
        description="SQLite (sqlite:///path) or PostgreSQL (postgresql://user:password@host/name).",
        json_schema_extra=_shown("sqlite:///<state_dir>/sync.db"),
    )
    key_file: _Folder = Field(
        default_factory=_under("state_dir", "keys", "log.key"),
        description="The key that signs the evidence log.",
        json_schema_extra=_shown("<state_dir>/keys/log.key"),
    )
    checkpoint_file: _Folder = Field(
        default_factory=_under("state_dir", "checkpoint.txt"),
        description="A copy of the last signed checkpoint. Keep it away from the database, best on another machine: "
        "whoever can change both can hide that the log was cut short.",
        json_schema_extra=_shown("<state_dir>/checkpoint.txt"),
    )
    evidence_origin: str = Field(
        "example.org/workplace-sync",
        description="The evidence log's name in its checkpoints: an address of yours without https://, spaces or '+'. "
        "Set it before the first run; it cannot change afterwards.",
    )
    actor: str = Field(
        default_factory=_user,
        min_length=1,
        max_length=100,
        description="Who is running the command; written into the evidence log.",
        json_schema_extra=_shown("the name of the user at the operating system"),
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
    pace_per_second: _Pace = Field(
        50.0,
        gt=0,
        allow_inf_nan=False,
        description="Operations a second sent to the platform, over all processes that share the database; a batch "
        "counts as its operations, so 50 is a full batch a second. The platform's own usage figures slow it down "
        "further. `off` for no pace.",
    )
    plan_valid_hours: _Hours = Field(72, description="Hours after which a plan can no longer be applied.")
    approval_valid_hours: _Hours = Field(72, description="Hours after which an approval no longer counts.")
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
        json_schema_extra=_shown("not set"),
    )
    webhook_sha1_suffices: bool = Field(
        False,
        description="Whether a webhook that has the older X-Hub-Signature (SHA-1) alone is taken. Both are checked "
        "where both are there.",
    )
    webhook_body_limit: int = Field(
        1_000_000, ge=1_000, le=16_000_000, description="The largest webhook that is taken, in bytes."
    )
    retention: _Retention = Field(
        default_factory=dict,
        description="For how many days the contents of entries are kept, by kind: kind=days, separated by commas, with * "
        "for every kind not named, as in `snapshot.taken=400,*=2555`. A kind without a time is kept. Nothing goes by "
        "itself: `privacy retention --apply` erases what is past its time.",
        json_schema_extra=_shown("none"),
    )
    log_level: _LogLevel = Field(
        "info", description="The least important log lines shown: debug, info, warning, error."
    )
    log_format: _LogFormat = Field(
        "auto", description="text, json, or auto: sentences on a terminal and JSON anywhere else."
    )
    secrets_dir: _Folder | None = Field(
        None,
        description="A folder with one file for each secret, named like its variable.",
        json_schema_extra=_shown("not set"),
    )

    _env_file: Path = PrivateAttr(default=ENV_FILE)

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, value: SecretStr) -> SecretStr:
        if not _DATABASE.fullmatch(value.get_secret_value()) or not _splits(value.get_secret_value()):
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
        value = (os.environ.get(name) or _dotenv(self._env_file).get(name) or self._from_folder(name) or "").strip()
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


def load_settings(home: Path | None = None, *, env_file: Path | None = None) -> Settings:
    """Read all settings; `home` beats WORKPLACE_SYNC_HOME. `.env` is read from that folder.

    Raises SettingsError with every fault found: the variable's name and what it should be, never what it is.
    """
    env_file = env_file or _expanded_if_possible(str(home or os.environ.get(f"{PREFIX}HOME", ""))) / ENV_FILE
    from_file = _dotenv(env_file)
    given = {name.upper(): value for name, value in {**from_file, **os.environ}.items() if value}
    folder = _secrets_folder(given)
    faults = _misspelt(given)
    if folder and not folder.is_dir():
        faults.append(f"{PREFIX}SECRETS_DIR should be a folder that exists")
    settings = None
    try:
        settings = Settings(
            _env_file=env_file if env_file.is_file() else None,
            _secrets_dir=folder if folder and folder.is_dir() else None,
            **({} if home is None else {"home": home}),  # type: ignore[arg-type]
        )
    except ValidationError as error:
        faults += _told(error)
    if faults or settings is None:
        raise SettingsError(
            "\n  ".join([f"{len(faults)} setting{'s are' if len(faults) > 1 else ' is'} wrong:", *faults]),
            hint="Correct them in the environment, in .env or in the secrets folder; the README lists every setting.",
        )
    settings._env_file = env_file  # noqa: SLF001 - our own class, which pydantic builds without it
    return settings


def _at_home(home: Path | None) -> Path:
    if home is None:
        home = Path(os.path.expanduser(os.environ.get(f"{PREFIX}HOME", "")))  # noqa: PTH111 - pathlib's raises
    return Path() if str(home).startswith("~") else home  # a user who does not exist: told with the other faults


def settings_table() -> list[tuple[str, str, str]]:
    """Return every setting as variable name, default and description, in the order of the README's table."""
    return [
        (f"{PREFIX}{name.upper()}", _default(name), str(field.description))
        for name, field in Settings.model_fields.items()
    ]


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    extra = field.json_schema_extra
    return str(extra["shown"]) if isinstance(extra, dict) else str(field.default)


def _dotenv(file: Path) -> Mapping[str, str | None]:
    try:
        return dotenv_values(file) if file.is_file() else {}
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{file} cannot be read.", hint="Check its rights; it is UTF-8 text.") from None


def _misspelt(given: Mapping[str, str]) -> list[str]:
    """Return a fault for each variable that is nearly a setting: a guard that is set in vain is worse than none."""
    known = [name for name, _, _ in settings_table()]
    ours = sorted(name for name in given if name.startswith(PREFIX) and name not in known)
    near = ((name, get_close_matches(name, known, 1, 0.9)) for name in ours)
    return [f"{name} is not a setting: did you mean {meant[0]}?" for name, meant in near if meant]


def _secrets_folder(given: Mapping[str, str]) -> Path | None:
    name = f"{PREFIX}SECRETS_DIR"
    return _expanded_if_possible(given[name]) if name in given else None


def _expanded_if_possible(path: str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises, before the fault can be told with the others


def _told(error: ValidationError) -> list[str]:
    return [
        f"{PREFIX}{str(fault['loc'][0]).upper()} {_should(fault['msg'])}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
        if fault["type"] != "default_factory_not_called"  # its folder is the fault, and is told already
    ]


def _should(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ").partition(", unable to")[0]
