"""What a setting may be: how each kind of value is read, checked and shown."""

import getpass
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic.config import JsonDict
from pydantic_settings import NoDecode

from workplace_sync.errors import SettingsError
from workplace_sync.evidence.entry import Kind

_DAYS = re.compile(r"[1-9][0-9]{0,4}")


def lower(value: object) -> object:
    """Return the text in lower case, anything else as it is."""
    return value.strip().lower() if isinstance(value, str) else value


def off_is_none(value: object) -> object:
    """Return None for `off` and `none`."""
    return None if lower(value) in {"off", "none"} else value


def days_by_kind(value: object) -> object:
    """Return the days for each kind of entry, from `kind=days,*=days`; raises ValueError."""
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


def expanded(path: Path) -> Path:
    """Return the path with `~` followed; raises ValueError for a user who does not exist."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("should begin with ~/ or with a user of this machine, where it begins with ~") from None


Folder = Annotated[Path, AfterValidator(expanded)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)]
LogFormat = Annotated[Literal["auto", "text", "json"], BeforeValidator(lower)]
Pace = Annotated[float | None, BeforeValidator(off_is_none)]
Retention = Annotated[dict[str, int], NoDecode, BeforeValidator(days_by_kind)]
Hours = Annotated[int, Field(ge=1, le=24 * 365)]


def user() -> str:
    """Return the name of the user at the operating system."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user is a bare number
        return f"uid-{os.getuid()}"


def under(folder: str, *parts: str) -> Callable[[dict[str, object]], Path]:
    """Return a default: that place below the folder another setting names."""
    return lambda found: cast("Path", found[folder]).joinpath(*parts)


def splits(url: str) -> bool:
    """Whether the URL can be taken apart."""
    try:
        return bool(urlsplit(url).scheme)
    except ValueError:  # its text repeats the password
        return False


def sqlite(found: dict[str, object]) -> SecretStr:
    """Return the default database: a file in the state folder."""
    return SecretStr(f"sqlite:///{under('state_dir', 'sync.db')(found)}")


def shown(default: str) -> JsonDict:
    """Return what a table of settings shows in place of the default."""
    return {"shown": default}


def read_dotenv(file: Path) -> Mapping[str, str | None]:
    """Return what a `.env` file says, nothing where there is none; raises SettingsError when it cannot be read."""
    try:
        return dotenv_values(file) if file.is_file() else {}
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{file} cannot be read.", hint="Check its rights; it is UTF-8 text.") from None
