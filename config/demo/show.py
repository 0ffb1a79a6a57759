"""`hotline demo`: start everything, play the stories over real sockets, and stay up or stop."""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from channels.voice.phone import Phone, PhoneError, PhoneOptions
from config.addresses import Address
from config.demo.casework import City
from config.demo.clients import StepFailed, signed_in
from config.demo.mailbox import Mailbox
from config.demo.people import ACCOUNTS, PASSWORD, SEATS
from config.demo.stories import CITIZEN_NUMBER, Stage, by_form, by_mail, by_phone
from config.demo.telling import Story, Teller
from hotline.kernel.errors import HotlineError

READY_SECONDS: Final = 90.0
"""The first start makes the database; later ones take a few seconds."""
STOP_SECONDS: Final = 40.0
MAIL_ADDRESS: Final = "hotline@localhost"

STORIES: Final[tuple[tuple[str, str, Callable[[Stage, Story], Awaitable[None]]], ...]] = (
    ("phone", "一、电话：青年路井盖缺失", by_phone),
    ("form", "二、网页表单：荷香路路灯不亮", by_form),
    ("mail", "三、电子邮件：清河街积存垃圾", by_mail),
)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Where the demo runs; a port that is taken is replaced by a free one."""

    data: Path
    once: bool
    http: Address
    sip: Address
    smtp: Address


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
        ports = [_usable(each, tell) for each in (options.http, options.sip, options.smtp)]
        http, sip, smtp = ports
        environment = {
            "HOTLINE_TRUNK__ADDRESS": "{}:{}".format(*citizen.address),
            "HOTLINE_RELAY__HOST": "127.0.0.1",
            "HOTLINE_RELAY__PORT": str(mailbox.port),
        }
        teller.begin("启动（PostgreSQL、Valkey、网页、话务、邮件、作业）")
        await stack.enter_async_context(_serving(options.data, http, sip, smtp, environment))
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
        )
        stories = [await _play(stage, *each) for each in STORIES]
        is_whole = await _verify_audit(options.data, teller)
        holds = is_whole and not any(story.outcome.startswith("failed") for story in stories)
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
    output, _ = await asyncio.wait_for(process.communicate(), READY_SECONDS)
    teller.step(output.decode().strip().splitlines()[-1])
    return process.returncode == 0


@asynccontextmanager
async def _serving(
    data: Path, http: Address, sip: Address, smtp: Address, environment: Mapping[str, str]
) -> AsyncGenerator[None, None]:
    """Run `hotline serve --demo` while the block runs; its log goes to a file in `data`."""
    log = data / "demo.log"
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "config.cli", "serve", "--demo", "--data", str(data),
            "--http", str(http), "--sip", str(sip), "--smtp", str(smtp),
            stdout=asyncio.subprocess.PIPE, stderr=sink, env={**os.environ, **environment},
            start_new_session=True,
        )  # fmt: skip
        try:
            await _ready(process, log)
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await asyncio.wait_for(process.wait(), STOP_SECONDS)


async def _ready(process: asyncio.subprocess.Process, log: Path) -> None:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            async for line in process.stdout:
                if b"ready" in line:
                    return
    except TimeoutError:
        pass
    raise HotlineError(f"the hotline did not start: read the end of {log}")


def _usable(address: Address, tell: Callable[[str], None]) -> Address:
    """Return the address, or one with a free port if another program has it."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind((address.host, address.port))
            udp.bind((address.host, address.port))
        except OSError:
            with socket.socket() as other:
                other.bind((address.host, 0))
                free = Address(address.host, other.getsockname()[1])
            tell(f"{address} is taken by another program; using {free}")
            return free
    return address


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
