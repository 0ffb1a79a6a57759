"""`hotline check`: every problem of the configuration, not the first."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from config.addresses import Address, PortRange
from config.catalogue import check_catalogue
from config.data_files import DATA
from config.detached import EmbeddedError, belongs_to_another
from config.embedded import POSTGRES_BIN, VALKEY_BINARY, EmbeddedPostgres
from config.exchange_checks import exchange_problems
from config.media import media_problems
from config.organisation_tables import ORGANISATION, load_organisations
from config.rundir import running
from config.secrets import SecretsError, open_secrets
from config.setting_errors import SettingsError
from config.settings import Settings, load_settings
from config.telephony_checks import telephony_addresses, telephony_problems
from hotline.kernel.clock import system_clock

ANSWER_SECONDS = 5.0
OLDEST_POSTGRES = 150000
CLOCKS_APART = timedelta(seconds=10)
"""More is no delay of the answer."""
BUILT_PAGES = Path(__file__).parent.parent / "hotline" / "web" / "static" / "built"


def find_problems(chosen: Mapping[str, Any]) -> Iterator[str]:
    """Yield every problem, each a sentence that says where it is and what to do."""
    for problem in check_catalogue(DATA):
        yield f"data file {problem}"
    if not any(BUILT_PAGES.glob("*.js")):
        yield "pages: not built: run `make pages`"
    try:
        settings = load_settings(chosen)
    except SettingsError as error:
        yield from error.problems
        settings = _settings_without(error.variables, chosen)
    yield from problems_of(settings)


def problems_of(settings: Settings) -> Iterator[str]:
    """Yield every problem of settings that could be read, and of what they name."""
    yield from _organisation_problems(settings.organisation)
    yield from _data_problems(settings.data)
    yield from _server_problems(settings)
    yield from _host_problems(settings)
    yield from exchange_problems(settings)
    yield from telephony_problems(settings, DATA, system_clock())
    yield from media_problems(settings)
    if not any(True for _ in running(settings.data)):
        yield from _port_problems(settings)


def _settings_without(broken: Iterable[str], chosen: Mapping[str, Any]) -> Settings:
    """Return the settings as they would be without the broken variables, to check the rest."""
    names = set(broken)
    while True:
        parts = {f"{name.rpartition('__')[0]}__" for name in names if "__" in name}
        with _hidden(names):
            try:
                return load_settings(chosen)
            except SettingsError:
                # A part whose other half is broken or missing goes as a whole.
                more = {name for name in os.environ if name.startswith(tuple(parts))}
                if more <= names:
                    raise
                names |= more


@contextlib.contextmanager
def _hidden(names: Iterable[str]) -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _organisation_problems(name: str) -> Iterator[str]:
    # What is wrong inside the files is told with the other data files.
    known = load_organisations(DATA, [])
    if name not in known and not (DATA / ORGANISATION / f"{name}.yaml").exists():
        yield f"HOTLINE_ORGANISATION: {name!r} is none of {', '.join(sorted(known))}"


def _data_problems(data: Path) -> Iterator[str]:
    place = data if data.exists() else _nearest(data)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        yield f"HOTLINE_DATA: {place} cannot be written: choose another --data, or its owner"
    elif (data / "secrets").is_dir():
        try:
            open_secrets(data)
        except (SecretsError, OSError) as error:
            yield str(error)


def _nearest(path: Path) -> Path:
    return next(folder for folder in path.absolute().parents if folder.exists())


def _server_problems(settings: Settings) -> Iterator[str]:
    if settings.database_url:
        yield from asyncio.run(_ask_database(settings.database_url.get_secret_value()))
    else:
        yield from _embedded_problems(settings.data / "postgres")
    if settings.redis_url:
        yield from _ask_redis(settings.redis_url.get_secret_value())


def _embedded_problems(directory: Path) -> Iterator[str]:
    for program in (POSTGRES_BIN / "postgres", VALKEY_BINARY):
        if not os.access(program, os.X_OK):
            yield f"{program} is missing: run `make setup`, or set HOTLINE_DATABASE_URL"
    if directory.exists() and os.geteuid() not in {0, directory.stat().st_uid}:
        yield str(belongs_to_another(directory))
    with contextlib.suppress(EmbeddedError):
        server = EmbeddedPostgres(directory)
        if server.leader():
            yield from asyncio.run(_ask_database(server.url))


async def _ask_database(url: str) -> list[str]:
    return [problem async for problem in _database_problems(url)]


async def _database_problems(url: str) -> AsyncIterator[str]:
    engine = create_async_engine(url)
    try:
        async with asyncio.timeout(ANSWER_SECONDS), engine.connect() as connection:
            version = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
            encoding = (await connection.execute(text("SHOW server_encoding"))).scalar_one()
            clocks = [each async for each in _clock_problems(connection, system_clock())]
    except (OSError, SQLAlchemyError, TimeoutError) as error:
        reason = str(getattr(error, "orig", error)) or type(error).__name__
        yield f"HOTLINE_DATABASE_URL: the database does not answer: {reason}"
    else:
        if version < OLDEST_POSTGRES:
            yield f"HOTLINE_DATABASE_URL: PostgreSQL 15 or newer is needed, this is {version}"
        if encoding != "UTF8":
            yield f"HOTLINE_DATABASE_URL: the encoding must be UTF8, it is {encoding}"
        for problem in clocks:
            yield problem
    finally:
        await engine.dispose()


async def _clock_problems(connection: AsyncConnection, now: datetime) -> AsyncIterator[str]:
    """Yield what deadlines would suffer from: a clock that differs, or that has gone back."""
    theirs: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    apart = abs((theirs - now).total_seconds())
    if apart > CLOCKS_APART.total_seconds():
        yield (
            f"clock: this machine and the database's differ by {apart:.0f} s: "
            "keep both in time with NTP"
        )
    if (await connection.execute(text("SELECT to_regclass('processes')"))).scalar_one() is None:
        return
    newest = (await connection.execute(text("SELECT max(seen_at) FROM processes"))).scalar_one()
    if newest is not None and newest - now > CLOCKS_APART:
        yield (
            f"clock: this machine says {now:%Y-%m-%d %H:%M:%S} UTC, but the house was alive at "
            f"{newest:%Y-%m-%d %H:%M:%S}: set the clock, deadlines are reckoned by it"
        )


def _ask_redis(url: str) -> Iterator[str]:
    limits: dict[str, Any] = {
        "socket_timeout": ANSWER_SECONDS,
        "socket_connect_timeout": ANSWER_SECONDS,
    }
    try:
        with Redis.from_url(url, **limits) as client:
            client.ping()
    except (RedisError, OSError) as error:
        yield f"HOTLINE_REDIS_URL: Redis does not answer: {error}"


def _host_problems(settings: Settings) -> Iterator[str]:
    hosts = {"HOTLINE_RELAY__HOST": settings.relay.host if settings.relay else None}
    for variable, host in hosts.items():
        if host:
            try:
                socket.getaddrinfo(host, None)
            except OSError:
                yield f"{variable}: the host {host} is not known"


def _port_problems(settings: Settings) -> Iterator[str]:
    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    for option, address, kind in (
        ("--http", settings.http.address, tcp),
        ("--sip", settings.sip.address, tcp),
        ("--sip", settings.sip.address, udp),
        ("--smtp", settings.smtp.address, tcp),
    ):
        if reason := _refusal(address, kind):
            name = "TCP" if kind == tcp else "UDP"
            yield f"{option} {address} ({name}): {reason}: end what is there, or choose another"
    for variable, address in telephony_addresses(settings.sip):
        if reason := _refusal(address, tcp):
            yield f"{variable} {address} (TCP): {reason}: end what is there, or choose another"
    yield from _media_problems(settings.rtp.ports, settings.sip.address.host)


def _media_problems(ports: PortRange, host: str) -> Iterator[str]:
    taken = [
        port
        for port in range(ports.first, ports.last + 1)
        if _refusal(Address(host, port), socket.SOCK_DGRAM)
    ]
    if taken:
        first = ", ".join(map(str, taken[:5]))
        yield f"--rtp-ports {ports}: {len(taken)} of them are in use ({first}, …): choose others"


def _refusal(address: Address, kind: socket.SocketKind) -> str | None:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            return error.strerror or str(error)
    return None
