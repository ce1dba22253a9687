"""Open a source: what kind of file it is, how many pages it has, their sizes and fonts. No pixels. Runs in a worker process.

PyMuPDF is the engine; where it refuses a PDF, poppler (through pdf2image, if `pdftoppm` is installed) gets a try. Images (PNG, JPEG,
TIFF) are documents too.
"""

import hashlib
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pdf2image
import pymupdf
from pdf2image.exceptions import PDFInfoNotInstalledError, PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError

from pipeline.bands import Line, number_bands
from pipeline.hints import NO_HINTS, PageHints, begins_section, goes_on, page_hints, section_pages
from pipeline.print_size import TextLayer, TextLine, scanned_print, smaller_print, text_layer
from schemas.document import Document, Engine, NumberBand, Page, Source
from schemas.errors import CorruptPdf, EmptyPdf, EncryptedPdf, OversizedPage, SourceError, UnsupportedFile

POINTS_PER_INCH = 72
MOST_SCANS_MEASURED = 200
"""Pages of a scanned document whose print is measured, 35 ms each; the pages between them are taken to be printed alike."""
_READABLE_IMAGES = ("PNG", "JPEG", "JPG", "TIFF", "TIF", "IMAGE")


def file_digest(path: Path) -> str:
    """Return the document id: the first 32 hex digits of the SHA-256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def open_document(source: Source, path: str, max_bytes: int, max_pages: int) -> Document:
    """Return the document at `path`, with the geometry of every page.

    Raises:
        SourceError: the file cannot be read; the message says why and what to do.
    """
    size = Path(path).stat().st_size
    if size > max_bytes:
        msg = f"{source.filename} has {size:,} bytes, over the limit of {max_bytes:,}: raise LONGREAD_MAX_BYTES or split it"
        raise OversizedPage(msg)
    pages, title, is_repaired, engine = _inspect(source, path, max_pages)
    return Document(
        doc_id=file_digest(Path(path)),
        path=path,
        sources=(source,),
        bytes=size,
        title=title,
        is_repaired=is_repaired,
        engine=engine,
        pages=pages,
    )


def open_pymupdf(path: str, password: str | None = None) -> pymupdf.Document:
    """Return the file opened by PyMuPDF, unlocked.

    Raises:
        CorruptPdf: it does not open.
        EncryptedPdf: it needs a password that is not given or is wrong.
    """
    pymupdf.TOOLS.mupdf_display_errors(on=False)
    pymupdf.TOOLS.mupdf_display_warnings(on=False)
    try:
        file = pymupdf.open(path)
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError, ValueError) as error:
        msg = f"{Path(path).name} does not open: {error}"
        raise CorruptPdf(msg) from error
    if file.needs_pass and not (password and file.authenticate(password)):
        file.close()
        msg = f"{Path(path).name} is encrypted: name the environment variable with its password as password_env in a manifest"
        raise EncryptedPdf(msg)
    return file


def password_of(source: Source) -> str | None:
    """Return the password that the source's environment variable holds, if it names one."""
    return os.environ.get(source.password_env) if source.password_env else None


def _inspect(source: Source, path: str, max_pages: int) -> tuple[tuple[Page, ...], str | None, bool, Engine]:
    _refuse_other_files(source, path)
    try:
        file = open_pymupdf(path, password_of(source))
        n_pages = _page_count(file, source)
    except CorruptPdf as error:
        return _inspect_with_poppler(source, path, error), None, False, "poppler"
    with file:
        _refuse_other_formats(source, file)
        if n_pages == 0:
            msg = f"{source.filename} has no pages"
            raise EmptyPdf(msg)
        if n_pages > max_pages:
            msg = f"{source.filename} has {n_pages:,} pages, over the limit of {max_pages:,}: raise LONGREAD_MAX_PAGES or split it"
            raise OversizedPage(msg)
        pages = _pages(file)
        title = (file.metadata or {}).get("title") or None
        return pages, title, bool(file.is_repaired), "mupdf"


def _page_count(file: pymupdf.Document, source: Source) -> int:
    try:
        return int(file.page_count)
    except (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError) as error:
        file.close()
        msg = f"{source.filename} does not tell its pages: {error}"
        raise CorruptPdf(msg) from error


def _refuse_other_files(source: Source, path: str) -> None:
    """MuPDF sniffs: it would open an HTML or text file named .pdf as what it is."""
    with Path(path).open("rb") as file:
        head = file.read(1024)
    if not head:
        msg = f"{source.filename} is empty (0 bytes)"
        raise CorruptPdf(msg)
    is_image = head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*"))
    if b"%PDF-" not in head and not is_image and not _pdf_further_down(path):
        msg = f"{source.filename} is neither a PDF nor a PNG, JPEG or TIFF image: convert it to PDF or leave it out"
        raise UnsupportedFile(msg)


def _pdf_further_down(path: str) -> bool:
    with Path(path).open("rb") as file:
        return b" obj" in (start := file.read(65_536)) and b"endobj" in start


def _refuse_other_formats(source: Source, file: pymupdf.Document) -> None:
    kind = str((file.metadata or {}).get("format") or "")
    if not file.is_pdf and not kind.upper().startswith(_READABLE_IMAGES):
        msg = f"{source.filename} is {kind or 'of an unknown format'}, neither a PDF nor an image: convert it to PDF or leave it out"
        raise UnsupportedFile(msg)


