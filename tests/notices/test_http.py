"""Web hooks, Apprise and the ping, each against a real receiver on loopback."""

import hashlib
import hmac
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.notices.servers import Receiver, nowhere, receiver
from workplace_sync.cases.notice import Due, Episode, Matter, Notice, Phase
from workplace_sync.errors import NoticeError, SettingsError
from workplace_sync.notices.apprise import Services, split_urls
from workplace_sync.notices.ping import Ping
from workplace_sync.notices.webhook import SIGNATURE, Webhook

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
NOTICE = Notice(
    NOW, "subject", "body\n", (Due(Episode(Matter.HELD, "prospect-bt", "p1", NOW, {"changes": 9}), Phase.FIRST, 0),)
)
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise still imports it
SECRET = "a-capability-in-a-path"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with receiver() as found:
        yield found


def test_a_web_hook_gets_json_with_its_signature(there: Receiver) -> None:
    Webhook(f"{there.url}/{SECRET}", "shared-secret").send(NOTICE)
    (request,) = there.requests
    expected = hmac.new(b"shared-secret", request.body, hashlib.sha256).hexdigest()
    assert request.headers[SIGNATURE] == f"sha256={expected}"
    got = json.loads(request.body)
    assert (got["schema"], got["text"]) == ("workplace-sync/notice/1", "subject\n\nbody\n")
    assert got["episodes"][0]["counts"] == {"changes": 9}
    Webhook(there.url).send(NOTICE)
    assert SIGNATURE not in there.requests[-1].headers


@pytest.mark.parametrize("status", [302, 403, 500])
def test_an_answer_that_is_no_success_is_a_failure_and_no_redirect_is_followed(there: Receiver, status: int) -> None:
    there.status, there.headers = status, {"Location": f"{there.url}/elsewhere"}
    with pytest.raises(NoticeError, match=str(status)) as raised:
        Webhook(f"{there.url}/{SECRET}").send(NOTICE)
    assert SECRET not in raised.value.message + raised.value.hint
    assert len(there.requests) == 1


def test_a_web_hook_that_is_not_there_is_a_failure_without_its_url() -> None:
    with pytest.raises(NoticeError, match="cannot be reached") as raised:
        Webhook(f"{nowhere()}/{SECRET}").send(NOTICE)
    assert SECRET not in raised.value.message + raised.value.hint + repr(Webhook(f"{nowhere()}/{SECRET}"))


def test_a_web_hook_goes_over_https_or_stays_on_this_machine() -> None:
    with pytest.raises(SettingsError, match="https"):
        Webhook("http://chat.example.org/hook")
    assert Webhook("https://chat.example.org/hook").channel == "webhook"


def test_apprise_takes_a_message_to_each_service(there: Receiver) -> None:
    url = there.url.replace("http://", "json://")
    Services(tuple(split_urls(f"{url}/one, {url}/two\n{url}/three"))).send(NOTICE)
    assert sorted(request.path.rstrip("/") for request in there.requests) == ["/one", "/three", "/two"]
    assert {json.loads(request.body)["title"] for request in there.requests} == {"subject"}


def test_apprise_says_how_many_services_did_not_take_it(there: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    good, bad = (url.replace("http://", "json://") for url in (there.url, f"{nowhere()}/{SECRET}"))
    with pytest.raises(NoticeError, match="1 of the 2") as raised:
        Services((good, bad)).send(NOTICE)
    assert raised.value.reached
    with pytest.raises(NoticeError) as raised:
        Services((bad,)).send(NOTICE)
    assert not raised.value.reached
    assert SECRET not in "".join(line.getMessage() for line in caplog.records if line.name == "apprise")


def test_apprise_that_is_missing_or_does_not_know_a_url_is_told_by_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SettingsError, match="URL number 1") as raised:
        Services((f"nonsense://{SECRET}",)).send(NOTICE)
    assert SECRET not in raised.value.message + raised.value.hint
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SettingsError, match="not installed"):
        Services(("json://localhost",)).send(NOTICE)


def test_a_watcher_is_told_of_the_start_and_of_the_end_with_its_code(there: Receiver) -> None:
    ping = Ping(f"{there.url}/{SECRET}/")
    assert (ping.start(), ping.end(4, "90 wait.")) == (True, True)
    assert [(one.method, one.path, one.body) for one in there.requests] == [
        ("GET", f"/{SECRET}/start", b""),
        ("POST", f"/{SECRET}/4", b"90 wait."),
    ]


def test_a_watcher_that_is_not_there_or_not_well_fails_nothing(
    there: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    there.status = 500
    for url in (f"{there.url}/{SECRET}", f"{nowhere()}/{SECRET}", f"http://[{SECRET}", f"https://{SECRET} x"):
        ping = Ping(url)
        assert (ping.start(), ping.end(0, "done")) == (False, False)
        assert SECRET not in repr(ping)
    assert len(caplog.records) >= 8
    assert SECRET not in "".join(str(line.msg) for line in caplog.records if line.name.startswith("workplace_sync"))


def test_without_a_watcher_nobody_is_told() -> None:
    assert (Ping().start(), Ping().end(0, "")) == (False, False)
