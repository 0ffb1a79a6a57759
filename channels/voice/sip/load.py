"""What a user agent carries, and what it has thrown away: for boards, metrics and tests."""

from channels.voice.sip.call import CallBook
from channels.voice.sip.layer import Traffic, TransactionLayer
from channels.voice.sip.peers import PeerCounts, Peers


class Load:
    """The figures of one user agent, as they are at the moment of reading."""

    def __init__(self, book: CallBook, layer: TransactionLayer, peers: Peers) -> None:
        self._book = book
        self._layer = layer
        self._peers = peers

    @property
    def calls(self) -> int:
        """How many calls there are, in any state."""
        return len(self._book)

    @property
    def transactions(self) -> int:
        """How many transactions there are, those that only absorb repetitions included."""
        return self._layer.transactions

    @property
    def traffic(self) -> Traffic:
        """How many requests came and how many answers we gave."""
        return self._layer.traffic

    @property
    def thrown_away(self) -> PeerCounts:
        """What was not read, and what was not sent, to keep strangers from doing harm."""
        return self._peers.counts

    def noisy(self, most: int) -> list[tuple[str, str, int]]:
        """Return the addresses of which most was thrown away: address, what it is, how much."""
        return self._peers.noisy(most)
