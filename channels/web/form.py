"""Pure: what was typed into the public form, checked, as the form that intake understands."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from channels.web.photos import LARGEST_PHOTO, MOST_PHOTOS
from hotline.contacts.contact import Attachment, Channel
from hotline.contacts.photos import photo_type
from hotline.intake.form import WebForm
from hotline.people.citizen import normal_mail
from hotline.people.number import NumberKind, parse_number
from hotline.tickets.ticket import RequestKind

LONGEST_TEXT: Final = 5000
LONGEST_PLACE: Final = 300
LONGEST_NAME: Final = 60
LONGEST_MAIL: Final = 254
REPLY_CHANNELS: Final = (Channel.VOICE, Channel.SMS, Channel.MAIL, Channel.WEB)
TRAP: Final = "website"
"""A field that people do not see; programs that fill in everything fill it in."""

_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as the browser sent it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    """The form if it can be sent in; otherwise the problems, by field, in Chinese."""

    form: WebForm | None
    problems: Mapping[str, str] = field(default_factory=dict)


def check_report(fields: Mapping[str, str], uploads: Sequence[Upload]) -> Checked:
    """Return the checked form.

    The same page sent twice with the same content has the same nonce, so it is one contact; the
    page sent again with other words is another contact.
    """
    problems = _problems(fields) | _photo_problems(uploads)
    if problems:
        return Checked(None, problems)
    channel = Channel(fields["reply_channel"])
    kind = fields.get("request_kind", "")
    form = WebForm(
        nonce="",
        body=fields["body"],
        reply_channel=channel,
        phone=fields.get("phone", "") if channel in _BY_PHONE else "",
        mail=fields.get("mail", "") if channel is Channel.MAIL else "",
        name="" if _is_on(fields, "anonymous") else fields.get("name", ""),
        request_kind=RequestKind(kind) if kind else None,
        category_code=fields.get("category_code", ""),
        address=fields.get("address", ""),
        anonymous=_is_on(fields, "anonymous"),
        confidential=_is_on(fields, "confidential"),
        attachments=tuple(
            Attachment(each.name, photo_type(each.content) or "", each.content) for each in uploads
        ),
    )
    return Checked(replace(form, nonce=_nonce(fields["nonce"], form)))


_BY_PHONE: Final = frozenset({Channel.VOICE, Channel.SMS})


def _problems(fields: Mapping[str, str]) -> dict[str, str]:
    problems: dict[str, str] = {}
    body = fields.get("body", "")
    if not body:
        problems["body"] = "请填写您要反映的问题。"
    elif len(body) > LONGEST_TEXT:
        problems["body"] = f"内容过长，请控制在{LONGEST_TEXT}字以内。"
    for name, longest in (("address", LONGEST_PLACE), ("name", LONGEST_NAME)):
        if len(fields.get(name, "")) > longest:
            problems[name] = f"内容过长，请控制在{longest}字以内。"
    if fields.get("request_kind", "") not in {"", *RequestKind}:
        problems["request_kind"] = "请从列表中选择。"
    if fields.get(TRAP):
        problems[TRAP] = "请将此栏留空后重新提交。"
    if not _NONCE.fullmatch(fields.get("nonce", "")):
        problems["nonce"] = "页面已过期，请重新提交。"
    return problems | _reply_problems(fields)


def _reply_problems(fields: Mapping[str, str]) -> dict[str, str]:
    match fields.get("reply_channel", ""):
        case Channel.VOICE | Channel.SMS as channel:
            number = parse_number(fields.get("phone", ""))
            if number is None or number.kind in {NumberKind.SHORT, NumberKind.UNKNOWN}:
                return {"phone": "请填写能联系到您的电话号码，座机请加区号。"}
            if channel == Channel.SMS and number.kind is not NumberKind.MOBILE:
                return {"phone": "接收短信需要手机号码。"}
        case Channel.MAIL:
            mail = fields.get("mail", "")
            if len(mail) > LONGEST_MAIL or normal_mail(mail) is None:
                return {"mail": "请填写正确的电子邮箱地址。"}
        case Channel.WEB:
            pass
        case _:
            return {"reply_channel": "请选择接收答复的方式。"}
    return {}


def _photo_problems(uploads: Sequence[Upload]) -> dict[str, str]:
    if len(uploads) > MOST_PHOTOS:
        return {"photos": f"最多上传{MOST_PHOTOS}张照片。"}
    for each in uploads:
        if len(each.content) > LARGEST_PHOTO:
            return {"photos": f"每张照片不能超过{LARGEST_PHOTO // 1024 // 1024} MB。"}
        if photo_type(each.content) is None:
            return {"photos": "只能上传照片（JPEG、PNG、WebP、GIF、HEIC）。"}
    return {}


def _is_on(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name) == "on"


def _nonce(page: str, form: WebForm) -> str:
    digest = hashlib.sha256(repr(replace(form, attachments=())).encode())
    for each in form.attachments:
        digest.update(hashlib.sha256(each.content).digest())
    return f"{page}.{digest.hexdigest()[:16]}"
