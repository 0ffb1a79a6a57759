"""Mutated SIP messages against the whole user agent, in virtual time.

    python -m benchmarks.voice.mutate --count 100000 [--seed 1]

Every message is a message of the torture corpus, or of a call that is really going on, with a
few wounds. The parser may raise its own error and nothing else; the user agent may raise nothing,
and must have forgotten everything ten minutes later. Prints one line of JSON.
"""

import argparse
import json
import random
import time
from collections import Counter
from itertools import count
from pathlib import Path

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.auth import Credentials, DigestSecret
from channels.voice.sip.errors import CallGone, PeerError, UsageError
from channels.voice.sip.events import (
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallKey,
    CallOffered,
    CallReoffered,
    CoreEvent,
    RegisterReceived,
)
from channels.voice.sip.message import Request, Response, parse_message
from channels.voice.sip.peers import PeerClass, PeerOptions, Rate
from channels.voice.sip.user_agent import UserAgent, UserAgentOptions

CORPUS = Path(__file__).parents[2] / "tests" / "corpus" / "sip"
PEER = Hop(Transport.UDP, "192.0.2.9", 5060)
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
OTHER_SIDE_STEPS = 40
"""Mutated messages for each step that a healthy call takes."""

TOKENS = tuple(
    token.encode()
    for token in (
        *("", " ", ",", ";", "=", "<", ">", '"', "\\", "@", ":", "[", "]", "%", "%00", "\0", "\t"),
        *("\r\n", "\r\n ", "\r\n\r\n", "\r", "\n", "\xff", "\xc3", "\x80", "é"),
        *("-1", "0", "65536", "99999999999999999999", "2147483648", "4294967296", "1e9", "٣"),
        *("SIP/2.0", "SIP/3.0", "sip:", "sips:", "tel:", "sip:[::1]", "sip:[", "*", "z9hG4bK"),
        *(";lr", ";tag=", ";branch=", ";received=", ";rport", ";maddr=203.0.113.1", ";expires=0"),
        *("Content-Length: 5\r\n", "l: 999999\r\n", "Via: x\r\n", "Route: <sip:a;lr>\r\n"),
        *("Record-Route: <sip:203.0.113.1;lr>\r\n", "Contact: *\r\n", "Require: 100rel\r\n"),
        *("Session-Expires: 90;refresher=uac\r\n", "Min-SE: 99999999\r\n", "RAck: 1 1 INVITE\r\n"),
        *("Refer-To: <sip:a@b?Replaces=1>\r\n", "Replaces: a;from-tag=b;to-tag=c\r\n"),
        *("Content-Type: multipart/mixed;boundary=x\r\n", "Supported: timer,100rel\r\n"),
        *("Authorization: Digest\r\n", "RSeq: 1\r\n", "Diversion: <sip:a>;reason=x\r\n"),
    )
)


