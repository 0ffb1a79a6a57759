"""What may be kept as evidence (R15)."""

import pytest

from case_bridge.cases.case import Attachment
from case_bridge.cases.evidence import MAX_SIZE, check_attachments, fingerprint
from hotline.kernel.errors import Invalid

JPEG = b"\xff\xd8\xff\xe0 a photo"


def test_the_fingerprint_is_sha_256() -> None:
    assert fingerprint(b"abc").startswith("ba7816bf8f01cfea")


def test_a_photo_is_kept() -> None:
    check_attachments((Attachment(name="a.jpg", media_type="image/jpeg", content=JPEG),))


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment(name="a.exe", media_type="application/octet-stream", content=b"MZ"),
        Attachment(name="a.jpg", media_type="image/jpeg", content=b"<script>"),
        Attachment(name="a.jpg", media_type="image/jpeg", content=b""),
        Attachment(name="a.jpg", media_type="image/jpeg", content=JPEG + bytes(MAX_SIZE)),
    ],
    ids=["another kind", "not what it says", "empty", "too large"],
)
def test_a_file_that_proves_nothing_is_refused(attachment: Attachment) -> None:
    with pytest.raises(Invalid):
        check_attachments((attachment,))


def test_ten_files_are_too_many() -> None:
    photo = Attachment(name="a.jpg", media_type="image/jpeg", content=JPEG)

    with pytest.raises(Invalid):
        check_attachments((photo,) * 10)
