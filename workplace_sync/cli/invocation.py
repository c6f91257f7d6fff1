"""What one call of the command line was told for every command: where home is, how to write, how much to tell."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workplace_sync.cli.output import Format, Output

if TYPE_CHECKING:
    from workplace_sync.settings import Settings


@dataclass(slots=True)
class Invocation:
    """The options that every command takes. They are filled in while the command line is read, so it is not frozen."""

    home: Path | None = None
    format: Format = Format.TEXT
    quiet: bool = False
    verbose: bool = False
    _settings: "Settings | None" = field(default=None, repr=False)

    @property
    def output(self) -> Output:
        """Where the result goes."""
        return Output(self.format, self.quiet)

    @property
    def settings(self) -> "Settings":
        """The settings; reading them the first time sets up the log lines too. Raises SettingsError."""
        if self._settings is None:
            from workplace_sync import logs  # noqa: PLC0415 - `--help` needs neither
            from workplace_sync.settings import load_settings  # noqa: PLC0415

            self._settings = load_settings(self.home)
            level = "debug" if self.verbose else "error" if self.quiet else self._settings.log_level
            logs.configure(level, self._settings.log_format)
        return self._settings

    def state_dir(self) -> Path:
        """Return the folder for what the program keeps, as well as it can be known when the settings are faulty."""
        return self._settings.state_dir if self._settings else (self.home or Path()) / "var"


def invocation(context: typer.Context) -> Invocation:
    """Return what the command was called with."""
    found = context.find_object(Invocation)
    if found is None:
        raise TypeError("a command runs through workplace_sync.cli.main alone")
    return found
