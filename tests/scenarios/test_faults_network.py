"""The way to the platform fails: each end is told by its code, nothing is sent that should not be, and all is made good."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms.certificate import write
from tests.scenarios.folder import GROUP, Ended, Folder
from tests.scenarios.killing import (
    assert_nothing_lost_nothing_twice,
    requests_so_far,
    rows,
)
from tests.scenarios.wire import Wire, lead_to, wired

PEOPLE = 60  # two batches
DONE, PARTIAL, BLIND = 0, 3, 6

pytestmark = pytest.mark.slow


@pytest.fixture
def ready(union: Folder) -> tuple[str, list[str]]:
    """The digest of a plan that may go, and who it adds."""
    wanted = [str(person["email"]) for person in union.sandbox.addable()][:PEOPLE]
    union.write_roster([*union.former, *wanted])
    return union.plan(), wanted


@pytest.fixture
def wire(union: Folder) -> Iterator[Wire]:
    """A wire between the commands and the sandbox."""
    with wired(union.sandbox.url) as made:
        lead_to(union, made.url)
        yield made


def refused(union: Folder, digest: str, said: str) -> None:
    """Fail unless every command that needs the platform is blind, says why, and sends nothing at all."""
    before = requests_so_far(union)
    for ended in (union.apart("reconcile", GROUP), union.run("apply", digest, "--by", "ada")):
        assert ended.code == BLIND, ended
        assert said in ended.err + ended.out
    assert requests_so_far(union) == before
    assert union.added().total() == 0
    assert rows(union.database, "SELECT count(*) FROM departure") == [(0,)]


def made_good(union: Folder, digest: str, wanted: list[str]) -> Ended:
    """Fail unless the same plan now is carried out, each person once."""
    ended = union.run("apply", digest, "--by", "ada", "-o", "json")
    assert ended.code == DONE, ended
    assert_nothing_lost_nothing_twice(union, wanted)
    assert union.run("evidence", "verify").code == DONE
    return ended


def test_a_platform_whose_name_does_not_resolve_is_told_as_out_of_reach(
    union: Folder, ready: tuple[str, list[str]]
) -> None:
    lead_to(union, "https://no-such-host.invalid")
    refused(union, ready[0], "could not be reached")
    lead_to(union, union.sandbox.url)
    made_good(union, *ready)


def test_a_certificate_that_nobody_vouches_for_gets_neither_token_nor_request(
    union: Folder, ready: tuple[str, list[str]], tmp_path: Path
) -> None:
    write(tmp_path / "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with wired(union.sandbox.url, context) as secure:
        lead_to(union, secure.url)
        refused(union, ready[0], "certificate")
        assert secure.carried == 0
    lead_to(union, union.sandbox.url)
    made_good(union, *ready)


@pytest.mark.parametrize("status", [200, 502])
def test_pages_for_people_in_place_of_answers_are_told_and_nothing_is_concluded(
    union: Folder, ready: tuple[str, list[str]], status: int
) -> None:
    fault = union.sandbox.fault("html", calls=None, http_status=status)
    ended = union.apart("reconcile", GROUP)
    assert ended.code == BLIND, ended
    assert "<" not in ended.err + ended.out
    union.sandbox.control("DELETE", f"faults/{fault}")
    assert rows(union.database, "SELECT count(*) FROM departure") == [(0,)]
    fault = union.sandbox.fault("html", calls=None, http_status=status, on="write")
    assert union.run("apply", ready[0], "--by", "ada").code == PARTIAL
    union.sandbox.control("DELETE", f"faults/{fault}")
    made_good(union, *ready)


@pytest.mark.parametrize("how", ["cut", "drops", "header drops"])
def test_a_group_of_which_only_pieces_arrive_is_not_known_at_all(
    union: Folder, ready: tuple[str, list[str]], wire: Wire, how: str
) -> None:
    wire.damage(how, "GET")
    ended = union.apart("reconcile", GROUP)
    assert ended.code == BLIND, ended
    assert wire.damaged
    assert not wire.patient
    assert rows(union.database, "SELECT count(*) FROM departure") == [(0,)]
    wire.mend()
    made_good(union, *ready)


@pytest.mark.parametrize("how", ["cut", "drops", "header drops"])
def test_answers_to_changes_that_never_arrive_whole_are_replaced_by_looking(
    union: Folder, ready: tuple[str, list[str]], wire: Wire, how: str
) -> None:
    wire.damage(how, "POST")
    ended = union.apart("apply", ready[0], "--by", "ada", "-o", "json")
    assert ended.code == DONE, ended
    assert wire.damaged
    assert not wire.patient
    assert union.added().total() == PEOPLE  # each took effect, and only the word of it was lost
    wire.mend()
    assert made_good(union, *ready).json["asked"] == 0
