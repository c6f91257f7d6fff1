"""How pages name a person in an address: by a reference that says nothing, and that this installation alone can read.

It is the person's key under AES-SIV (RFC 5297), with a key of the console's own: the same person has the same reference
each time, no table of references has to be kept or erased, and one that was made up does not open. Keys are filled up to
lengths of 48, so that the reference does not tell how long an address is.
"""

import base64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from workplace_sync.store.suppression import Veil
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.keeping import kept
from workplace_sync.web.console.refusal import not_found

_STEP = 48
_LONGEST = 1_000


def reference(ask: Ask, key: str) -> str:
    """Return the reference of a person, by their key."""
    plain = key.encode()
    filled = plain + b"\0" * (-len(plain) % _STEP)
    return base64.urlsafe_b64encode(_cipher(ask).encrypt(filled, None)).decode().rstrip("=")


def referred(ask: Ask, text: str) -> str:
    """Return the key of the person whom a reference names; refuses with 404 what is none of this installation."""
    try:
        sealed = base64.urlsafe_b64decode(text[:_LONGEST] + "=" * (-len(text) % 4))
        return _cipher(ask).decrypt(sealed, None).rstrip(b"\0").decode()
    except (ValueError, InvalidTag):
        raise not_found() from None


def person_path(ask: Ask, key: str) -> str:
    """Return the address of the page about a person."""
    return f"/people/{reference(ask, key)}"


def _cipher(ask: Ask) -> AESSIV:
    return kept(ask, AESSIV, lambda: _make(ask.console.veil))


def _make(veil: Veil) -> AESSIV:
    return AESSIV(bytes.fromhex(veil.digest("references") + veil.digest("references, second half")))
