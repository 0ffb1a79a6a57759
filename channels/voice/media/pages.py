"""What an engine must also be able to do so that pages can be telephones."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from channels.voice.media.engine import MediaLeg
from channels.voice.media.path import MediaPath
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.terms import StreamTerms


class PageSound(MediaLeg, Protocol):
    """The leg of a page, whose path may be replaced in mid-call."""

    def move(self, path: MediaPath, terms: StreamTerms) -> None:
        """Go on over another path; bridge, recording and prompts stay.

        Raises:
            LegClosed: the leg is closed.
        """


@runtime_checkable
class PageEngine(Protocol):
    """An engine that has legs for pages; its other legs can be bridged with them."""

    @property
    def page_codecs(self) -> Sequence[Codec]:
        """Return which codecs pages may use, the dearest first."""

    def open_on(self, call_id: str, path: MediaPath, terms: StreamTerms) -> PageSound:
        """Open a leg on a path of its own, whose terms are agreed already."""
