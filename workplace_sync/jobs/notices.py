"""Tell the committee what needs a person: once an episode, all of one run in one message, and never twice by two runs."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workplace_sync.cases.escalation_steps import Deadlines
from workplace_sync.cases.notice import Due, Episode, Matter, Notice, due
from workplace_sync.cases.notice_words import compose
from workplace_sync.errors import NoticeError, SyncError, UsageError
from workplace_sync.jobs.notice_sources import SOURCES, Books, Source
from workplace_sync.jobs.office import NORMAL_STAKES, Stakes
from workplace_sync.logs import get_logger
from workplace_sync.notices.sender import Sender
from workplace_sync.store import notices as store
from workplace_sync.store.database import Database

_CLAIM = timedelta(
    minutes=10
)  # longer than all time-outs of a sender together; a claim older than that was left behind

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """A channel that reached nobody, or not everybody, and what to do about it. Neither text names anybody."""

    channel: str
    reason: str
    hint: str = ""
    reached: bool = False


@dataclass(frozen=True, slots=True)
class NoticeReport:
    """What lasts now, what was told through which channel, and what could not be told.

    `unknown` are the matters that could not be looked into; nothing of them is said to be over.
    """

    episodes: tuple[Episode, ...] = ()
    told: tuple[tuple[str, tuple[Due, ...]], ...] = ()
    failures: tuple[Failure, ...] = ()
    unknown: tuple[Matter, ...] = ()

    @property
    def note(self) -> str:
        """One sentence for the end of a run; empty where everything went out that had to."""
        if not self.failures:
            return ""
        told = " ".join(f"{one.channel}: {one.reason}" for one in self.failures)
        return f"Not everybody was told ({told}) The next run tries again."


@dataclass(frozen=True, slots=True)
class Notifier:
    """Tells people through `senders`.

    `groups` returns the names of all groups there are, `check_evidence` raises EvidenceError when the log does not
    verify, `rhythm` is that of `cases.notice.due`. It needs no office: it works where the evidence is what is wrong.
    """

    database: Database
    now: Callable[[], datetime]
    groups: Callable[[], Collection[str]]
    check_evidence: Callable[[], None]
    senders: Sequence[Sender] = ()
    rhythm: Sequence[timedelta] = ()
    console_url: str = ""
    sources: Sequence[Source] = SOURCES
    stakes: Stakes = NORMAL_STAKES
    deadlines: Callable[[], Deadlines] = Deadlines

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels."""
        return tuple(sender.channel for sender in self.senders)

    def tell(self, groups: Sequence[str] | None = None) -> NoticeReport:
        """Tell what is due of these groups, or of all; one message a channel. A channel that fails never raises.

        Raises StoreError or InputError only where nothing can be known at all: no database, or no group files.
        """
        scope = tuple(self.groups() if groups is None else groups)
        books = Books(self.database, scope, self.now(), self.check_evidence, self.stakes, self.deadlines)
        episodes, unknown = self._look(books)
        known = [source.matter for source in self.sources if source.matter not in unknown]
        report = NoticeReport(tuple(episodes), unknown=tuple(unknown))
        for sender in self.senders:
            report = self._through(sender, report, (*scope, ""), known)
        return report

    def test(self, channel: str | None = None) -> NoticeReport:
        """Send a test message through one channel, or through all. Raises UsageError where there is no such channel."""
        wanted = [sender for sender in self.senders if channel in {None, sender.channel}]
        if not wanted:
            raise UsageError(
                "There is no such channel." if self.senders else "No channel for notifications is set.",
                hint=f"Channels: {', '.join(self.channels)}." if self.senders else _SET_ONE,
            )
        notice = Notice(self.now(), "[workplace-sync] a test of the notifications", _TEST)
        tried = [(sender.channel, _failure(sender, notice)) for sender in wanted]
        return NoticeReport(
            told=tuple((name, ()) for name, failure in tried if failure is None),
            failures=tuple(failure for _, failure in tried if failure is not None),
        )

    def _look(self, books: Books) -> tuple[list[Episode], list[Matter]]:
        found: list[Episode] = []
        unknown: list[Matter] = []
        for source in self.sources:
            try:
                found += source.find(books)
            except SyncError as error:
                unknown.append(source.matter)
                _log.warning("Whether anything is to be told could not be seen: " + error.message, matter=source.matter)
        return found, unknown

    def _through(
        self, sender: Sender, report: NoticeReport, groups: Collection[str], matters: Collection[Matter]
    ) -> NoticeReport:
        try:
            claimed = self._claim(sender.channel, report.episodes, groups, matters)
            if not claimed:
                return report
            failure = _failure(sender, compose(claimed, self.now(), self.console_url))
            reached = failure is None or failure.reached
            with self.database.write() as connection:
                at, trouble = self.now() if reached else None, failure.reason if failure else ""
                store.settle(connection, sender.channel, claimed, at, trouble)
        except SyncError as error:  # the books of what was told are busy or full: that, too, fails no run
            claimed, reached, failure = [], False, Failure(sender.channel, error.message, error.hint)
        told = (*report.told, (sender.channel, tuple(claimed))) if reached else report.told
        return replace(report, told=told, failures=(*report.failures, *([failure] if failure else [])))

    def _claim(
        self, channel: str, episodes: Sequence[Episode], groups: Collection[str], matters: Collection[Matter]
    ) -> list[Due]:
        now = self.now()
        with self.database.connect() as connection:
            found = due(episodes, store.sent(connection, channel, groups, matters), now, self.rhythm)
            undone = store.unsent(connection, channel, groups, matters)
        if not found and not undone:
            return []  # a quiet run writes nothing
        with self.database.write() as connection:
            store.forget_undone(connection, channel, [one.episode.name for one in found], groups, matters)
            return store.claim(connection, channel, found, now, _CLAIM)


def _failure(sender: Sender, notice: Notice) -> Failure | None:
    """Send a message, and return what went wrong with it."""
    try:
        sender.send(notice)
    except NoticeError as error:
        failure = Failure(sender.channel, error.message, error.hint, error.reached)
    except SyncError as error:
        failure = Failure(sender.channel, error.message, error.hint)
    else:
        _log.info("A notification was sent.", channel=sender.channel)
        return None
    _log.warning("A notification could not be sent: " + failure.reason, channel=sender.channel)
    return failure


def lines(report: NoticeReport) -> Iterator[str]:
    """Yield what a report says, as sentences for a terminal."""
    for channel, told in report.told:
        yield f"Sent through {channel}{f': {len(told)} told' if told else ''}."
    for one in report.failures:
        yield f"Not sent through {one.channel}: {one.reason} {one.hint}".rstrip()


_SET_ONE = (
    "Set WORKPLACE_SYNC_NOTIFY_SMTP_HOST, WORKPLACE_SYNC_NOTIFY_WEBHOOK_URL or WORKPLACE_SYNC_NOTIFY_APPRISE_URLS."
)
_TEST = (
    "This is a test of workplace-sync. Nothing is the matter, and nothing has to be done.\n\n"
    "Through this channel the committee is told what needs a person: changes that wait for approval, people removed by "
    "others, groups that cannot be seen, runs that fail, and an evidence log that does not verify.\n"
)
