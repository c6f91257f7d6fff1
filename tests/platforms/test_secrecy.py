"""Neither token, proof, address nor query ever stands in a log line, an error or a traceback."""

import logging
import traceback
from pathlib import Path

import pytest

from tests.platforms.scripted import GROUP, SECRET, TOKEN, FakeClock, Received, Reply, Script, error, part, served
from workplace_sync.membership.change import Action
from workplace_sync.platforms.base import CallError, UnavailableError, WantedOperation
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace

ADDRESS = "ada.test@bt.example.org"
HOSTILE = {"message": f"no {ADDRESS} for {TOKEN}", "fbtrace_id": f"{ADDRESS} {TOKEN}", "error_user_msg": ADDRESS}
REPLIES = [
    Reply({"error": {"code": 190, **HOSTILE}}, 400),
    Reply({"error": {"code": 2, **HOSTILE}}, 500),
    Reply({"error": {"code": 4, **HOSTILE}}, 403),
    Reply({"error": {**HOSTILE}}, 400),
    Reply(raw=f"<html>{ADDRESS} {TOKEN}</html>", status=502),
    Reply(raw=f'{{"data": "{ADDRESS} {TOKEN}'),
    Reply(status=302, headers={"Location": f"http://127.0.0.1:9/?access_token={TOKEN}&email={ADDRESS}"}),
    Reply({"data": ADDRESS}, cut="body"),
    Reply(None, cut="before"),
]


def secrets_in(text: str, script: Script) -> list[str]:
    proofs = [each for got in script.received for each in ({**got.query, **got.form}.get("appsecret_proof"),) if each]
    return [
        word for word in [TOKEN, SECRET, ADDRESS, "ada.test", "appsecret_proof", "fields=id", *proofs] if word in text
    ]


def told(caught: CallError) -> str:
    return "".join([caught.message, caught.hint, repr(caught), caught.trace_id, *traceback.format_exception(caught)])


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: str(reply.status) + reply.cut + reply.raw[:6])
def test_nothing_secret_or_personal_is_in_what_a_failed_read_leaves_behind(
    group: WorkplaceGroup, script: Script, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    script.reads = [reply] * 6
    with pytest.raises(CallError) as caught:
        group.community()
    assert "appsecret_proof" in script.received[0].query
    assert caplog.records
    assert secrets_in(told(caught.value) + caplog.text, script) == []


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: str(reply.status) + reply.cut + reply.raw[:6])
def test_nothing_secret_or_personal_is_in_what_a_failed_write_leaves_behind(
    group: WorkplaceGroup, script: Script, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    script.writes = [reply] * 6
    wanted = [WantedOperation(1, Action.ADD, ADDRESS), WantedOperation(2, Action.REMOVE, ADDRESS)]
    outcomes = [each for batch in group.writer().carry_out([wanted]) for each in batch]
    text = "".join(told(each.error) for each in outcomes if each.error)
    assert text
    assert secrets_in(text + caplog.text, script) == []


def test_an_operations_own_error_keeps_its_code_and_loses_its_words(group: WorkplaceGroup, script: Script) -> None:
    script.writes = [Reply([part({"error": {"code": 100, "error_subcode": 7, **HOSTILE}}, 400)])]
    ((outcome,),) = group.writer().carry_out([[WantedOperation(1, Action.ADD, ADDRESS)]])
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.subcode, outcome.error.trace_id) == (100, 7, "")
    assert secrets_in(told(outcome.error), script) == []


def test_a_trace_id_that_looks_like_one_is_kept_for_the_platforms_support(
    group: WorkplaceGroup, script: Script
) -> None:
    script.reads = [error(190, fbtrace_id="AbCdEf12345")]
    with pytest.raises(CallError) as caught:
        group.community()
    assert caught.value.trace_id == "AbCdEf12345"


def test_an_unreachable_platform_is_told_without_its_address(
    time: FakeClock, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with served(script) as url:
        pass
    with open_workplace(base_url=url, group_id=GROUP, token=TOKEN, app_secret=SECRET, clock=time.clock()) as group:
        with pytest.raises(UnavailableError) as caught:
            group.community()
        assert group.requests_sent == 6
    assert caught.value.harmless
    assert caught.value.__context__ is None
    assert secrets_in(told(caught.value) + caplog.text, script) == []


def test_no_address_and_no_token_is_in_the_address_of_any_request(group: WorkplaceGroup, script: Script) -> None:
    wanted = [WantedOperation(1, Action.ADD, ADDRESS), WantedOperation(2, Action.REMOVE, ADDRESS)]
    list(group.writer().carry_out([wanted]))
    group.reader().read_members(lambda _: None)
    assert len(script.received) >= 4
    for got in script.received:
        assert not secrets_in(got.path + "".join(got.query.values()), Script())
        assert got.headers["Authorization"] == f"Bearer {TOKEN}"
        assert got.headers["User-Agent"].startswith("workplace-sync/")


def test_a_netrc_of_the_machine_does_not_replace_the_token(
    group: WorkplaceGroup, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    group.community()
    assert script.received[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_cookie_is_not_kept(group: WorkplaceGroup, script: Script) -> None:
    script.reads = [Reply({"id": "1"}, headers={"Set-Cookie": "track=me; Path=/"})]
    group.community()
    group.reader().describe()
    assert all("Cookie" not in got.headers for got in script.received)


def test_a_redirect_is_not_followed_so_the_token_stays_with_its_host(group: WorkplaceGroup, script: Script) -> None:
    elsewhere = Script()
    with served(elsewhere) as other:
        script.reads = [Reply(status=307, headers={"Location": f"{other}/community"})] * 6
        with pytest.raises(CallError):
            group.community()
    assert elsewhere.received == []


def test_a_next_that_names_another_host_is_not_followed_there(group: WorkplaceGroup, script: Script) -> None:
    elsewhere = Script()

    def read(request: Received) -> Reply:
        if request.path != f"/{GROUP}/members" or "after" in request.query:
            return Reply({"data": []})
        following = f"{other}/{GROUP}/members?access_token={TOKEN}&limit=9999&after=CURSOR"
        return Reply({"data": [{"id": "1"}], "paging": {"next": following}})

    with served(elsewhere) as other:
        script.read = read
        seen = group.reader().read_members(lambda _: None)
    assert elsewhere.received == []
    assert (seen.pages, seen.rows, seen.ended) == (2, 1, True)
    assert script.received[-1].query["after"] == "CURSOR"
    assert script.received[-1].query["limit"] == "100"
    assert "access_token" not in script.received[-1].query
