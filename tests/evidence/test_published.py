"""A checkpoint is found in whatever form somebody has kept it."""

import pytest

from tests.evidence.trees import ORIGIN, make_signer
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint
from workplace_sync.evidence.published import find_checkpoint

SIGNER = make_signer()
NOTE = Checkpoint(ORIGIN, 7, bytes(range(32))).signed(SIGNER)
COSIGNED = NOTE + "\u2014 witness.example.org/w1 AAAAAAAA\n"


@pytest.mark.parametrize(
    "kept",
    [
        NOTE,
        NOTE.replace("\n", "\r\n"),
        "\ufeff" + NOTE,
        NOTE.rstrip("\n"),
        "Dear all,\nhere is the log of today:\n\n" + NOTE + "\nYours, Ada\n",
        "".join(f"> {line}\n" for line in NOTE.splitlines()),
        "".join(f"    {line}  \n" for line in NOTE.splitlines()),
        NOTE.replace("\u2014", "--"),
        NOTE.replace("\u2014", "-"),
        NOTE.replace("\n\n", "\n"),
        f"{ORIGIN}\nis the name of the log\n" + NOTE,
        f"{ORIGIN}\n7\nno root\n\nno signature\n" + NOTE,
    ],
)
def test_a_kept_checkpoint_is_found_in_its_exact_form(kept: str) -> None:
    found = find_checkpoint(kept, ORIGIN)
    assert found == NOTE
    assert open_checkpoint(found, SIGNER.verifier).size == 7


def test_all_signatures_are_found() -> None:
    assert find_checkpoint(COSIGNED + "\nbye", ORIGIN) == COSIGNED


@pytest.mark.parametrize(
    "kept", ["", ORIGIN, f"{ORIGIN}\n7\n", NOTE.partition("\n\n")[0], NOTE.replace("/log", "/other")]
)
def test_where_there_is_none_it_is_told(kept: str) -> None:
    with pytest.raises(EvidenceError, match="no signed checkpoint"):
        find_checkpoint(kept, ORIGIN)
