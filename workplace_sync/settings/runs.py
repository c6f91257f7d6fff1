"""How runs of one group are kept apart, reviewed and measured."""

from pydantic import Field
from pydantic_settings import BaseSettings


class RunSettings(BaseSettings):
    """How runs of one group are kept apart, reviewed and measured."""

    lease_seconds: float = Field(
        60.0,
        ge=1,
        le=3600,
        description="Seconds after which a run of which nothing is heard has lost its group. It gives a sign of life "
        "three times in that time. Never less is used than one and a half times what a request to the platform may "
        "take (CONNECT_TIMEOUT and READ_TIMEOUT).",
    )
    second_approver_from: int = Field(
        500,
        ge=0,
        description="From how many changes on, waiting in one plan, two people have to approve it, neither of them the one "
        "who asked for it. 0 for one approval, however many.",
    )
    second_approver_for_guards: bool = Field(
        False,
        description="Whether a plan that a rule over the whole plan holds needs two approvals, however small it is.",
    )
    groups_at_once: int = Field(
        4, ge=1, le=64, description="How many groups `reconcile` works on at once; each takes its own turn in writing."
    )
    enqueue_approved: bool = Field(
        False,
        description="Whether the last approval that a plan needs puts it into the queue, for a worker to carry it out at "
        "once. Without it the next `reconcile` does. It needs PostgreSQL.",
    )
