"""The dead-man ping: tells a watcher elsewhere that a run began and how it ended, so that silence is noticed.

The addresses are those of healthchecks.io (https://healthchecks.io/docs/http_api/), which other watchers take too, and
which can be run on a machine of one's own.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import requests

from workplace_sync import __version__
from workplace_sync.logs import get_logger

_PATIENCE = 5.0  # seconds; a run never waits longer for its watcher
_LONGEST = 10_000  # characters of a summary
_HEADERS = {"User-Agent": f"workplace-sync/{__version__}"}

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ping:
    """Tells the watcher at `url`, and nobody where that is empty. Whoever knows the URL can ping, so it is a secret.

    Both ways return whether the watcher was told; nothing that goes wrong with it ever fails a run.
    """

    url: str = field(default="", repr=False)

    def start(self) -> bool:
        """Tell that a run begins."""
        return self._tell("GET", "start", "")

    def end(self, exit_code: int, summary: str) -> bool:
        """Tell how a run ended; the summary is for people, and holds nobody's name."""
        return self._tell("POST", str(int(exit_code)), summary[:_LONGEST])

    def _tell(self, method: str, what: str, body: str) -> bool:
        if not self.url:
            return False
        try:
            parts = urlsplit(self.url)
            url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{what}"))
            with requests.request(
                method,
                url,
                data=body.encode(),
                headers=_HEADERS,
                timeout=_PATIENCE,
                allow_redirects=False,
                stream=True,
            ) as answer:
                told = bool(answer.ok)
        except (requests.RequestException, OSError, ValueError):
            told = False
        if not told:
            _log.warning("The watcher of runs could not be told.", what="start" if what == "start" else "end")
        return told
