"""The composition root: from settings and files to everything a job needs. Nothing is global; open it, use it, close it."""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self, assert_never

from workplace_sync.cases.categories import Rulebook
from workplace_sync.cases.escalation_steps import Role as CaseRole
from workplace_sync.errors import Fault, InputError, SettingsError, UsageError
from workplace_sync.escalations import FILE_NAME as ESCALATIONS_FILE
from workplace_sync.escalations import load_rulebook
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.groups import AddressSource, FileSource, GroupFile, GroupSource, load_group, load_groups
from workplace_sync.jobs.case_desk import CaseDesk
from workplace_sync.jobs.figures import Figures, figures_of
from workplace_sync.jobs.notices import Notifier
from workplace_sync.jobs.office import Confirmation, Office, Stakes
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.policy_folder import read_folder
from workplace_sync.jobs.replay import replay
from workplace_sync.jobs.rosters import RosterSource, members_as_people
from workplace_sync.jobs.running import Run, Verb, running
from workplace_sync.notices.apprise import Services, split_urls
from workplace_sync.notices.ping import Ping
from workplace_sync.notices.sender import Sender
from workplace_sync.notices.smtp import Email, Encryption, MailServer
from workplace_sync.notices.webhook import Webhook
from workplace_sync.people import DECIDES, People, Role, load_people
from workplace_sync.platforms.http import Patience, Timeouts
from workplace_sync.platforms.pace import Pace, file_bucket, postgres_bucket, rate_of
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace
from workplace_sync.policy.shelf import floor_files, load_policies
from workplace_sync.roster.person import Method
from workplace_sync.roster.readers import read_addresses, read_roster
from workplace_sync.settings import Settings
from workplace_sync.store.case_key import CaseKey
from workplace_sync.store.database import Database
from workplace_sync.store.erasure_journal import JournalFile
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.keys import create_key, load_key, write_public_key
from workplace_sync.store.suppression import Veil


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def fresh_id() -> str:
    """Return an id nobody was given before: 64 random bits, short enough to be read aloud."""
    return secrets.token_hex(8)


