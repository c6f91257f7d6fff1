"""A person on the union's roster, and the key under which they are the same person everywhere."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class BadAddressError(ValueError):
    """An e-mail address that cannot be one; the text says why, without repeating the address."""


class Method(StrEnum):
    """The way by which a person came onto the list of those wanted in the group."""

    ROSTER_FILE = "roster_file"
    COMMAND_LINE = "command_line"
    GROUP_COPY = "group_copy"


class ConsentClaim(StrEnum):
    """What a roster says of a person's consent."""

    OPTED_IN = "opted_in"
    WITHDRAWN = "withdrawn"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class RosterPerson:
    """One good row of a roster.

    `key` is the normalised address and identifies the person everywhere; `address` is what the platform is given.
    `status` is the union membership status as the file writes it, in lower case; `tenant` names the employer's tenant.
    `consent_at` is UTC-aware, None where the file gives no date. `line` is the row's place in its source, from 1.
    """

    key: str
    address: str
    line: int
    name: str = ""
    tenant: str = ""
    status: str = ""
    roles: tuple[str, ...] = ()
    external_id: str = ""
    consent: ConsentClaim = ConsentClaim.UNKNOWN
    consent_at: datetime | None = None
    consent_basis: str = ""
    consent_source: str = ""


def person_key(address: str) -> str:
    """Return the key of an e-mail address: trimmed, NFKC, lower case, the domain in its ASCII (IDNA) form.

    Raises BadAddressError when the text cannot be an address. Local parts are compared without regard to case, as
    mail systems in use do; sub-addresses (`+tag`) and dots are kept, because they may be different people.
    """
    text = unicodedata.normalize("NFKC", address).strip()
    if not text:
        raise BadAddressError("the address is empty")
    if len(text) > MAX_ADDRESS:
        raise BadAddressError(f"the address is longer than {MAX_ADDRESS} characters")
    local, at, domain = text.rpartition("@")
    if not at:
        raise BadAddressError("the address has no @")
    if not _LOCAL.fullmatch(local):
        raise BadAddressError("the part before the @ has characters that an address cannot have")
    return f"{local.lower()}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise BadAddressError("the part after the @ is not a domain name") from None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 - a name and a top level
        raise BadAddressError("the part after the @ is not a domain name")
    return ascii_domain
