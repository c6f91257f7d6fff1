"""The cookie that holds a session's secret: no script reads it, no other site sends it, and it goes with the browser."""

from starlette.responses import Response

from workplace_sync.web.console.asking import Ask


def give_session(ask: Ask, answer: Response, secret: str) -> None:
    """Let the browser keep a session's secret."""
    give(ask, answer, ask.console.cookie, secret)


def drop_session(ask: Ask, answer: Response) -> None:
    """Let the browser forget it, and with it whatever it still shows."""
    drop(ask, answer, ask.console.cookie)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'


def give(ask: Ask, answer: Response, name: str, value: str) -> None:
    """Let the browser keep something until it is closed."""
    answer.set_cookie(name, value, path="/", secure=ask.console.https, httponly=True, samesite="lax")


def drop(ask: Ask, answer: Response, name: str) -> None:
    """Let the browser forget something."""
    answer.delete_cookie(name, path="/", secure=ask.console.https, httponly=True, samesite="lax")
