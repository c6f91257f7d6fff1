"""Faults, switches and tokens: what a test sets."""

import time
from typing import Annotated

from fastapi import APIRouter, Body, HTTPException
from pydantic import BaseModel, ConfigDict

from workplace_sync.sandbox.building import make_token
from workplace_sync.sandbox.control_finder import Finder
from workplace_sync.sandbox.faults import KINDS, Value
from workplace_sync.sandbox.state import Sandbox
from workplace_sync.sandbox.switches import describe_switches
from workplace_sync.sandbox.world import PERMISSIONS

Shown = dict[str, object]


class TokenDocument(BaseModel):
    """A token to make. `groups` None: for the whole community."""

    model_config = ConfigDict(extra="forbid")

    tenant: str
    permissions: list[str]
    groups: list[str] | None = None


class Settings:
    """The paths under faults, switches and tokens."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.find = sandbox, Finder(sandbox)

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route("/faults", self.add_fault, methods=["POST"])
        router.add_api_route("/faults", self.faults, methods=["GET"])
        router.add_api_route("/faults", self.clear_faults, methods=["DELETE"])
        router.add_api_route("/faults/kinds", self.kinds, methods=["GET"])
        router.add_api_route("/faults/{fault_id}", self.delete_fault, methods=["DELETE"])
        router.add_api_route("/switches", self.switches, methods=["GET"])
        router.add_api_route("/switches", self.set_switches, methods=["POST"])
        router.add_api_route("/tokens", self.add_token, methods=["POST"])
        return router

    async def add_fault(self, document: Annotated[dict[str, Value], Body()]) -> Shown:
        """Set a fault."""
        tenant = document.get("tenant")
        if tenant is not None and tenant not in self.sandbox.world.tenants:
            raise HTTPException(422, f"tenant: no tenant {tenant!r}")
        try:
            return {"id": self.sandbox.faults.add(document).id}
        except ValueError as fault:
            raise HTTPException(422, str(fault)) from None

    async def faults(self) -> Shown:
        """Return the faults that are set."""
        return {"faults": [fault.shown() for fault in self.sandbox.faults.set.values()]}

    async def kinds(self) -> Shown:
        """Return every kind of fault with its defaults."""
        return {"kinds": {name: {"does": kind.does, "defaults": kind.all_defaults()} for name, kind in KINDS.items()}}

    async def clear_faults(self) -> Shown:
        """Take every fault away."""
        self.sandbox.faults.set.clear()
        return {"success": True}

    async def delete_fault(self, fault_id: int) -> Shown:
        """Take one fault away."""
        if self.sandbox.faults.set.pop(fault_id, None) is None:
            raise HTTPException(404, f"no fault {fault_id}")
        return {"success": True}

    async def switches(self) -> Shown:
        """Return the switches, and their defaults and choices."""
        return {"switches": self.sandbox.switches.values(), "described": describe_switches()}

    async def set_switches(self, document: Annotated[dict[str, object], Body()]) -> Shown:
        """Set some switches, all or none."""
        try:
            self.sandbox.ledger.record("switches", time.time(), set=document)
        except ValueError as fault:
            raise HTTPException(422, str(fault)) from None
        return {"switches": self.sandbox.switches.values()}

    async def add_token(self, document: TokenDocument) -> Shown:
        """Make a token with those permissions."""
        tenant = self.find.tenant(document.tenant)
        unknown = sorted(set(document.permissions) - set(PERMISSIONS))
        if unknown:
            raise HTTPException(422, f"permissions: {', '.join(unknown)} is none of {', '.join(PERMISSIONS)}")
        token = make_token(self.sandbox.options.seed, tenant.name, str(self.sandbox.world.made))
        self.sandbox.ledger.record("token", time.time(), token=token, **document.model_dump())
        return {"token": token}
