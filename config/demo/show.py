"""`hotline demo`: start everything, play the stories over real sockets, and stay up or stop."""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from channels.voice.phone import Phone, PhoneOptions
from channels.voice.phone_call import PhoneError
from config.addresses import Address
from config.demo.casework import City
from config.demo.clients import StepFailed, signed_in
from config.demo.discretion import LogWatch
from config.demo.mailbox import Mailbox
from config.demo.people import ACCOUNTS, PASSWORD, SEATS
from config.demo.running import LOG, READY_SECONDS, Listening, free_address, is_free, running
from config.demo.stories import (
    CITIZEN_MAIL,
    CITIZEN_NUMBER,
    CITIZEN_PLACE,
    CITIZEN_WORDS,
    Stage,
    by_districts,
    by_form,
    by_mail,
    by_phone,
)
from config.demo.telling import Story, Teller

MAIL_ADDRESS: Final = "hotline@localhost"

STORIES: Final[tuple[tuple[str, str, Callable[[Stage, Story], Awaitable[None]]], ...]] = (
    ("phone", "一、电话：青年路井盖缺失", by_phone),
    ("form", "二、网页表单：荷香路路灯不亮", by_form),
    ("mail", "三、电子邮件：清河街积存垃圾", by_mail),
    ("districts", "四、两级平台：荷香区、清河区", by_districts),
)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Where the demo runs; a port that is taken is replaced by a free one."""

    data: Path
    once: bool
    listening: Listening


async def show(options: DemoOptions, *, tell: Callable[[str], None]) -> bool:
    """Play the stories; return whether every step held. The last line told is a JSON summary.

    Raises:
        HotlineError: if the hotline does not start; the message says where to look.
    """
    teller = Teller(tell)
    options.data.mkdir(parents=True, exist_ok=True)
    sounds = Path(tempfile.mkdtemp(prefix="sounds-", dir=options.data))
    async with AsyncExitStack() as stack:
        mailbox = await stack.enter_async_context(Mailbox.open())
        citizen = await stack.enter_async_context(
            Phone.open(PhoneOptions(user=CITIZEN_NUMBER, folder=sounds))
        )
        http, sip, smtp = (_usable(each, tell) for each in options.listening)
        environment = {
            "HOTLINE_TRUNK__ADDRESS": "{}:{}".format(*citizen.address),
            "HOTLINE_RELAY__HOST": "127.0.0.1",
            "HOTLINE_RELAY__PORT": str(mailbox.port),
        }
        teller.begin("启动（PostgreSQL、Valkey、网页、话务、邮件、作业）")
        log = LogWatch.of(options.data / LOG)
        await stack.enter_async_context(
            running(options.data, Listening(http, sip, smtp), environment)
        )
        teller.step("全部就绪")
        seat_phone = await stack.enter_async_context(
            Phone.open(PhoneOptions(user=SEATS[0].extension, folder=sounds))
        )
        await seat_phone.register(f"sip:{sip}", password=PASSWORD)
        base = f"http://{http}"
        stage = Stage(
            base=base,
            sip=str(sip),
            smtp=(smtp.host, smtp.port),
            hotline_mail=MAIL_ADDRESS,
            citizen=citizen,
            seat_phone=seat_phone,
            seat=await stack.enter_async_context(signed_in(base, ACCOUNTS[0].login)),
            city=await City.open(base, stack),
            mailbox=mailbox,
            folder=sounds,
            teller=teller,
            private=[CITIZEN_NUMBER, CITIZEN_MAIL, CITIZEN_PLACE, CITIZEN_WORDS, PASSWORD],
        )
        stories = [await _play(stage, *each) for each in STORIES]
        is_whole = await _verify_audit(options.data, teller)
        is_silent = _read_log(log, stage)
        failed = any(story.outcome.startswith("failed") for story in stories)
        holds = is_whole and is_silent and not failed
        if not options.once:
            _tell_where(http, sip, smtp, tell)
        summary = {"held": holds, "stories": [story.as_json() for story in stories]}
        tell(json.dumps(summary, ensure_ascii=False))
        if not options.once:
            await _until_stopped()
    return holds


async def _play(
    stage: Stage, name: str, title: str, play: Callable[[Stage, Story], Awaitable[None]]
) -> Story:
    story = Story(name)
    stage.teller.begin(title)
    try:
        await play(stage, story)
    except (StepFailed, PhoneError) as error:
        story.outcome = f"failed: {error}"
        stage.teller.step(f"✗ {error}")
    story.seconds = stage.teller.seconds
    return story


async def _verify_audit(data: Path, teller: Teller) -> bool:
    teller.begin("审计链")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "config.cli", "audit", "verify", "--data", str(data),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(READY_SECONDS):
        output, _ = await process.communicate()
    teller.step(output.decode().strip().splitlines()[-1])
    return process.returncode == 0


def _read_log(log: LogWatch, stage: Stage) -> bool:
    stage.teller.begin("日志")
    lines = log.tellers(stage.private)
    for line in lines:
        stage.teller.step(f"✗ {line}")
    if not lines:
        stage.teller.step("没有来电号码、邮箱、地址、诉求内容、签名链接和密码")
    return not lines


def _usable(address: Address, tell: Callable[[str], None]) -> Address:
    """Return the address, or one with a free port if another program has it."""
    if is_free(address):
        return address
    free = free_address(address.host)
    tell(f"{address} is taken by another program; using {free}")
    return free


def _tell_where(http: Address, sip: Address, smtp: Address, tell: Callable[[str], None]) -> None:
    tell("\n一切都在运行，Ctrl-C 停止：")
    tell(f"  公众页面   http://{http}/")
    tell(f"  坐席页面   http://{http}/desk   登录 http://{http}/login")
    tell(f"  拨打       sip:12319@{sip} （UDP、TCP）")
    tell(f"  话机注册   用户 {'、'.join(seat.extension for seat in SEATS)}，服务器 {sip}")
    tell(f"  邮件       {MAIL_ADDRESS}，smtp://{smtp}")
    tell(f"  账号（密码都是 {PASSWORD}）：")
    for account in ACCOUNTS:
        tell(f"    {account.login:<12} {account.role.value:<15} {account.name}")


async def _until_stopped() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
