from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.parse import MAX_ATTACHMENTS, mail_identity, plain_text, read_mail
from hotline.contacts.contact import Channel, InboundContact
from hotline.intake.request import CitizenRequest, Unreadable

CORPUS = Path(__file__).parents[3] / "corpus" / "mail"
NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def read(raw: bytes) -> CitizenRequest:
    return read_mail(InboundContact(Channel.MAIL, "id", NOW, raw))


def corpus(name: str) -> CitizenRequest:
    return read((CORPUS / f"{name}.eml").read_bytes())


def test_a_plain_mail_is_read() -> None:
    """R1."""
    mail = corpus("plain-utf8")

    assert mail.subject == "人民路井盖缺失"
    assert mail.body == "人民路与解放路口的井盖不见了。\n请尽快处理。"
    assert mail.name == "张三"
    assert (mail.reply_channel, mail.reply_to) == (Channel.MAIL, "Zhang@Example.org")
    assert not mail.is_automatic


def test_gb2312_is_read_as_its_superset() -> None:
    mail = corpus("gb2312-label-but-gbk-characters")

    assert (mail.name, mail.subject) == ("李四", "噪音擾民")
    assert mail.body == "楼下的烧烤店營業到凌晨，㐂悦烧烤"


def test_chinese_without_any_label_is_guessed() -> None:
    mail = corpus("raw-gbk-headers-without-labels")

    assert (mail.name, mail.subject, mail.body) == ("王五", "路灯不亮", "幸福小区门口路灯不亮")


def test_markup_becomes_words_without_scripts() -> None:
    mail = corpus("html-only")

    assert mail.body == "小区门口 垃圾成堆\n已经三天\n没人清运 <急>"


def test_files_are_kept_and_their_names_are_harmless() -> None:
    mail = corpus("photo-attached")

    assert mail.body == "见照片"
    assert [(file.name, file.mime) for file in mail.attachments] == [
        ("井盖.png", "image/png"),
        ("_.._etc_passwd", "application/octet-stream"),
    ]
    assert mail.attachments[0].content.startswith(b"\x89PNG")


def test_a_mail_inside_the_mail_is_a_file() -> None:
    mail = corpus("forwarded-mail-inside")

    assert mail.body == "请看转发的邮件"
    assert mail.attachments[0].mime == "message/rfc822"
    assert b"words of the neighbour" in mail.attachments[0].content


@pytest.mark.parametrize("name", ["out-of-office", "bounce-with-null-sender", "mailing-list"])
def test_what_no_person_wrote_is_marked(name: str) -> None:
    """RFC 3834."""
    assert corpus(name).is_automatic


def test_broken_mime_still_gives_its_words() -> None:
    mail = corpus("broken-mime")

    assert "the words survive" in mail.body
    assert mail.reply_to == "qian@example.org"


def test_an_unknown_charset_is_guessed() -> None:
    assert corpus("unknown-charset").body == "下水道堵塞"


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "utf-7", "rot13"])
def test_a_codec_that_is_no_charset_of_mail_is_not_used(charset: str) -> None:
    """Some take minutes for a megabyte; others give halves of pairs, which no table keeps."""
    words = rb"+2AA- \ud800 \x00 abc-aa"
    head = b"From: =?%b?Q?%b?= <a\x00@b.cn>\r\nSubject: =?%b?Q?%b?=\r\n"
    kind = b"Content-Type: text/plain; charset*=%b''%b; name*=%b''%b\r\n\r\n%b"
    name = charset.encode()

    found = read((head + kind) % (name, words, name, words, name, name, name, words, words))

    texts = (found.subject, found.name, found.mail, *(each.name for each in found.attachments))
    assert "+2AA-" in found.subject
    assert b"\x00" not in "".join(text or "" for text in texts).encode()


def test_encoded_words_on_two_lines_are_one_subject() -> None:
    assert corpus("split-encoded-words").subject == "人民路井盖缺失"


