"""A worker that notices within seconds what others take a minute for: `python -m tests.worker.hasty HOME [CONCURRENCY]`."""

import sys
from pathlib import Path

from workplace_sync import logs
from workplace_sync.settings import load_settings
from workplace_sync.store.database import Database
from workplace_sync.worker.service import Rhythm, Worker

HASTE = Rhythm(look=0.1, beat=0.3, rescue=0.5, stale=2.0, end_within=30.0, reconnect=0.2, retry=1.0)


def main(home: str, concurrency: str = "1") -> None:
    """Work until told to stop."""
    settings = load_settings(Path(home))
    logs.configure("info", "json")
    database = Database(settings.database_url.get_secret_value())
    Worker(settings, database, int(concurrency), rhythm=HASTE).run()
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
