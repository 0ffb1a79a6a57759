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


CodecName = Literal["pcma", "pcmu", "g722", "opus"]
Codecs = Annotated[tuple[CodecName, ...], BeforeValidator(read_words), Field(min_length=1)]
"""Several codecs, separated by blanks or commas."""


class MediaSettings(Part):
    """Who carries the sound of calls."""

    engine: Literal["embedded", "rtpengine"] = "embedded"
    """`embedded`: the voice process itself; `rtpengine`: hosts of their own."""
    hosts: Addresses = ()
    """Where each rtpengine takes NG over TCP (its `listen-tcp-ng`); the least busy takes a call."""
    http_port: int = Field(default=2225, ge=1, le=65535)
    """The port of `listen-http` at each of them: prompts are too long for NG over TCP."""
    spool: Path | None = None
    """rtpengine's `recording-dir` as the voice process sees it; without it nothing is recorded."""
    sides: Words = Field(default=(), max_length=2)
    """rtpengine's names of its interfaces towards telephones and towards us, if it has two."""

    priority: int = Field(default=0, ge=0, le=99)
    """Real-time priority (SCHED_RR) of the voice process; 0: as every process. It needs
    `CAP_SYS_NICE` or `LimitRTPRIO`; where it is refused, the start says so and goes on."""

    codecs: Codecs = ("pcma", "pcmu", "g722", "opus")
    """What telephones may use, the dearest first; what follows the last of `pcma` and `pcmu` is
    accepted where nothing before it is offered, and never asked for. A leg of G.722 costs about
    five times the CPU of `pcma`, one of Opus thirteen times."""
    page_codecs: Codecs = ("pcma", "pcmu")
    """What the browsers of seats may use, the dearest first; `opus` before them takes a third of
    the bits, and sounds wider only with callers whose telephones do."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.engine == "rtpengine" and not self.hosts:
            raise ValueError("the engine rtpengine needs hosts: HOST:PORT of each")
        if len(self.sides) == 1:
            raise ValueError("sides are two names, towards telephones and towards us, or none")
        return self
