"""What the pages mean and what to do, in one page that every other leads to."""

from starlette.responses import Response

from workplace_sync.web.console.asking import Asked
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission


@page("/help", Permission.PUBLIC)
def help_page(ask: Asked) -> Response:
    """Show all parts of the help."""
    return ask.show("help.html", title="Help", topics=ask.console.renderer.help_topics)
