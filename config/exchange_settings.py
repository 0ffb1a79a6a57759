"""Settings of other houses: another maker's case system, superior and subordinate platforms."""

from datetime import timedelta
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from case_bridge.exchange.dialect import DIALECTS, NEUTRAL
from case_bridge.signing import KeyRing
from config.setting_kinds import Part, Words
from hotline.kernel.errors import Invalid


class SignedSettings(Part):
    """A house that we talk with over HTTP, each request signed."""

    url: str
    """Its base address, https://HOST/PATH or http://HOST/PATH."""
    key: SecretStr
    """What we sign with: ID:hmac:BASE64 (shared) or ID:ed25519:BASE64 (our private seed)."""
    accepts: Words = ()
    """Keys that we take from it, such as ID:public:BASE64; default: the shared secret."""
    timeout: timedelta = Field(default=timedelta(seconds=10), gt=timedelta())
    """How long one request may take."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError("url must be https://HOST/PATH or http://HOST/PATH")
        try:
            self.keys()
        except Invalid as error:
            raise ValueError(error.problem) from None
        return self

    def keys(self) -> KeyRing:
        """Return the keys of the talk.

        Raises:
            Invalid: if they are malformed.
        """
        return KeyRing.of(self.key.get_secret_value(), self.accepts)


class MakerSettings(SignedSettings):
    """The case system of another maker, instead of our own."""

    name: str = Field(default="http", pattern=r"^[a-z0-9-]{1,40}$")
    """Its name in links, logs and alarms."""

    @model_validator(mode="after")
    def _is_not_ours(self) -> Self:
        if self.name == "local":
            raise ValueError("name must not be local, which is our own case system")
        return self


class PeerSettings(SignedSettings):
    """A superior or subordinate platform; NAME is what it calls itself."""

    role: Literal["superior", "subordinate"]
    unit: str | None = None
    """Code of the unit that stands for it: what is dispatched there crosses."""
    checks: bool = False
    """Its inspectors check results for us."""
    dialect: str = NEUTRAL
    """How it speaks: `neutral` is our published JSON."""

    @model_validator(mode="after")
    def _speaks(self) -> Self:
        if self.dialect not in DIALECTS:
            raise ValueError(f"dialect must be one of {', '.join(sorted(DIALECTS))}")
        return self


class ExchangeSettings(Part):
    """Who we are towards superior and subordinate platforms."""

    name: str = Field(default="hotline", pattern=r"^[a-z0-9-]{1,40}$")
    """Our name on every form; stands before our case numbers."""
    patience: timedelta = Field(default=timedelta(minutes=1), gt=timedelta())
    """How long a gap waits before we ask for what is missing."""
