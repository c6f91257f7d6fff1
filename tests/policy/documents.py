"""Policy files for tests, with one thing changed at a time."""

from datetime import UTC, datetime, timedelta

from workplace_sync.policy.shelf import PolicySet, load_policies

NOW = datetime(2024, 3, 1, 9, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

CONSENT = """\
kind: MembershipPolicy
metadata:
  id: union-consent
  version: 3
  title: People ask to be in
  owner: BT committee
  source: {title: "Committee minute 2020/14"}
  effective_from: 2020-03-01T00:00:00Z
match: {groups: ["prospect-*"], actions: [add]}
params:
  cool_off: {type: duration, value: 720h, tighten: lower, range: {min: 1h, max: 24000h}}
rules:
  - id: consent
    title: A consent on record
    conditions:
      - {name: opted_in, expression: "subject.consent == 'opted_in'"}
      - {name: recent, expression: "subject.consent_at + params.cool_off > now"}
    effect: deny
    remedy: invite
    message: No consent to be added is on record.
plan_rules:
  - {id: growth, expression: plan.additions <= 500, effect: hold, message: Many people at once.}
"""


def policy(  # noqa: PLR0913, RUF100 - one keyword for each thing a test may change
    name: str = "policy",
    *,
    expression: str = "subject.consent == 'opted_in'",
    effect: str = "deny",
    remedy: str = "",
    mode: str = "enforce",
    on_error: str = "deny",
    actions: str = "[add]",
    groups: str = '["*"]',
    params: str = "{}",
    message_expression: str = "",
    effective_from: str = "2020-03-01T00:00:00Z",
    effective_until: str = "null",
    plan: str = "",
) -> bytes:
    """Return the text of a policy with one rule, `rule`, and a plan rule, `plan`, where one is given."""
    made = f"message_expression: {message_expression!r}" if message_expression else ""
    plan_rules = f"plan_rules: [{{id: plan, expression: {plan!r}, effect: hold, message: Held.}}]" if plan else ""
    return f"""\
kind: MembershipPolicy
metadata:
  {{id: {name}, version: 2, title: Title, owner: Owner, source: {{title: Text}},
   effective_from: {effective_from}, effective_until: {effective_until}}}
match: {{groups: {groups}, actions: {actions}}}
params: {params}
on_error: {on_error}
rules:
  - id: rule
    title: Rule
    conditions:
      - name: condition
        expression: >-
          {expression}
    effect: {effect}
    remedy: {remedy!r}
    mode: {mode}
    message: Not so.
    {made}
{plan_rules}
""".encode()


def shelf(*texts: bytes) -> PolicySet:
    """Return the policies loaded from these texts, with the floor."""
    return load_policies({f"policies/{number}.yaml": text for number, text in enumerate(texts)})


def person(**changed: object) -> dict[str, object]:
    """Return the facts about somebody who may be added; `subject__consent="none"` changes one of them."""
    facts: dict[str, object] = {
        "subject.email_domain": "bt.example.org",
        "subject.tenant": "bt",
        "subject.status": "active",
        "subject.roles": ["rep"],
        "subject.in_roster": True,
        "subject.is_member": False,
        "subject.administrator": False,
        "subject.consent": "opted_in",
        "subject.consent_at": NOW - timedelta(days=10),
        "subject.consent_basis": "membership form 2024",
        "subject.opted_out": False,
        "subject.departed": False,
        "subject.departed_at": EPOCH,
        "subject.departed_cause": "",
        "subject.protected": False,
        "subject.added_by_us": True,
        "action.method": "roster_file",
        "action.source": "roster.csv",
        "action.reason": "rostered",
        "group.tenant": "bt",
        "group.size": 40,
    }
    return facts | {name.replace("__", "."): value for name, value in changed.items()}
