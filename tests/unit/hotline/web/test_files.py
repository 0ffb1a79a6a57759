"""Files of strangers leave as what they are, never as what they say."""

import pytest

from hotline.web.files import file_response, size_words
from tests.fakes.photos import png


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        pytest.param(png(), "image/png", id="PNG"),
        pytest.param(b"\xff\xd8\xff\xe0", "image/jpeg", id="JPEG"),
        pytest.param(b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", id="WebP"),
        pytest.param(b"\x00\x00\x00\x18ftypheic", None, id="few browsers show HEIC"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", None, id="SVG"),
        pytest.param(b"<html><script>x()</script>", None, id="a page"),
        pytest.param(b"%PDF-1.7", None, id="PDF may hold scripts"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_only_what_is_proven_to_be_a_photo_is_shown(content: bytes, media_type: str | None) -> None:
    """R15: the name says PNG every time."""
    answer = file_response("井盖.png", content)

    assert answer.content_type == (media_type or "application/octet-stream")
    assert answer.headers["Content-Disposition"].startswith(
        "inline" if media_type else "attachment"
    )
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_name_breaks_out_of_no_header() -> None:
    answer = file_response('a"; x=b\r\nSet-Cookie: x=1;/../c', b"")

    assert answer.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''a%22%3B%20x%3Db%0D%0ASet-Cookie%3A%20x%3D1%3B%2F..%2Fc"
    )


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KB"),
        (5_452_595, "5.2 MB"),
        (67_594_354_176, "63.0 GB"),
    ],
)
def test_sizes_are_read_by_people(size: int, words: str) -> None:
    assert size_words(size) == words
