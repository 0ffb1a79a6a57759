import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from channels.voice.media.path import Receive
from channels.voice.media.secure_path import SecurePath
from channels.voice.rtp import rtcp
from channels.voice.rtp.packet import HEADER, RtpMalformed
from channels.voice.rtp.source import Address
from channels.voice.rtp.srtp import MAX_PLAIN, Opener, Sealer, SrtpKeys, Suite

KEY, OTHER = bytes(range(30)), bytes(range(30, 60))
HERE: Address = ("192.0.2.1", 5004)


def packet(sequence: int, payload: bytes = b"\xd5" * 160) -> bytes:
    return HEADER.pack(0x80, 8, sequence & 0xFFFF, sequence * 160, 7) + payload


@pytest.mark.parametrize(("suite", "tag"), [(Suite.SHA1_80, 10), (Suite.SHA1_32, 4)])
def test_a_packet_comes_out_as_it_went_in_and_is_not_seen_between(suite: Suite, tag: int) -> None:
    """Issue B 1: RFC 3711."""
    sealed = Sealer(suite, KEY).seal(packet(1))

    assert sealed is not None
    assert len(sealed) == len(packet(1)) + tag
    assert sealed[:12] == packet(1)[:12]
    assert b"\xd5" * 4 not in sealed
    assert Opener(suite, KEY).open(sealed) == packet(1)


def test_the_first_key_stream_of_rfc_3711_is_ours() -> None:
    """RFC 3711 B.3: session keys from this master key and salt; B.2's structure around them."""
    master = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6")
    # SSRC 0 and index 0, as in B.2, so that the counter is the session salt alone.
    plain = HEADER.pack(0x80, 8, 0, 0, 0) + bytes(16)
    sealed = Sealer(Suite.SHA1_80, master).seal(plain)

    key = bytes.fromhex("C61E7A93744F39EE10734AFE3FF7A087")
    salt = bytes.fromhex("30CBBC08863D8C85D49DB34A9AE1") + bytes(2)
    stream = Cipher(algorithms.AES(key), modes.CTR(salt)).encryptor().update(bytes(16))
    assert sealed is not None
    assert sealed[12:28] == stream


def test_a_packet_that_comes_again_is_thrown_away() -> None:
    """Issue B 1: replay protection (RFC 3711 3.3.2)."""
    sealer, opener = Sealer(Suite.SHA1_80, KEY), Opener(Suite.SHA1_80, KEY)
    sealed = [sealer.seal(packet(number)) or b"" for number in range(300)]
    opener.open(sealed[0])
    with pytest.raises(RtpMalformed):
        opener.open(sealed[0])
    opener.open(sealed[299])
    opener.open(sealed[298])  # late, but not seen yet
    with pytest.raises(RtpMalformed):
        opener.open(sealed[298])
    with pytest.raises(RtpMalformed):
        opener.open(sealed[5])  # older than the window: nobody knows


def test_an_altered_packet_and_one_under_another_key_are_thrown_away() -> None:
    sealed = Sealer(Suite.SHA1_80, KEY).seal(packet(1)) or b""
    altered = sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:]
    for datagram in (altered, packet(1), sealed[:11], b"", b"\x80"):
        with pytest.raises(RtpMalformed):
            Opener(Suite.SHA1_80, KEY).open(datagram)
    with pytest.raises(RtpMalformed):
        Opener(Suite.SHA1_80, OTHER).open(sealed)


def test_the_sequence_may_turn_over() -> None:
    sealer, opener = Sealer(Suite.SHA1_80, KEY), Opener(Suite.SHA1_80, KEY)
    for number in range(0xFFF0, 0x10010):
        assert opener.open(sealer.seal(packet(number)) or b"") == packet(number)


def test_reports_are_protected_too() -> None:
    report = rtcp.serialise([rtcp.Goodbye((7,))])
    sealed = Sealer(Suite.SHA1_80, KEY).seal_control(report)

    assert sealed is not None
    assert Opener(Suite.SHA1_80, KEY).open(sealed) == report


def test_what_is_too_long_is_not_sent() -> None:
    assert Sealer(Suite.SHA1_80, KEY).seal(packet(1, bytes(MAX_PLAIN))) is None


def _drop(_datagram: bytes, _source: Address) -> None:
    pass


class Wire:
    """A path that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.on_media: Receive = _drop
        self.on_control: Receive = _drop

    def start(self, on_media: Receive, on_control: Receive) -> None:
        self.on_media, self.on_control = on_media, on_control

    def send_media(self, datagram: bytes, to: Address) -> bool:
        self.sent.append(datagram)
        return True

    send_control = send_media

    def stop(self) -> None:
        pass


def test_a_path_is_plain_until_there_are_keys_and_then_never_again() -> None:
    wire, heard = Wire(), []
    path = SecurePath(wire)
    path.start(lambda datagram, _: heard.append(datagram), lambda *_: None)
    path.send_media(packet(1), HERE)
    path.use(SrtpKeys(Suite.SHA1_80, KEY, OTHER))
    path.send_media(packet(2), HERE)
    wire.on_media(packet(3), HERE)
    wire.on_media(Sealer(Suite.SHA1_80, OTHER).seal(packet(4)) or b"", HERE)

    assert wire.sent[0] == packet(1)
    assert wire.sent[1] != packet(2)
    assert heard == [packet(4)]
    assert path.rejected == 1


def test_keys_that_stay_keep_their_count() -> None:
    """A hold in between must not begin the key stream again, nor forget what was seen."""
    wire, heard = Wire(), []
    path = SecurePath(wire)
    path.start(lambda datagram, _: heard.append(datagram), lambda *_: None)
    path.use(SrtpKeys(Suite.SHA1_80, KEY, OTHER))
    sealed = Sealer(Suite.SHA1_80, OTHER).seal(packet(1)) or b""
    wire.on_media(sealed, HERE)
    path.send_media(packet(1), HERE)
    path.use(SrtpKeys(Suite.SHA1_80, KEY, OTHER))
    wire.on_media(sealed, HERE)

    assert heard == [packet(1)]
    assert not path.send_media(packet(1), HERE)
    assert path.rejected == 1
