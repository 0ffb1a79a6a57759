"""The four transactions, by walking their timers."""

import pytest

from channels.voice.sip.address import Hop, Outgoing, Transport
from channels.voice.sip.message import Request, Response, parse_message
from channels.voice.sip.states import TransactionState
from channels.voice.sip.transaction import (
    T1,
    Client,
    ClientTransaction,
    InviteClient,
    InviteServer,
    Server,
    Transaction,
)
from tests.unit.channels.voice.sip.wire import reply, request

UDP = Hop(Transport.UDP, "192.0.2.9", 5060)
TCP = Hop(Transport.TCP, "192.0.2.9", 5060)
KEY = ("b1", "192.0.2.9:5060", "INVITE")


class Layer:
    """Holds one transaction, as its carrier and its user."""

    def __init__(self) -> None:
        self.out: list[Outgoing] = []
        self.forgotten: list[Transaction] = []
        self.received: list[int] = []
        self.failed: list[int] = []

    def send(self, message: Outgoing) -> None:
        self.out.append(message)

    def forget(self, transaction: Transaction) -> None:
        self.forgotten.append(transaction)

    def receive_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None:
        self.received.append(response.status)

    def transaction_failed(self, transaction: ClientTransaction, status: int, now: float) -> None:
        self.failed.append(status)

    def lines(self) -> list[str]:
        lines = [message.data.split(b" ")[0].decode() for message in self.out]
        self.out.clear()
        return lines


