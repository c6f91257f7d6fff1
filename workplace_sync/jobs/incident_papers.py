"""What is handed out of an incident: the statement of how those removed had been added, and the entries that tell of it."""

from workplace_sync.cases.statement import Statement
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.selection import entries_of_incident
from workplace_sync.jobs.statement import make_statement
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.papers import statement as paper
from workplace_sync.store import incidents
from workplace_sync.store.incidents import Incident


def incident_statement(office: Office, group: ManagedGroup, rules: Rules, incident: Incident) -> Statement:
    """Return the statement of the people of an incident, as of when it began; it names all of them."""
    with office.database.connect() as connection:
        keys = incidents.keys(connection, incident.id)
    about = f"the {len(keys):,} people of incident {incident.id}"
    return make_statement(office, group, rules, keys, about=about, day=incident.began_at)


def incident_papers(
    office: Office, group: ManagedGroup, rules: Rules, incident: Incident
) -> tuple[list[int], dict[str, bytes]]:
    """Return the numbers of the entries that tell of an incident, and the files of its statement, for a bundle."""
    made = incident_statement(office, group, rules, incident)
    papers = {"statement.html": paper.statement_html(made), "statement.txt": paper.statement_text(made)}
    return entries_of_incident(office, incident), {name: text.encode() for name, text in papers.items()}
