"""Digest authentication from both sides."""

import hashlib
import hmac

import pytest

from channels.voice.sip import auth
from channels.voice.sip.auth import (
    MAX_NONCES,
    NONCE_LIFE,
    Challenge,
    Credentials,
    DigestClient,
    DigestSecret,
    DigestServer,
    Verdict,
    digest_response,
)
from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import parse_params, unquote
from channels.voice.sip.message import Request, Response, parse_message
from tests.unit.channels.voice.sip.wire import OFFER, PEER, request, tokens

SECRET = DigestSecret.of("8001", "hotline", "a password")
RIGHT = Credentials("8001", "a password")


def parsed(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


BOTH = ("SHA-256", "MD5")


def make_server(algorithms: tuple[str, ...] = BOTH) -> DigestServer:
    return DigestServer("hotline", b"key", tokens(), algorithms)


def refusal(status: int, *challenges: tuple[str, str]) -> Response:
    headers: dict[str, list[str]] = {}
    for name, value in challenges:
        headers.setdefault(name, []).append(value)
    return Response(status, "x", headers)


def signed(
    server: DigestServer, credentials: Credentials, now: float, algorithm: str = ""
) -> tuple[DigestClient, Request]:
    """Return a client that got a challenge, and its signed REGISTER."""
    client = DigestClient(credentials, tokens("c"), PEER.host)
    challenges = [
        line for line in server.challenges(now, stale=False) if f"algorithm={algorithm}" in line[1]
    ]
    assert client.may_retry(refusal(401, *challenges), PEER)
    register = parsed(request("REGISTER"))
    client.sign(register)
    return client, register


def again(client: DigestClient) -> Request:
    register = parsed(request("REGISTER", cseq=2))
    client.sign(register)
    return register


def test_the_example_of_rfc_2617() -> None:
    secret = DigestSecret.of("Mufasa", "testrealm@host.com", "Circle Of Life")

    assert (
        digest_response(
            "MD5",
            secret.md5,
            "GET",
            "/dir/index.html",
            "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            "00000001",
            "0a4f113b",
        )
        == "6629fae49393a05397450978507c4ef1"
    )


def test_the_example_of_rfc_2069_as_corrected_has_no_qop() -> None:
    secret = DigestSecret.of("Mufasa", "testrealm@host.com", "CircleOfLife")

    assert (
        digest_response(
            "MD5", secret.md5, "GET", "/dir/index.html", "dcd98b7102dd2f0e8b11d0f600bfb0c093"
        )
        == "1949323746fe6a43ef61f9606e7febea"
    )


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, expected: str) -> None:
    secret = DigestSecret.of("Mufasa", "http-auth@example.org", "Circle of Life")

    assert (
        digest_response(
            algorithm,
            secret.md5 if algorithm == "MD5" else secret.sha256,
            "GET",
            "/dir/index.html",
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "00000001",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        )
        == expected
    )


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_right_answer_is_valid(algorithm: str) -> None:
    server = make_server()

    _, register = signed(server, RIGHT, 10.0, algorithm)

    assert f"algorithm={algorithm}" in register.header("authorization")
    assert server.judge(register, SECRET, 11.0) is Verdict.VALID


def test_the_strongest_algorithm_is_offered_first_and_taken() -> None:
    _, register = signed(make_server(), RIGHT, 0.0)

    assert "algorithm=SHA-256" in register.header("authorization")


def test_an_algorithm_that_was_not_offered_is_wrong() -> None:
    strict = make_server(("SHA-256",))
    _, register = signed(make_server(), RIGHT, 0.0, "MD5")

    assert strict.judge(register, SECRET, 1.0) is Verdict.WRONG


def test_a_request_without_authorization_is_to_be_challenged() -> None:
    server = make_server()
    foreign = [("authorization", 'Digest realm="other", nonce="x"')]
    basic = [("authorization", "Basic x")]

    verdicts = [
        server.judge(parsed(request("REGISTER", extra=extra)), SECRET, 0.0)
        for extra in ([], foreign, basic)
    ]

    assert verdicts == [Verdict.MISSING] * 3


def test_a_wrong_password_is_wrong() -> None:
    server = make_server()

    _, register = signed(server, Credentials("8001", "guess"), 0.0)

    assert server.judge(register, SECRET, 1.0) is Verdict.WRONG


def test_an_unknown_user_is_wrong_like_a_known_one() -> None:
    server = make_server()

    _, register = signed(server, RIGHT, 0.0)

    assert server.judge(register, None, 1.0) is Verdict.WRONG


