"""Webhooks as the platform sends them: the question to the address first, then each change of a membership or account.

The envelope and both signatures are documented; what an `actor` looks like, whether there is one, and the verb of a
removal are not, so they are switches. What the address does not answer with 2xx is sent again: at once, then ever more
rarely, for 36 hours. Nothing here is sent in order when it has to be sent again.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlencode

from workplace_sync.sandbox.faults import Faults
from workplace_sync.sandbox.ledger import Change, Entry
from workplace_sync.sandbox.people import Person
from workplace_sync.sandbox.post_office import Letter, PostOffice, ask
from workplace_sync.sandbox.switches import Switches
from workplace_sync.sandbox.world import Tenant, World

TOPICS = {"membership": "group", "admin_activity": "workplace_security"}  # field -> the envelope's object
RETRIES = (0.0, 60.0, 600.0, 3_600.0, 21_600.0, 43_200.0, 57_600.0)  # seconds after the try before

_VERBS = {"added": "add", "removed": ""}  # the latter's is a switch
_WRONG = "not the app's secret"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a tenant's webhooks go, which fields, and when a delivery is tried again."""

    callback_url: str
    fields: frozenset[str]
    retry_after: tuple[float, ...] = RETRIES


class RefusedError(Exception):
    """The address did not answer the question as one that wants webhooks does; the text says how it did."""


@dataclass(slots=True)
class Webhooks:
    """The tenants' subscriptions, and everything that was sent."""

    world: World
    switches: Switches
    faults: Faults
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    office: PostOffice = field(default_factory=PostOffice)

    def subscribe(self, tenant: str, subscription: Subscription) -> None:
        """Send a tenant's webhooks there from now on."""
        self.subscriptions[tenant] = subscription

    def hear_membership(self, entry: Entry) -> None:
        """Tell the group's companies of a membership that changed."""
        group = self.world.groups.get(entry.group)
        if group is None or group.is_community or entry.verb not in _VERBS:
            return
        person = self.world.people[entry.member]
        value: dict[str, object] = {"verb": _VERBS[entry.verb] or self.switches.webhook_removal_verb}
        actor = self._actor(entry.by, person)
        if actor is not None:
            value["actor"] = actor
        value["member"] = {"id": person.id, "name": person.name}
        for tenant in group.tenants:
            self._send(tenant, "membership", group.id, entry.at, value)

    def hear_account(self, change: Change, person: Person) -> None:
        """Tell the person's company of an account that was switched off or on."""
        at, admin = float(str(change["at"])), self._admin(self.world.tenants[person.tenant])
        community = self.world.tenants[person.tenant].community.id
        value: dict[str, object] = {
            "event": "ADMIN_ACTIVATE_ACCOUNT" if change["active"] else "ADMIN_DEACTIVATE_ACCOUNT",
            "target_id": person.id,
            "target_email": person.email,
            "target_community_id": community,
            "target_company_id": community,
            "timestamp": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "ip": "192.0.2.1",
            "ip_country": "GB",
            "browser_name": "Firefox",
            "browser_os": "Linux",
            "useragent": "sandbox",
        }
        if self.switches.webhook_actor != "absent":
            value |= {"actor_id": admin.id, "actor_email": admin.email}
        self._send(person.tenant, "admin_activity", community, at, value)

    def send(self, tenant: Tenant, body: bytes) -> None:
        """Send a body of any kind to the tenant's address, signed as every delivery is."""
        subscription = self.subscriptions[tenant.name]
        faults = self.faults
        if faults.ambient("webhook_lost", tenant.name):
            return
        secret = _WRONG if faults.ambient("webhook_bad_signature", tenant.name) else tenant.app_secret
        twice = faults.ambient("webhook_duplicate", tenant.name)
        for _ in range(1 if twice is None else twice.number("times") or 1):
            headers = sign(body, secret, self.switches.webhook_signatures)
            letter = Letter(
                len(self.letters) + 1, tenant.name, subscription.callback_url, body, headers, subscription.retry_after
            )
            self.letters.append(letter)
            self.office.post(letter)

    def _send(self, tenant_name: str, name: str, about: str, at: float, value: Mapping[str, object]) -> None:
        subscription = self.subscriptions.get(tenant_name)
        if subscription is None or name not in subscription.fields:
            return
        late = self.faults.ambient("webhook_late", tenant_name)
        told = int(at) - (0 if late is None else late.number("seconds") or 0)
        change = {"field": name, "value": value}
        envelope = {"object": TOPICS[name], "entry": [{"id": about, "time": told, "changes": [change]}]}
        self.send(self.world.tenants[tenant_name], json.dumps(envelope, separators=(",", ":")).encode())

    def _actor(self, by: str, member: Person) -> object:
        tenant = self.world.tenants[member.tenant]
        if by == "api":
            actor = {"id": tenant.app_id, "name": "Membership integration"}
        else:
            person = member if by == "member" else self._admin(tenant)
            actor = {"id": person.id, "name": person.name}
        return {"object": actor, "id": actor["id"], "absent": None}[self.switches.webhook_actor]

    def _admin(self, tenant: Tenant) -> Person:
        """Return the employer's administrator: who owns the company's big group."""
        owners = [group.owner for group in tenant.community.children if group.role == "source" and group.owner]
        return owners[0] if owners else next(iter(tenant.community.members))


def sign(body: bytes, secret: str, which: str) -> dict[str, str]:
    """Return the signature headers: `which` is both, sha1 or sha256."""
    made = {
        "sha1": ("X-Hub-Signature", hashlib.sha1),
        "sha256": ("X-Hub-Signature-256", hashlib.sha256),
    }
    return {
        header: f"{name}={hmac.new(secret.encode(), body, digest).hexdigest()}"
        for name, (header, digest) in made.items()
        if which in {"both", name}
    }


def ask_address(callback_url: str, verify_token: str) -> None:
    """Put the question to an address; raises RefusedError unless it answers with the challenge, bare."""
    challenge = str(secrets.randbelow(10**10))
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    status, body = ask(f"{callback_url}?{urlencode(query)}")
    if status != HTTPStatus.OK:
        raise RefusedError(f"callback_url: answered {status}" if status else "callback_url: did not answer")
    if body != challenge.encode():
        raise RefusedError("callback_url: did not answer with the challenge")


def shown(letters: Sequence[Letter]) -> list[dict[str, object]]:
    """Return what was sent, as `GET /_control/webhooks` shows it."""
    return [
        {
            "n": letter.n,
            "tenant": letter.tenant,
            "body": letter.body.decode("utf-8", "replace"),
            "digest": hashlib.sha256(letter.body).hexdigest(),
            "attempts": list(letter.attempts),
            "seconds": list(letter.seconds),
            "done": letter.done,
        }
        for letter in letters
    ]
