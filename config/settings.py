"""Settings: environment to frozen models, read once by the command line.

Names are `HOTLINE_` and the path of the field, joined by `__`: `HOTLINE_HTTP__ADDRESS`. A variable
of ours that no field knows is an error, so that a misspelt one is never silently ignored.
"""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from case_bridge.places.position import Crs
from config.addresses import Address, PortRange
from config.exchange_settings import ExchangeSettings, MakerSettings, PeerSettings
from config.media_settings import MediaSettings
from config.setting_errors import SettingsError
from config.setting_kinds import AddressField, Hours, Part, PortRangeField
from config.telephony_settings import (
    CallSettings,
    LineSettings,
    OwnLineSettings,
    SipSettings,
    TrunkSettings,
)

Idle = Annotated[timedelta, Field(ge=timedelta(minutes=5), le=timedelta(hours=12))]

PREFIX = "HOTLINE_"
NAMED = frozenset({"trunks", "lines", "peers"})
"""Settings that hold several parts: `HOTLINE_TRUNKS__BACKUP__ADDRESS`."""
NAME = "NAME"
"""Stands for any name in the list of variables."""
FIRST_TRUNK = "trunk"
"""The name of the trunk that has none."""


def _database_url(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgresql", "postgres", "postgresql+asyncpg"} or not rest:
        raise ValueError("must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    # asyncpg calls libpq's sslmode simply ssl.
    rest = re.sub(r"([?&])sslmode=", r"\1ssl=", rest)
    return SecretStr(f"postgresql+asyncpg://{rest}")


def _redis_url(secret: SecretStr) -> SecretStr:
    if urlsplit(secret.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must be redis://HOST:PORT/0, rediss://… or unix:///PATH")
    return secret


class LogSettings(Part):
    """Structured logs on standard error."""

    format: Literal["auto", "console", "json"] = "auto"
    """`auto` is `console` on a terminal, `json` otherwise."""
    level: Literal["debug", "info", "warning", "error"] = "info"


class HttpSettings(Part):
    """The pages and their address."""

    address: AddressField = Address("127.0.0.1", 8080)
    public_url: str | None = None
    """How citizens reach us, for links in mails; default: http:// and the address."""
    trusted_proxies: int = Field(default=0, ge=0, le=8)
    """Proxies of ours in front that append to X-Forwarded-For."""
    metrics_token: SecretStr | None = None
    """Bearer token of /metrics; without one only this machine may read it."""
    administrators_idle: Idle = timedelta(minutes=30)
    """An administrator who does nothing for longer signs in again."""
    processes: int = Field(default=1, ge=1, le=32)
    """Web processes under `serve`, which share the address; one for each core that is free."""

    @model_validator(mode="after")
    def _processes_have_one_port(self) -> Self:
        if self.processes > 1 and self.address.port == 0:
            raise ValueError("several processes share one port, which must be named: not 0")
        return self

    @model_validator(mode="after")
    def _url_is_whole(self) -> Self:
        if self.public_url is not None:
            parts = urlsplit(self.public_url)
            if parts.scheme not in {"http", "https"} or not parts.netloc:
                raise ValueError("public_url must be https://HOST or http://HOST")
        return self

    @property
    def base_url(self) -> str:
        """The address in links, without a slash at its end."""
        return (self.public_url or f"http://{self.address}").rstrip("/")

    @property
    def https(self) -> bool:
        """Say whether a proxy in front speaks TLS, so that cookies may demand it."""
        return self.base_url.startswith("https://")


class RtpSettings(Part):
    """Media over UDP."""

    ports: PortRangeField = PortRange(16384, 17383)
    host: str = ""
    """The address of this host where sound comes to the voice process itself, and which SDP names;
    empty: that of SIP. Behind a proxy on the same host the two differ."""


class SmtpSettings(Part):
    """Mail that comes in."""

    address: AddressField = Address("127.0.0.1", 2525)
    mailbox: str = "hotline@localhost"
    """The address of the hotline: accepted as recipient, sender of what we write."""
    max_message_bytes: int = Field(default=25 * 1024 * 1024, ge=65536)


class RelaySettings(Part):
    """The SMTP server that takes our mail out."""

    host: str
    port: int = Field(default=25, ge=1, le=65535)
    username: str = ""
    password: SecretStr | None = None
    security: Literal["plain", "starttls", "tls"] = "plain"


class SmsSettings(Part):
    """The gateway for short messages: an HTTP POST of JSON."""

    url: str
    secret: SecretStr
    """Shared with the gateway: each request is signed with it."""


class CallbackSettings(Part):
    """回访: when citizens may be rung, and how often."""

    hours: Hours = Field(
        default=((time(9), time(12)), (time(14), time(21))), min_length=1, max_length=8
    )
    holiday_hours: Hours = Field(default=(), max_length=8)
    """When the telephone may ring on public holidays; empty: not at all. Text messages and letters
    go as on any day."""
    phone_attempts: int = Field(default=3, ge=1, le=10)
    gap: timedelta = timedelta(hours=2)
    """The least time between two attempts."""
    answer_within: timedelta = timedelta(days=7)
    """How long a question by mail or short message waits for its answer."""


class SeatSettings(Part):
    """坐席: the limits of an offer and of the work after a call."""

    offer_limit: timedelta = timedelta(seconds=20)
    wrap_up_limit: timedelta = timedelta(seconds=60)


class RecordingSettings(Part):
    """录音: for how long each class is kept; what is under a legal hold is kept in any case."""

    inbound_kept: timedelta = timedelta(days=730)
    outbound_kept: timedelta = timedelta(days=730)


class BackupSettings(Part):
    """Backups: when `系统状态` calls for one. 0 calls for none: something else makes them."""

    age: timedelta = Field(default=timedelta(hours=36), ge=timedelta())
    """The last one may be so old."""
    proof_age: timedelta = Field(default=timedelta(days=35), ge=timedelta())
    """So long ago one may have been loaded and compared."""


class WorkerSettings(Part):
    """The hands that carry out the outbox."""

    processes: int = Field(default=2, ge=1, le=32)
    """Under `serve`; further ones may run anywhere with `hotline worker`."""


class SweeperSettings(Part):
    """What finds again whatever a crash has dropped."""

    interval: timedelta = timedelta(seconds=5)


class _Environment(EnvSettingsSource):
    """The environment; only what looks like JSON is read as JSON."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Leave a plain word such as HOST:PORT to the field's own reader."""
        if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
            try:
                return super().decode_complex_value(field_name, field, value)
            except ValueError:
                return value
        return value


class MapSettings(Part):
    """The map pages; without tiles the grids and points are drawn alone."""

    tiles: str | None = None
    """Address of the base map's tiles, e.g. https://tiles.example.org/{z}/{x}/{y}.png."""
    attribution: str = ""
    """What the maker of the base map wants to be named as."""
    crs: Crs = Crs.WGS84
    """Coordinate system of the tiles: WGS-84, CGCS2000, GCJ-02 or BD-09."""
    county: str | None = Field(default=None, pattern=r"^[0-9]{6}$")
    """Six digits that every grid code begins with; default: not checked."""

    @model_validator(mode="after")
    def _tiles_are_whole(self) -> Self:
        if self.tiles is not None:
            parts = urlsplit(self.tiles)
            if parts.scheme not in {"http", "https"} or not parts.netloc:
                raise ValueError("tiles must be https://HOST/... with {z}, {x} and {y}")
            if not all(name in self.tiles for name in ("{z}", "{x}", "{y}")):
                raise ValueError("tiles must hold {z}, {x} and {y}")
        return self


class Settings(BaseSettings):
    """Everything that an operator may choose."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    data: Path = Path("var")
    """Recordings, secrets, and the embedded servers."""
    demo: bool = False
    """Demo accounts, seats, units; every hour is permitted for callbacks."""
    organisation: str = Field(default="lianchi", pattern=r"^[a-z0-9-]{1,40}$")
    """Who dispatches, checks, closes and settles: a file of config/data/organisation."""
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = None
    """A PostgreSQL of your own instead of the embedded one."""
    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = None
    """A Redis or Valkey of your own instead of the embedded one."""

    log: LogSettings = LogSettings()
    http: HttpSettings = HttpSettings()
    sip: SipSettings = SipSettings()
    rtp: RtpSettings = RtpSettings()
    media: MediaSettings = MediaSettings()
    trunk: TrunkSettings | None = None
    trunks: dict[str, TrunkSettings] = {}
    """Further trunks, tried after `HOTLINE_TRUNK__…` in the order of their names."""
    line: LineSettings = LineSettings()
    lines: dict[str, OwnLineSettings] = {}
    """Lines with flow, hours or limits of their own, by number."""
    call: CallSettings = CallSettings()
    smtp: SmtpSettings = SmtpSettings()
    relay: RelaySettings | None = None
    sms: SmsSettings | None = None
    callback: CallbackSettings = CallbackSettings()
    seat: SeatSettings = SeatSettings()
    recording: RecordingSettings = RecordingSettings()
    backup: BackupSettings = BackupSettings()
    map: MapSettings = MapSettings()
    case_platform: MakerSettings | None = None
    exchange: ExchangeSettings = ExchangeSettings()
    peers: dict[str, PeerSettings] = {}
    """Superior and subordinate platforms, by the name that each calls itself."""
    worker: WorkerSettings = WorkerSettings()
    sweeper: SweeperSettings = SweeperSettings()

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every number that citizens dial, the first one first."""
        return tuple(dict.fromkeys((*self.line.numbers, *sorted(self.lines))))

    @property
    def all_trunks(self) -> Mapping[str, TrunkSettings]:
        """Every trunk by its name, in the order in which they are tried."""
        first = {} if self.trunk is None else {FIRST_TRUNK: self.trunk}
        return {**first, **dict(sorted(self.trunks.items()))}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is theirs
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is theirs
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is theirs
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment only; what is chosen on the command line comes first."""
        return (init_settings, _Environment(settings_cls))


def load_settings(chosen: Mapping[str, Any] | None = None) -> Settings:
    """Read the environment; `chosen` values (nested, from the command line) come first.

    Raises:
        SettingsError: with every problem, each naming its variable.
    """
    known = set(variables())
    problems = {
        name: "no setting has this name" + _suggestion(name)
        for name in sorted(os.environ)
        if name.upper().startswith(PREFIX) and _without_name(name.upper()) not in known
    }
    try:
        settings = Settings(**dict(chosen or {}))
    except ValidationError as error:
        for problem in error.errors():
            name = _variable(problem["loc"])
            problems.setdefault(name, problem["msg"].removeprefix("Value error, "))
        raise SettingsError(problems) from None
    if problems:
        raise SettingsError(problems)
    return settings


def variables() -> Iterator[str]:
    """Yield the name of every environment variable that is read."""
    yield from _variables(Settings, PREFIX)


def _variables(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        yield variable
        part = part_of(field)
        if part is not None:
            infix = f"{NAME}__" if name in NAMED else ""
            yield from _variables(part, f"{variable}__{infix}")


def part_of(field: FieldInfo) -> type[Part] | None:
    """Return the part that a field is, may be, or holds by name; None for a plain value."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, Part):
            return kind
    return None


def _without_name(variable: str) -> str:
    """Return a variable of a named part with the word that stands for any name."""
    words = variable.split("__")
    if len(words) > 2 and words[0].removeprefix(PREFIX).lower() in NAMED:
        words[1] = NAME
    return "__".join(words)


def _variable(location: tuple[int | str, ...]) -> str:
    return PREFIX + "__".join(str(part).upper() for part in location)


def _suggestion(name: str) -> str:
    near = get_close_matches(name.upper(), list(variables()), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
