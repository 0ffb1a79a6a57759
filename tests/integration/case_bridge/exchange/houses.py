"""Two Hotlines with a database each, that talk over HTTP on loopback."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from sqlalchemy import select, text

from case_bridge.exchange.client import PeerClient
from case_bridge.exchange.dialect import DIALECTS, NEUTRAL
from case_bridge.exchange.model import (
    Direction,
    ExchangeLinkRow,
    ExchangeMessageRow,
    ExchangePeerRow,
)
from case_bridge.exchange.peer import ExchangeOptions, Peer, PeerRole
from case_bridge.exchange.talking import talk
from case_bridge.signing import HEADER, KeyRing
from case_bridge.web.exchange import HERE, MENU
from case_bridge.web.exchange import ROUTES as PAGES
from case_bridge.web.exchange_machine import ROUTES
from case_bridge.web.exchange_options import EXCHANGE
from hotline.kernel.db import Base
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from hotline.web.routing import WebPart
from tests.fakes.memory_signals import MemorySignals
from tests.integration.case_bridge.city import City

SECRET = "k1:hmac:" + base64.b64encode(b"what city and district share, 32+").decode()


@dataclass
class House:
    """One Hotline: a city, its web process, and its side of the exchange."""

    city: City
    options: ExchangeOptions
    session: aiohttp.ClientSession
    runner: web.AppRunner | None = None
    port: int = 0
    signs_answers: bool = True
    serve_pieces: int | None = None
    """How many pieces of files are given before the door is shut; None: all."""

    def app(self) -> web.Application:
        part = WebPart(
            "exchange",
            (*ROUTES, *PAGES),
            templates=HERE / "templates",
            catalogue=HERE / "catalogue",
            menu=MENU,
            provides={EXCHANGE: self.options},
        )
        options = WebOptions(b"a secret of thirty-two bytes, at least")
        app = make_app(
            self.city.database, (part,), options, clock=self.city.clock, signals=MemorySignals()
        )
        app.middlewares.insert(0, self.trouble())
        return app

    def trouble(self) -> Any:
        """Return what stands between this house and the other one."""

        @web.middleware
        async def between(request: web.Request, handler: Any) -> web.StreamResponse:
            if self.serve_pieces is not None and "/files/" in request.path:
                if self.serve_pieces == 0:
                    return web.Response(status=503)
                self.serve_pieces -= 1
            answer: web.StreamResponse = await handler(request)
            if not self.signs_answers:
                answer.headers.popall(HEADER, None)
            return answer

        return between

    async def open(self) -> None:
        self.runner = web.AppRunner(self.app(), shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()
        self.port = self.runner.addresses[0][1]

    async def close(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    async def talk(self) -> int:
        client = PeerClient(self.options.name, self.session, clock=self.city.clock)
        return await talk(self.city.database, self.options, client, now=self.city.clock())

    async def messages(self, direction: Direction | None = None) -> list[ExchangeMessageRow]:
        async with self.city.database.read() as session:
            rows = await session.scalars(select(ExchangeMessageRow).order_by(ExchangeMessageRow.id))
            return [row for row in rows if direction in {None, row.direction}]

    async def forms(self, direction: Direction) -> list[tuple[str, str]]:
        return [
            (row.form.value if row.form else "", row.state.value)
            for row in await self.messages(direction)
        ]

    async def link(self) -> ExchangeLinkRow:
        async with self.city.database.read() as session:
            (row,) = await session.scalars(select(ExchangeLinkRow))
            return row

    async def talk_row(self) -> ExchangePeerRow:
        async with self.city.database.read() as session:
            (row,) = await session.scalars(select(ExchangePeerRow))
            return row


@dataclass
class Region:
    """A city, the superior, and one of its districts."""

    city: House
    district: House
    backup: Callable[[House], Any]
    restore: Callable[[House], Any]

    async def talk(self, times: int = 4) -> None:
        """Let both sides make some rounds."""
        for _ in range(times):
            await self.city.talk()
            await self.district.talk()


async def copy_tables(house: House, *, keep: bool) -> None:
    """Copy every table into the schema `backup`, or back, as a restore does."""
    tables = [table.name for table in Base.metadata.sorted_tables]
    async with house.city.database.engine.begin() as connection:
        if keep:
            await connection.execute(text("DROP SCHEMA IF EXISTS backup CASCADE"))
            await connection.execute(text("CREATE SCHEMA backup"))
            for name in tables:
                await connection.execute(text(f"CREATE TABLE backup.{name} AS TABLE public.{name}"))
            return
        await connection.execute(text(f"TRUNCATE {', '.join(tables)} CASCADE"))
        for name in tables:
            await connection.execute(text(f"INSERT INTO public.{name} SELECT * FROM backup.{name}"))
        await connection.execute(text("DROP SCHEMA backup CASCADE"))


async def introduce(city: House, district: House, *, secret: str = SECRET) -> None:
    """Let both know each other, and open their doors anew."""
    for here, there, role, unit in (
        (city, district, PeerRole.SUBORDINATE, "drain"),
        (district, city, PeerRole.SUPERIOR, None),
    ):
        peer = Peer(
            name=there.options.name,
            role=role,
            url=f"http://127.0.0.1:{there.port}",
            keys=KeyRing.of(secret if here is city else SECRET),
            dialect=DIALECTS[NEUTRAL],
            unit_code=unit,
            checks=here is city,
        )
        here.options = ExchangeOptions(name=here.options.name, peers={peer.name: peer})
    for house in (city, district):
        await house.close()
        await house.open()
