"""What a webhook says: signatures over the raw body, and every shape of a body."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.platforms.workplace.webhooks import (
    AccountHint,
    Direction,
    MembershipHint,
    Proof,
    Reading,
    Signatures,
    Timing,
    Verified,
    read_delivery,
    verify,
)

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
SECRETS = {"BT": b"bt's secret", "OPENREACH": b"openreach's secret"}
BODY = b'{"object":"group"}'

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.sampled_from(["group", "workplace_security", "page", "user", "", 7, None])
FIELDS = st.sampled_from(["membership", "admin_activity", "posts", "messages", "", None])
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "object": OBJECTS,
        "entry": JSON
        | st.lists(
            JSON
            | st.fixed_dictionaries(
                {},
                optional={
                    "id": JSON,
                    "time": JSON,
                    "messaging": JSON,
                    "changes": JSON
                    | st.lists(
                        JSON
                        | st.fixed_dictionaries(
                            {},
                            optional={
                                "field": FIELDS,
                                "value": JSON
                                | st.fixed_dictionaries(
                                    {},
                                    optional=dict.fromkeys(
                                        ("verb", "member", "actor", "event", "target_id", "timestamp"), JSON
                                    ),
                                ),
                            },
                        ),
                        max_size=3,
                    ),
                },
            ),
            max_size=3,
        ),
    },
)


def signed(body: bytes, by: str = "BT") -> Signatures:
    """Return both signatures, as they should be."""
    secret = SECRETS[by]
    return Signatures(
        "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest(),
        "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
    )


def delivery(value: object, name: str = "membership", topic: str = "group", **entry: object) -> bytes:
    """Return a body with one change."""
    change = {"field": name, "value": value}
    return json.dumps(
        {"object": topic, "entry": [{"id": "7001", "time": int(AT.timestamp()), "changes": [change], **entry}]}
    ).encode()


def membership(**value: object) -> MembershipHint:
    """Read a delivery with one membership change."""
    (hint,) = read_delivery(delivery({"verb": "add", "member": {"id": "1002"}, **value})).membership
    return hint


# signatures


@pytest.mark.parametrize(
    ("given_headers", "proof"),
    [("both", Proof.BOTH), ("sha1", Proof.SHA1), ("sha256", Proof.SHA256)],
)
def test_a_good_signature_tells_whose_secret_it_is(given_headers: str, proof: Proof) -> None:
    both = signed(BODY, "OPENREACH")
    kept = Signatures(
        both.sha1 if given_headers in {"both", "sha1"} else None,
        both.sha256 if given_headers in {"both", "sha256"} else None,
    )
    assert verify(BODY, kept, SECRETS) == Verified(proof, ("OPENREACH",))


def test_a_signature_is_what_openssl_computes() -> None:
    # printf '{"object":"group"}' | openssl dgst -sha256 -hmac "bt's secret"
    theirs = "sha256=e01f94f1a11b67a60def1c721f8923dfc58037cd0f6438b45656cb5238467884"
    assert verify(BODY, Signatures(sha256=theirs), SECRETS) == Verified(Proof.SHA256, ("BT",))


def test_where_both_signatures_are_there_both_must_match() -> None:
    good, other = signed(BODY), signed(b"another body")
    assert verify(BODY, Signatures(good.sha1, other.sha256), SECRETS) is None
    assert verify(BODY, Signatures(other.sha1, good.sha256), SECRETS) is None


def test_two_secrets_cannot_share_a_delivery() -> None:
    assert verify(BODY, Signatures(signed(BODY, "BT").sha1, signed(BODY, "OPENREACH").sha256), SECRETS) is None


@pytest.mark.parametrize(
    "header",
    ["", "sha256=", "sha256", "=", "sha1=x", "é", "sha256=é", "sha256=\ud800", "sha256=" + "0" * 64, " "],
)
def test_what_is_no_signature_matches_nothing(header: str) -> None:
    assert verify(BODY, Signatures(sha256=header), SECRETS) is None
    assert verify(BODY, Signatures(sha1=header), SECRETS) is None


def test_without_a_signature_or_a_secret_nothing_is_verified() -> None:
    assert verify(BODY, Signatures(), SECRETS) is None
    assert verify(BODY, signed(BODY), {}) is None


def test_a_sha1_value_does_not_pass_for_a_sha256_one() -> None:
    assert verify(BODY, Signatures(sha256=signed(BODY).sha1), SECRETS) is None


@given(st.binary(max_size=200), st.data())
def test_a_body_that_differs_by_one_bit_is_not_verified(body: bytes, data: st.DataObject) -> None:
    signatures = signed(body)
    assert verify(body, signatures, SECRETS) == Verified(Proof.BOTH, ("BT",))
    place = data.draw(st.integers(0, len(body)))
    changed = body[:place] + (bytes([body[place] ^ 1]) if place < len(body) else b"\x01") + body[place + 1 :]
    assert verify(changed, signatures, SECRETS) is None


# bodies


def test_the_documented_membership_example_is_read() -> None:
    body = (
        b'{"object":"group","entry":[{"id":"700000000000101","time":1750000000,"changes":[{"field":"membership","value":'
        b'{"verb":"add","actor":{"id":"100000000000009","name":"Eve Admin"},"member":{"id":"100000000000002","name":"Bob Test"}}}]}]}'
    )
    at = datetime.fromtimestamp(1_750_000_000, UTC)
    hint = MembershipHint("700000000000101", "100000000000002", "add", at, "100000000000009")
    assert read_delivery(body) == Reading("group", frozenset(["700000000000101"]), (at,), (hint,))


def test_the_documented_security_example_is_read() -> None:
    value = {
        "event": "ADMIN_DEACTIVATE_ACCOUNT",
        "actor_id": "100000000000009",
        "actor_email": "eve@example.org",
        "target_id": "100000000000002",
        "timestamp": "2025-06-15T14:26:40+0000",
    }
    reading = read_delivery(delivery(value, "admin_activity", "workplace_security"))
    at = datetime(2025, 6, 15, 14, 26, 40, tzinfo=UTC)
    assert reading.accounts == (AccountHint("100000000000002", "ADMIN_DEACTIVATE_ACCOUNT", at, "100000000000009"),)
    assert reading.accounts[0].deactivates
    assert not AccountHint("1", "ADMIN_ACTIVATE_ACCOUNT").deactivates


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        ({"id": "1009", "name": "Eve"}, "1009"),
        ({"id": 1009}, "1009"),
        ("1009", "1009"),
        (1009, "1009"),
        ("Eve Admin", ""),
        (None, ""),
        ([], ""),
        (True, ""),
        ({"id": {"id": 1}, "name": "two\nlines"}, ""),
    ],
)
def test_an_actor_is_read_in_whatever_shape_it_comes(actor: object, expected: str) -> None:
    hint = membership(actor=actor)
    assert hint.actor_id == expected


def test_an_actor_that_is_not_there_is_nobody() -> None:
    assert membership().actor_id == ""


@pytest.mark.parametrize(
    ("verb", "direction"),
    [
        ("add", Direction.IN),
        ("JOIN", Direction.IN),
        ("remove", Direction.OUT),
        ("Delete", Direction.OUT),
        ("leave", Direction.OUT),
        ("promote", Direction.UNKNOWN),
    ],
)
def test_a_verb_that_is_not_known_says_no_direction(verb: str, direction: Direction) -> None:
    assert membership(verb=verb).direction is direction


@pytest.mark.parametrize("member", ["1002", 1002, {"id": 1002}, {"id": "1002", "name": "Bob"}])
def test_a_member_is_found_by_id_however_it_is_given(member: object) -> None:
    assert membership(member=member).member_platform_id == "1002"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"not json",
        b"[]",
        b"1e999",
        b"9" * 5_000,
        b"[" * 200_000,
        b'{"object":"group"}',
        b'{"object":"group","entry":[]}',
        b'{"object":"group","entry":[{}]}',
        b'{"object":"group","entry":[{"changes":[]}]}',
        delivery({"verb": "add"}),
        delivery({"verb": "", "member": "1"}),
        delivery({"verb": "add", "member": "../etc"}),
        delivery("x"),
        delivery({"verb": "add", "member": "1"}, "roles"),
        delivery({"verb": "add", "member": "1"}, topic="groups"),
        delivery({"verb": "add", "member": "1"}, id="\ud800"),
        delivery({"event": "LOGIN"}, "admin_activity", "workplace_security"),
        delivery({"integration_data": {}}, "integrations", "workplace_security"),
    ],
)
def test_a_shape_that_is_not_known_is_told_as_such(body: bytes) -> None:
    reading = read_delivery(body)
    assert (reading.unknown, reading.membership, reading.accounts) == (1, (), ())


@pytest.mark.parametrize(
    "body",
    [
        delivery({"message": "private"}, "posts"),
        delivery({"message": "private"}, "comments"),
        delivery({"x": 1}, "mention", "page"),
        delivery("busy", "status", "user"),
        json.dumps({"object": "page", "entry": [{"id": "1", "messaging": [{"message": "private"}]}]}).encode(),
    ],
)
def test_chats_and_posts_are_known_and_no_business_of_ours(body: bytes) -> None:
    reading = read_delivery(body)
    assert (reading.others, reading.unknown, reading.membership) == (1, 0, ())


def test_one_delivery_may_hold_many_changes_of_all_sorts() -> None:
    changes: list[Any] = [{"field": "membership", "value": {"verb": "add", "member": {"id": str(n)}}} for n in range(3)]
    changes += [{"field": "posts", "value": {}}, {"field": "no such", "value": {}}, 7]
    body = json.dumps({"object": "group", "entry": [{"id": "1", "changes": changes}, {"id": 2, "time": "x"}, []]})
    reading = read_delivery(body.encode())
    assert [hint.member_platform_id for hint in reading.membership] == ["0", "1", "2"]
    assert (reading.others, reading.unknown, reading.about) == (1, 4, frozenset(["1", "2"]))


@pytest.mark.parametrize(
    ("told", "timing"),
    [
        (AT, Timing.FRESH),
        (AT - timedelta(hours=35), Timing.FRESH),
        (AT - timedelta(hours=37), Timing.OLD),
        (AT + timedelta(minutes=4), Timing.FRESH),
        (AT + timedelta(minutes=6), Timing.AHEAD),
    ],
)
def test_a_time_that_retries_cannot_explain_is_flagged(told: datetime, timing: Timing) -> None:
    body = delivery({"verb": "add", "member": "1"}, time=int(told.timestamp()))
    assert read_delivery(body).timing(AT) is timing


@pytest.mark.parametrize("time", [None, "1750000000", -1, 0, 10**30, 1_750_000_000_000, 1.5, True, []])
def test_what_is_no_time_is_none(time: object) -> None:
    reading = read_delivery(delivery({"verb": "add", "member": "1"}, time=time))
    assert (reading.times, reading.timing(AT), reading.membership[0].at) == ((), Timing.UNTIMED, None)


@pytest.mark.parametrize(
    "timestamp",
    ["", "yesterday", "2025-06-15T14:26:40", "0001-01-01T00:00:00+2359", 7, None, "9999-12-31T23:59:59-2300"],
)
def test_a_security_event_without_a_good_time_has_that_of_its_entry(timestamp: object) -> None:
    value = {"event": "ADMIN_DEACTIVATE_ACCOUNT", "target_id": "1", "timestamp": timestamp}
    assert read_delivery(delivery(value, "admin_activity", "workplace_security")).accounts[0].at == AT


@given(
    st.binary(max_size=300) | JSON.map(lambda v: json.dumps(v).encode()) | NEARLY.map(lambda v: json.dumps(v).encode())
)
def test_no_body_makes_reading_fail(body: bytes) -> None:
    reading = read_delivery(body)
    assert reading.timing(AT) in Timing
    assert reading.unknown or reading.others or reading.membership or reading.accounts
    for hint in reading.membership:
        assert hint.member_platform_id.isascii()
        assert hint.direction in Direction
