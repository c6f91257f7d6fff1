"""Time-stamps (RFC 3161) over a checkpoint: what an authority answered is checked before it is kept, raw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha512

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import (
    PKIStatus,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from workplace_sync.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class Stamped:
    """A good answer: the time it names, in UTC, and the certificates that show it, as PEM, the trusted one first."""

    at: datetime
    chain: str


def make_request(data: bytes) -> TimeStampRequest:
    """Return a request over `data` with a nonce; its `as_bytes()` is to be posted to the authority."""
    return TimestampRequestBuilder().data(data).build()


def check_response(
    response: bytes, request: TimeStampRequest, data: bytes, roots: Sequence[x509.Certificate]
) -> Stamped:
    """Return what an authority's answer says once it is an answer to this request about this `data`.

    `roots` are the certificates to trust; in the chain are those of them that the answer leads to. Raises EvidenceError
    when the answer is none, refuses, answers another request, is about other data, or is not signed by a certificate for
    time-stamps that leads to a root.
    """
    try:
        answer = decode_timestamp_response(response)
        if answer.status != PKIStatus.GRANTED:
            raise EvidenceError("The time-stamp authority refused.")  # its own words may repeat anything
        held = [x509.load_der_x509_certificate(one) for one in answer.signed_data.certificates]
        issuers = {one.issuer for one in held}
        leading = [one for one in roots if one.subject in issuers]
        if not leading:
            raise EvidenceError(
                "The time-stamp does not lead to a certificate that is trusted here.",
                hint="Give the authority's root certificate, from its own web site, with --ca.",
            )
        _verify(answer, request, data, leading, held)
    except VerificationError as error:
        raise EvidenceError(f"The time-stamp does not verify ({str(error).partition(':')[0].rstrip('.')}).") from None
    except ValueError:
        raise EvidenceError("The time-stamp authority's answer cannot be read.") from None
    chain = "".join(one.public_bytes(Encoding.PEM).decode() for one in dict.fromkeys([*leading, *held]))
    return Stamped(answer.tst_info.gen_time.astimezone(UTC), chain)


def _verify(
    answer: TimeStampResponse,
    request: TimeStampRequest,
    data: bytes,
    roots: Sequence[x509.Certificate],
    held: Sequence[x509.Certificate],
) -> None:
    builder = VerifierBuilder.from_request(request)
    for root in roots:
        builder = builder.add_root_certificate(root)
    for one in dict.fromkeys(held):
        builder = builder.add_intermediate_certificate(one)
    builder.build().verify(answer, sha512(data).digest())