def test_a_header_cannot_bring_another_one_along() -> None:
    mail = corpus("header-injection")

    assert mail.subject == "hello Bcc: victim@example.org"
    assert "\n" not in (mail.name or "")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("no-headers", "no mail headers"), ("empty", "empty"), ("nested-400-deep", "nested")],
)
def test_what_is_no_mail_is_unreadable(name: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        corpus(name)


def test_the_subject_is_taken_from_the_words_when_there_is_none() -> None:
    mail = read(b"From: a@example.org\r\n\r\n" + "路灯不亮".encode())

    assert mail.subject == "路灯不亮"


def test_answers_go_where_the_sender_wants_them() -> None:
    mail = read(b"From: a@example.org\r\nReply-To: b@example.org\r\nSubject: x\r\n\r\ny")

    assert (mail.mail, mail.reply_to) == ("a@example.org", "b@example.org")


def test_without_a_sender_only_the_status_page_can_answer() -> None:
    mail = read(b"Subject: x\r\n\r\ny")

    assert (mail.reply_channel, mail.reply_to) == (Channel.WEB, None)


def test_more_files_than_the_limit_stay_in_the_original() -> None:
    parts = b"".join(
        b"--x\r\nContent-Disposition: attachment; filename=f%d\r\n\r\nz\r\n" % number
        for number in range(MAX_ATTACHMENTS + 2)
    )
    raw = b"From: a@example.org\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + parts

    mail = read(raw + b"--x--\r\n")

    assert len(mail.attachments) == MAX_ATTACHMENTS
    assert mail.body == "（另有 2 个附件，见原件）"


def test_too_many_parts_are_unreadable() -> None:
    parts = b"--x\r\nContent-Type: text/plain\r\n\r\nz\r\n" * 400
    raw = b"From: a@example.org\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + parts

    with pytest.raises(Unreadable, match="too many parts"):
        read(raw)


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_or_unreadable(raw: bytes) -> None:
    try:
        request = read(raw)
    except Unreadable:
        return
    assert request.subject


HEADERS = st.sampled_from(
    [
        b"Subject: =?gbk?B?sLCw?=",
        b"Subject: =?x?Q?=FF?=",
        b"From: a@b",
        b"From: =?utf-8?B?\xff?= <",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: multipart/mixed",
        b"Content-Type: text/html; charset=\xff",
        b"Content-Type: message/rfc822",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Content-Disposition: attachment; filename*0*=x''%FF; filename*1=b",
        b"Content-Disposition: attachment; filename*=bad''%zz",
    ]
)


@given(st.lists(HEADERS, min_size=1, max_size=6), st.lists(HEADERS, max_size=4), st.binary())
def test_any_mixture_of_odd_headers_is_read_or_unreadable(
    head: list[bytes], inner: list[bytes], tail: bytes
) -> None:
    raw = b"\r\n".join([*head, b"", b"--b", *inner, b"", tail, b"--b--", b""])
    try:
        request = read(raw)
    except Unreadable:
        return
    assert request.subject


def test_a_relay_that_sends_again_sends_the_same_mail() -> None:
    raw = b"Message-ID: <1@example.org>\r\nSubject: x\r\n\r\nbody"

    assert mail_identity(raw) == mail_identity(b"Received: from elsewhere\r\n" + raw)
    assert mail_identity(raw).startswith("<1@example.org> ")


def test_a_program_with_one_message_id_for_all_loses_none() -> None:
    first = b"Message-ID: <1@example.org>\r\n\r\nfirst"
    second = b"Message-ID: <1@example.org>\r\n\r\nsecond"

    assert mail_identity(first) != mail_identity(second)


@pytest.mark.parametrize("raw", [b"Subject: x\r\n\r\nbody", b"Message-ID: none\r\n\r\n", b""])
def test_without_a_message_id_the_bytes_are_the_identity(raw: bytes) -> None:
    assert mail_identity(raw).startswith("sha256:")


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>a</p><p>b</p>", "a\nb"),
        ("a<br/>b<BR>c", "a\nb\nc"),
        ("&amp;&lt;b&gt;", "&<b>"),
        ("<script>alert(1)</script>x", "x"),
        ("<b", ""),
    ],
)
def test_markup_is_taken_off(markup: str, words: str) -> None:
    assert plain_text(markup) == words
