"""Dialogs."""

import pytest

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.dialog import MAX_ROUTES, Dialog, contact_of, hop_of
from channels.voice.sip.errors import PeerError
from channels.voice.sip.message import Request, Response, parse_message
from channels.voice.sip.uri import Uri
from tests.unit.channels.voice.sip.wire import OFFER, PEER, reply, request


def invite(**more: object) -> Request:
    message = parse_message(request("INVITE", body=OFFER, **more))  # type: ignore[arg-type]
    assert isinstance(message, Request)
    return message


def answer(**more: object) -> Response:
    message = parse_message(reply(invite(), 200, **more))  # type: ignore[arg-type]
    assert isinstance(message, Response)
    return message


def test_the_dialog_of_a_callee_is_turned_round() -> None:
    dialog = Dialog.from_request(invite(cseq=7), "us", PEER, is_trusted=True)

    bye = dialog.request("BYE")
    assert bye.header("from") == "<sip:12345@192.0.2.1>;tag=us"
    assert bye.header("to") == '"Zhang" <sip:13800001234@192.0.2.9>;tag=peer'
    assert (bye.uri, bye.call_id, dialog.remote_cseq) == ("sip:phone@192.0.2.9", "c1", 7)
    assert dialog.next_hop() == (PEER, None)


def test_the_dialog_of_a_caller_keeps_its_side() -> None:
    dialog = Dialog.from_response(invite(), answer(), None, PEER)

    bye = dialog.request("BYE")
    assert (bye.from_tag, bye.to_tag, bye.cseq) == ("peer", "callee", (2, "BYE"))


def test_sequence_numbers_only_rise() -> None:
    dialog = Dialog.from_request(invite(cseq=7), "us", PEER, is_trusted=True)

    dialog.accept_sequence(9)

    for number in (9, 8):
        with pytest.raises(PeerError) as caught:
            dialog.accept_sequence(number)
        assert caught.value.status == 500


@pytest.mark.parametrize(
    "contact",
    ["<sip:a@h;transport=sctp>", "<sip:a@h;transport=ws>", "<tel:123>", "<mailto:a@h>", "broken <"],
)
def test_an_answer_that_names_no_way_keeps_the_way_of_its_invite(contact: str) -> None:
    dialog = Dialog.from_response(invite(), answer(contact=contact), None, PEER)

    assert dialog.next_hop()[0] == PEER
    assert dialog.request("BYE").uri == "sip:12345@192.0.2.1"


def test_a_caller_with_a_contact_that_we_cannot_reach_is_reached_where_it_called_from() -> None:
    dialog = Dialog.from_request(
        invite(contact="<sip:a@h;transport=sctp>"), "us", PEER, is_trusted=True
    )

    assert dialog.next_hop() == (PEER, None)


@pytest.mark.parametrize(
    "route",
    [
        "<sip:p;transport=sctp>",
        "<sip:p;transport=ws;lr>",
        "broken <",
        ",".join(["<sip:p;lr>"] * (MAX_ROUTES + 1)),
    ],
)
def test_a_route_that_cannot_be_gone_is_refused(route: str) -> None:
    with pytest.raises(PeerError) as caught:
        Dialog.from_request(invite(extra=[("record-route", route)]), "us", PEER, is_trusted=True)

    assert caught.value.status == 400


def test_a_target_changes_only_to_one_that_can_be_reached() -> None:
    dialog = Dialog.from_request(invite(), "us", PEER, is_trusted=True)

    assert str(dialog.new_target(invite(contact="<sip:new@h>"))) == "sip:new@h"
    assert dialog.new_target(invite(contact="")) == dialog.target
    with pytest.raises(PeerError):
        dialog.new_target(invite(contact="<sip:new@h;transport=ws>"))


def test_behind_a_route_any_target_will_do() -> None:
    routed = invite(extra=[("record-route", "<sip:p@192.0.2.50;lr>")])
    dialog = Dialog.from_request(routed, "us", PEER, is_trusted=True)

    target = dialog.new_target(invite(contact="<sip:new@h;transport=ws>"))

    assert target.host == "h"
    assert dialog.next_hop() == (Hop(Transport.UDP, "192.0.2.50", 5060), None)


def test_a_contact_must_have_a_host() -> None:
    for contact in ("", "<tel:123>", "<urn:x>"):
        with pytest.raises(PeerError):
            contact_of(invite(contact=contact))


@pytest.mark.parametrize(
    ("text", "hop"),
    [
        ("sip:a@H", Hop(Transport.UDP, "h", 5060)),
        ("sip:a@h:5070;transport=TCP", Hop(Transport.TCP, "h", 5070)),
        ("sip:a@h;maddr=192.0.2.3", Hop(Transport.UDP, "192.0.2.3", 5060)),
        ("sip:[::1]:5080", Hop(Transport.UDP, "::1", 5080)),
    ],
)
def test_a_uri_points_to_a_hop(text: str, hop: Hop) -> None:
    assert hop_of(Uri.parse(text)) == hop


def test_a_peer_of_rfc_2543_is_called_back_by_its_name() -> None:
    old = invite(via="SIP/2.0/UDP 192.0.2.9", contact="")
    dialog = Dialog.from_request(old, "us", PEER, is_trusted=True)

    assert dialog.request("BYE").uri == "sip:13800001234@192.0.2.9"
