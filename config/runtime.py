"""The runtime: what every process of ours holds open, opened once and closed in reverse."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from case_bridge.exchange.client import PeerClient
from case_bridge.exchange.peer import ExchangeOptions
from case_bridge.platform import CasePlatform
from config import exchange_wiring, wiring
from config.doorbell import RedisDoorbell
from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.secrets import Secrets, open_secrets
from config.settings import Settings
from config.subscriptions import SUBSCRIPTIONS
from hotline.callbacks.options import CallbackOptions
from hotline.contacts.contact import Outbound
from hotline.intake.receipts import ReceiptOptions
from hotline.intake.service import IntakeOptions
from hotline.kernel.clock import Clock, system_clock
from hotline.kernel.db import Database
from hotline.people.citizen import PeopleOptions
from hotline.reports.exports.service import ExportOptions
from hotline.tickets.query_code import QueryCodeOptions


@dataclass(frozen=True, slots=True)
class Servers:
    """Where this installation's database and doorbell are; may hold passwords."""

    database_url: str
    redis_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What jobs, rounds and roles are given."""

    settings: Settings
    clock: Clock
    secrets: Secrets
    servers: Servers
    database: Database
    doorbell: RedisDoorbell
    """Also where live screens listen: `hotline.web.signals.Signals`."""
    outbound: Outbound
    platform: CasePlatform
    exchange: ExchangeOptions
    peers: PeerClient
    people: PeopleOptions
    query_codes: QueryCodeOptions
    intake: IntakeOptions
    receipts: ReceiptOptions
    exports: ExportOptions
    callbacks: CallbackOptions


def start_servers(settings: Settings) -> Servers:
    """Start or adopt the embedded servers that the settings do not replace by real ones.

    Raises:
        EmbeddedError: if one cannot run here.
    """
    database_url, redis_url = settings.database_url, settings.redis_url
    return Servers(
        database_url=(
            database_url.get_secret_value()
            if database_url
            else EmbeddedPostgres(settings.data / "postgres").start()
        ),
        redis_url=(
            redis_url.get_secret_value()
            if redis_url
            else EmbeddedValkey(settings.data / "valkey").start()
        ),
    )


@asynccontextmanager
async def open_runtime(
    settings: Settings, servers: Servers, *, clock: Clock = system_clock
) -> AsyncGenerator[Runtime, None]:
    """Open everything that a process needs; close it in reverse."""
    async with AsyncExitStack() as stack:
        doorbell = RedisDoorbell(servers.redis_url)
        stack.push_async_callback(doorbell.close)
        database = Database.connect(
            servers.database_url, clock=clock, subscriptions=SUBSCRIPTIONS, doorbell=doorbell
        )
        stack.push_async_callback(database.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield _assemble(settings, servers, clock, database, doorbell, http)


def _assemble(
    settings: Settings,
    servers: Servers,
    clock: Clock,
    database: Database,
    doorbell: RedisDoorbell,
    http: aiohttp.ClientSession,
) -> Runtime:
    secrets = open_secrets(settings.data)
    outbound = wiring.outbound_channels(settings, http)
    people = wiring.people_options(settings, secrets)
    codes = wiring.query_code_options(secrets)
    exchange = exchange_wiring.exchange_options(settings)
    return Runtime(
        settings=settings,
        clock=clock,
        secrets=secrets,
        servers=servers,
        database=database,
        doorbell=doorbell,
        outbound=outbound,
        platform=exchange_wiring.case_platform(settings, database, http, clock),
        exchange=exchange,
        peers=exchange_wiring.peer_client(exchange, http, clock),
        people=people,
        query_codes=codes,
        intake=wiring.intake_options(people),
        exports=wiring.export_options(settings),
        receipts=wiring.receipt_options(settings, codes, outbound.channels),
        callbacks=wiring.callback_options(settings, secrets, outbound.channels),
    )
