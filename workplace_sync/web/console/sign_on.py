"""Logging in at a single sign-on: OpenID Connect with the authorization code flow and PKCE.

What is asked for is written down under a cookie of this browser, and what comes back is held against it: state, nonce,
issuer, audience, times, and the signature by a key that the issuer publishes.
https://openid.net/specs/openid-connect-core-1_0.html, section 3.1
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import cast

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from pydantic import BaseModel, ValidationError

from workplace_sync.jobs.accounts import digest, fresh_secret
from workplace_sync.jobs.sessions import Claims
from workplace_sync.logs import get_logger
from workplace_sync.settings import Settings
from workplace_sync.store.sessions import SignOn
from workplace_sync.web.console.refusal import RefusalError

VALID = timedelta(minutes=10)

_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")  # none with a shared secret, and never "none"
_TIMEOUT = (3.05, 10.0)
_LEEWAY = 60  # seconds by which two clocks may differ
_NAME = re.compile(r"[^@,;:\"'<>\s]+( [^@,;:\"'<>\s]+)*")
_LONGEST_NAME = 100

_log = get_logger(__name__)


class Provider(BaseModel):
    """What the issuer says of itself (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is there: `id` is the hash of issuer and subject, `name` what they are called here."""

    id: str
    name: str
    claims: Claims


@dataclass(frozen=True, slots=True)
class Begun:
    """A login under way: where to send the browser, the secret for its cookie, and what to keep meanwhile."""

    address: str
    secret: str = field(repr=False)
    kept: SignOn = field(repr=False)


def begin(settings: Settings, answer: str, onward: str, now: datetime) -> Begun:
    """Begin a login. `answer` is the address that the browser comes back to. Raises RefusalError."""
    provider = _provider(settings.oidc_issuer)
    secret, state, nonce, verifier = (fresh_secret() for _ in range(4))
    with _client(settings, answer) as client:
        address, _ = client.create_authorization_url(
            provider.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
    return Begun(address, secret, SignOn(digest(secret), state, nonce, verifier, onward, now + VALID))


def finish(settings: Settings, answer: str, kept: SignOn, brought: Mapping[str, str], now: datetime) -> Identity:
    """Return who came back. `brought` is the query they came with. Raises RefusalError, always with the same words."""
    if not hmac.compare_digest(kept.state.encode(), brought.get("state", "").encode()) or "code" not in brought:
        raise refused("the answer does not fit what was asked")
    provider = _provider(settings.oidc_issuer)
    if "iss" in brought and brought["iss"] != provider.issuer:  # RFC 9207
        raise refused("the answer is from another issuer")
    try:
        with _client(settings, answer) as client:
            token = client.fetch_token(
                provider.token_endpoint,
                code=brought["code"],
                code_verifier=kept.verifier,
                grant_type="authorization_code",
                timeout=_TIMEOUT,
            )
        keys = KeySet.import_key_set(cast("KeySetSerialization", _fetched(provider.jwks_uri)))
        read = jwt.decode(str(token.get("id_token", "")), keys, algorithms=_ALGORITHMS)
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": settings.oidc_client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": kept.nonce},
        )
        rules.validate(read.claims)
    except (JoseError, AuthlibBaseError, requests.RequestException, ValueError, KeyError) as error:
        raise refused(f"the token is not good ({type(error).__name__})") from None
    azp = read.claims.get("azp", settings.oidc_client_id)
    if azp != settings.oidc_client_id:
        raise refused("the token is for another program")
    return _identity(settings, provider, read.claims)


def _identity(settings: Settings, provider: Provider, claims: Mapping[str, object]) -> Identity:
    name, groups = claims.get(settings.oidc_name_claim), claims.get(settings.oidc_groups_claim, [])
    if not isinstance(name, str) or not name.isprintable() or len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise refused("the name claim is missing, or is no name that the people file can hold")
    known = [group for group in groups if isinstance(group, str)] if isinstance(groups, list) else []
    meant = [settings.oidc_roles[group].partition("@") for group in known if group in settings.oidc_roles]
    return Identity(
        digest(f"{provider.issuer}\n{claims['sub']}"), name, Claims(tuple((role, where) for role, _, where in meant))
    )


def refused(why: str) -> RefusalError:
    """Return the refusal of a login; why is told to the log alone."""
    _log.warning("A login at the single sign-on was refused: " + why + ".")
    return RefusalError(
        HTTPStatus.FORBIDDEN,
        "The login at the single sign-on did not work.",
        hint="Begin again. If it stays so, ask an owner of the console whether you have a role here.",
    )


def _client(settings: Settings, answer: str) -> OAuth2Session:
    secret = settings.oidc_client_secret
    return OAuth2Session(
        settings.oidc_client_id,
        secret.get_secret_value() if secret else None,
        scope="openid profile",
        redirect_uri=answer,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
    )


def _provider(issuer: str) -> Provider:
    try:
        provider = Provider.model_validate(_fetched(f"{issuer}/.well-known/openid-configuration"))
    except (requests.RequestException, ValidationError, ValueError) as error:
        raise refused(f"the issuer cannot be asked ({type(error).__name__})") from None
    if provider.issuer.rstrip("/") != issuer:
        raise refused("the issuer calls itself something else")
    return provider


def _fetched(address: str) -> object:
    answer = requests.get(address, timeout=_TIMEOUT, allow_redirects=False)
    answer.raise_for_status()
    return answer.json()
