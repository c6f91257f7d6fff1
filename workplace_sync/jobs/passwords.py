"""Passwords: kept as argon2id hashes (RFC 9106), and compared so that the time says nothing about who has one.

Making or checking a hash takes 64 MiB for a moment, so no more than two are made at once, whoever asks.
"""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from workplace_sync.errors import UsageError

SHORTEST, LONGEST = 12, 200

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_few = threading.BoundedSemaphore(2)
_NOBODYS = _hasher.hash("the password of nobody, which takes as long to refuse as anybody's")


def check_choice(password: str, name: str) -> None:
    """Raise UsageError unless the password may be chosen by the one of that name.

    Length is what counts, and words from the name do not: NIST SP 800-63B-4, section 3.1.1.2.
    """
    if len(password) < SHORTEST:
        raise UsageError(f"The password is shorter than {SHORTEST} characters.", hint="Take a few words in a row.")
    if len(password) > LONGEST:
        raise UsageError(f"The password is longer than {LONGEST} characters.")
    if len(set(password)) < SHORTEST // 2 or password.casefold().replace(name.casefold(), "").strip() == "":
        raise UsageError("The password is too easy to guess.", hint="Take a few words in a row that nobody expects.")


def hashed(password: str) -> str:
    """Return the hash to keep; the same password never gives the same one."""
    with _few:
        return _hasher.hash(password)


def fits(kept: str, password: str) -> bool:
    """Whether a password is the one a hash was kept of; takes as long where there is none ('')."""
    with _few:
        try:
            return _hasher.verify(kept or _NOBODYS, password[:LONGEST]) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)
