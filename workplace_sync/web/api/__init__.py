"""The API under /api/v1: what the console's pages show, for programs, by the same rules.

To add an operation, put a function into a module of `operations/` (every module there is found):

    @page(f"{V1}/plans/{{plan_id}}", Permission.PLANS_READ, api=True)
    def plan(ask: Called, plan_id: Id) -> Plan:
        found, _ = plan_of(ask, plan_id)                 # 404 unless it is one of the visitor's groups
        ask.noted_read("plan", found.group, keys)        # where it tells what is held about people
        return Plan(...)                                 # a model of its own: `Part`, or a `Listing` of them

The permission is also the scope that a token needs. A program gives its token as `Authorization: Bearer wps_...`; GET
takes the session of the console as well. Every answer has the state of the rate limit, every good GET an ETag, and every
refusal is a problem (RFC 9457). No address is in a URL: somebody is looked up by POST, and named by a reference from then on.
The operation needs its row in `tests/web/api/authorisation.py`.
"""