class _Seen(NamedTuple):
    page: Page
    hints: PageHints = NO_HINTS


def _pages(file: pymupdf.Document) -> tuple[Page, ...]:
    sections = section_pages(_outline(file), file.page_count)
    pages: list[Page] = []
    before = NO_HINTS
    for page, hints in _seen(file):
        if pages and goes_on(before, hints):
            pages[-1] = pages[-1].model_copy(update={"table_goes_on": True})
        opens = page.page_no in sections or begins_section(before, hints)
        pages.append(page.model_copy(update={"opens_section": True}) if opens else page)
        before = hints
    return tuple(pages)


def _seen(file: pymupdf.Document) -> Iterator[_Seen]:
    every = math.ceil(file.page_count / MOST_SCANS_MEASURED)
    print_pt: float | None = None
    for number in range(file.page_count):
        seen = _page(file, number)
        if (scan_dpi := seen.page.image_dpi) and not seen.page.font_size_pt:
            if number % every == 0:
                print_pt = _scanned_print(file[number], scan_dpi)
            seen = seen._replace(page=seen.page.model_copy(update={"font_size_pt": print_pt}))
        yield seen


def _scanned_print(page: pymupdf.Page, scan_dpi: float) -> float | None:
    with suppress(pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError):
        return scanned_print(page, scan_dpi)
    return None  # it will not be drawn later either, and then it fails by name


def _outline(file: pymupdf.Document) -> list[tuple[int, int]]:
    """Return level and page number of the outline's entries; none of an outline that is damaged."""
    with suppress(pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError, IndexError):
        return [(level, page_no) for level, _, page_no in file.get_toc(simple=True)]
    return []


def _page(file: pymupdf.Document, number: int) -> _Seen:
    try:
        page = file[number]
        rect = page.rect
        layer = text_layer(page) if file.is_pdf else TextLayer(0, Counter(), [], [], [])
        hints = page_hints(layer.words, layer.spans)
        return _Seen(
            Page(
                page_no=number + 1,
                page_label=(page.get_label() or None) if file.is_pdf else None,
                width_pt=max(1.0, rect.width),
                height_pt=max(1.0, rect.height),
                rotation=page.rotation,
                text_layer_chars=layer.n_chars,
                font_size_pt=smaller_print(layer.sizes),
                image_dpi=None if layer.sizes else _covering_image_dpi(page),
                number_bands=_number_bands(page, layer.lines),
                is_blank=not layer.n_chars and _draws_nothing(page) if file.is_pdf else False,
                kind=hints.kind,
            ),
            hints,
        )
    except (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError):
        return _Seen(_unreadable_page(number))


def _unreadable_page(number: int) -> Page:
    """A page that does not even load keeps its place, in Letter size, so that it is tried, fails by name and is counted."""
    return Page(page_no=number + 1, width_pt=612, height_pt=792)


def _number_bands(page: pymupdf.Page, lines: Iterable[TextLine]) -> tuple[NumberBand, ...]:
    # Lines have the coordinates of the unrotated page.
    turn, height = page.rotation_matrix, max(1.0, page.rect.height)
    upright = [(text, pymupdf.Rect(box) * turn) for text, box in lines if text]
    return number_bands(Line(text, box.y0 / height, box.y1 / height) for text, box in upright)


def _covering_image_dpi(page: pymupdf.Page) -> float | None:
    """Return the resolution of an image that covers most of the page: then the page is a scan."""
    area = page.rect.width * page.rect.height
    resolutions = [
        image["width"] / (box.width / POINTS_PER_INCH)
        for image in page.get_image_info()
        if (box := pymupdf.Rect(image["bbox"]) & page.rect).width * box.height > 0.8 * area
    ]
    return max(resolutions, default=None)


def _draws_nothing(page: pymupdf.Page) -> bool:
    return not page.get_image_info() and not page.get_cdrawings() and not list(page.annots() or ())


def _inspect_with_poppler(source: Source, path: str, first: SourceError) -> tuple[Page, ...]:
    try:
        info: dict[str, Any] = pdf2image.pdfinfo_from_path(path, userpw=password_of(source) or "", timeout=30)
    except PDFInfoNotInstalledError as error:
        msg = f"{first}; poppler might repair it, but pdftoppm is not installed (apt-get install poppler-utils)"
        raise CorruptPdf(msg) from error
    except (PDFPageCountError, PDFSyntaxError, PDFPopplerTimeoutError, ValueError) as error:
        msg = f"{first}; poppler does not open it either"
        raise CorruptPdf(msg) from error
    width, height = _poppler_size(info)
    return tuple(Page(page_no=number + 1, width_pt=width, height_pt=height) for number in range(int(info["Pages"])))


def _poppler_size(info: dict[str, Any]) -> tuple[float, float]:
    """Return the size in points out of pdfinfo's "612 x 792 pts (letter)"."""
    words = str(info.get("Page size", "")).split()
    return (float(words[0]), float(words[2])) if len(words) > 2 else (612.0, 792.0)
