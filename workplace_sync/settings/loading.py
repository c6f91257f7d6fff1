"""Read all settings at once, and tell every fault in one go."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from workplace_sync.errors import SettingsError
from workplace_sync.settings.cases import CaseSettings
from workplace_sync.settings.console import ConsoleSettings
from workplace_sync.settings.ground import ENV_FILE, PREFIX, GroundSettings
from workplace_sync.settings.notices import NoticeSettings
from workplace_sync.settings.runs import RunSettings
from workplace_sync.settings.values import read_dotenv


class Settings(CaseSettings, ConsoleSettings, NoticeSettings, RunSettings, GroundSettings):
    """What the program was told about its surroundings; made by `load_settings`, which tells every fault at once."""


def load_settings(home: Path | None = None, *, env_file: Path | None = None) -> Settings:
    """Read all settings; `home` beats WORKPLACE_SYNC_HOME. `.env` is read from that folder.

    Raises SettingsError with every fault found: the variable's name and what it should be, never what it is.
    """
    env_file = env_file or _expanded_if_possible(str(home or os.environ.get(f"{PREFIX}HOME", ""))) / ENV_FILE
    from_file = read_dotenv(env_file)
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
