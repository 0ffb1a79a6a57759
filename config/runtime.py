"""The runtime: what every process of ours holds open, opened once and closed in reverse."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from config.doorbell import RedisDoorbell
from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.secrets import Secrets, open_secrets
from config.settings import Settings
from config.subscriptions import SUBSCRIPTIONS
from config.wiring import callback_options, people_options, query_code_options
from hotline.callbacks.options import CallbackOptions
from hotline.contacts.contact import Channel
from hotline.kernel.clock import Clock, system_clock
from hotline.kernel.db import Database
from hotline.people.citizen import PeopleOptions
from hotline.tickets.query_code import QueryCodeOptions

CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class Servers:
    """Where this installation's database and doorbell are; may hold passwords."""

    database_url: str
    redis_url: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """What jobs and roles are given."""

    settings: Settings
    clock: Clock
    secrets: Secrets
    servers: Servers
    database: Database
    doorbell: RedisDoorbell
    people: PeopleOptions
    query_codes: QueryCodeOptions
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
    doorbell = RedisDoorbell(servers.redis_url)
    database = Database.connect(
        servers.database_url,
        clock=clock,
        subscriptions=SUBSCRIPTIONS,
        doorbell=doorbell,
        pool_size=CONNECTIONS,
    )
    secrets = open_secrets(settings.data)
    try:
        yield Runtime(
            settings=settings,
            clock=clock,
            secrets=secrets,
            servers=servers,
            database=database,
            doorbell=doorbell,
            people=people_options(settings, secrets),
            query_codes=query_code_options(secrets),
            callbacks=callback_options(settings, secrets, frozenset({Channel.VOICE})),
        )
    finally:
        await database.close()
        await doorbell.close()
