"""Log lines: what identifies a person or opens a door is in none of them, whichever way it came."""

import io
import json
import logging
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from workplace_sync import logs
from workplace_sync.roster.person import RosterPerson

ADDRESS = "amina.quill@bt.example.org"
NAME = "Amina Quill"
TOKEN = "DQVJinventedTokenOfNobody0123456789"
PASSWORD = "tangerine-9"
LEAKS = ("amina", "quill", "bt.example.org", "invented", "tangerine")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("workplace_sync").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    structlog.contextvars.clear_contextvars()


@pytest.fixture(params=["json", "text"])
def stream(request: pytest.FixtureRequest) -> io.StringIO:
    """Where the log lines go, once in each format, down to the least important."""
    stream = io.StringIO()
    logs.configure("debug", request.param, stream)
    return stream


log = logs.get_logger("workplace_sync.tests")


def assert_clean(text: str, *, holds: str = "") -> None:
    assert holds in text
    assert text
    assert [leak for leak in LEAKS if leak in text.lower()] == []


@pytest.mark.parametrize(
    "text",
    [
        f"Adding {ADDRESS} failed",
        f"<{ADDRESS}>, ({ADDRESS})",
        f"mailto:{ADDRESS}?subject=x",
        "DELETE /7/members?email=amina.quill%40bt.example.org HTTP/1.1",
        "next=%3Femail%3Damina.quill%2540bt.example.org",
        r'{"email":"amina.quill\u0040bt.example.org"}',
        "amina.quill&#64;bt.example.org",
        "amina.quill\uff20bt.example.org",
        '"amina quill"@bt.example.org',
        "AMINA.QUILL@BT.EXAMPLE.ORG",
        f"a@b.org+{ADDRESS}",
        f"Authorization: Bearer {TOKEN}",
        f"bearer {TOKEN[4:]}",
        f"'Authorization': 'Bearer {TOKEN}', 'Accept': '*/*'",
        f"Cookie: session=x; token={TOKEN}",
        f"/v18.0/7?access_token={TOKEN[4:]}&fields=id",
        f"access_token%3D{TOKEN}",
        "appsecret_proof=invented0123&x=1",
        '{"access_token": "invented \\" one"}',
        r'"{\"access_token\": \"invented\", \"name\": \"Amina Quill\"}"',
        '"name": "Amina Qui',
        f"the token {TOKEN} was revoked",
        "EAAinventedinventedinvented",
        f"postgresql://union:{PASSWORD}@db.example.net/sync",
        f"postgresql://union:{PASSWORD}/{PASSWORD}@db.example.net/sync",
        f"postgresql://:{PASSWORD}@db.example.net",
        f"password={PASSWORD} pwd: {PASSWORD}",
        f"{{'name': '{NAME}', \"first_name\": \"{NAME}\"}}",
        f"name='{NAME}', display_name=\"{NAME}\"",
        "?name=Amina+Quill&x=1",
        repr(RosterPerson(key=ADDRESS, address=ADDRESS, line=1, name=NAME)),
    ],
)
def test_a_text_keeps_nothing_that_identifies_or_opens(text: str) -> None:
    assert_clean(logs.redact_text(text), holds=logs.REDACTED)


@pytest.mark.parametrize(
    "text",
    [
        "Read 400 members in 4 pages; 140 are new.",
        "GET /v18.0/700000000000101/members?fields=email&limit=1000 HTTP/1.1",
        "The name of the group: prospect-bt",
        "The token was refused: ask the employer.",
        "https://union.example.org:8443/a/b?c=d",
    ],
)
def test_a_text_without_anything_personal_stays_as_it_is(text: str) -> None:
    assert logs.redact_text(text) == text


_locals = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[a-z0-9]{1,8}){0,2}", fullmatch=True)
_domains = st.from_regex(r"[a-z][a-z0-9-]{3,12}\.example\.org", fullmatch=True)


@given(st.text(max_size=40), _locals, _domains, st.text(max_size=40))
def test_no_address_survives_in_any_text(before: str, local: str, domain: str, after: str) -> None:
    address = f"{local}@{domain}"
    assert address not in logs.redact_text(before + address + after)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000 + "@",
        "_" * 100_000 + "=",
        "x@" * 50_000,
        '"' * 100_000 + "@",
        "://" * 30_000 + "a:b",
        "name='" + "\\" * 100_000,
        "token" * 20_000 + "=",
        "authorization" + " " * 100_000,
    ],
)
def test_a_hostile_text_of_100_kilobytes_is_gone_through_once(text: str) -> None:
    start = time.process_time()
    logs.redact_text(text)
    assert time.process_time() - start < 20  # where it is gone through again for each letter, it takes minutes


