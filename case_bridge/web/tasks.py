"""The inspector's pages, made for a telephone: my tasks, one task, its result."""

from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from case_bridge.cases.case import Attachment
from case_bridge.cases.checking import submit_field_result
from case_bridge.field.reading import task_view, tasks_of_inspector
from case_bridge.field.roster import is_on_duty
from case_bridge.field.service import take_task
from case_bridge.field.task import FieldResult
from case_bridge.web.present import task_json
from case_bridge.web.requests import Fields, acting, read_fields, see_other, show
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import new_id
from hotline.web.auth import current_user
from hotline.web.forms import posted
from hotline.web.keys import DATABASE
from hotline.web.requests import path_id, wants_json


async def get_tasks(request: web.Request) -> web.Response:
    """Show the inspector's open tasks and those that wait for anybody."""
    user = current_user(request)
    async with request.app[DATABASE].read() as session:
        tasks = await tasks_of_inspector(session, user.id)
        on_duty = await is_on_duty(session, user.id)
    if wants_json(request):
        return web.json_response({"tasks": [task_json(task) for task in tasks]})
    return show(request, "tasks.html", tasks=tasks, on_duty=on_duty)


async def get_task(request: web.Request) -> web.Response:
    """Show one task with the form for its result."""
    async with request.app[DATABASE].read() as session:
        task = await task_view(session, path_id(request, "task_id"))
        on_duty = await is_on_duty(session, current_user(request).id)
    if wants_json(request):
        return web.json_response(task_json(task))
    # One key a page: sent twice by a bad network, it is still one submission.
    return show(request, "task.html", task=task, key=str(new_id()), on_duty=on_duty)


async def post_take(request: web.Request) -> web.StreamResponse:
    """Take a task, or take it over. No fields."""
    task_id = path_id(request, "task_id")
    async with acting(request) as (uow, actor, _):
        assert actor.user_id is not None
        await take_task(uow, task_id, user_id=actor.user_id, name=actor.name)
    return await _answer(request, see_other(f"/field/tasks/{task_id}"))


async def post_result(request: web.Request) -> web.StreamResponse:
    """Hand in a result. Fields: key, passed, text, longitude, latitude, photo_before, photo_after.

    The same key again changes nothing and is answered the same.
    """
    fields = await read_fields(request)
    if "passed" not in fields.texts:
        raise Invalid("passed", "say whether it is so")
    result = FieldResult(
        key=fields.text("key"),
        passed=fields.flag("passed"),
        text=fields.text("text"),
        longitude=fields.number("longitude"),
        latitude=fields.number("latitude"),
    )
    async with acting(request) as (uow, actor, now):
        await submit_field_result(
            uow,
            path_id(request, "task_id"),
            result,
            attachments=await _photos(request, fields),
            actor=actor,
            now=now,
        )
    return await _answer(request, see_other("/field/tasks"))


async def _photos(request: web.Request, fields: Fields) -> tuple[Attachment, ...]:
    """Return the photos, named by when they were taken, with the place they were sent from."""
    longitude, latitude = fields.number("longitude"), fields.number("latitude")
    if request.content_type == "application/json":
        return ()
    names = [
        name
        for name, value in (await posted(request)).items()
        if isinstance(value, web.FileField) and value.filename
    ]
    return tuple(
        replace(
            file,
            name=f"{_STAGES[name]} {file.name}" if name in _STAGES else file.name,
            longitude=longitude,
            latitude=latitude,
        )
        for name, file in zip(names, fields.files, strict=True)
    )


_STAGES: Final = {"photo_before": "处置前", "photo_after": "处置后"}
"""Field of the form to the words that begin the name of its photos."""


async def _answer(request: web.Request, page: web.Response) -> web.StreamResponse:
    if not wants_json(request):
        return page
    async with request.app[DATABASE].read() as session:
        body: dict[str, Any] = task_json(await task_view(session, path_id(request, "task_id")))
    return web.json_response(body)
