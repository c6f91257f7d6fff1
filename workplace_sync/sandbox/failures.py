"""The Graph's errors: the envelope, the codes, and the HTTP statuses that are assumed for them."""

import secrets
from collections.abc import Mapping

_SERVER = frozenset({1, 2})
_REFUSED = frozenset({3, 4, 10, 17, 32, 341, 368, 613})
_BUSINESS_LIMITS = range(80_000, 80_015)
_PERMISSIONS = range(200, 300)


def status_of(code: int) -> int:
    """Return the HTTP status for an error code: no page gives a table, so this is the assumption of graph-api.md."""
    if code in _SERVER:
        return 500
    return 403 if code in _REFUSED or code in _BUSINESS_LIMITS or code in _PERMISSIONS else 400


class GraphError(Exception):
    """An error answer. `status` None means the usual one for the code; `headers` go with the answer."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        kind: str = "OAuthException",
        status: int | None = None,
        is_transient: bool | None = None,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.subcode = subcode
        self.kind = kind
        self.status = status_of(code) if status is None else status
        self.is_transient = is_transient
        self.title = title
        self.headers = dict(headers or {})

    def envelope(self) -> dict[str, object]:
        """Return the body of the answer."""
        error: dict[str, object] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.is_transient is not None:
            error["is_transient"] = self.is_transient
        if self.title is not None:
            error["error_user_title"] = self.title
            error["error_user_msg"] = self.message
        error["fbtrace_id"] = f"A{secrets.token_urlsafe(9)}"
        return {"error": error}


def missing(verb: str, named: str) -> GraphError:
    """Return the error for an object that is not there, not visible, or does not know the call."""
    if not named.replace("_", "").isdigit():
        return GraphError(803, f"(#803) Some of the aliases you requested do not exist: {named}")
    return GraphError(
        100,
        f"Unsupported {verb.lower()} request. Object with ID '{named}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation",
        subcode=33,
        kind="GraphMethodException",
    )


def parameter(message: str) -> GraphError:
    """Return the error for a bad parameter."""
    return GraphError(100, f"(#100) {message}")
