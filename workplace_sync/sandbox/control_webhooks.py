"""Webhooks: where they go, what was sent, and any body on demand."""

import asyncio
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from workplace_sync.sandbox.control_finder import Finder
from workplace_sync.sandbox.state import Sandbox
from workplace_sync.sandbox.webhooks import RETRIES, TOPICS, RefusedError, Subscription, ask_address, shown

Shown = dict[str, object]
_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class SubscriptionDocument(BaseModel):
    """Where a tenant's webhooks are to go."""

    model_config = ConfigDict(extra="forbid")

    tenant: str
    callback_url: str
    verify_token: str
    fields: list[str] = list(TOPICS)
    retry_after: list[_Seconds] = list(RETRIES)


class SettleDocument(BaseModel):
    """How long to wait at most."""

    model_config = ConfigDict(extra="forbid")

    seconds: _Seconds = 10.0


class SendDocument(BaseModel):
    """A body to be sent to a tenant's address as it stands."""

    model_config = ConfigDict(extra="forbid")

    tenant: str
    body: str


class WebhookPaths:
    """The paths under webhooks."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.find = sandbox, Finder(sandbox)

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route("/webhooks", self.subscribe, methods=["POST"])
        router.add_api_route("/webhooks", self.show, methods=["GET"])
        router.add_api_route("/webhooks", self.unsubscribe, methods=["DELETE"])
        router.add_api_route("/webhooks/settle", self.settle, methods=["POST"])
        router.add_api_route("/webhooks/send", self.send, methods=["POST"])
        return router

    async def subscribe(self, document: SubscriptionDocument) -> Shown:
        """Put the question to the address, and send webhooks there if it gives the right answer."""
        self.find.tenant(document.tenant)
        unknown = sorted(set(document.fields) - set(TOPICS))
        if unknown:
            raise HTTPException(422, f"fields: {', '.join(unknown)} is none of {', '.join(TOPICS)}")
        if urlsplit(document.callback_url).scheme not in {"http", "https"}:
            raise HTTPException(422, "callback_url: is no web address")
        try:
            await asyncio.to_thread(ask_address, document.callback_url, document.verify_token)
        except RefusedError as refused:
            raise HTTPException(422, str(refused)) from None
        subscription = Subscription(document.callback_url, frozenset(document.fields), tuple(document.retry_after))
        self.sandbox.webhooks.subscribe(document.tenant, subscription)
        return {"success": True}

    async def show(self) -> Shown:
        """Return where webhooks go, and what was sent."""
        webhooks = self.sandbox.webhooks
        where = {tenant: each.callback_url for tenant, each in webhooks.subscriptions.items()}
        return {"subscriptions": where, "deliveries": shown(webhooks.letters)}

    async def unsubscribe(self) -> Shown:
        """Send no more webhooks; what is on its way stays so."""
        self.sandbox.webhooks.subscriptions.clear()
        return {"success": True}

    async def settle(self, document: SettleDocument) -> Shown:
        """Wait until everything sent was answered or given up."""
        return {"waiting": await asyncio.to_thread(self.sandbox.webhooks.office.settle, document.seconds)}

    async def send(self, document: SendDocument) -> Shown:
        """Send a body, signed, whatever it is."""
        tenant = self.find.tenant(document.tenant)
        if tenant.name not in self.sandbox.webhooks.subscriptions:
            raise HTTPException(422, f"tenant: {tenant.name} has no address for webhooks")
        self.sandbox.webhooks.send(tenant, document.body.encode())
        return {"success": True}
