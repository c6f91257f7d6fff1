"""Having checkpoints time-stamped by authorities that are not the union: what shows when the log was as it was.

A time-stamp is no entry of the log: it proves itself, and an entry about it would make the checkpoint that it is over
the last but one.
"""

import ssl
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from workplace_sync.errors import InputError, SyncError, UsageError
from workplace_sync.evidence.checkpoint import open_checkpoint
from workplace_sync.evidence.timestamp import check_response, make_request
from workplace_sync.jobs.office import Office
from workplace_sync.store import publications
from workplace_sync.store.publications import TimeStamp

Post = Callable[[str, bytes], bytes]


def trusted_roots(file: Path | None) -> list[x509.Certificate]:
    """Return the certificates in a PEM file, or those that this machine trusts; raises InputError for a bad file."""
    if file is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some old roots have serial numbers that newer rules do not allow
            found = ssl.create_default_context().get_ca_certs(binary_form=True)
            return [x509.load_der_x509_certificate(one) for one in found]
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise InputError(
            f"{file} cannot be read ({error.strerror}).", hint="Name the file with certificates."
        ) from None
    except ValueError:
        raise InputError(
            f"{file} holds no certificate in PEM form.", hint="Take it from the authority's site."
        ) from None


def take_time_stamp(office: Office, url: str, roots: Sequence[x509.Certificate], post: Post) -> TimeStamp:
    """Have the newest checkpoint time-stamped by the authority at `url`, and keep its answer as it came.

    Raises UsageError for a URL that is none, PlatformError when the authority does not answer, EvidenceError when its
    answer is not good; then nothing is kept.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError("The authority's address is not a URL.", hint="Write it as https://authority.example.org/tsr.")
    note = office.log.latest()
    size = open_checkpoint(note, office.log.keys).size
    request = make_request(note.encode())
    response = post(url, request.as_bytes())
    stamped = check_response(response, request, note.encode(), roots)
    stamp = TimeStamp(size, parts.hostname, stamped.at, response, stamped.chain)
    with office.database.write() as connection:
        publications.add_time_stamp(connection, stamp)
    return stamp


def take_time_stamps(
    office: Office, urls: Sequence[str], roots: Sequence[x509.Certificate], post: Post
) -> tuple[list[TimeStamp], list[SyncError]]:
    """Ask every authority, and return what was kept and what went wrong; one that fails does not keep the others back."""
    taken: list[TimeStamp] = []
    failed: list[SyncError] = []
    for url in urls:
        try:
            taken.append(take_time_stamp(office, url, roots, post))
        except SyncError as error:
            failed.append(error)
    return taken, failed