def test_values_are_masked_by_key_and_by_what_they_look_like(stream: io.StringIO) -> None:
    log.info(
        "Nothing of {name} is here",
        email=ADDRESS,
        userName=NAME,
        API_TOKEN=123456789,
        person=ADDRESS,
        body=f"name={NAME}".encode(),
        nested={"people": [{"first_name": NAME, "id": 7}, ADDRESS], ADDRESS: 1},
        group_ids={"7", "8"},
        error=ValueError(f"bad {ADDRESS}"),
        secret_value=SecretStr(PASSWORD),
        file=Path("rosters/bt.csv"),
        when=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert_clean(stream.getvalue(), holds="rosters/bt.csv")
    assert "123456789" not in stream.getvalue()


def test_what_is_bound_is_masked_too_and_gone_after_the_run(stream: io.StringIO) -> None:
    with logs.bound(run_id="r-1", group="prospect-bt", email=ADDRESS):
        log.info("In the run.")
        logging.getLogger("some.library").warning("In the run as well.")
    log.info("After the run.")
    first, second, third = stream.getvalue().splitlines()
    assert_clean(stream.getvalue())
    assert all("r-1" in line and "prospect-bt" in line for line in (first, second))
    assert "r-1" not in third


def test_a_traceback_keeps_no_argument_cause_note_or_source_value(stream: io.StringIO) -> None:
    known: dict[str, int] = {}

    def fail() -> None:
        try:
            known[ADDRESS] += 1
        except KeyError as cause:
            cause.add_note(f"while adding {ADDRESS}")
            raise ValueError({"name": NAME, "token": TOKEN}, ADDRESS) from cause

    try:
        fail()
    except ValueError:
        log.exception("A change failed.")
        logging.getLogger("some.library").exception("It failed for %s", ADDRESS)
    assert_clean(stream.getvalue(), holds="ValueError")
    assert stream.getvalue().count("KeyError") >= 2


def test_extra_fields_of_library_lines_are_left_out_and_their_arguments_masked(stream: io.StringIO) -> None:
    library = logging.getLogger("some.library")
    library.warning("for %s", ADDRESS, extra={"email": ADDRESS, "detail": {"token": TOKEN, "who": NAME}})
    library.warning("for %(address)s", {"address": ADDRESS})
    assert_clean(stream.getvalue(), holds=f"for {logs.REDACTED}")


class _Refuses(BaseHTTPRequestHandler):
    def do_DELETE(self) -> None:
        self.send_error(400)

    def log_message(self, *_: object) -> None:
        pass


def test_the_debug_lines_of_the_http_library_hold_no_query_values(stream: io.StringIO) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Refuses)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        requests.delete(
            f"http://127.0.0.1:{server.server_port}/7/members",
            params={"email": ADDRESS, "access_token": TOKEN, "appsecret_proof": "invented"},
            timeout=60,
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert_clean(stream.getvalue(), holds="DELETE /7/members?")


def test_a_line_that_cannot_be_formatted_is_lost_without_its_values(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    root.handlers[:] = [
        handler for handler in root.handlers if type(handler).__module__ == logs.__name__
    ]  # not pytest's
    logging.getLogger("some.library").warning("%d", ADDRESS)
    assert_clean(stream.getvalue(), holds="could not be written")
    assert capsys.readouterr().err == ""


def test_a_value_that_cannot_be_printed_costs_nobody_the_line(stream: io.StringIO) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError(ADDRESS)

    log.info("Still here.", odd=Odd())
    assert_clean(stream.getvalue(), holds="Still here.")
    assert "<Odd>" in stream.getvalue()


def test_a_value_that_holds_itself_ends(stream: io.StringIO) -> None:
    endless: list[object] = [ADDRESS]
    endless.append(endless)
    log.info("Still here.", endless=endless)
    assert_clean(stream.getvalue(), holds="Still here.")


def test_warnings_go_through_the_chain(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logs.configure("debug", "json", stream)
        warnings.warn(f"odd value {ADDRESS}", stacklevel=1)
    assert_clean(stream.getvalue(), holds="odd value")


def test_another_thread_logs_with_what_is_bound_here(stream: io.StringIO) -> None:
    with logs.bound(run_id="r-1"), ThreadPoolExecutor(1) as pool:
        pool.submit(logs.in_context(lambda: log.info("From the pool."))).result()
        pool.submit(lambda: log.info("Without.")).result()
    first, second = stream.getvalue().splitlines()
    assert "r-1" in first
    assert "r-1" not in second


def test_json_has_one_object_a_line_with_level_and_utc_time() -> None:
    stream = io.StringIO()
    logs.configure("info", "auto", stream)
    log.warning("It is said.", members=4, group="prospect-bt")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["members"]) == ("It is said.", "warning", 4)
    assert datetime.fromisoformat(line["time"]).tzinfo == UTC


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_sentences() -> None:
    stream = _Terminal()
    logs.configure("info", "auto", stream)
    log.warning("The token was refused.", group="prospect-bt")
    assert stream.getvalue()[8:] == " warning The token was refused. (group=prospect-bt)\n"


def test_a_line_cannot_pass_for_two_or_steer_the_terminal(stream: io.StringIO) -> None:
    log.info("one\n12:00:00 error two\x1b[2J", value="three\r\nfour")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_the_level_holds_for_us_and_libraries_are_heard_from_warning_on() -> None:
    stream = io.StringIO()
    logs.configure("info", "text", stream)
    library = logging.getLogger("some.library")
    log.debug("no")
    library.info("no")
    log.info("yes")
    library.warning("yes")
    assert stream.getvalue().count("yes") == 2
    assert "no" not in stream.getvalue()


def test_configuring_again_writes_each_line_once() -> None:
    streams = [io.StringIO(), io.StringIO()]
    for stream in streams:
        logs.configure("info", "json", stream)
    log.info("Once.")
    assert [stream.getvalue().count("Once.") for stream in streams] == [0, 1]


def test_a_token_is_known_by_its_looks() -> None:
    assert logs.holds_token(f"x {TOKEN}")
    assert not logs.holds_token("WORKPLACE_TOKEN_BT")


def test_without_a_stream_lines_go_to_whatever_standard_error_is_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure("info", "json")
    now = io.StringIO()
    monkeypatch.setattr("sys.stderr", now)
    log.info("Above the progress bar.")
    assert "Above the progress bar." in now.getvalue()
