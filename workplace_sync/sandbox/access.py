"""Who is calling, and what they may do: tokens, proofs, permissions."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from workplace_sync.sandbox.calls import Call
from workplace_sync.sandbox.failures import GraphError
from workplace_sync.sandbox.groups import Group
from workplace_sync.sandbox.people import Person
from workplace_sync.sandbox.state import Sandbox
from workplace_sync.sandbox.world import Tenant

PROOF_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Access:
    """What this call may do. `groups` None means every group of the community."""

    tenant: Tenant
    permissions: frozenset[str]
    groups: frozenset[str] | None
    missing_code: int

    def require(self, *wanted: str) -> None:
        """Raise GraphError (10, or as switched) unless every permission named was granted."""
        lacking = [each for each in wanted if each not in self.permissions]
        if lacking:
            raise GraphError(self.missing_code, f"(#{self.missing_code}) Requires {', '.join(lacking)} permission")

    def require_one(self, *wanted: str) -> None:
        """Raise GraphError (10, or as switched) unless one of the permissions named was granted."""
        if self.permissions.isdisjoint(wanted):
            raise GraphError(self.missing_code, f"(#{self.missing_code}) Requires {' or '.join(wanted)} permission")

    def sees_group(self, group: Group) -> bool:
        """Whether the token sees the group."""
        inside = self.tenant.name in group.tenants
        return inside and (self.groups is None or group.is_community or group.id in self.groups)

    def sees_person(self, person: Person) -> bool:
        """Whether the person is of the token's own company."""
        return person.tenant == self.tenant.name


def admit_call(sandbox: Sandbox, call: Call) -> Access:
    """Return what the call may do; raises GraphError 190 for a bad token, 100 for a bad proof."""
    switches = sandbox.switches
    if not call.token:
        raise _bad_token(sandbox, "An access token is required to request this resource.", None)
    grant = sandbox.world.tokens.get(call.token)
    if grant is None:
        raise _bad_token(sandbox, "Invalid OAuth access token.", None)
    revoked = sandbox.faults.ambient("token_revoked", grant.tenant)
    if revoked is not None:
        message = "Error validating access token: the integration was disabled, or its token was changed."
        raise _bad_token(sandbox, message, revoked.number("subcode"))
    tenant = sandbox.world.tenants[grant.tenant]
    _check_proof(sandbox, call, tenant)
    permissions = grant.permissions - sandbox.faults.removed_permissions(grant.tenant)
    return Access(tenant, permissions, grant.groups, switches.missing_permission_code)


def _bad_token(sandbox: Sandbox, message: str, subcode: int | None) -> GraphError:
    return GraphError(190, message, subcode=subcode, status=sandbox.switches.invalid_token_status)


def _check_proof(sandbox: Sandbox, call: Call, tenant: Tenant) -> None:
    proof, stamp = call.text("appsecret_proof"), call.text("appsecret_time")
    if not proof:
        if sandbox.switches.require_proof:
            raise _bad_proof("API calls from the server require an appsecret_proof argument")
        return
    message = f"{call.token}|{stamp}" if stamp else call.token
    right = hmac.new(tenant.app_secret.encode(), message.encode(), sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), proof.encode()):
        raise _bad_proof("Invalid appsecret_proof provided in the API argument")
    if stamp and not (stamp.isdigit() and abs(call.at - int(stamp)) <= PROOF_SECONDS):
        raise _bad_proof("Invalid appsecret_time provided in the API argument", sandbox.switches.stale_proof_code)


def _bad_proof(message: str, code: int = 100) -> GraphError:
    return GraphError(code, message, kind="GraphMethodException")
