"""Rosters in the database: one person once, consent told once, on both engines."""

from datetime import UTC, datetime, timedelta

from workplace_sync.membership.subject import Candidate
from workplace_sync.roster.consent import ConsentKind
from workplace_sync.roster.person import ConsentClaim, RosterPerson
from workplace_sync.store import candidates, consent, roster
from workplace_sync.store.database import Database

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GROUP = "prospect-bt"


def person(who: str, line: int = 2, **known: object) -> RosterPerson:
    return RosterPerson(key=f"{who}@bt.example.org", address=f"{who.title()}@bt.example.org", line=line, **known)  # type: ignore[arg-type]


def bring_in(database: Database, *sources: list[RosterPerson], at: datetime = NOW) -> tuple[int, int]:
    with database.connect() as connection, roster.staged(connection) as staging:
        imports = []
        for number, people in enumerate(sources):
            one = roster.RosterImport(
                f"{at.timestamp()}-{number}", "roster_file", f"source {number}", "", len(people), 0
            )
            staging.add(people, source_no=number, tenant="bt", method=one.method, import_id=one.id, source=one.source)
            imports.append(one)
        with database.write(connection):
            return roster.put_in_place(connection, group=GROUP, imports=imports, at=at, by="ada")


def wanted(database: Database) -> list[Candidate]:
    with database.connect() as connection:
        return list(candidates.additions(connection, GROUP))


def test_a_person_named_twice_is_wanted_once_and_the_first_source_wins(database: Database) -> None:
    placed, _ = bring_in(database, [person("ada", status="active")], [person("ada", status="lapsed"), person("bob", 3)])
    assert placed == 2
    assert [(one.key, one.status, one.source) for one in wanted(database)] == [
        ("ada@bt.example.org", "active", "source 0"),
        ("bob@bt.example.org", "", "source 1"),
    ]


def test_a_new_import_replaces_the_former_one(database: Database) -> None:
    bring_in(database, [person("ada"), person("bob", 3)])
    bring_in(database, [person("bob")], at=NOW + timedelta(days=1))
    assert [one.key for one in wanted(database)] == ["bob@bt.example.org"]


def test_people_without_a_tenant_get_the_sources_and_roles_stay_a_list(database: Database) -> None:
    bring_in(database, [person("ada", roles=("rep", "chair")), person("bob", 3, tenant="openreach")])
    ada, bob = wanted(database)
    assert (ada.tenant, ada.roles, bob.tenant, bob.roles) == ("bt", ("rep", "chair"), "openreach", ())


def test_what_a_roster_says_of_consent_enters_the_ledger_once(database: Database) -> None:
    given = NOW - timedelta(days=9)
    rows = [
        person("ada", consent=ConsentClaim.OPTED_IN, consent_at=given, consent_basis="form"),
        person("bob", 3, consent=ConsentClaim.WITHDRAWN),
        person("cid", 4),
    ]
    assert bring_in(database, rows)[1] == 2
    assert bring_in(database, rows, at=NOW + timedelta(days=1))[1] == 0
    with database.connect() as connection:
        events = consent.events_of(connection, [row.key for row in rows], GROUP)
    (ada,), (bob,) = events["ada@bt.example.org"], events["bob@bt.example.org"]
    assert (ada.kind, ada.at, ada.basis, ada.source) == (ConsentKind.GIVEN, given, "form", "source 0")
    assert (bob.kind, bob.at, bob.recorded_by) == (ConsentKind.WITHDRAWN, NOW, "ada")
    assert "cid@bt.example.org" not in events


def test_an_undated_statement_counts_again_once_the_roster_has_said_the_opposite(database: Database) -> None:
    for day, claim in enumerate(
        (ConsentClaim.OPTED_IN, ConsentClaim.WITHDRAWN, ConsentClaim.OPTED_IN, ConsentClaim.OPTED_IN)
    ):
        bring_in(database, [person("ada", consent=claim)], at=NOW + timedelta(days=day))
    with database.connect() as connection:
        events = consent.events_of(connection, ["ada@bt.example.org"], None)["ada@bt.example.org"]
    assert [event.kind.value for event in events] == ["given", "withdrawn", "given"]


def test_an_opt_out_on_a_repeated_row_is_not_lost(database: Database) -> None:
    bring_in(
        database, [person("ada", 2, consent=ConsentClaim.OPTED_IN), person("ada", 3, consent=ConsentClaim.WITHDRAWN)]
    )
    with database.connect() as connection:
        kinds = {
            event.kind for event in consent.events_of(connection, ["ada@bt.example.org"], GROUP)["ada@bt.example.org"]
        }
    assert kinds == {ConsentKind.GIVEN, ConsentKind.WITHDRAWN}


def test_consent_of_another_group_does_not_count(database: Database) -> None:
    bring_in(database, [person("ada", consent=ConsentClaim.OPTED_IN)])
    with database.connect() as connection:
        assert consent.events_of(connection, ["ada@bt.example.org"], "prospect-openreach") == {}


def test_names_are_found_for_those_who_have_one(database: Database) -> None:
    bring_in(database, [person("ada", name="Ada Test"), person("bob", 3)])
    with database.connect() as connection:
        keys = ["ada@bt.example.org", "bob@bt.example.org"]
        assert roster.names_of(connection, GROUP, keys) == {"ada@bt.example.org": "Ada Test"}


def test_a_reading_that_is_broken_off_leaves_nothing_behind(database: Database) -> None:
    def break_off() -> None:
        with database.connect() as connection, roster.staged(connection) as staging:
            staging.add([person("ada")], source_no=0, tenant="", method="roster_file", import_id="i", source="s")
            raise ZeroDivisionError

    for _ in range(2):  # the second one finds no left-over staging area
        try:
            break_off()
        except ZeroDivisionError:
            continue
    assert wanted(database) == []
