"""The settings of sound: which engine carries it, and where."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.addresses import Address
from config.setting_kinds import Part, Words, read_words


def _addresses(value: Any) -> Any:
    return tuple(Address.parse(word) for word in read_words(value))


Addresses = Annotated[tuple[Address, ...], BeforeValidator(_addresses)]
"""Several addresses, separated by blanks or commas."""


class MediaSettings(Part):
    """Who carries the sound of calls."""

    engine: Literal["embedded", "rtpengine"] = "embedded"
    """`embedded`: the voice process itself; `rtpengine`: hosts of their own."""
    hosts: Addresses = ()
    """Where each rtpengine takes NG over TCP (its `listen-tcp-ng`); the least busy takes a call."""
    spool: Path | None = None
    """rtpengine's `recording-dir` as the voice process sees it; without it nothing is recorded."""
    sides: Words = Field(default=(), max_length=2)
    """rtpengine's names of its interfaces towards telephones and towards us, if it has two."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.engine == "rtpengine" and not self.hosts:
            raise ValueError("the engine rtpengine needs hosts: HOST:PORT of each")
        if len(self.sides) == 1:
            raise ValueError("sides are two names, towards telephones and towards us, or none")
        return self
