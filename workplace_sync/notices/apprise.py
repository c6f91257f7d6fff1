"""Messages by Apprise, an optional extra that knows more than a hundred services, each by a URL of its own."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workplace_sync.cases.notice import Notice
from workplace_sync.errors import NoticeError, SettingsError

if TYPE_CHECKING:
    from apprise import Apprise

_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")  # an address may itself hold commas


@dataclass(frozen=True, slots=True)
class Services:
    """Sends messages to the services at `urls`, which hold their passwords."""

    urls: tuple[str, ...] = field(repr=False)
    channel: str = "apprise"

    def send(self, notice: Notice) -> None:
        """Send a message; see `Sender`. Raises SettingsError when Apprise is missing or does not know a URL."""
        services = [_open(number, url) for number, url in enumerate(self.urls, 1)]
        failed = [one for one in services if not one.notify(body=notice.body, title=notice.subject, body_format="text")]
        if failed:
            raise NoticeError(
                f"{len(failed)} of the {len(services)} Apprise services did not take the message.",
                hint="Check WORKPLACE_SYNC_NOTIFY_APPRISE_URLS and the network.",
                reached=len(failed) < len(services),
            )


def split_urls(text: str) -> Sequence[str]:
    """Return the URLs of a list with commas, spaces or line breaks between them."""
    return tuple(filter(None, _BETWEEN.split(text.strip())))


def _open(number: int, url: str) -> "Apprise":
    try:
        from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        raise SettingsError(
            "Notifications through Apprise need Apprise, which is not installed.",
            hint='Run `pip install "workplace-sync[apprise]"`, or take WORKPLACE_SYNC_NOTIFY_APPRISE_URLS away.',
        ) from None
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its lines may repeat a URL with what is secret in it
    opened = Apprise(asset=AppriseAsset(app_id="workplace-sync", async_mode=False))
    if not opened.add(url):
        raise SettingsError(
            f"Apprise does not know URL number {number} of WORKPLACE_SYNC_NOTIFY_APPRISE_URLS.",
            hint="See https://appriseit.com for the services and how their URLs are written.",
        )
    return opened
