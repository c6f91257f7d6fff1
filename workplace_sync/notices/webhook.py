"""A message as JSON, posted to an address of the committee's own: a chat room, a ticket system."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from workplace_sync import __version__
from workplace_sync.cases.notice import Notice
from workplace_sync.errors import NoticeError, SettingsError
from workplace_sync.loopback import is_private
from workplace_sync.notices.sender import TIMEOUTS

SIGNATURE = "X-Workplace-Sync-Signature"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts messages to `url`, which often lets in whoever knows it and is kept secret. With `secret` they are signed.

    The signature is `sha256=` and the hex HMAC-SHA256 of the body, byte for byte; the body holds its time.
    """

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    channel: str = "webhook"

    def __post_init__(self) -> None:
        """Raise SettingsError where the message would go over a network that anybody can read."""
        if not is_private(self.url):
            raise SettingsError(
                "The web hook for notifications should begin with https://.",
                hint="Correct WORKPLACE_SYNC_NOTIFY_WEBHOOK_URL.",
            )

    def send(self, notice: Notice) -> None:
        """Send a message; see `Sender`."""
        body = json.dumps({"text": f"{notice.subject}\n\n{notice.body}", **notice.as_json()}).encode()
        headers = {"Content-Type": "application/json", "User-Agent": f"workplace-sync/{__version__}"}
        if self.secret:
            headers[SIGNATURE] = "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        host = urlsplit(self.url).hostname
        try:
            # not redirected: what is meant for one address goes to no other
            with requests.post(
                self.url, data=body, headers=headers, timeout=TIMEOUTS, allow_redirects=False, stream=True
            ) as answer:
                status = answer.status_code
        except (requests.RequestException, OSError, ValueError):
            raise NoticeError(
                f"The web hook at {host} cannot be reached.",
                hint="Check WORKPLACE_SYNC_NOTIFY_WEBHOOK_URL and the network.",
            ) from None
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own range of success
            raise NoticeError(
                f"The web hook at {host} did not take the message ({status}).",
                hint="Check WORKPLACE_SYNC_NOTIFY_WEBHOOK_URL, and what stands behind it.",
            )
