"""Nobody watches a run, so it tells: the watcher elsewhere how it ended, and the committee what needs a person."""

from collections.abc import Iterator

import pytest

from tests.notices.servers import Receiver, receiver
from tests.scenarios.folder import GROUP, Folder
from workplace_sync.errors import ExitCode

pytestmark = pytest.mark.slow


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver on loopback that takes everything."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with receiver() as opened:
        yield opened


@pytest.fixture
def told(union: Folder, there: Receiver) -> Folder:
    """A folder whose watcher and whose web hook are that receiver."""
    union.configure(PING_URL=f"{there.url}/ping", NOTIFY_WEBHOOK_URL=f"{there.url}/hook")
    union.write_roster(union.former)
    return union


def paths(there: Receiver, beginning: str) -> list[str]:
    """Return what was asked for below a path, in order."""
    return [one.path.removeprefix(beginning) for one in there.requests if one.path.startswith(beginning)]


def test_the_watcher_is_told_how_each_run_began_and_ended(told: Folder, there: Receiver) -> None:
    assert told.run("reconcile", GROUP).code == 0
    told.sandbox.fault("token_revoked", tenant="bt")
    assert told.run("reconcile", GROUP, "--quiet").code == ExitCode.BLIND
    (told.home / "var" / "checkpoint.txt").write_text("nothing that anybody signed\n")
    assert told.run("reconcile", GROUP, "--quiet").code == ExitCode.EVIDENCE
    assert paths(there, "/ping") == ["/start", "/0", "/start", "/6", "/start", "/7"]


def test_what_waits_for_people_is_good_to_the_watcher_and_told_to_the_committee_once(
    told: Folder, there: Receiver
) -> None:
    new = [str(one["email"]) for one in told.sandbox.addable()][:40]
    told.write_group("params: {guard-additions: {per_run: 5}}")
    told.write_roster([*told.former, *new])
    for _ in range(2):
        assert told.run("reconcile", GROUP, "--by", "cron").code == ExitCode.HELD
    assert paths(there, "/ping") == ["/start", "/0"] * 2
    [hook] = [one for one in there.requests if one.path == "/hook"]
    assert b"example.org" not in hook.body.replace(b"https://", b"")
    assert GROUP.encode() in hook.body
