"""Schemathesis asks every operation for what it describes and for what it does not: no fault of ours, no undescribed answer."""

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.api.program import Ask
from tests.web.console.running import ConsoleHandle
from workplace_sync.web.api.application import add_operations, description

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_EXAMPLES = 12


def _described() -> dict[str, object]:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_operations(app)
    return description(app)


_known: dict[str, object] = {}
schema = schemathesis.openapi.from_dict(_described())


@schema.parametrize()
@settings(
    max_examples=_EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.slow
def test_no_operation_fails_or_answers_as_it_does_not_say(
    case: "schemathesis.Case[Any]", served: ConsoleHandle, program: Ask
) -> None:
    there = _there(served, program)
    for name, value in (case.path_parameters or {}).items():
        if len(str(value)) % 2:  # else the path leads nowhere, which is a case as well
            case.path_parameters[name] = there[name]
    case.call_and_validate(
        base_url=served.url,
        headers={"Authorization": f"Bearer {program('grace').secret}"},
        checks=_CHECKS,
    )


def _there(served: ConsoleHandle, program: Ask) -> dict[str, object]:
    """Return values of path parameters that lead somewhere."""
    if not _known:
        assert served.plan is not None
        entry = program("joan").read("/audit", kind="member.departed")["items"][0]
        _known.update(
            plan_id=served.plan.id,
            group="prospect-bt",
            seq=entry["seq"],
            person=entry["person"]["reference"],
            incident_id=program("joan").read("/incidents")["items"][0]["id"],
            policy_id=program("joan").read("/policies")["policies"][0]["id"],
            run_id=program("joan").read("/runs")["items"][0]["id"],
        )
    return _known
