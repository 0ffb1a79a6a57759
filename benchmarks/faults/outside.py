"""What stands outside and remembers everything: a mail relay and citizens with telephones."""

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from hotline.contacts.contact import Channel, DeliveryUnknown, OutboundMessage
from hotline.kernel.errors import Unavailable
from tests.fakes.crashing import Fate, Turns

ACT = 5.0
"""Processes die so much more often around what cannot be undone."""

_LINK = re.compile(r"/callback/(\S+)")


@dataclass(slots=True)
class Relay:
    """An SMTP relay that knows each message by its key, as a real one knows its Message-ID."""

    fate: Fate
    turns: Turns
    accepted: Counter[str] = field(default_factory=Counter)
    links: dict[str, str] = field(default_factory=dict)
    """Callback references of letters that arrived, to the token in them; not answered yet."""
    channels: frozenset[Channel] = frozenset({Channel.MAIL})

    async def send(self, message: OutboundMessage, *, now: datetime) -> None:  # noqa: ARG002
        """Take a message, say "later", or break off before or after taking it."""
        self.fate.may_strike("before the relay", weight=ACT)
        await self.turns.pause()
        luck = self.fate.chance.random() if self.fate.is_on else 1.0
        if luck < 0.08:
            raise Unavailable("the relay")
        if luck < 0.14:
            raise DeliveryUnknown(Channel.MAIL)
        self.accepted[message.key] += 1
        link = _LINK.search(message.body)
        if link:
            self.links[message.reference] = link.group(1)
        self.fate.may_strike("after the relay took it", weight=ACT)
        if luck < 0.2:
            raise DeliveryUnknown(Channel.MAIL)


@dataclass(frozen=True, slots=True)
class Ring:
    """One ringing of a citizen's telephone."""

    reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Mood:
    """What a citizen does when the telephone rings."""

    result: str
    solved: str | None = None
    """The key pressed for the first question; None: hangs up before."""
    satisfaction: str | None = None


@dataclass(slots=True)
class Telephones:
    """The citizens' telephones."""

    chance: random.Random
    rings: list[Ring] = field(default_factory=list)
    heard_out: list[Ring] = field(default_factory=list)
    """Rings in which the citizen answered the first question, and the line lived on."""
    complaints: int = 0

    def ring(self, reference: str, now: datetime) -> Mood:
        """Ring; the citizen answers, is busy, or is out."""
        self.rings.append(Ring(reference, now))
        luck = self.chance.random()
        if luck < 0.15:
            return Mood("busy" if luck < 0.08 else "no_answer")
        if luck < 0.2:
            return Mood("answered")
        return Mood("answered", self.verdict(), str(self.chance.randint(1, 5)))

    def verdict(self) -> str:
        """Return 1 (solved), or at times 2, but not for ever."""
        if self.complaints < 1 and self.chance.random() < 0.12:
            self.complaints += 1
            return "2"
        return "1"
