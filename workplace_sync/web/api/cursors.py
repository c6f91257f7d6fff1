"""Where a list goes on, as a text that a program passes back and cannot make up, nor use for another list."""

import base64
import binascii
import hmac
from http import HTTPStatus

from workplace_sync.web.console.refusal import RefusalError

_TAG = 16  # bytes of the code that shows that it is one of ours


class Cursors:
    """Makes and reads cursors under a key of the console."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, of: str, place: str) -> str:
        """Return the cursor for a place in the list `of`."""
        return base64.urlsafe_b64encode(self._tag(of, place) + place.encode()).decode().rstrip("=")

    def read(self, of: str, cursor: str) -> str:
        """Return the place; refuses with 422 what is no cursor of this list."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            place = raw[_TAG:].decode()
        except (ValueError, binascii.Error):
            raise _none() from None
        if not hmac.compare_digest(raw[:_TAG], self._tag(of, place)):
            raise _none()
        return place

    def _tag(self, of: str, place: str) -> bytes:
        return hmac.digest(self._key, f"{of}\0{place}".encode(), "sha256")[:_TAG]


def _none() -> RefusalError:
    return RefusalError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "That is no cursor of this list.",
        hint="Pass back `next` as it came, with the same other parameters; or leave it out to begin.",
    )
