import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.roster.reading import NOW
from workplace_sync.roster.person import (
    BadAddressError,
    ConsentClaim,
    RosterPerson,
    new_person,
    person_key,
    plain_key,
    platform_address,
)

_LOCAL = st.text("abcXYZ019_.+'-!=", min_size=1, max_size=12)
_DOMAIN = st.text("abZ09-.", min_size=1, max_size=20).map(lambda text: f"{text}.org")


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Anna.Example@BT.Example.ORG", "anna.example@bt.example.org"),
        ("  anna@bt.example.org\u00a0", "anna@bt.example.org"),
        ("anna+union@bt.example.org", "anna+union@bt.example.org"),
        ("o'neill@bt.example.org", "o'neill@bt.example.org"),
        ("anna!#$@bt.example.org", "anna!#$@bt.example.org"),
        ("anna@bücher.example.org", "anna@xn--bcher-kva.example.org"),
        ("anna@XN--BCHER-KVA.example.org", "anna@xn--bcher-kva.example.org"),
        ("ａｎｎａ＠bt.example.org", "anna@bt.example.org"),  # noqa: RUF001 - full-width letters
        ("\u212aate@bt.example.org", "kate@bt.example.org"),  # the Kelvin sign
        ("anna@bt。example。org", "anna@bt.example.org"),
        (f"{'a' * 64}@bt.example.org", f"{'a' * 64}@bt.example.org"),
    ],
)
def test_addresses_that_mean_the_same_person_have_one_key(address: str, key: str) -> None:
    assert person_key(address) == key
    assert person_key(key) == key


@pytest.mark.parametrize(
    "address",
    [
        "",
        "   ",
        "anna",
        "@bt.example.org",
        "anna@",
        "anna@localhost",
        "anna@bt..example.org",
        "anna@.example.org",
        "anna@bt.example.org.",
        "anna@-bt.example.org",
        "anna@192.0.2.1",
        "anna@bt_x.example.org",
        "anna@@bt.example.org",
        "anna..x@bt.example.org",
        ".anna@bt.example.org",
        "anna @bt.example.org",
        "Anna <anna@bt.example.org>",
        "mailto:anna@bt.example.org",
        "änna@bt.example.org",
        "аnna@bt.example.org",  # noqa: RUF001 - a Cyrillic letter
        "anna\u200b@bt.example.org",
        "victim@bt.example.org＠evil.example.org",  # noqa: RUF001 - NFKC makes an @ of it
        "anna@straße.example.org",
        "anna@a\u200db.example.org",
        f"{'a' * 65}@bt.example.org",
        f"anna@{'b' * 64}.example.org",
        f"anna@{'.'.join(['b' * 60] * 5)}",
        f"anna@{'.'.join(['中文' * 10] * 11)}.example.org",
        "\ufdfa" * 100_000,
    ],
)
def test_a_text_that_is_no_address_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(BadAddressError) as caught:
        person_key(address)
    assert len(str(caught.value)) > 10
    if address.strip():
        assert address.strip() not in str(caught.value)


@given(_LOCAL, _DOMAIN)
def test_the_quick_way_and_the_careful_way_give_one_key(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    try:
        careful = person_key(f"\u2003{address}")  # not ASCII, so never the quick way
    except BadAddressError:
        careful = ""
    assert plain_key(address) in {careful, ""}


@given(st.text(max_size=40) | st.builds("{}@{}".format, _LOCAL, st.text(min_size=1, max_size=12)))
def test_a_key_is_its_own_key(text: str) -> None:
    try:
        key = person_key(text)
    except BadAddressError:
        return
    assert person_key(key) == key
    assert key.isascii()
    assert key == key.lower()


def test_most_addresses_take_the_quick_way() -> None:
    assert plain_key("Anna.O'Neill-Example+union@bt-group.example.org")
    assert not plain_key("x" * 60 + "@bt.example.org")


def test_the_platform_is_given_the_address_as_it_was_written() -> None:
    assert platform_address(" Anna@Bücher.example.org ") == "Anna@Bücher.example.org"


def test_a_person_made_quickly_is_an_ordinary_person() -> None:
    shared = ("bt", "active", ("rep",), ConsentClaim.OPTED_IN, "form", "web")
    made = new_person("a@x.example.org", "A@x.example.org", 3, "Anna", "17", NOW, shared)
    usual = RosterPerson(
        "a@x.example.org",
        "A@x.example.org",
        3,
        name="Anna",
        tenant="bt",
        status="active",
        roles=("rep",),
        external_id="17",
        consent=ConsentClaim.OPTED_IN,
        consent_at=NOW,
        consent_basis="form",
        consent_source="web",
    )
    assert made == usual
    assert hash(made) == hash(usual)
    assert type(made) is RosterPerson
    with pytest.raises(AttributeError):
        made.name = "x"  # type: ignore[misc]