@pytest.mark.parametrize("credentials", [RIGHT, Credentials("8001", "a guess")])
def test_an_unknown_user_costs_the_same_work_as_a_known_one(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server()
    _, register = signed(server, credentials, 0.0)
    work: list[str] = []
    compare = hmac.compare_digest

    def counted(algorithm: str, text: str) -> str:
        work.append(f"{algorithm} {len(text)}")
        return auth._HASHES[algorithm](text.encode()).hexdigest()

    def compared(one: bytes, other: bytes) -> bool:
        work.append("compare")
        return compare(one, other)

    monkeypatch.setattr(auth, "_hash", counted)
    monkeypatch.setattr(hmac, "compare_digest", compared)
    server.judge(register, DigestSecret.of("8001", "hotline", "another one"), 1.0)
    known, work[:] = work[2:], []  # the two hashes that made the secret are not the judge's
    server.judge(register, None, 1.0)

    assert work == known != []


def test_a_repeated_answer_is_stale() -> None:
    server = make_server()
    _, register = signed(server, RIGHT, 0.0)

    verdicts = [server.judge(register, SECRET, 1.0) for _ in range(2)]

    assert verdicts == [Verdict.VALID, Verdict.STALE]


def test_a_nonce_may_be_used_again_with_a_higher_count() -> None:
    server = make_server()
    client, register = signed(server, RIGHT, 0.0)

    first = server.judge(register, SECRET, 1.0)
    second = again(client)

    assert "nc=00000002" in second.header("authorization")
    assert (first, server.judge(second, SECRET, 2.0)) == (Verdict.VALID, Verdict.VALID)


def test_an_old_nonce_is_stale() -> None:
    server = make_server()
    _, register = signed(server, RIGHT, 0.0)

    assert server.judge(register, SECRET, NONCE_LIFE + 1) is Verdict.STALE


def test_a_nonce_of_somebody_else_is_stale() -> None:
    _, register = signed(DigestServer("hotline", b"other key", tokens(), BOTH), RIGHT, 0.0)

    assert make_server().judge(register, SECRET, 1.0) is Verdict.STALE


def test_an_answer_for_another_place_is_wrong() -> None:
    server = make_server()
    _, register = signed(server, RIGHT, 0.0)
    register.uri = "sip:other@192.0.2.77"

    assert server.judge(register, SECRET, 1.0) is Verdict.WRONG


def test_a_proxy_may_change_the_port_and_parameters_of_the_place() -> None:
    server = make_server()
    _, register = signed(server, RIGHT, 0.0)
    register.uri = "sip:12345@192.0.2.1:5080;transport=tcp"

    assert server.judge(register, SECRET, 1.0) is Verdict.VALID


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("algorithm=SHA-256", "algorithm=MD4"),
        ('uri="sip:', 'uri="<sip:'),
        ("nc=00000001", "nc=zzzzzzzz"),
        ("nc=00000001, ", ""),
        ('response="', 'response="\udcff'),
        ('nonce="', 'nonce="\udcff'),
    ],
)
def test_a_mangled_answer_is_never_valid(old: str, new: str) -> None:
    server = make_server()
    _, register = signed(server, RIGHT, 0.0)
    mangled = register.header("authorization").replace(old, new)
    register.headers["authorization"] = [mangled]

    assert server.judge(register, SECRET, 1.0) in {Verdict.WRONG, Verdict.STALE}


@pytest.mark.parametrize("count", ["zz", "-1", "0"])
def test_a_count_that_is_none_is_stale(count: str) -> None:
    server = make_server()
    nonce = Challenge.parse(server.challenges(0.0, stale=False)[0][1]).nonce
    register = parsed(request("REGISTER"))
    response = digest_response(
        "SHA-256", SECRET.sha256, "REGISTER", register.uri, nonce, count, "c"
    )
    register.headers["authorization"] = [
        f'Digest username="8001", realm="hotline", nonce="{nonce}", uri="{register.uri}", '
        f'response="{response}", algorithm=SHA-256, qop=auth, nc={count}, cnonce="c"'
    ]

    assert server.judge(register, SECRET, 1.0) is Verdict.STALE


def test_a_client_without_qop_may_use_a_nonce_once() -> None:
    server = make_server()
    client = DigestClient(RIGHT, tokens(), PEER.host)
    name, value = server.challenges(0.0, stale=False)[1]
    client.may_retry(refusal(401, (name, value.replace('qop="auth", ', ""))), PEER)

    first, second = again(client), again(client)

    assert "qop" not in first.header("authorization")
    assert server.judge(first, SECRET, 1.0) is Verdict.VALID
    assert server.judge(second, SECRET, 1.0) is Verdict.STALE


