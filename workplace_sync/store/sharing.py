"""Shares of a secret, of which any two make it whole and one says nothing (Shamir, "How to share a secret", 1979).

Each byte of the secret is the value at 0 of a straight line over the field of 256 elements (that of AES, FIPS 197
section 4): two points make a line, and through one point there is a line to every value. Written out here because no
well-kept library does it, and because for two of many it is this short.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_POLYNOMIAL = 0x11B
_ORDER = 255


def _tables() -> tuple[bytes, bytes]:
    exponents, logarithms, value = bytearray(_ORDER), bytearray(_ORDER + 1), 1
    for power in range(_ORDER):
        exponents[power], logarithms[value] = value, power
        value ^= value << 1  # times 3, which generates the field
        value ^= _POLYNOMIAL if value > _ORDER else 0
    return bytes(exponents), bytes(logarithms)


_EXP, _LOG = _tables()


@dataclass(frozen=True, slots=True)
class Share:
    """A point of the line for each byte of the secret, all at the same place: 1 to 255, and never 0."""

    place: int
    points: bytes

    def as_bytes(self) -> bytes:
        """Return the place and the points, one byte more than the secret has."""
        return bytes([self.place]) + self.points

    @classmethod
    def parse(cls, content: bytes) -> "Share":
        """Return the share that `as_bytes` wrote."""
        return cls(content[0], content[1:])


def split(secret: bytes, shares: int, slope: bytes) -> list[Share]:
    """Return shares of a secret; `slope` is as many random bytes as it has, or zeros where one share should be enough.

    Raises ValueError for more than 255 shares, or a slope of another length.
    """
    if not 0 < shares <= _ORDER or len(slope) != len(secret):
        raise ValueError("a secret is split into 1 to 255 shares, along a slope of its own length")
    return [
        Share(place, bytes(byte ^ _times(rise, place) for byte, rise in zip(secret, slope, strict=True)))
        for place in range(1, shares + 1)
    ]


def join(shares: Sequence[Share]) -> bytes:
    """Return the secret of two shares, or of one that is enough by itself; raises ValueError for two of one place."""
    if len(shares) == 1:
        return shares[0].points
    one, other = shares
    if one.place == other.place:
        raise ValueError("two shares of one place are one share")
    across = one.place ^ other.place
    weights = _divided(other.place, across), _divided(one.place, across)
    return bytes(_times(a, weights[0]) ^ _times(b, weights[1]) for a, b in zip(one.points, other.points, strict=True))


def _times(a: int, b: int) -> int:
    return _EXP[(_LOG[a] + _LOG[b]) % _ORDER] if a and b else 0


def _divided(a: int, b: int) -> int:
    return _EXP[(_LOG[a] - _LOG[b]) % _ORDER] if a else 0
