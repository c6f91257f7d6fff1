"""The control paths, `/_control/*`: the test's hand, the employer's hand, and the view from outside. JSON only.

GET  /_control                         this list
GET  /_control/tenants                 as in the ready line
GET  /_control/people                  ?tenant=bt&offset=0&limit=1000 -> {"people":[{"id","email","name","active"}],"total"}
GET  /_control/group/{id}              {"id","name","members","admins","archived","deleted","is_community"}
GET  /_control/group/{id}/members      ?offset&limit -> {"members":[{"id","email","administrator"}],"total"}: the truth
GET  /_control/journal                 ?group=&after=0 -> {"entries":[...],"last"}: every effect on membership, and attempts without one
GET  /_control/counts                  POST /_control/counts/reset
POST /_control/faults                  {"kind",...} -> {"id"}; GET, DELETE /_control/faults; DELETE /_control/faults/{id}
GET  /_control/faults/kinds            every kind with its defaults
GET  /_control/switches                POST {"name": value, ...}: what is not known of the real service
POST /_control/member/leave            {"group","email"|"id"}: a person leaves by themselves
POST /_control/employer/remove         {"group","emails":[..]|"ids":[..]}
POST /_control/employer/remove-bulk    {"group","since": ISO time or unix seconds}: everybody added through the API since
POST /_control/employer/deactivate     {"tenant","emails":[..]|"ids":[..],"active":false}
POST /_control/employer/archive        {"group","archived":true}
POST /_control/employer/delete-group   {"group"}
POST /_control/tokens                  {"tenant","permissions":[..],"groups":[..]|null} -> {"token"}
POST /_control/webhooks                {"tenant","callback_url","verify_token","fields":[..],"retry_after":[seconds,..]}: asks the address first
GET  /_control/webhooks                {"subscriptions","deliveries":[{"n","tenant","body","digest","attempts":[status],"seconds","done"}]}; DELETE
POST /_control/webhooks/settle         {"seconds"} -> {"waiting"}: waits until everything sent was answered or given up
POST /_control/webhooks/send           {"tenant","body"}: any text, signed and sent as it stands
POST /_control/reset                   back to the start: world, faults, switches, counts, journal, state file

Errors are {"detail": sentence}: 404 for what does not exist, 422 for a document that cannot be read.
"""

from fastapi import FastAPI

from workplace_sync.sandbox.control_employer import Employer
from workplace_sync.sandbox.control_settings import Settings
from workplace_sync.sandbox.control_views import Views
from workplace_sync.sandbox.control_webhooks import WebhookPaths
from workplace_sync.sandbox.state import Sandbox


def make_control(sandbox: Sandbox) -> FastAPI:
    """Return the application of the control paths."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for part in (Views(sandbox, __doc__ or ""), Settings(sandbox), Employer(sandbox), WebhookPaths(sandbox)):
        app.include_router(part.router(), prefix="/_control")
    return app
