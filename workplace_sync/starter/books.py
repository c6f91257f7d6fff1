"""Begins the books of a working folder: the database, the log's key, and the log's first entry."""

from collections.abc import Iterator
from pathlib import Path

from workplace_sync.app import Application
from workplace_sync.errors import SettingsError
from workplace_sync.store.evidence_rows import newest_checkpoint
from workplace_sync.store.keys import write_public_key


def begin_books(app: Application) -> Iterator[tuple[Path, bool]]:
    """Set up what is missing, and yield each file of the books with whether it is new.

    Raises StoreError for a database of an older version, SettingsError when the key of a log that has entries is gone,
    EvidenceError when the log is not what was signed last: in none of these cases is anything made or changed.
    """
    settings = app.settings
    public = settings.key_file.with_suffix(".vkey")
    files = [settings.key_file, public, settings.checkpoint_file, *([app.database.file] if app.database.file else [])]
    before = {file: file.exists() for file in files}
    if app.database.revision()[0] is not None:
        app.database.require_current()
        if not before[settings.key_file]:
            _require_no_log(app)
    app.set_up()
    if not public.exists():  # the run that made the key was broken off
        write_public_key(public, app.log.verifier)
    return ((file, not was_there) for file, was_there in before.items())


def _require_no_log(app: Application) -> None:
    with app.database.connect() as connection:
        begun = newest_checkpoint(connection) is not None
    if begun:
        raise SettingsError(
            f"The key {app.settings.key_file} is gone, and the evidence log has entries signed with it.",
            hint="Put the key back from its safe copy. With another key the log could not go on.",
        )
