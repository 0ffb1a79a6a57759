"""The messages of RFC 4475 and RFC 5118, and the traps that broke other stacks."""

from pathlib import Path

import pytest

from channels.voice.sip.events import CallOffered, RegisterReceived
from channels.voice.sip.message import Request, parse_message
from tests.unit.channels.voice.sip.wire import Wire

CORPUS = Path(__file__).parents[4] / "corpus" / "sip"

ANSWERS = {
    # 3.1.1: valid, though some of them ask for more than this user agent does
    "wsinv": "481",  # its To has a tag, and there is no such dialog
    "intmeth": "405",
    "esc01": "100",
    "escnull": "REGISTER",
    "esc02": "405",
    "lwsdisp": "200",
    "longreq": "100",
    "dblreq": "REGISTER",  # what follows the body in a datagram is ignored
    "semiuri": "200",
    "transports": "200",
    "mpart01": "405",
    "unreason": "",
    "noreason": "",
    # 3.1.2: invalid; some may be taken generously
    "badinv01": "100",
    "clerr": "400",
    "ncl": "400",
    "scalar02": "400",
    "scalarlg": "",
    "quotbal": "400",
    "ltgtruri": "400",
    "lwsruri": "400",
    "lwsstart": "400",
    "trws": "400",
    "escruri": "100",
    "baddate": "100",
    "regbadct": "400",
    "badaspec": "200",
    "baddn": "200",
    "badvers": "505",
    "mismatch01": "400",
    "mismatch02": "400",
    "bigcode": "",
    # 3.2 to 3.4
    "badbranch": "200",
    "insuf": "400",
    "unkscm": "416",
    "novelsc": "416",
    "unksm2": "404",
    "bext01": "420",
    "invut": "415",
    "regaut01": "REGISTER",
    "multi01": "400",
    "mcl01": "400",
    "bcast": "",
    "zeromf": "200",  # forwards are a matter of proxies
    "cparam01": "REGISTER",
    "cparam02": "REGISTER",
    "regescrt": "REGISTER",
    "sdp01": "100",
    "inv2543": "100",
    # RFC 5118: IPv6
    "ipv6-good": "REGISTER",
    "ipv6-bad": "400",
    "port-ambiguous": "REGISTER",
    "port-unambiguous": "REGISTER",
    "via-received-param-with-delim": "481",
    "via-received-param-no-delim": "200",
    "ipv6-in-sdp": "100",
    "mult-ip-in-header": "481",
    "mult-ip-in-sdp": "100",
    "ipv4-mapped-ipv6": "100",
    "ipv6-bug-abnf-3-colons": "200",  # 4.10: must be tolerated
    "ipv6-correct-abnf-2-colons": "200",
    # what stopped other stacks
    "via_port_above_65535": "",
    "transport_in_capitals": "100",
    "without_sdp": "100",
}


def test_every_message_of_the_corpus_has_an_expected_answer() -> None:
    assert {path.stem for path in CORPUS.glob("*.sip")} == set(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_tortuous_message_gets_the_answer_it_deserves(name: str) -> None:
    wire = Wire()

    wire.receive((CORPUS / f"{name}.sip").read_bytes())

    answers = [message.data.split(b" ")[1].decode() for message in wire.outgoing()]
    answers += ["REGISTER" for e in wire.events() if isinstance(e, RegisterReceived)]
    assert "".join(answers) == ANSWERS[name]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_tortuous_message_leaves_nothing_behind(name: str) -> None:
    wire = Wire()

    wire.receive((CORPUS / f"{name}.sip").read_bytes())
    wire.pass_time(600)

    assert (wire.agent.load.calls, wire.agent.load.transactions) == (0, 0)


def test_the_parts_of_the_tortuous_invite_are_understood() -> None:
    message = parse_message((CORPUS / "wsinv.sip").read_bytes())

    assert isinstance(message, Request)
    assert message.to_tag == "1918181833n"
    assert message.from_tag == "98asjd8"
    assert message.cseq == (9, "INVITE")
    assert message.via[:3] == ("UDP", "192.0.2.2", None)
    assert [value.split(";")[0].split()[-1] for value in message.values("via")] == [
        "192.0.2.2",
        "spindle.example.com",
        "192.168.255.111",
    ]


def test_escapes_in_the_request_uri_are_kept_and_understood() -> None:
    wire = Wire()

    wire.receive((CORPUS / "esc01.sip").read_bytes())

    event = wire.event()
    assert isinstance(event, CallOffered)
    assert str(event.target) == "sip:sips%3Auser%40example.com@example.net"
    assert event.target.user == "sips:user@example.com"
    assert event.caller.uri.user == "I have spaces"


def test_a_tortuous_method_comes_back_with_its_name_unharmed() -> None:
    wire = Wire()
    data = (CORPUS / "intmeth.sip").read_bytes()

    wire.receive(data)

    (answer,) = wire.outgoing()
    line = next(line for line in data.split(b"\r\n") if line.startswith(b"From"))
    assert line in answer.data
