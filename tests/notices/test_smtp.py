"""Mail goes out over a real mail server, encrypted, and what goes wrong with it is told without anybody's address."""

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.notices.servers import HOST, Mailbox, mail_server
from workplace_sync.cases.notice import Notice
from workplace_sync.errors import NoticeError, SettingsError
from workplace_sync.notices.smtp import Email, Encryption, MailServer

NOTICE = Notice(datetime(2026, 11, 21, 9, tzinfo=UTC), "[workplace-sync] 90 wait — at once", "Ninety wait.\nSo.\n")
FROM, ADA, GRACE = "sync@union.example.org", "ada@union.example.org", "grace@union.example.org"
PASSWORD = "correct-horse"


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mail_server(tmp_path) as found:
        monkeypatch.setenv("SSL_CERT_FILE", str(found.certificate))
        yield found


def mail(port: int, encryption: Encryption = Encryption.STARTTLS, password: str = "") -> Email:
    user = "sync" if password else ""
    return Email(MailServer(HOST, port, encryption, user, password), FROM, (ADA, GRACE))


def refusal(sender: Email) -> NoticeError:
    with pytest.raises(NoticeError) as raised:
        sender.send(NOTICE)
    error = raised.value
    assert not any(word in error.message + error.hint for word in (FROM, ADA, GRACE, PASSWORD))
    return error


def test_a_message_goes_to_everybody_over_starttls(box: Mailbox) -> None:
    mail(box.port).send(NOTICE)
    ((to, raw),) = box.mails
    assert to == [ADA, GRACE]
    got = email.message_from_string(raw, policy=email.policy.default)
    assert (got["Subject"], got["From"], got["To"]) == (NOTICE.subject, FROM, f"{ADA}, {GRACE}")
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Message-ID"].endswith("@union.example.org>")
    assert got.get_content().replace("\r\n", "\n") == NOTICE.body


def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(
    box: Mailbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nobody.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nobody.pem"))
    assert "certificate" in refusal(mail(box.port)).message
    assert not box.mails


def test_a_server_that_offers_no_encryption_gets_nothing(tmp_path: Path) -> None:
    with mail_server(tmp_path, starttls=False) as box:
        assert "encryption" in refusal(mail(box.port)).message
        assert not box.mails


def test_a_server_that_speaks_tls_from_the_first_byte_is_spoken_to_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(tmp_path, tls=True) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
        mail(box.port, Encryption.TLS).send(NOTICE)
        assert len(box.mails) == 1


def test_a_server_that_wants_a_login_gets_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(tmp_path, password=PASSWORD) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
        mail(box.port, password=PASSWORD).send(NOTICE)
        assert len(box.mails) == 1
        assert "login" in refusal(mail(box.port, password="wrong-horse")).message


def test_without_encryption_mail_stays_on_this_machine(tmp_path: Path) -> None:
    with mail_server(tmp_path, starttls=False) as box:
        mail(box.port, Encryption.NONE).send(NOTICE)
        assert len(box.mails) == 1
    with pytest.raises(SettingsError, match="this machine"):
        Email(MailServer("mail.example.org", 25, Encryption.NONE), FROM, (ADA,))


def test_a_message_that_reached_some_is_not_to_be_repeated_and_says_how_many(box: Mailbox) -> None:
    box.refusing = {GRACE}
    error = refusal(mail(box.port))
    assert (error.reached, "1 of 2 people" in error.message) == (True, True)
    box.refusing = {GRACE, ADA}
    error = refusal(mail(box.port))
    assert (error.reached, "for nobody" in error.message) == (False, True)


def test_a_refusal_and_silence_are_told(box: Mailbox) -> None:
    box.answer = f"554 {ADA} has no room"
    assert "(554)" in refusal(mail(box.port)).message
    assert "cannot be reached" in refusal(mail(1)).message


def test_the_password_is_in_no_text_of_the_sender() -> None:
    assert PASSWORD not in repr(mail(1, password=PASSWORD))
