"""Time-stamps: what an authority answered is kept only when it is an answer to what was asked, under a trusted root."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.evidence.authority import Authority, make_authority, openssl_ends
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.timestamp import check_response, make_request

DATA = b"evidence.example.org/log\n7\nroot\n\nsignature\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority") / "good")


def test_a_good_answer_says_when_and_carries_the_certificates_that_show_it(
    authority: Authority, tmp_path: Path
) -> None:
    request = make_request(DATA)
    answer = authority.answer(request.as_bytes())
    stamped = check_response(answer, request, DATA, authority.roots)
    assert abs(stamped.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert stamped.chain.startswith(authority.ca.read_text())
    assert stamped.chain.count("BEGIN CERTIFICATE") == 2
    for name, data in (("data", DATA), ("tsr", answer), ("chain", stamped.chain.encode())):
        (tmp_path / name).write_bytes(data)
    assert openssl_ends(tmp_path, "ts -verify -in tsr -data data -CAfile chain") == 0


def test_an_answer_to_another_request_or_about_other_data_is_refused(authority: Authority) -> None:
    request = make_request(DATA)
    answer = authority.answer(request.as_bytes())
    with pytest.raises(EvidenceError, match="Nonce mismatch"):
        check_response(answer, make_request(DATA), DATA, authority.roots)
    with pytest.raises(EvidenceError, match="Mismatch between messages"):
        check_response(answer, request, DATA + b"x", authority.roots)


def test_a_forged_answer_is_refused(authority: Authority) -> None:
    request = make_request(DATA)
    answer = authority.answer(request.as_bytes())
    with pytest.raises(EvidenceError, match="verifying certificates"):
        check_response(answer[:-2] + bytes([answer[-2] ^ 1, answer[-1]]), request, DATA, authority.roots)


def test_an_answer_under_an_unknown_root_is_refused(authority: Authority, tmp_path: Path) -> None:
    request = make_request(DATA)
    answer = authority.answer(request.as_bytes())
    other = make_authority(tmp_path / "other", "Other TSA")
    with pytest.raises(EvidenceError, match="trusted here") as caught:
        check_response(answer, request, DATA, other.roots)
    assert "--ca" in caught.value.hint
    namesake = make_authority(tmp_path / "namesake")
    with pytest.raises(EvidenceError, match="verifying certificates"):
        check_response(answer, request, DATA, namesake.roots)


@pytest.mark.parametrize("answer", [b"", b"rubbish", b"<html>"])
def test_what_is_no_answer_is_refused(authority: Authority, answer: bytes) -> None:
    with pytest.raises(EvidenceError, match="cannot be read"):
        check_response(answer, make_request(DATA), DATA, authority.roots)


def test_a_refusal_is_told(authority: Authority) -> None:
    rejection = bytes.fromhex("30053003020102")  # TimeStampResp { status { rejection } }
    with pytest.raises(EvidenceError, match="refused"):
        check_response(rejection, make_request(DATA), DATA, authority.roots)
