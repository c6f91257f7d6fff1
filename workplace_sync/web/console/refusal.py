"""Why a request is not answered with what it asked for, as sentences for whoever asked."""

from http import HTTPStatus

from workplace_sync.errors import (
    BlindError,
    BusyError,
    CaseError,
    EvidenceError,
    GuardError,
    InputError,
    PlatformError,
    ReviewError,
    StaleError,
    StoreError,
    SyncError,
    UsageError,
)

_STATUS: tuple[tuple[type[SyncError], HTTPStatus], ...] = (
    (BusyError, HTTPStatus.SERVICE_UNAVAILABLE),
    (ReviewError, HTTPStatus.CONFLICT),
    (CaseError, HTTPStatus.CONFLICT),
    (GuardError, HTTPStatus.CONFLICT),
    (StaleError, HTTPStatus.CONFLICT),
    (BlindError, HTTPStatus.SERVICE_UNAVAILABLE),
    (PlatformError, HTTPStatus.BAD_GATEWAY),
    (EvidenceError, HTTPStatus.INTERNAL_SERVER_ERROR),
    (StoreError, HTTPStatus.INTERNAL_SERVER_ERROR),
)


class RefusalError(Exception):
    """A request is refused. `retry_after` is in seconds, `login` whether logging in may help."""

    def __init__(
        self, status: HTTPStatus, message: str, *, hint: str = "", retry_after: int = 0, login: bool = False
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.hint = status, message, hint
        self.retry_after, self.login = retry_after, login


def not_found() -> RefusalError:
    """Return the refusal of what is not there, or is not for this visitor: the two must look the same."""
    return RefusalError(
        HTTPStatus.NOT_FOUND,
        "There is no such page, or it is not one of your groups.",
        hint="Begin at the overview, or ask an owner of the console which groups are yours.",
    )


def forbidden() -> RefusalError:
    """Return the refusal of what this visitor's roles do not allow."""
    return RefusalError(
        HTTPStatus.FORBIDDEN,
        "Your role does not allow this.",
        hint="Ask an owner of the console for the role it needs.",
    )


def log_in_first() -> RefusalError:
    """Return the refusal of what needs a login."""
    return RefusalError(HTTPStatus.UNAUTHORIZED, "You are not logged in.", hint="Log in first.", login=True)


def refusal_of(error: SyncError, method: str) -> RefusalError:
    """Return the refusal for an error of a job; what a page was asked for wrongly is not found, a form is not right."""
    if isinstance(error, UsageError):
        status = HTTPStatus.NOT_FOUND if method in {"GET", "HEAD"} else HTTPStatus.UNPROCESSABLE_ENTITY
    else:
        status = next((each for kind, each in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, InputError):  # its hint is about a list of faults, which is not for everybody to see
        return RefusalError(status, error.message, hint="An owner finds what is wrong with `workplace-sync doctor`.")
    return RefusalError(status, error.message, hint=error.hint)