def test_used_nonces_are_forgotten_only_with_all_that_are_older() -> None:
    server = make_server()
    client, register = signed(server, RIGHT, 0.0)
    server.judge(register, SECRET, 0.5)
    late = again(client)
    for number in range(MAX_NONCES):
        _, other = signed(server, RIGHT, 1.0 + number / 1000, "MD5")
        server.judge(other, SECRET, 20.0)

    assert server.judge(late, SECRET, 20.0) is Verdict.STALE


def test_where_only_auth_int_is_offered_the_body_is_vouched_for() -> None:
    """RFC 7616 3.4.3: A2 is method, URI and the hash of the body."""
    client = DigestClient(RIGHT, tokens(), PEER.host)
    value = 'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth-int"'
    assert client.may_retry(refusal(401, ("www-authenticate", value)), PEER)
    invite = parsed(request("INVITE", body=OFFER))

    client.sign(invite)

    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    a1 = sha(f"{RIGHT.username}:r:{RIGHT.password}")
    a2 = sha(f"INVITE:{invite.uri}:{hashlib.sha256(OFFER).hexdigest()}")
    fields = dict(parse_params(invite.header("authorization").replace(", ", ";")))
    cnonce = unquote(fields["cnonce"] or "")
    expected = sha(f"{a1}:n:00000001:{cnonce}:auth-int:{a2}")
    assert (fields["qop"], unquote(fields["response"] or "")) == ("auth-int", expected)


def test_a_challenge_is_answered_with_its_opaque_and_its_quotes() -> None:
    client = DigestClient(Credentials('a"b', "x"), tokens(), PEER.host)
    value = 'Digest realm="r \\"1\\"", nonce="n,1", opaque="o", algorithm=md5, qop="auth-int,auth"'

    assert client.may_retry(refusal(407, ("proxy-authenticate", value)), PEER)
    text = again(client).header("proxy-authorization")

    assert text.startswith('Digest username="a\\"b", realm="r \\"1\\"", nonce="n,1", ')
    assert 'opaque="o"' in text


def test_a_refused_answer_is_not_given_again() -> None:
    server = make_server()
    client, _ = signed(server, RIGHT, 0.0)

    assert not client.may_retry(refusal(401, *server.challenges(1.0, stale=False)), PEER)


def test_a_stale_nonce_is_replaced_a_limited_number_of_times() -> None:
    server = make_server()
    client, _ = signed(server, RIGHT, 0.0)

    tries = [
        client.may_retry(refusal(401, *server.challenges(1.0, stale=True)), PEER) for _ in range(3)
    ]

    assert tries == [True, True, False]


def test_a_later_request_may_be_challenged_anew() -> None:
    server = make_server()
    client, _ = signed(server, RIGHT, 0.0)

    client.succeed()

    assert client.may_retry(refusal(401, *server.challenges(400.0, stale=False)), PEER)
    assert server.judge(again(client), SECRET, 401.0) is Verdict.VALID


def test_two_proxies_may_both_ask() -> None:
    client = DigestClient(RIGHT, tokens(), PEER.host)
    challenge = 'Digest realm="{}", nonce="n"'

    assert client.may_retry(refusal(407, ("proxy-authenticate", challenge.format("one"))), PEER)
    assert client.may_retry(refusal(407, ("proxy-authenticate", challenge.format("two"))), PEER)

    assert len(again(client).headers["proxy-authorization"]) == 2


def test_credentials_for_one_realm_are_kept_from_others() -> None:
    client = DigestClient(Credentials("8001", "x", realm="carrier"), tokens(), PEER.host)

    assert not client.may_retry(refusal(401, *make_server().challenges(0.0, stale=False)), PEER)


@pytest.mark.parametrize(
    "text",
    [
        "Basic realm=x",
        'Digest realm="x", nonce="y", algorithm=SHA-512-256',
        'Digest realm="x", nonce="y", qop="token"',
        'Digest realm="x"',
        'Digest realm="x, nonce="y',
    ],
)
def test_a_challenge_that_we_cannot_answer_is_left(text: str) -> None:
    with pytest.raises(PeerError):
        Challenge.parse(text)

    assert not DigestClient(RIGHT, tokens(), PEER.host).may_retry(
        refusal(401, ("www-authenticate", text)), PEER
    )
