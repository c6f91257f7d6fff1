"""The way to the platform: where a token may go, and what a broken way means."""

import ssl
from pathlib import Path

import pytest

from tests.platforms.certificate import write
from tests.platforms.scripted import GROUP, TOKEN, FakeClock, Reply, Script, served
from tests.platforms.test_retry import carried_out
from workplace_sync.errors import SettingsError
from workplace_sync.platforms.base import MalformedAnswerError, Result, UnavailableError
from workplace_sync.platforms.http import Timeouts, checked_base
from workplace_sync.platforms.workplace.platform import open_workplace


@pytest.mark.parametrize(
    "address",
    [
        "graph.example.org",
        "ftp://graph.example.org",
        "http://graph.example.org",
        "http://127.0.0.1.example.org",
        "https://user:secret@graph.example.org",
        "https://graph.example.org?access_token=x",
        "https://",
        "",
    ],
)
def test_a_token_is_sent_over_an_encrypted_way_or_not_at_all(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked_base(address)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("address", ["https://graph.example.org/v18.0/", "http://127.0.0.1:8080", "http://[::1]:1/"])
def test_an_encrypted_address_or_this_machine_is_accepted(address: str) -> None:
    assert checked_base(address) == address.rstrip("/")


@pytest.mark.parametrize(
    "wrong", [{"token": ""}, {"token": "two words"}, {"token": "line\n"}, {"group_id": "community"}, {"group_id": ""}]
)
def test_a_token_or_group_that_cannot_be_is_told_before_anything_is_sent(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        open_workplace(**{"base_url": "https://graph.example.org", "group_id": GROUP, "token": TOKEN, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"page_size": 0}])
def test_numbers_that_cannot_be_are_told(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError):
        open_workplace(base_url="https://graph.example.org", group_id=GROUP, token=TOKEN, **wrong)  # type: ignore[arg-type]


def test_a_version_in_the_address_is_kept(url: str, script: Script) -> None:
    script.reads = [Reply({"id": "1"})]
    with open_workplace(base_url=f"{url}/v18.0/", group_id=GROUP, token=TOKEN) as group:
        group.community()
    assert script.received[0].path == "/v18.0/community"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody vouches for."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    write(path)
    return path


def test_a_certificate_that_nobody_vouches_for_stops_the_call_before_anything_is_sent(
    script: Script, time: FakeClock, certificate: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with (
        served(script, context) as url,
        open_workplace(base_url=url, group_id=GROUP, token=TOKEN, clock=time.clock()) as group,
    ):
        with pytest.raises(UnavailableError, match="certificate") as caught:
            group.community()
        assert group.requests_sent == 1
    assert caught.value.harmless
    assert script.received == []


def test_a_server_that_speaks_no_tls_is_never_told_the_token(url: str, script: Script, time: FakeClock) -> None:
    secure = url.replace("http://", "https://")
    with open_workplace(base_url=secure, group_id=GROUP, token=TOKEN, clock=time.clock()) as group:
        (outcome,) = carried_out(group, 1)
    assert outcome.result is Result.NOT_SENT
    assert all(TOKEN not in str(got.headers) for got in script.received)


def test_an_answer_that_does_not_come_in_time_leaves_the_effect_unknown(
    url: str, script: Script, time: FakeClock
) -> None:
    script.writes = [Reply([], headers={"Content-Length": "999"})]  # promises more than it sends
    with open_workplace(
        base_url=url, group_id=GROUP, token=TOKEN, clock=time.clock(), timeouts=Timeouts(connect=1, read=0.05)
    ) as group:
        (outcome,) = carried_out(group, 1)
    assert outcome.result is Result.UNKNOWN
    assert isinstance(outcome.error, UnavailableError)


def test_an_answer_that_cannot_be_unpacked_leaves_the_effect_unknown(url: str, script: Script, time: FakeClock) -> None:
    script.writes = [Reply([], headers={"Content-Encoding": "gzip"})]
    with open_workplace(base_url=url, group_id=GROUP, token=TOKEN, clock=time.clock()) as group:
        (outcome,) = carried_out(group, 1)
    assert outcome.result is Result.UNKNOWN
    assert isinstance(outcome.error, MalformedAnswerError)


def test_an_answer_that_does_not_end_is_given_up(
    url: str, script: Script, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workplace_sync.platforms.http._LARGEST_ANSWER", 1000)
    script.writes = [Reply("x" * 2000)]
    with open_workplace(base_url=url, group_id=GROUP, token=TOKEN, clock=time.clock()) as group:
        (outcome,) = carried_out(group, 1)
    assert outcome.error is not None
    assert "does not end" in outcome.error.message
