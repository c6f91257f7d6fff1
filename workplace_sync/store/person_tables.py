"""Which tables hold people, by which columns, and what becomes of their rows when somebody is erased.

Every table of the schema is named here, so that a new one cannot hold people unnoticed; a test sees to it.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Table

from workplace_sync.store.tables import metadata


class Way(StrEnum):
    """What becomes of a table's rows about a person who is erased."""

    DELETED = "deleted"
    STAND_IN = "kept under a stand-in"  # where somebody has to be told from others, as for the size of a group
    NOBODY = "kept as somebody's"
    OPENING = "deleted, while the entry stays"
    NONE = "about nobody"  # committee members apart, by the names they act under


@dataclass(frozen=True, slots=True)
class About:
    """How a table's rows say whom they are about: by person keys in one column, by accounts in others."""

    way: Way
    key: str = ""
    accounts: tuple[str, ...] = ()


_BY_KEY_AND_ACCOUNT = ("key", ("platform_id",))

ABOUT: dict[str, About] = {
    "desired": About(Way.DELETED, "key"),
    "consent_event": About(Way.DELETED, "key"),
    "departure": About(Way.DELETED, *_BY_KEY_AND_ACCOUNT),
    "invitation": About(Way.DELETED, "key"),
    "legal_hold": About(Way.DELETED, "key"),
    "rejection": About(Way.DELETED, "key"),
    "access_read": About(Way.DELETED, "key"),
    "presence": About(Way.STAND_IN, *_BY_KEY_AND_ACCOUNT),
    "departure_event": About(Way.STAND_IN, *_BY_KEY_AND_ACCOUNT),
    "webhook_hint": About(Way.STAND_IN, "", ("member_platform_id", "actor_platform_id")),
    "change": About(Way.NOBODY, "key"),
    "operation": About(Way.NOBODY, "key"),
    "opening": About(Way.OPENING, "subject"),
    **dict.fromkeys(
        (
            "roster_import",
            "snapshot",
            "plan",
            "review",
            "activation",
            "evidence_head",
            "evidence_entry",
            "evidence_tile",
            "evidence_checkpoint",
            "citing_class",
            "publication",
            "witness",
            "cosignature",
            "time_stamp",
            "erasure",
            "suppression",
            "reading_mark",  # a sum of hashes, forgotten as soon as anybody is erased
            "suspect",  # by the number of an interval of presence
            "blind_period",
            "incident",
            "incident_note",  # a text of somebody's, which is told where it names the person
            "engagement",
            "webhook_delivery",  # a body waits here until it is read, which is told where it names the person
            "observation_wish",
            "webhook_refusal",
            "lease",
            "run",
            "notice",
            "account",
            "session",
            "sign_on",
            "api_token",
            "try",
            "escalation",  # cases, by pseudonym; who reported is not in it
            "escalation_event",
            "escalation_text",  # encrypted: what is in it goes when the case's time is over, see jobs/case_keeping.py
            "escalation_file",
            "escalation_receipt",
            "vault",  # sealed to officers: nobody else can tell whom it is about
            "vault_share",
            "vault_request",
            "quarterly_report",  # figures alone
            "report_text",  # a text that an officer has approved to leave the union
        ),
        About(Way.NONE),
    ),
}

HASHES = frozenset(
    {"evidence_head", "evidence_entry", "evidence_tile", "evidence_checkpoint", "suppression", "erasure"}
)
"""Tables that hold nothing but numbers, hashes and signatures: no name can be in them."""


def tables_about(*ways: Way) -> list[tuple[Table, About]]:
    """Return the tables that treat people in one of these ways; one whose module was not imported, as no database is open, is left out."""
    known = metadata.tables
    return [(known[name], about) for name, about in ABOUT.items() if about.way in ways and name in known]
