"""Who may ask for what: one row an operation, the roles that are let in, and the scope that a token needs for it."""

from collections.abc import Mapping

from tests.web.console.authorisation import ANYBODY, DECIDERS, READERS

ROWS: Mapping[str, tuple[frozenset[str], str]] = {
    "GET /api/v1/openapi.json": (ANYBODY, ""),
    "GET /api/v1/status": (READERS, "groups:read"),
    "GET /api/v1/groups": (READERS, "groups:read"),
    "GET /api/v1/groups/{group}": (READERS, "groups:read"),
    "GET /api/v1/plans": (READERS, "plans:read"),
    "GET /api/v1/plans/{plan_id}": (READERS, "plans:read"),
    "GET /api/v1/plans/{plan_id}/changes": (READERS, "plans:read"),
    "POST /api/v1/plans/{plan_id}/changes/search": (READERS, "plans:read"),
    "GET /api/v1/plans/{plan_id}/drift": (READERS, "plans:read"),
    "POST /api/v1/plans/{plan_id}/approve": (DECIDERS, "plans:review"),
    "POST /api/v1/plans/{plan_id}/reject": (DECIDERS, "plans:review"),
    "GET /api/v1/audit": (READERS, "audit:read"),
    "POST /api/v1/audit/search": (READERS, "audit:read"),
    "GET /api/v1/audit/{seq}": (READERS, "audit:read"),
    "GET /api/v1/audit/{seq}/proof": (READERS, "audit:read"),
    "POST /api/v1/people/search": (READERS, "people:read"),
    "GET /api/v1/people/{person}": (READERS, "people:read"),
    "GET /api/v1/people/{person}/why": (READERS, "people:read"),
    "POST /api/v1/consent": (DECIDERS, "consent:write"),
    "POST /api/v1/roster/{group}/preview": (DECIDERS, "roster:upload"),
    "GET /api/v1/incidents": (READERS, "incidents:read"),
    "GET /api/v1/incidents/{incident_id}": (READERS, "incidents:read"),
    "GET /api/v1/incidents/{incident_id}/people": (READERS, "incidents:read"),
    "GET /api/v1/policies": (READERS, "policies:read"),
    "GET /api/v1/policies/{policy_id}": (READERS, "policies:read"),
    "GET /api/v1/evidence": (READERS, "evidence:read"),
    "GET /api/v1/evidence/consistency": (READERS, "evidence:read"),
    "GET /api/v1/runs": (READERS, "runs:read"),
    "GET /api/v1/runs/{run_id}": (READERS, "runs:read"),
}
"""What is not let in is answered with 401 or 403; what then becomes of the request is the operation's own test."""
