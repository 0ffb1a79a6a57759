"""HTTP for people and programs: sign-in, pages, the seat desk, health.

Other packages hand in a `WebPart` (routing.py) with their routes, templates and menu; `make_app`
(app.py) puts the parts together. A handler finds everything it needs in the request:
`request.app[DATABASE]`, `request.app[CLOCK]()` (keys.py), `current_user(request)` (auth.py),
`path_id(request, "ticket_id")` (requests.py), `render(request, "cases/list.html", ...)` (pages.py).
"""
