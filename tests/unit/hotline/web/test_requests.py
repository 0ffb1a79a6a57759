"""Redirects stay on this site."""

import pytest

from hotline.web.requests import local_path


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/board?a=1", "/board?a=1"),
        (None, "/home"),
        ("", "/home"),
        ("board", "/home"),
        ("https://example.org", "/home"),
        ("//example.org", "/home"),
        ("/\\example.org", "/home"),
        ("/a\r\nSet-Cookie: b", "/home"),
        ("/\n/example.org", "/home"),
        ("/\t/example.org", "/home"),
    ],
)
def test_only_a_path_of_this_site_is_followed(target: str | None, path: str) -> None:
    assert local_path(target, "/home") == path
