"""Who may open which page: one row a route, by role. A route that is not in here fails a test, and so does a row too many."""

from collections.abc import Mapping

ANYBODY = frozenset({"nobody", "rep", "admin", "auditor", "officer", "owner"})
LOGGED_IN = ANYBODY - {"nobody"}
READERS = frozenset({"rep", "admin", "auditor", "owner"})
DECIDERS = frozenset({"admin", "owner"})
EXPORTERS = DECIDERS | {"auditor"}

ROWS: Mapping[str, frozenset[str]] = {
    "GET /": LOGGED_IN,
    "GET /static/{digest}/{name}": ANYBODY,
    "GET /healthz": ANYBODY,
    "GET /help": ANYBODY,
    "GET /login": ANYBODY,
    "POST /login": ANYBODY,
    "GET /login/sign-on": ANYBODY,
    "GET /login/sign-on/back": ANYBODY,
    "GET /metrics": ANYBODY,
    "POST /logout": LOGGED_IN,
    "GET /setup/{secret}": ANYBODY,
    "POST /setup/{secret}": ANYBODY,
    "GET /account": LOGGED_IN,
    "POST /account/password": LOGGED_IN,
    "POST /account/sessions": LOGGED_IN,
    "POST /account/tokens": LOGGED_IN,
    "POST /account/tokens/{token_id}/revoke": LOGGED_IN,
    "GET /accounts": frozenset({"owner"}),
    "POST /accounts/invite": frozenset({"owner"}),
    "POST /accounts/disable": frozenset({"owner"}),
    "POST /accounts/sessions": frozenset({"owner"}),
    "GET /reads": frozenset({"auditor", "owner"}),
    "GET /audit": READERS,
    "POST /audit/person": READERS,
    "POST /audit/export": EXPORTERS,
    "GET /audit/{seq}": READERS,
    "GET /audit/{seq}/proof": READERS,
    "GET /audit/{seq}/leaf": READERS,
    "GET /audit/{seq}/opening": READERS,
    "GET /people": READERS,
    "POST /people": READERS,
    "GET /people/{person}": READERS,
    "GET /people/{person}/why": READERS,
    "GET /incidents": READERS,
    "GET /incidents/{incident_id}": READERS,
    "GET /incidents/{incident_id}/statement": EXPORTERS,
    "GET /incidents/{incident_id}/statement.{form}": EXPORTERS,
    "POST /incidents/{incident_id}/bundle": EXPORTERS,
    "POST /incidents/{incident_id}/notes": DECIDERS,
    "POST /incidents/{incident_id}/close": DECIDERS,
}
"""Method and path, and the roles that are let in; what then becomes of the request is the page's own test."""

EXAMPLES: Mapping[str, str] = {"digest": "0", "name": "console.css", "secret": "none", "token_id": "none"}
"""What stands in a path for each of its parameters; `group` and `group_name` are a group of every one of the people."""