def wound(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Return a message with one wound."""
    at = rng.randrange(len(data) + 1)
    until = min(len(data), at + rng.randrange(1, 30))
    match rng.randrange(9):
        case 0 if at < len(data):
            return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        case 1:
            return data[:at] + data[until:]
        case 2:
            return data[:until] + data[at:until] * rng.choice((1, 2, 50)) + data[until:]
        case 3 | 4:
            return data[:at] + rng.choice(TOKENS) + data[at:]
        case 5:
            lines = data.split(b"\r\n")
            rng.shuffle(lines)
            return b"\r\n".join(lines)
        case 6:
            lines = data.split(b"\r\n")
            lines.insert(rng.randrange(len(lines)), rng.choice(lines))
            return b"\r\n".join(lines)
        case 7:
            other = rng.choice(others)
            return data[:at] + other[rng.randrange(len(other) + 1) :]
        case _:
            return data[:at]


class Victim:
    """A user agent, and the application that answers for it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = 1000.0
        numbers = count(1)
        # No rate: the messages must be read, not thrown away unread.
        everything = Rate(1e9, 1e9)
        peers = PeerOptions(rates=dict.fromkeys(PeerClass, everything), strangers=everything)
        options = UserAgentOptions(host="192.0.2.1", port=5060, max_calls=500, peers=peers)
        self.agent = UserAgent(options, lambda: f"t{next(numbers):06d}", b"mutations")
        self.secret = DigestSecret.of("8001", "hotline", "pw")
        self.counts: Counter[str] = Counter()
        self.live: dict[CallKey, None] = {}
        self.samples = [path.read_bytes() for path in sorted(CORPUS.glob("*.sip"))]
        self._fixed = len(self.samples)
        self._step = 0
        self._ack = b""

    def feed(self, data: bytes) -> None:
        """Let one message arrive, whatever it is."""
        try:
            parse_message(data)
        except PeerError:
            self.counts["unreadable"] += 1
        self.agent.receive(data, PEER, self.now)
        self.settle()

    def settle(self) -> None:
        """Be the application, and the network's other end for healthy calls."""
        for event in self.agent.events():
            self.counts[type(event).__name__] += 1
            try:
                self._act(event)
            except (CallGone, UsageError):
                self.counts["too late"] += 1
        for message in self.agent.messages_to_send():
            self.counts["sent"] += 1
            if self.rng.randrange(4) == 0:
                self._remember(message.data)

    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds
        while (due := self.agent.next_timer()) is not None and due <= self.now:
            self.agent.handle_timer(self.now)
            self.settle()

    def step(self) -> None:
        """Let a healthy call begin, so that there are dialogs to be hurt."""
        self._step += 1
        n = self._step
        if n % 2:
            head = f"c{n}"
            self._ack = b""
            self.feed(_request("INVITE", call_id=head, branch=head, body=SDP))
            if self.rng.randrange(2) and self._ack:
                self.feed(self._ack)
        else:
            key = self.agent.invite(
                "sip:callee@192.0.2.9", SDP, self.now, credentials=Credentials("a", "b")
            )
            self.live[key] = None
            (sent, *_) = self.agent.messages_to_send()
            invite = parse_message(sent.data)
            assert isinstance(invite, Request)
            ok = _reply(invite, 200)
            self.samples[self._fixed :] = [ok, _reply(invite, 180), _reply(invite, 401)]
            if self.rng.randrange(2):
                self.feed(ok)

    def finish(self) -> None:
        """Hang up whatever is left and wait until everything is forgotten."""
        for key in list(self.live):
            self.agent.hang_up(key, self.now)
        self.settle()
        for _ in range(60):
            self.pass_time(10.0)

    def _act(self, event: CoreEvent) -> None:
        agent, now = self.agent, self.now
        match event:
            case CallOffered(call=call):
                self.live[call] = None
                agent.ring(call, now)
                if self.rng.randrange(4):
                    agent.answer(call, SDP, now)
                    ends = (call, event.sip_call_id, event.request.from_tag)
                    self._ack = _inside("ACK", ends, 1)
                    self._remember(self._ack)
                    self._remember(_inside("BYE", ends, 9))
                    self._remember(_inside("UPDATE", ends, 5))
                    self._remember(_inside("INVITE", ends, 6))
                    self._remember(_inside("INFO", ends, 7))
            case CallConfirmed(call=call):
                if self.rng.randrange(2):
                    agent.reoffer(call, SDP, now)
            case CallReoffered(call=call):
                agent.answer_reoffer(call, SDP, now)
            case RegisterReceived(request_key=key):
                agent.authorize(key, self.secret, now)
                agent.challenge(key, now)
            case CallEnded(call=call) | CallFailed(call=call):
                self.live.pop(call, None)

    def _remember(self, data: bytes) -> None:
        # The newest messages of living calls, beside the corpus.
        if len(self.samples) > self._fixed + 60:
            del self.samples[self._fixed]
        self.samples.append(data)


def _request(
    method: str,
    *,
    call_id: str,
    branch: str,
    from_tag: str = "peer",
    to_tag: str = "",
    cseq: int = 1,
    body: bytes = b"",
) -> bytes:
    tag = f";tag={to_tag}" if to_tag else ""
    headers = {
        "via": [f"SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{branch}"],
        "max-forwards": ["70"],
        "from": [f"<sip:13800001234@192.0.2.9>;tag={from_tag}"],
        "to": [f"<sip:12345@192.0.2.1>{tag}"],
        "call-id": [call_id],
        "cseq": [f"{cseq} {method}"],
        "contact": ["<sip:phone@192.0.2.9>"],
    }
    if body:
        headers["content-type"] = ["application/sdp"]
    return Request(method, "sip:12345@192.0.2.1", headers, body).serialise()


def _inside(method: str, ends: tuple[str, str, str], cseq: int) -> bytes:
    to_tag, call_id, from_tag = ends
    branch = f"{method}{to_tag}"
    return _request(
        method, call_id=call_id, branch=branch, from_tag=from_tag, to_tag=to_tag, cseq=cseq
    )


def _reply(to: Request, status: int) -> bytes:
    headers = {name: list(to.headers[name]) for name in ("via", "from", "to", "call-id", "cseq")}
    headers["to"][0] += ";tag=callee"
    headers["contact"] = ["<sip:callee@192.0.2.9>"]
    if status == 401:
        headers["www-authenticate"] = ['Digest realm="x", nonce="n", qop="auth"']
        return Response(status, "No", headers).serialise()
    headers["content-type"] = ["application/sdp"]
    return Response(status, "Yes", headers, SDP).serialise()


def attack(messages: int, seed: int) -> dict[str, object]:
    """Feed so many mutated messages; return what happened.

    Raises:
        Exception: whatever the user agent raised; it should raise nothing.
    """
    victim = Victim(seed)
    rng = victim.rng
    began = time.perf_counter()
    for n in range(messages):
        if n % OTHER_SIDE_STEPS == 0:
            victim.step()
        data = rng.choice(victim.samples)
        for _ in range(rng.randrange(4)):  # now and then none: then it is a repetition
            data = wound(data, victim.samples, rng)
        victim.feed(data)
        victim.pass_time(rng.choice((0.001, 0.001, 0.01, 0.7)))
    seconds = time.perf_counter() - began
    victim.finish()
    return {
        "messages": messages,
        "seed": seed,
        "seconds": round(seconds, 1),
        "calls_left": victim.agent.load.calls,
        "transactions_left": victim.agent.load.transactions,
        **victim.counts,
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print(json.dumps(attack(chosen.count, chosen.seed)))


if __name__ == "__main__":
    main()
