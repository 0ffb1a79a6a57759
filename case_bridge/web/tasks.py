"""The inspector's pages, made for a telephone: my tasks, one task, its result."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.case import Attachment, EvidenceOrigin
from case_bridge.cases.checking import submit_field_result
from case_bridge.cases.reading import case_view, stages_due
from case_bridge.cases.record import NOTE_TYPE
from case_bridge.cases.views import CaseView, Evidence
from case_bridge.field.reading import TaskView, task_view, tasks_of_inspector
from case_bridge.field.roster import is_on_duty
from case_bridge.field.service import take_task
from case_bridge.field.states import TaskState
from case_bridge.field.task import FieldResult, TaskKind
from case_bridge.web.present import due_task_json
from case_bridge.web.requests import Fields, acting, read_fields, see_other, show
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import new_id
from hotline.web.auth import current_user
from hotline.web.forms import posted
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.requests import path_id, wants_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What an open task is held against: the unit's report, and the files of the case (R64)."""

    unit_name: str = ""
    handled_at: datetime | None = None
    text: str = ""
    files: tuple[Evidence, ...] = ()


async def get_tasks(request: web.Request) -> web.Response:
    """Show the inspector's open tasks and those that wait for anybody, each with its deadline."""
    user = current_user(request)
    async with request.app[DATABASE].read() as session:
        tasks = await tasks_of_inspector(session, user.id)
        due = await _due(session, *tasks)
        on_duty = await is_on_duty(session, user.id)
    if wants_json(request):
        return web.json_response(
            {"tasks": [due_task_json(task, due.get(task.task_id)) for task in tasks]}
        )
    return show(request, "tasks.html", tasks=tasks, due=due, on_duty=on_duty)


async def get_task(request: web.Request) -> web.Response:
    """Show one task until when, what was reported, and the form for its result."""
    now = request.app[CLOCK]()
    async with request.app[DATABASE].read() as session:
        task = await task_view(session, path_id(request, "task_id"))
        due = (await _due(session, task)).get(task.task_id)
        reported = _reported(task, await case_view(session, task.case_id, now=now))
        on_duty = await is_on_duty(session, current_user(request).id)
    if wants_json(request):
        return web.json_response(due_task_json(task, due) | {"reported": reported.text})
    return show(
        request,
        "task.html",
        task=task,
        due_at=due,
        reported=reported,
        key=str(new_id()),  # one a page: sent twice by a bad network, it is still one submission
        on_duty=on_duty,
    )


async def _due(session: AsyncSession, *tasks: TaskView) -> Mapping[UUID, datetime]:
    """Return until when each open task has to be answered: its case waits in a stage for it."""
    wanted = {task.case_id: task.task_id for task in tasks if task.state is TaskState.OPEN}
    found = await stages_due(session, wanted)
    return {wanted[case_id]: due_at for case_id, due_at in found.items()}


def _reported(task: TaskView, case: CaseView) -> Reported:
    """Return what the inspector compares with; nothing of a task that is answered."""
    if task.state is not TaskState.OPEN:
        return Reported()
    handled_at = case.handled_at if task.kind is TaskKind.INSPECT else None
    files = tuple(each for each in case.evidence if _is_compared(each, handled_at))
    if handled_at is None:
        return Reported(files=files)
    return Reported(
        unit_name=case.line.unit_name, handled_at=handled_at, text=case.result, files=files
    )


def _is_compared(piece: Evidence, handled_at: datetime | None) -> bool:
    """Say whether a file came with the report, or with the unit's last feedback."""
    if piece.media_type == NOTE_TYPE:
        return False
    if piece.origin is EvidenceOrigin.UNIT:
        return handled_at is not None and piece.recorded_at >= handled_at
    return piece.origin is EvidenceOrigin.REPORT


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
        task = await task_view(session, path_id(request, "task_id"))
        body: dict[str, Any] = due_task_json(task, (await _due(session, task)).get(task.task_id))
    return web.json_response(body)
