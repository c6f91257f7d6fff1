"""Puts the receiver of webhooks together from an opened application."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import FastAPI

from workplace_sync.app import Application
from workplace_sync.errors import SettingsError
from workplace_sync.jobs import webhooks as jobs
from workplace_sync.jobs.webhooks import WatchedGroup
from workplace_sync.store.webhooks import Delivery
from workplace_sync.web.intake import Intake, Turn
from workplace_sync.web.webhooks import Terms, make_app


@dataclass(frozen=True, slots=True)
class Receiving:
    """The application to serve, the intake that must run while it is served, and the groups it is for."""

    app: FastAPI
    intake: Intake[Delivery]
    watched: Sequence[WatchedGroup]


def open_receiving(opened: Application) -> Receiving:
    """Return the receiver for every group whose file names an app secret.

    Raises SettingsError where there is none, or a secret is not set; and what opening the books raises.
    """
    watched = [
        WatchedGroup(name, group.platform.group_id, group.platform.app_secret_env)
        for name, group in opened.groups().items()
        if group.platform.app_secret_env
    ]
    terms = _terms(opened, watched)
    office, database = opened.office, opened.database

    def keep(deliveries: Sequence[Delivery]) -> None:
        jobs.keep(database, deliveries)

    def process(turn: Turn) -> int:
        return jobs.process_waiting(office, watched, turn=turn)

    def count(refused: Mapping[str, int]) -> None:
        jobs.count_refused(database, office.now(), refused)

    intake = Intake(keep, process, count)
    return Receiving(make_app(terms, intake, office.now), intake, watched)


def _terms(opened: Application, watched: Sequence[WatchedGroup]) -> Terms:
    settings = opened.settings
    if settings.webhook_verify_token is None:
        raise SettingsError(
            "The verify token of the webhooks is not set.",
            hint="Put WORKPLACE_SYNC_WEBHOOK_VERIFY_TOKEN into .env, and the same into the integration's webhook settings.",
        )
    if not watched:
        raise SettingsError(
            "No group file names an app secret, so no webhook could be told from a forged one.",
            hint="Put app_secret_env into the group file, under platform, and the secret into .env.",
        )
    return Terms(
        settings.webhook_verify_token.get_secret_value(),
        {one.secret: settings.secret(one.secret).get_secret_value().encode() for one in watched},
        sha1_suffices=settings.webhook_sha1_suffices,
        body_limit=settings.webhook_body_limit,
    )
