"""E-mail over SMTP, with the standard library."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from enum import StrEnum

from workplace_sync.cases.notice import Notice
from workplace_sync.errors import NoticeError, SettingsError
from workplace_sync.loopback import LOOPBACK
from workplace_sync.notices.sender import TIMEOUTS


class Encryption(StrEnum):
    """How the way to the mail server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"  # on this machine alone


_PORTS = {Encryption.STARTTLS: 587, Encryption.TLS: 465, Encryption.NONE: 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and as whom. `port` is the usual one of the encryption where it is None."""

    host: str
    port: int | None = None
    encryption: Encryption = Encryption.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Email:
    """Sends messages as e-mail. `sender` and `to` are addresses; each of `to` gets the same mail and sees the others."""

    server: MailServer
    sender: str
    to: tuple[str, ...]
    channel: str = "email"

    def __post_init__(self) -> None:
        """Raise SettingsError where a password or a message would go over a network that anybody can read."""
        if self.server.encryption is Encryption.NONE and self.server.host not in LOOPBACK:
            raise SettingsError(
                "Mail may go without encryption to a mail server on this machine only.",
                hint="Set WORKPLACE_SYNC_NOTIFY_SMTP_ENCRYPTION to starttls or tls.",
            )

    def send(self, notice: Notice) -> None:
        """Send a message; see `Sender`."""
        with _told_plainly(self.server.host), self._session() as session:
            refused = session.send_message(self._mail(notice), self.sender, list(self.to))
        if refused:
            raise NoticeError(
                f"The mail server took the message for {len(self.to) - len(refused)} of {len(self.to)} people.",
                hint="Check WORKPLACE_SYNC_NOTIFY_TO.",
                reached=True,
            )

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        server, port = self.server, self.server.port or _PORTS[self.server.encryption]
        context, patience = ssl.create_default_context(), TIMEOUTS[1]
        # smtplib would ask the DNS for the machine's full name, which can take longer than all the rest
        here = socket.gethostname()
        opened = (
            smtplib.SMTP_SSL(server.host, port, here, timeout=patience, context=context)
            if server.encryption is Encryption.TLS
            else smtplib.SMTP(server.host, port, here, timeout=patience)
        )
        with opened as session:
            if server.encryption is Encryption.STARTTLS:
                session.starttls(context=context)
            if server.user:
                session.login(server.user, server.password)
            yield session

    def _mail(self, notice: Notice) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = notice.subject
        mail["From"], mail["To"] = self.sender, ", ".join(self.to)
        mail["Date"] = format_datetime(notice.at)
        mail["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply comes back
        mail.set_content(notice.body)
        return mail


@contextmanager
def _told_plainly(host: str) -> Iterator[None]:
    """Turn what smtplib raises, which repeats addresses and what the server said, into sentences."""
    try:
        yield
    except ssl.SSLError:
        raise NoticeError(
            f"The mail server {host} has no certificate that can be trusted, or speaks another encryption.",
            hint="Check WORKPLACE_SYNC_NOTIFY_SMTP_HOST, _PORT and _ENCRYPTION; the name must be the certificate's.",
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise NoticeError(
            f"The mail server {host} offers no encryption, or no login, of the kind that is set.",
            hint="Check WORKPLACE_SYNC_NOTIFY_SMTP_PORT and _ENCRYPTION.",
        ) from None
    except smtplib.SMTPAuthenticationError:
        raise NoticeError(
            f"The mail server {host} refused the login.", hint="Check WORKPLACE_SYNC_NOTIFY_SMTP_USER and _PASSWORD."
        ) from None
    except smtplib.SMTPRecipientsRefused:
        raise NoticeError(
            f"The mail server {host} took the message for nobody.", hint="Check WORKPLACE_SYNC_NOTIFY_TO."
        ) from None
    except smtplib.SMTPResponseException as error:
        raise NoticeError(
            f"The mail server {host} refused the message ({error.smtp_code}).",
            hint="Try `workplace-sync notices test --to email`; the server's own log says more.",
        ) from None
    except (smtplib.SMTPException, OSError):
        raise NoticeError(
            f"The mail server {host} cannot be reached, or broke off.",
            hint="Check WORKPLACE_SYNC_NOTIFY_SMTP_HOST, _PORT and _ENCRYPTION, and the network.",
        ) from None
