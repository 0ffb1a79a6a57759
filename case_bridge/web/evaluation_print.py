"""A page as PDF, where WeasyPrint and Pango are installed; both are optional."""

import asyncio
from typing import Any, Final, NoReturn

from aiohttp import web

from case_bridge.web.evaluation_export import as_file
from case_bridge.web.evaluation_requests import show_evaluation
from hotline.web.pages import ASSETS, render

INSTALL: Final = (
    "pip install 'hotline[pdf]'; apt install libpango-1.0-0 libpangoft2-1.0-0 fonts-noto-cjk"
)
"""What it takes; shown to whoever asks in vain."""

SHEETS: Final = ("cases/evaluation.css", "cases/paper.css")


class NoPrinter(Exception):
    """WeasyPrint, or the Pango that it draws with, is not installed."""


async def pdf_answer(
    request: web.Request, template: str, name: str, **context: Any
) -> web.StreamResponse:
    """Return a template as PDF; without a printer a page that says what to install (501)."""
    page = show_evaluation(request, template, **context)
    styles = [path.read_text("utf-8") for path in map(request.app[ASSETS].path, SHEETS) if path]
    try:
        # Setting the pages takes seconds of the processor: not on the loop.
        body = await asyncio.to_thread(write_pdf, page.text or "", styles)
    except NoPrinter:
        return render(request, "cases/evaluation/no_pdf.html", status=501, install=INSTALL)
    return as_file(web.Response(body=body, content_type="application/pdf"), name, "pdf")


def write_pdf(html: str, styles: list[str]) -> bytes:
    """Return a page as PDF; it reads no file and no address.

    Raises:
        NoPrinter: if WeasyPrint or Pango is not installed.
    """
    try:
        from weasyprint import CSS, HTML  # noqa: PLC0415 - optional, and slow to load
    except (ImportError, OSError) as error:  # OSError: WeasyPrint is there, Pango is not
        raise NoPrinter from error
    sheets = [CSS(string=each, url_fetcher=_refuse) for each in styles]
    written: bytes = HTML(string=html, url_fetcher=_refuse).write_pdf(stylesheets=sheets)
    return written


def _refuse(address: str, *_more: Any, **_options: Any) -> NoReturn:
    raise ValueError(f"a paper reads nothing from elsewhere: {address}")
