"""Evidence: what may be attached, and its fingerprint (R15: origin, time, integrity)."""

import hashlib

from case_bridge.cases.case import Attachment
from hotline.kernel.errors import Invalid

MAX_SIZE = 8 * 1024 * 1024
"""Bytes; a photo of a telephone has 2 to 6 MB."""

MAX_ATTACHMENTS = 9

_SIGNATURES = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "application/pdf": b"%PDF-",
}
"""What the files may be, and how each begins: a name and a header prove nothing."""


def fingerprint(content: bytes) -> str:
    """Return the SHA-256 of the content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def check_attachments(attachments: tuple[Attachment, ...]) -> None:
    """Return if the files may be kept.

    Raises:
        Invalid: if there are too many, or one is empty, too large, or not what it says.
    """
    if len(attachments) > MAX_ATTACHMENTS:
        raise Invalid("attachments", f"at most {MAX_ATTACHMENTS}")
    for attachment in attachments:
        signature = _SIGNATURES.get(attachment.media_type)
        if signature is None:
            raise Invalid("attachments", "only JPEG, PNG and PDF are kept")
        if len(attachment.content) > MAX_SIZE:
            raise Invalid("attachments", f"{attachment.name} has more than 8 MB")
        if not attachment.content.startswith(signature):
            raise Invalid("attachments", f"{attachment.name} is not {attachment.media_type}")