class Application:
    """Everything opened from one set of settings. `actor` is who asks; the settings' actor unless named."""

    def __init__(
        self,
        settings: Settings,
        *,
        actor: str | None = None,
        now: Callable[[], datetime] = utc_now,
        new_id: Callable[[], str] = fresh_id,
    ) -> None:
        self.settings = settings
        self.actor = actor or settings.actor
        self.now = now
        self.new_id = new_id
        self.database = Database(settings.database_url.get_secret_value())

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def log(self) -> EvidenceLog:
        """The evidence log, opened with its key and not yet checked. Raises SettingsError without a usable key."""
        signer = load_key(self.settings.key_file, self.settings.evidence_origin)
        return EvidenceLog(
            self.database,
            signer=signer,
            verifier=signer.verifier,
            origin=self.settings.evidence_origin,
            outside=self.settings.checkpoint_file,
            entropy=os.urandom,
            now=self.now,
        )

    @cached_property
    def office(self) -> Office:
        """The desk for jobs: schema current, evidence log checked against its last checkpoint, nobody erased back in it.

        Raises StoreError, SettingsError, or EvidenceError (exit code 7): then nothing is written until a person looked.
        """
        self.database.require_current()
        self.log.check_start()
        confirmation = Confirmation(self.settings.confirm_reads, self.settings.confirm_pause_seconds)
        veil, erasures = Veil(self.settings.veil_file), JournalFile(self.settings.erasures_file)
        desk = Office(
            self.database, self.log, self.now, self.new_id, self.actor, confirmation, veil, erasures, self.stakes
        )
        desk = replace(desk, enqueue_approved=self.settings.enqueue_approved)
        replay(desk, thorough=False)
        return desk

    @contextmanager
    def running(self, group: str, verb: Verb) -> Iterator[Run]:
        """Hold a group for a run, and keep the run's row; write through the run's office. Raises BusyError (exit code 75)."""
        settings = self.settings
        request = settings.connect_timeout + settings.read_timeout
        with running(self.office, group, verb, lease_seconds=settings.lease_seconds, request_seconds=request) as run:
            yield run

    def set_up(self) -> bool:
        """Bring the schema up, make the log's key where there is none, and begin the log; returns whether it is new."""
        self.settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.database.upgrade()
        if not self.settings.key_file.exists():
            signer = create_key(self.settings.key_file, self.settings.evidence_origin)
            write_public_key(self.settings.key_file.with_suffix(".vkey"), signer.verifier)
        self.log.check_start()
        if self.log.size:
            return False
        with self.log.transaction() as transaction:
            transaction.log(
                Record(
                    kind=Kind.LOG_CREATED,
                    at=self.now(),
                    actor=self.actor,
                    outcome="begun",
                    data={"fingerprint": self.log.verifier.fingerprint, "origin": self.log.origin},
                )
            )
        return True

    @cached_property
    def rules(self) -> Rules:
        """The policies on disk and the built-in floor; raises InputError with every fault of every file."""
        folder = self.settings.policies_dir
        if not folder.is_dir():
            raise SettingsError(
                f"There are no policies at {folder}.",
                hint="Run `workplace-sync init`, or point WORKPLACE_SYNC_POLICIES_DIR to them.",
            )
        found = read_folder(folder)
        every = found.policies | floor_files() | found.archive
        kept = {name: content.decode() for name, content in every.items() if _is_utf8(content)}
        return Rules(load_policies(found.policies, found.archive), kept)

    def groups(self) -> dict[str, GroupFile]:
        """Return all groups by name."""
        return load_groups(self.settings.config_dir)

    def group(self, name: str) -> GroupFile:
        """Return one group; raises UsageError for a name that is none, InputError for a faulty file."""
        return load_group(self.settings.config_dir, name)

    @cached_property
    def people(self) -> People | None:
        """The people who take part, with their roles; None where no file names them. Raises InputError for a faulty one."""
        return load_people(self.settings.config_dir)

    def require_role(self, group: str, doing: str) -> None:
        """Raise ReviewError unless the actor may decide about that group, or nobody is asked for a role.

        `doing` is what they are about to do, as in "approve a plan".
        """
        if self.people is not None:
            self.people.require(self.actor, DECIDES, group, doing)

    def params_of(self, name: str) -> Mapping[str, Mapping[str, object]]:
        """Return what a group sets instead of the policies' parameters; nothing where it is configured no more.

        Raises InputError for a faulty file.
        """
        try:
            return self.group(name).managed.params
        except UsageError:
            return {}

    def platform(self, group: GroupFile) -> WorkplaceGroup:
        """Return the platform's group, with its token, its pace and the app's time-outs. Close it after use."""
        config, settings = group.platform, self.settings
        token = settings.secret(config.token_env).get_secret_value()
        secret = settings.secret(config.app_secret_env).get_secret_value() if config.app_secret_env else None
        return open_workplace(
            base_url=config.base_url,
            group_id=config.group_id,
            token=token,
            app_secret=secret,
            threads=settings.threads,
            pace=self._pace(token),
            timeouts=Timeouts(settings.connect_timeout, settings.read_timeout),
            patience=Patience(total=settings.patience_seconds),
            page_size=settings.page_size,
        )

    def _pace(self, token: str) -> Pace:
        per_second = self.settings.pace_per_second
        if per_second is None:
            return Pace()
        limits = [rate_of(per_second)]
        if self.database.file is None:
            return Pace(bucket=postgres_bucket(self.settings.database_url.get_secret_value(), token, limits))
        return Pace(bucket=file_bucket(self.settings.state_dir / "pace.db", token, limits))

    @contextmanager
    def sources(
        self, group: GroupFile, platform: WorkplaceGroup, *, extra: Sequence[str] = ()
    ) -> Iterator[list[RosterSource]]:
        """Open the roster sources of a group's file, and the addresses given on the command line as the last one."""
        with ExitStack() as stack:
            opened = [self._source(stack, source, group, platform) for source in group.sources]
            if extra:
                rows = read_addresses(extra)
                opened.append(RosterSource(Method.COMMAND_LINE, "command line", rows, tenant=group.managed.tenant))
            yield opened

    def _source(
        self,
        stack: ExitStack,
        source: FileSource | AddressSource | GroupSource,
        group: GroupFile,
        platform: WorkplaceGroup,
    ) -> RosterSource:
        match source:
            case FileSource():
                path = self.settings.home / source.path
                try:
                    stream = stack.enter_context(path.open("rb"))
                except OSError as error:
                    raise InputError(
                        f"The roster {source.path} cannot be read: {error.strerror}.",
                        hint=f"Put the file there, or correct `roster:` in {group.file}.",
                    ) from None
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                stream.seek(0)
                rows = read_roster(stream, name=str(source.path), mapping=source.columns, now=self.now())
                return RosterSource(
                    Method.ROSTER_FILE,
                    str(source.path),
                    rows,
                    source.tenant,
                    digest,
                    source.skip_faulty_rows,
                    repr(source.columns),
                )
            case AddressSource():
                rows = read_addresses(source.addresses, name=group.file.name)
                return RosterSource(Method.COMMAND_LINE, group.file.name, rows, group.managed.tenant)
            case GroupSource():
                people = members_as_people(platform.reader(source.platform_id))
                name = f"group {source.platform_id}"
                return RosterSource(Method.GROUP_COPY, name, people, group.managed.tenant)
        assert_never(source)

    def case_desk(self, role: CaseRole | None = None) -> CaseDesk:
        """Return the desk for escalations. `role` is what the actor is here for, where a login has told it already.

        Without a people file the officers of config/escalations.yaml are those who work on cases. Raises InputError for a
        faulty file, or one that names officers who are none in the people file; StoreError and so on as `office` does.
        """
        rulebook = load_rulebook(self.settings.config_dir)
        officers = frozenset(one.name for one in rulebook.officers)
        own = CaseRole.OFFICER if self.actor in officers else None
        if self.people is not None:
            _check_officers(self.people, rulebook, self.settings.config_dir / ESCALATIONS_FILE)
            officers = frozenset(one.name for one in self.people.who_may(Role.OFFICER))
            own = _case_role(self.people, self.actor)
        return CaseDesk(
            self.office,
            rulebook,
            CaseKey(self.settings.case_key_file),
            role or own,
            officers,
            timedelta(hours=self.settings.unseal_hours),
        )

    def notifier(self) -> Notifier:
        """Return what tells the committee; it needs neither key nor office, so that it can tell that these fail."""
        settings = self.settings
        senders = _senders(settings)
        return Notifier(
            self.database,
            self.now,
            self.groups,
            self._check_evidence,
            senders,
            settings.reminders,
            settings.console_url,
            stakes=self.stakes,
            deadlines=lambda: load_rulebook(settings.config_dir).deadlines,
        )

    def ping(self) -> Ping:
        """Return what tells the watcher of runs; nobody, where none is set."""
        url = self.settings.ping_url
        return Ping(url.get_secret_value() if url else "")

    def figures(self) -> Figures:
        """Return how all groups stand. Raises StoreError, or InputError for faulty group files."""
        self.database.require_current()
        channels = [sender.channel for sender in _senders(self.settings)]
        return figures_of(self.database, self.groups(), channels, self._check_evidence, self.now(), self.stakes)

    def _check_evidence(self) -> None:
        self.log.check_start()  # opened here: a missing key is told by whoever asks, and not before

    @property
    def plan_valid(self) -> timedelta:
        """For how long a plan can be applied."""
        return timedelta(hours=self.settings.plan_valid_hours)

    @property
    def stakes(self) -> Stakes:
        """Which plans need a second approval."""
        return Stakes(self.settings.second_approver_from, for_guards=self.settings.second_approver_for_guards)

    @property
    def approval_valid(self) -> timedelta:
        """For how long an approval counts."""
        return timedelta(hours=self.settings.approval_valid_hours)