def parsed(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def answer(transaction: ClientTransaction, status: int) -> Response:
    message = parse_message(reply(transaction.request, status))
    assert isinstance(message, Response)
    return message


def walk(layer: Layer, transaction: Transaction) -> list[float]:
    """Ring every timer; return when something was sent."""
    sent_at: list[float] = []
    while (due := transaction.next_timer()) is not None:
        transaction.handle_timer(due)
        sent_at += [due for _ in layer.lines()]
    return sent_at


def invite_client(layer: Layer, hop: Hop = UDP) -> InviteClient:
    return InviteClient(layer, (hop, None), parsed(request("INVITE")), layer, 0.0)


def client(layer: Layer, hop: Hop = UDP) -> Client:
    return Client(layer, (hop, None), parsed(request("BYE")), layer, 0.0)


def invite_server(layer: Layer, hop: Hop = UDP) -> InviteServer:
    return InviteServer(layer, (hop, None), KEY)


def server(layer: Layer, hop: Hop = UDP) -> Server:
    return Server(layer, (hop, None), KEY, 0.0)


def test_invite_is_resent_with_doubling_gaps_until_timer_b() -> None:
    layer = Layer()
    invite = invite_client(layer)

    sent_at = [0.0 for _ in layer.lines()] + walk(layer, invite)

    assert [at / T1 for at in sent_at] == [0, 1, 3, 7, 15, 31, 63]
    assert invite.state is TransactionState.TERMINATED
    assert (layer.failed, layer.forgotten) == ([408], [invite])


def test_invite_over_tcp_is_not_resent() -> None:
    layer = Layer()
    invite = invite_client(layer, TCP)
    layer.lines()

    assert walk(layer, invite) == []
    assert layer.failed == [408]


def test_a_provisional_answer_stops_timers_a_and_b() -> None:
    layer = Layer()
    invite = invite_client(layer)

    invite.receive_response(answer(invite, 180), 0.2)

    assert invite.next_timer() is None
    assert layer.received == [180]


def test_a_cancelled_invite_without_final_answer_ends_after_64_t1() -> None:
    layer = Layer()
    invite = invite_client(layer)
    invite.receive_response(answer(invite, 180), 0.2)

    invite.limit(10.0)
    invite.receive_response(answer(invite, 180), 11.0)

    assert invite.next_timer() == 10.0 + 64 * T1
    walk(layer, invite)
    assert layer.failed == [408]


def test_a_failure_is_acknowledged_each_time_it_comes_and_told_once() -> None:
    layer = Layer()
    invite = invite_client(layer)
    layer.lines()

    for at in (1.0, 1.5, 2.5):
        invite.receive_response(answer(invite, 486), at)

    assert layer.lines() == ["ACK", "ACK", "ACK"]
    assert layer.received == [486]
    assert invite.next_timer() == 1.0 + 32.0  # timer D
    walk(layer, invite)
    assert (layer.failed, invite.is_over) == ([], True)


def test_the_ack_of_a_failure_takes_the_way_of_its_invite() -> None:
    layer = Layer()
    data = request("INVITE", extra=[("route", "<sip:proxy;lr>")])
    invite = InviteClient(layer, (UDP, None), parsed(data), layer, 0.0)
    layer.out.clear()

    invite.receive_response(answer(invite, 404), 1.0)

    ack = parsed(layer.out[0].data)
    assert (ack.uri, ack.cseq, ack.via.branch) == (
        invite.request.uri,
        (1, "ACK"),
        invite.branch,
    )
    assert (ack.to_tag, ack.values("route")) == ("callee", ["<sip:proxy;lr>"])


def test_timer_d_is_zero_over_tcp() -> None:
    layer = Layer()
    invite = invite_client(layer, TCP)

    invite.receive_response(answer(invite, 486), 1.0)

    assert invite.next_timer() == 1.0


def test_every_2xx_goes_to_the_user_until_timer_m() -> None:
    layer = Layer()
    invite = invite_client(layer)
    layer.lines()

    invite.receive_response(answer(invite, 200), 1.0)
    invite.receive_response(answer(invite, 200), 2.0)
    invite.receive_response(answer(invite, 486), 3.0)

    assert layer.received == [200, 200]
    assert layer.lines() == []
    assert invite.next_timer() == 1.0 + 64 * T1
    walk(layer, invite)
    assert (layer.failed, invite.is_over) == ([], True)


def test_a_transport_error_fails_an_invite_at_once() -> None:
    layer = Layer()
    invite = invite_client(layer)

    invite.transport_failed(0.1)

    assert (layer.failed, invite.is_over) == ([503], True)


@pytest.mark.parametrize(("status", "is_over"), [(486, True), (200, False)])
def test_a_transport_error_after_the_answer_is_not_told(status: int, is_over: bool) -> None:
    layer = Layer()
    invite = invite_client(layer)
    invite.receive_response(answer(invite, status), 1.0)

    invite.transport_failed(2.0)

    assert (layer.failed, invite.is_over) == ([], is_over)


def test_other_requests_are_resent_with_gaps_up_to_t2_until_timer_f() -> None:
    layer = Layer()
    bye = client(layer)

    sent_at = [0.0 for _ in layer.lines()] + walk(layer, bye)

    assert [at / T1 for at in sent_at] == [0, 1, 3, 7, 15, 23, 31, 39, 47, 55, 63]
    assert layer.failed == [408]


def test_a_provisional_answer_slows_repetitions_down_to_t2() -> None:
    layer = Layer()
    bye = client(layer)
    layer.lines()

    bye.receive_response(answer(bye, 100), 0.2)

    assert walk(layer, bye)[:3] == [0.5, 4.5, 8.5]
    assert layer.failed == [408]


def test_timer_k_absorbs_repeated_answers() -> None:
    layer = Layer()
    bye = client(layer)

    bye.receive_response(answer(bye, 200), 1.0)
    bye.receive_response(answer(bye, 200), 1.2)

    assert layer.received == [200]
    assert bye.next_timer() == 1.0 + 5.0
    walk(layer, bye)
    assert (layer.failed, bye.is_over) == ([], True)


def test_timer_k_is_zero_over_tcp() -> None:
    layer = Layer()
    bye = client(layer, TCP)

    bye.receive_response(answer(bye, 481), 1.0)

    assert bye.next_timer() == 1.0


def test_a_transport_error_fails_another_request_once() -> None:
    layer = Layer()
    bye = client(layer)

    bye.transport_failed(0.1)
    bye.transport_failed(0.2)

    assert layer.failed == [503]


def test_a_repeated_invite_gets_the_last_provisional_answer_again() -> None:
    layer = Layer()
    invite = invite_server(layer)

    invite.receive_request()
    invite.send_response(b"100 x", 100, 0.0)
    invite.send_response(b"180 x", 180, 1.0)
    invite.receive_request()

    assert layer.lines() == ["100", "180", "180"]


def test_a_refusal_is_resent_until_timer_h() -> None:
    layer = Layer()
    invite = invite_server(layer)

    invite.send_response(b"486 x", 486, 0.0)
    sent_at = [0.0 for _ in layer.lines()] + walk(layer, invite)

    assert [at / T1 for at in sent_at] == [0, 1, 3, 7, 15, 23, 31, 39, 47, 55, 63]
    assert invite.is_over


def test_a_refusal_over_tcp_is_sent_once_and_again_for_a_repeated_invite() -> None:
    layer = Layer()
    invite = invite_server(layer, TCP)

    invite.send_response(b"486 x", 486, 0.0)
    invite.receive_request()

    assert layer.lines() == ["486", "486"]
    assert walk(layer, invite) == []


def test_the_ack_ends_the_repetition_of_a_refusal() -> None:
    layer = Layer()
    invite = invite_server(layer)
    invite.send_response(b"486 x", 486, 0.0)
    layer.lines()

    is_for_user = invite.receive_ack(1.0)

    assert not is_for_user
    assert invite.next_timer() == 1.0 + 5.0  # timer I
    invite.receive_request()
    assert not invite.receive_ack(1.5)
    assert walk(layer, invite) == []
    assert invite.is_over


def test_timer_i_is_zero_over_tcp() -> None:
    layer = Layer()
    invite = invite_server(layer, TCP)
    invite.send_response(b"486 x", 486, 0.0)

    invite.receive_ack(1.0)

    assert invite.next_timer() == 1.0


def test_an_accepted_invite_absorbs_repetitions_and_passes_the_ack_on() -> None:
    layer = Layer()
    invite = invite_server(layer)

    invite.send_response(b"200 x", 200, 0.0)
    invite.receive_request()
    invite.send_response(b"200 x", 200, 0.5)
    invite.send_response(b"486 x", 486, 0.6)

    assert layer.lines() == ["200", "200"]
    assert invite.receive_ack(0.7)
    assert invite.state is TransactionState.ACCEPTED


def test_an_ack_before_any_answer_is_nobodys() -> None:
    assert not invite_server(Layer()).receive_ack(0.0)


def test_timer_l_ends_an_accepted_invite() -> None:
    layer = Layer()
    invite = invite_server(layer)
    invite.send_response(b"200 x", 200, 0.0)

    assert invite.next_timer() == 64 * T1
    walk(layer, invite)
    assert layer.forgotten == [invite]


def test_an_invite_that_cannot_be_answered_is_forgotten() -> None:
    layer = Layer()
    invite = invite_server(layer)

    invite.transport_failed(0.1)

    assert invite.is_over


def test_a_repeated_request_gets_its_answer_again_until_timer_j() -> None:
    layer = Layer()
    bye = server(layer)

    bye.receive_request()
    bye.send_response(b"100 x", 100, 0.5)
    bye.receive_request()
    bye.send_response(b"200 x", 200, 1.0)
    bye.receive_request()
    bye.send_response(b"486 x", 486, 1.5)

    assert layer.lines() == ["100", "100", "200", "200"]
    assert bye.next_timer() == 1.0 + 64 * T1
    walk(layer, bye)
    assert bye.is_over


def test_timer_j_is_zero_over_tcp() -> None:
    layer = Layer()
    bye = server(layer, TCP)

    bye.send_response(b"200 x", 200, 1.0)

    assert bye.next_timer() == 1.0


def test_a_request_that_nobody_answers_is_forgotten_in_the_end() -> None:
    layer = Layer()
    bye = server(layer)

    walk(layer, bye)

    assert bye.is_over


def test_the_fallback_goes_with_every_repetition() -> None:
    layer = Layer()
    back = Hop(Transport.TCP, "192.0.2.9", 5080)
    invite = InviteServer(layer, (TCP, back), KEY)

    invite.send_response(b"486 x", 486, 0.0)
    invite.receive_request()

    assert layer.out == [Outgoing(b"486 x", TCP, back)] * 2
