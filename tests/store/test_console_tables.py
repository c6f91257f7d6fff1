"""Accounts, sessions, tokens and tries, on both kinds of database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from workplace_sync.membership.snapshot import Completeness
from workplace_sync.store import access_reads, accounts, api_tokens, histories, sessions, snapshots, tries
from workplace_sync.store.accounts import Account
from workplace_sync.store.api_tokens import ApiToken
from workplace_sync.store.console_tables import TryRow
from workplace_sync.store.database import Database
from workplace_sync.store.sessions import Session, SignOn
from workplace_sync.store.snapshots import SnapshotRecord

TRIES = TryRow.__table__  # type: ignore[attr-defined]
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA = Account("ada", "", "", True, NOW, "ada", "link", NOW + HOUR, None, None)


def test_a_link_is_found_while_it_holds_and_a_password_uses_it_up(database: Database) -> None:
    with database.write() as connection:
        accounts.add(connection, ADA)
        accounts.add(connection, replace(ADA, name="bob", setup="", setup_until=None))
        assert accounts.with_setup(connection, "link", NOW) == ADA
        assert accounts.with_setup(connection, "link", NOW + HOUR) is None
        assert accounts.with_setup(connection, "", NOW) is None
        accounts.put_password(connection, "ada", "hash", NOW)
        assert accounts.with_setup(connection, "link", NOW) is None
        found = accounts.find(connection, "ada")
        assert found == replace(ADA, password="hash", password_at=NOW, setup="", setup_until=None)
        assert [one.name for one in accounts.listed(connection)] == ["ada", "bob"]
        assert accounts.count(connection) == 2


def test_a_disabled_account_has_no_link_until_it_is_given_a_new_one(database: Database) -> None:
    with database.write() as connection:
        accounts.add(connection, ADA)
        accounts.disable(connection, "ada", NOW)
        assert accounts.with_setup(connection, "link", NOW) is None
        accounts.put_setup(connection, "ada", "new", NOW + HOUR)
        found = accounts.with_setup(connection, "new", NOW)
        assert found is not None
        assert found.disabled_at is None


def test_sessions_end_one_by_one_all_but_one_and_by_time(database: Database) -> None:
    with database.write() as connection:
        for number in range(4):
            sessions.add(connection, Session(f"s{number}", "ada", NOW, NOW, NOW + HOUR * (number + 1)))
        sessions.add(connection, Session("other", "bob", NOW, NOW, NOW + HOUR))
        sessions.end(connection, "s3")
        assert {one.id for one in sessions.of_account(connection, "ada", NOW + HOUR)} == {"s1", "s2"}
        assert sessions.end_all(connection, "ada", but="s1") == 2
        sessions.sweep(connection, NOW + HOUR)
        assert sessions.find(connection, "other") is None
        sessions.put_flash(connection, "s1", "[]")
        sessions.used(connection, "s1", NOW + HOUR)
        found = sessions.find(connection, "s1")
        assert found == Session("s1", "ada", NOW, NOW + HOUR, NOW + HOUR * 2, "", "[]")


def test_a_login_elsewhere_is_taken_once_and_in_time(database: Database) -> None:
    sign_on = SignOn("a", "state", "nonce", "verifier", "/", NOW + HOUR)
    with database.write() as connection:
        sessions.begin_sign_on(connection, sign_on)
        sessions.begin_sign_on(connection, replace(sign_on, id="b"))
        assert sessions.take_sign_on(connection, "a", NOW) == sign_on
        assert sessions.take_sign_on(connection, "a", NOW) is None
        assert sessions.take_sign_on(connection, "b", NOW + HOUR) is None


def test_a_token_is_found_by_its_hash_until_it_is_over_or_revoked(database: Database) -> None:
    token = ApiToken("t1", "hash", "ada", "sheet", ("audit:read", "plans:read"), NOW, NOW + HOUR)
    with database.write() as connection:
        api_tokens.add(connection, token)
        api_tokens.add(connection, replace(token, id="t2", digest="hash2", account="bob"))
        assert api_tokens.find(connection, "hash", NOW) == token
        assert api_tokens.find(connection, "hash", NOW + HOUR) is None
        api_tokens.used(connection, "t1", NOW)
        assert not api_tokens.revoke(connection, "t1", NOW, "bob")
        assert api_tokens.revoke(connection, "t1", NOW)
        assert not api_tokens.revoke(connection, "t1", NOW)
        assert api_tokens.find(connection, "hash", NOW) is None
        assert [one.id for one in api_tokens.listed(connection, "ada")] == ["t1"]
        assert len(api_tokens.listed(connection)) == 2
        assert api_tokens.revoke_all(connection, "bob", NOW) == 1


def test_tries_are_counted_within_a_span_and_then_anew(database: Database) -> None:
    with database.write() as connection:
        counted = [tries.count(connection, "a", NOW + timedelta(minutes=n), HOUR)[0] for n in (0, 59, 60, 61)]
        assert counted == [1, 2, 1, 2]
        assert tries.count(connection, "b", NOW, HOUR) == (1, NOW + HOUR)
        tries.forget(connection, "a")
        assert [row.bucket for row in connection.execute(select(TRIES))] == ["b"]
        tries.sweep(connection, NOW + HOUR)
        assert connection.execute(select(TRIES)).all() == []


def test_readings_are_told_newest_first(database: Database) -> None:
    with database.write() as connection:
        access_reads.add(connection, NOW, "rosa", "person", "prospect-bt", ["k1", "k2"])
        access_reads.add(connection, NOW + HOUR, "ada", "plan", "prospect-bt", ["k1"])
        access_reads.add(connection, NOW, "rosa", "person", "prospect-bt", [])
        assert [(one.reader, one.key) for one in access_reads.listed(connection)] == [
            ("ada", "k1"),
            ("rosa", "k2"),
            ("rosa", "k1"),
        ]
        assert [one.reader for one in access_reads.listed(connection, key="k1")] == ["ada", "rosa"]
        assert [one.key for one in access_reads.listed(connection, reader="ada", limit=1)] == ["k1"]


def test_a_history_has_the_last_complete_reading_of_each_day(database: Database) -> None:
    readings = [(0, 10, True), (3, 11, True), (5, 9, False), (26, 12, True), (50, 13, True)]
    with database.write() as connection:
        for hours, members, complete in readings:
            at = NOW + timedelta(hours=hours)
            record = SnapshotRecord(f"s{hours}", "g", at, at, complete, members, 1, Completeness())
            snapshots.record(connection, record)
            snapshots.record(connection, replace(record, id=f"o{hours}", group="other", members=99))
        found = histories.sizes_by_day(connection, "g", NOW + timedelta(hours=1))
    assert found == [
        (NOW + timedelta(hours=3), 11),
        (NOW + timedelta(hours=26), 12),
        (NOW + timedelta(hours=50), 13),
    ]