def _case_role(people: People, name: str) -> CaseRole | None:
    """Return the role in which somebody works on cases: the one that may do most; None where they have none."""
    order = (Role.OFFICER, Role.OWNER, Role.REP, Role.ADMIN, Role.AUDITOR)
    return next((CaseRole(role.value) for role in order if people.may(name, role)), None)


def _check_officers(people: People, rulebook: Rulebook, file: Path) -> None:
    faults = [
        Fault(
            str(file), 0, 0, f"officers.{number}.name", "is no officer in the people file", "give them the role there"
        )
        for number, one in enumerate(rulebook.officers)
        if not people.may(one.name, Role.OFFICER)
    ]
    if faults:
        raise InputError(f"{file} cannot be used as written.", faults, hint="Correct what is listed, then try again.")


def _senders(settings: Settings) -> list[Sender]:
    """Return a sender for each channel that is set; raises SettingsError where one cannot be used."""
    found: list[Sender] = []
    if settings.notify_smtp_host:
        password = settings.notify_smtp_password
        server = MailServer(
            settings.notify_smtp_host,
            settings.notify_smtp_port,
            Encryption(settings.notify_smtp_encryption),
            settings.notify_smtp_user,
            password.get_secret_value() if password else "",
        )
        found.append(Email(server, settings.notify_from, settings.notify_to))
    if url := settings.notify_webhook_url:
        secret = settings.notify_webhook_secret
        found.append(Webhook(url.get_secret_value(), secret.get_secret_value() if secret else ""))
    if urls := settings.notify_apprise_urls:
        found.append(Services(tuple(split_urls(urls.get_secret_value()))))
    return found


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
