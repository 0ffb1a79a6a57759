"""What an installation decides about callbacks."""

from dataclasses import dataclass, field

from hotline.callbacks.letters import About
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.policy import CallbackPolicy
from hotline.contacts.contact import Channel


@dataclass(frozen=True, slots=True)
class CallbackOptions:
    """Rules, links, and the channels that this installation has."""

    links: LinkOptions
    policy: CallbackPolicy = field(default_factory=CallbackPolicy)
    channels: frozenset[Channel] = frozenset({Channel.VOICE, Channel.MAIL})
    home_area_code: str | None = None
    hotline: str = "12319"
    """The number that citizens dial with questions."""

    def about(self, number: str, subject: str) -> About:
        """Return what messages say of a ticket, and where to ask about it."""
        return About(number, subject, self.hotline, f"{self.links.public_url}/status")
