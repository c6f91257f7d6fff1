"""Trees for the tests, written straight from RFC 6962 section 2.1, independently of the package."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from workplace_sync.evidence.merkle import Node
from workplace_sync.evidence.note import Signer

ORIGIN = "evidence.example.org/log"


def make_signer(seed: int = 1, name: str = ORIGIN) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


class NaiveTree:
    """MTH, PATH and PROOF of RFC 6962 as it defines them, recursively, over n made-up leaves."""

    def __init__(self, size: int) -> None:
        self.entries = [b"entry %d" % number for number in range(size)]
        self.mth = cache(self._mth)

    def _mth(self, begin: int, end: int) -> bytes:
        if begin == end:
            return sha256(b"").digest()
        if end - begin == 1:
            return sha256(b"\x00" + self.entries[begin]).digest()
        middle = begin + _k(end - begin)
        return sha256(b"\x01" + self.mth(begin, middle) + self.mth(middle, end)).digest()

    def root(self, size: int) -> bytes:
        return self.mth(0, size)

    def path(self, m: int, begin: int, end: int) -> list[bytes]:
        if end - begin == 1:
            return []
        k = _k(end - begin)
        if m < k:
            return [*self.path(m, begin, begin + k), self.mth(begin + k, end)]
        return [*self.path(m - k, begin + k, end), self.mth(begin, begin + k)]

    def proof(self, m: int, size: int) -> list[bytes]:
        return self._subproof(m, 0, size, known=True)

    def _subproof(self, m: int, begin: int, end: int, *, known: bool) -> list[bytes]:
        if m == end - begin:
            return [] if known else [self.mth(begin, end)]
        k = _k(end - begin)
        if m <= k:
            return [*self._subproof(m, begin, begin + k, known=known), self.mth(begin + k, end)]
        return [*self._subproof(m - k, begin + k, end, known=False), self.mth(begin, begin + k)]

    def read(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hashes of perfect subtrees, as the package asks for them."""
        return [self.mth(number << level, (number + 1) << level) for level, number in nodes]


def _k(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k
