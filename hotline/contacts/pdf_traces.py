"""Pure: a PDF without what says who wrote it, when, with what, and where its photos were taken.

The file is written anew, so that earlier versions inside of it go as well (ISO 32000-1, 7.5.6).
What somebody wrote on the pages stays: that is what they send.
"""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Final

import pikepdf

Clean = Callable[[bytes], bytes | None]
"""Return a JPEG without its traces; None if it is no whole picture."""

_TRACES: Final = ("/Metadata", "/PieceInfo", "/LastModified", "/EF", "/AF", "/EmbeddedFiles")
"""Keys of any dictionary: metadata (14.3.2), private data (14.5), files inside (7.11.4)."""
_PHOTO: Final = "/DCTDecode"
_MOST_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of one unpacked stream; a paper of 10 MB that says more is no paper."""

pikepdf.settings.set_qpdf_limits(flate_max_memory=_MOST_UNPACKED)


def without_pdf_traces(content: bytes, clean: Clean) -> bytes:
    """Return the paper without traces.

    Raises:
        ValueError: if they cannot be found: it is encrypted, broken, or hides a photo.
    """
    try:
        with pikepdf.open(BytesIO(content), suppress_warnings=True) as paper:
            return _written_anew(paper, clean)
    except (pikepdf.PdfError, pikepdf.PasswordError, RuntimeError) as error:
        raise ValueError("it is encrypted or broken") from error


def _written_anew(paper: pikepdf.Pdf, clean: Clean) -> bytes:
    if paper.is_encrypted:
        raise ValueError("it is encrypted")
    if not paper.pages:
        raise ValueError("it has no pages")
    if "/Info" in paper.trailer:  # 14.3.3
        del paper.trailer["/Info"]
    for each in _dictionaries(paper):
        for key in _TRACES:
            if key in each:
                del each[key]
        if isinstance(each, pikepdf.Stream):
            _clean_photo(each, clean)
    out = BytesIO()
    paper.save(out, deterministic_id=True, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


def _dictionaries(paper: pikepdf.Pdf) -> Iterator[pikepdf.Dictionary | pikepdf.Stream]:
    """Yield every dictionary, also those inside of others."""
    for each in paper.objects:
        waiting: list[object] = [each]
        while waiting:
            found = waiting.pop()
            if isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
                yield found
                inside = [value for _, value in found.items()]
            elif isinstance(found, pikepdf.Array):
                inside = list(found)
            else:
                continue
            waiting += [one for one in inside if not getattr(one, "is_indirect", True)]


def _clean_photo(stream: pikepdf.Stream, clean: Clean) -> None:
    filters = stream.get("/Filter", pikepdf.Array())
    names = (
        [str(each) for each in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
    )
    if _PHOTO not in names:
        return
    if names != [_PHOTO]:
        raise ValueError("a photo is packed in an unknown way")
    cleaned = clean(stream.read_raw_bytes())
    if cleaned is None:
        raise ValueError("a photo is broken")
    settings = stream.get("/DecodeParms")
    stream.write(
        cleaned,
        filter=pikepdf.Name.DCTDecode,
        decode_parms=settings if isinstance(settings, pikepdf.Dictionary) else None,
    )
