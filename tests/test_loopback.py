"""What stays on this machine."""

import pytest

from workplace_sync.loopback import is_private


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.example.org/x",
        "https://[2001:db8::1]/x",
        "http://localhost:8/x",
        "http://127.0.0.1",
        "HTTP://[::1]:80/",
    ],
)
def test_what_is_encrypted_or_stays_here_is_private(url: str) -> None:
    assert is_private(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.example.org",
        "http://127.0.0.1.example.org",
        "ftp://localhost",
        "https://",
        "https:///x",
        "https://[",
        "",
        "x",
    ],
)
def test_what_goes_out_in_the_open_or_is_no_address_is_not(url: str) -> None:
    assert not is_private(url)
