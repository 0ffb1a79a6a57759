"""Background tasks."""

import asyncio

from structlog.testing import capture_logs

from hotline.kernel.tasks import spawn


async def boil() -> None:
    raise LookupError


async def test_a_task_that_fails_is_heard():
    with capture_logs() as logs:
        task = spawn(boil(), "kettle")
        await asyncio.wait([task])
        await asyncio.sleep(0)

    assert [(line["event"], line["task"]) for line in logs] == [("task_failed", "kettle")]


async def test_a_cancelled_task_is_no_failure():
    with capture_logs() as logs:
        task = spawn(asyncio.Event().wait(), "waiter")
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)

    assert logs == []
