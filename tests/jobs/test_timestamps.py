"""Time-stamps are taken from authorities over HTTP, kept as they came, and one that fails keeps no other back."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evidence.authority import OPENSSL, Authority, make_authority, served
from tests.foreign.bundles import open_office
from tests.store.logs import add
from workplace_sync.errors import EvidenceError, InputError, PlatformError, UsageError
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.timestamps import take_time_stamp, take_time_stamps, trusted_roots
from workplace_sync.platforms.authority import post_query
from workplace_sync.store import publications


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = open_office(tmp_path)
    add(made.log, 5)
    yield made
    made.database.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path / "authority")


def kept(office: Office) -> list[publications.TimeStamp]:
    with office.database.connect() as connection:
        return [one for stamps in publications.time_stamps(connection).values() for one in stamps]


def test_an_answer_is_kept_as_it_came_and_openssl_verifies_it(
    office: Office, authority: Authority, tmp_path: Path
) -> None:
    with served(authority) as url:
        stamp = take_time_stamp(office, url, trusted_roots(authority.ca), post_query)
    assert kept(office) == [stamp]
    assert (stamp.size, stamp.authority) == (5, "127.0.0.1")
    assert office.log.size == 5
    for name, data in (
        ("tsr", stamp.response),
        ("chain", stamp.chain.encode()),
        ("data", office.log.latest().encode()),
    ):
        (tmp_path / name).write_bytes(data)
    command = [OPENSSL, "ts", "-verify", "-in", "tsr", "-data", "data", "-CAfile", "chain"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_one_authority_that_fails_keeps_no_other_back(office: Office, authority: Authority) -> None:
    roots = trusted_roots(authority.ca)
    with served(authority) as good:
        closed = good.replace("/tsr", "").rsplit(":", 1)[0] + ":1/tsr"
        taken, failed = take_time_stamps(office, [closed, good, "ftp://x.example.org", good], roots, post_query)
    assert [one.size for one in taken] == [5, 5]
    assert [type(one) for one in failed] == [PlatformError, UsageError]
    assert len(kept(office)) == 2


@pytest.mark.parametrize("answer", [b"", b"rubbish", b"x" * 1_100_000])
def test_a_bad_answer_is_told_and_not_kept(office: Office, authority: Authority, answer: bytes) -> None:
    authority.broken = answer
    with served(authority) as url, pytest.raises((EvidenceError, PlatformError)):
        take_time_stamp(office, url, trusted_roots(authority.ca), post_query)
    assert kept(office) == []


def test_an_error_of_the_authority_is_told_with_its_name_and_not_its_address(
    office: Office, authority: Authority
) -> None:
    authority.status = 503
    with served(authority) as url, pytest.raises(PlatformError, match=r"authority 127.0.0.1 .*\(503\)") as caught:
        take_time_stamp(office, url + "?token=secret", trusted_roots(authority.ca), post_query)
    assert "secret" not in caught.value.message + caught.value.hint


def test_certificates_come_from_a_file_or_it_is_told(authority: Authority, tmp_path: Path) -> None:
    assert len(trusted_roots(authority.ca)) == 1
    with pytest.raises(InputError, match="cannot be read"):
        trusted_roots(tmp_path / "nowhere")
    (tmp_path / "empty").write_text("nothing")
    with pytest.raises(InputError, match="no certificate"):
        trusted_roots(tmp_path / "empty")


def test_without_a_file_those_of_this_machine_are_trusted_which_an_invented_authority_is_not(
    office: Office, authority: Authority
) -> None:
    with served(authority) as url, pytest.raises(EvidenceError, match="trusted here"):
        take_time_stamp(office, url, trusted_roots(None), post_query)
