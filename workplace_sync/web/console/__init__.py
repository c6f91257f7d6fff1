"""The console: pages for reps, admins, auditors and owners. HTML made on the server, one stylesheet, no JavaScript.

To add a page:

1. Put a module into `views/` (every module there is found), or a function into one that is there:

       @page("/plans/{plan_id}", Permission.PLANS_READ, menu=Menu("Plans", 20), help="plans")
       def plan(ask: Asked, plan_id: str) -> Response:
           found = find_plan(ask.app.office, plan_id)       # an error of `errors.py` becomes a page that says it
           ask.require_group(found.group)                   # 404 unless it is one of the visitor's groups
           ask.noted_read("plan", found.group, keys)        # where the page shows what is held about people
           return ask.show("plan.html", title="A plan", crumbs=[("Plans", "/plans")], plan=found)

   A route without a permission does not build. With `group="name"` that path parameter is a group and is checked.
   A POST has a function of its own: `@page(path, permission, method="POST")`; take its fields as
   `name: Annotated[str, Form()] = ""`, act as `ask.desk` (the office with the visitor as actor), then
   `return ask.done("The plan was approved.", "/plans")`.
2. Put the template into `templates/`: `{% extends "base.html" %}`, the block `content`, and the macros of
   `templates/macros/`. No inline style, no script: the browser refuses both. No name or address in a URL or title.
3. Put its help into `templates/help/<word>.html`, and its row into `tests/web/console/authorisation.py`.
"""
