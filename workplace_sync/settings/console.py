"""The console: where it is served, who may log in, how long a session lasts."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

from workplace_sync.loopback import LOOPBACK
from workplace_sync.settings.values import shown

_ROLES = ("rep", "admin", "auditor", "owner", "officer")


def _words(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _roles(value: object) -> object:
    """Return what each group of the single sign-on means, from `group=role@groups,...`; raises ValueError."""
    if not isinstance(value, str):
        return value
    found = {}
    for part in filter(None, (piece.strip() for piece in value.split(","))):
        group, equals, meaning = (piece.strip() for piece in part.partition("="))
        role, _, where = meaning.partition("@")
        if not group or not equals or role not in _ROLES or not where:
            raise ValueError("should be like reps-bt=rep@prospect-bt,committee=admin@*")
        found[group] = meaning
    return found


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class ConsoleSettings(BaseSettings):
    """The console: where it is served, who may log in, how long a session lasts."""

    console_url: str = Field(
        "",
        description="The console's address as people type it, like https://sync.union.example.org. Needed wherever it "
        "is reached from another machine; it must be https then.",
        json_schema_extra=shown("not set: this machine alone, over http"),
    )
    console_hosts: Words = Field(
        (),
        description="More host names under which the console answers, separated by commas. Any other is refused.",
        json_schema_extra=shown("none"),
    )
    console_proxies: Words = Field(
        ("127.0.0.1", "::1"),
        description="The addresses of the proxies in front of the console, separated by commas: whom to believe for "
        "which client it is (X-Forwarded-For).",
        json_schema_extra=shown("127.0.0.1,::1"),
    )
    console_body_limit: int = Field(
        100_000, ge=10_000, le=100_000_000, description="The largest form the console takes, in bytes; uploads apart."
    )
    console_upload_limit: int = Field(
        20_000_000, ge=10_000, le=1_000_000_000, description="The largest file that can be uploaded, in bytes."
    )
    session_idle_minutes: int = Field(
        60, ge=5, le=60 * 24 * 7, description="Minutes without a click after which somebody is logged out."
    )
    session_hours: int = Field(12, ge=1, le=24 * 30, description="Hours after which somebody has to log in again.")
    oidc_issuer: str = Field(
        "",
        description="The address of a single sign-on (OpenID Connect) with which people may log in.",
        json_schema_extra=shown("not set: passwords alone"),
    )
    oidc_client_id: str = Field(
        "", description="The console's name at the single sign-on.", json_schema_extra=shown("not set")
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="The console's secret there.", json_schema_extra=shown("not set")
    )
    oidc_name_claim: str = Field(
        "preferred_username",
        description="Which claim is the name that the people file knows. Choose one that people cannot change "
        "themselves; the first login under a name keeps it for that identity.",
    )
    oidc_groups_claim: str = Field("groups", description="Which claim lists the groups somebody is in there.")
    oidc_roles: Annotated[dict[str, str], NoDecode, BeforeValidator(_roles)] = Field(
        default_factory=dict,
        description="What a group there means here: group=role@groups, separated by commas, as in "
        "`reps-bt=rep@prospect-bt,committee=admin@*`. A name that is in the people file has its roles from there.",
        json_schema_extra=shown("none"),
    )

    @field_validator("console_url", "oidc_issuer")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        local = parts.hostname in LOOPBACK
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("should be like https://sync.union.example.org")
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise ValueError("should begin with https://, for passwords and names go over it")
        return value.rstrip("/")

    @property
    def console_https(self) -> bool:
        """Whether people reach the console over HTTPS."""
        return self.console_url.startswith("https://")

    @property
    def console_trusted_hosts(self) -> frozenset[str]:
        """The host names under which the console answers, without ports."""
        own = urlsplit(self.console_url).hostname
        return frozenset(host.lower() for host in (*LOOPBACK, "[::1]", *self.console_hosts, *([own] if own else [])))
