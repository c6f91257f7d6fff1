"""Shares, seals and officers' keys, by themselves."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from workplace_sync.errors import CaseError, SettingsError
from workplace_sync.store import sealing
from workplace_sync.store.case_key import padded, unpadded
from workplace_sync.store.sharing import Share, join, split


@given(st.binary(min_size=1, max_size=40), st.integers(2, 255), st.data())
def test_any_two_shares_make_the_secret(secret: bytes, number: int, data: st.DataObject) -> None:
    shares = split(secret, number, data.draw(st.binary(min_size=len(secret), max_size=len(secret))))
    one, other = data.draw(st.permutations(range(number)))[:2]
    assert join([shares[one], shares[other]]) == secret


@pytest.mark.parametrize("place", [1, 2, 77, 255])
def test_one_share_fits_every_secret_equally_often(place: int) -> None:
    for secret in range(0, 256, 51):
        seen = {split(bytes([secret]), 255, bytes([slope]))[place - 1].points for slope in range(256)}
        assert len(seen) == 256, "whatever the secret, each value of the share comes from exactly one slope"


def test_a_flat_line_is_enough_by_itself() -> None:
    assert {join([share]) for share in split(b"secret", 3, bytes(6))} == {b"secret"}


def test_what_cannot_be_split_or_joined_is_refused() -> None:
    for number, slope in ((0, b"x"), (256, b"x"), (2, b"xy")):
        with pytest.raises(ValueError, match="split"):
            split(b"s", number, slope)
    with pytest.raises(ValueError, match="one share"):
        join([Share(1, b"a"), Share(1, b"b")])


@given(st.binary(max_size=100), st.integers(1, 64))
def test_padding_gives_whole_blocks_and_comes_off(content: bytes, block: int) -> None:
    assert len(padded(content, block)) % block == 0
    assert unpadded(padded(content, block)) == content


def test_what_is_sealed_to_one_key_and_purpose_opens_with_no_other() -> None:
    mine, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    sealed = sealing.seal_to(mine.public_key().public_bytes_raw(), b"who", "share/A/bryn")
    assert sealing.open_with(mine, sealed, "share/A/bryn") == b"who"
    for key, info in ((other, "share/A/bryn"), (mine, "share/B/bryn")):
        with pytest.raises(CaseError, match="does not open"):
            sealing.open_with(key, sealed, info)
    with pytest.raises(CaseError, match="does not open"):
        sealing.open_with(mine, sealed[:-1] + bytes([sealed[-1] ^ 1]), "share/A/bryn")


def test_an_identity_of_one_case_does_not_open_as_that_of_another() -> None:
    key = X25519PrivateKey.generate()
    sealed = sealing.seal_identity(b"who", "A", [("bryn", key.public_key().public_bytes_raw())], 1, os.urandom)
    share = sealing.open_share(sealed.shares[0], "A", key)
    assert sealing.open_identity(sealed.sealed, "A", sealing.data_key([share], 1)) == b"who"
    with pytest.raises(CaseError, match="do not open"):
        sealing.open_identity(sealed.sealed, "B", sealing.data_key([share], 1))
    with pytest.raises(CaseError, match="too few"):
        sealing.seal_identity(b"who", "A", [], 1, os.urandom)


@settings(max_examples=2, deadline=None)
@given(st.text(min_size=12, max_size=30).filter(str.isprintable))
def test_an_officers_key_opens_with_its_passphrase_alone(passphrase: str) -> None:
    key = X25519PrivateKey.generate()
    file = sealing.write_officer_key(key, passphrase, os.urandom)
    assert key.private_bytes_raw().hex() not in file.decode()
    assert sealing.read_officer_key(file, passphrase).private_bytes_raw() == key.private_bytes_raw()
    with pytest.raises(SettingsError, match="passphrase"):
        sealing.read_officer_key(file, passphrase + "x")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a\nb\nc\n", b"workplace-sync officer key v1\nxx\nyy\n"])
def test_another_file_is_no_officers_key(content: bytes) -> None:
    with pytest.raises(SettingsError, match="no officer's key"):
        sealing.read_officer_key(content, "whatever it may be")
