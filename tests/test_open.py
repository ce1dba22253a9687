"""Whatever a file is, it opens or is refused with what to do; drawn pages have exactly the size planned."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from pipeline.open import open_document
from pipeline.plan import page_image, read_dpi, survey_dpi
from pipeline.rasterize import layer_words, rasterize
from schemas.batch import PageImage
from schemas.document import Box, Document, Source
from schemas.errors import CorruptPdf, EncryptedPdf, OversizedPage, SourceError, UnsupportedFile
from schemas.preset import ImageLimits

MakePdf = Callable[..., Path]


def opened(path: Path, max_pages: int = 100, password_env: str | None = None) -> Document:
    return open_document(Source(uri=str(path), filename=path.name, password_env=password_env), str(path), 10**8, max_pages)


def drawn(path: Path, dpi: float = 100, crop: Box | None = None, page_no: int = 1) -> tuple[Image.Image, tuple[int, int]]:
    document = opened(path)
    image = page_image(document, document.page(page_no), dpi, ImageLimits(), crop)
    encoded, _ = rasterize(str(path), image, document.engine)
    return Image.open(io.BytesIO(encoded)), (image.width, image.height)


def test_pages_have_size_label_and_font(make_pdf: MakePdf) -> None:
    document = opened(make_pdf(texts=("hello world", "")))
    first, second = document.pages
    assert (first.width_pt, first.height_pt, first.font_size_pt) == (612, 792, 12)
    assert document.has_text_layer
    assert second.is_blank
    assert len(document.doc_id) == 32


def test_a_text_file_named_pdf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.pdf"
    path.write_text("<html><body>not a PDF</body></html>")
    with pytest.raises(UnsupportedFile, match="neither a PDF nor"):
        opened(path)


def test_an_encrypted_pdf_opens_with_its_password_only(make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_pdf(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner")
    with pytest.raises(EncryptedPdf, match="password_env"):
        opened(path)
    monkeypatch.setenv("REPORT_PASSWORD", "secret")
    assert len(opened(path, password_env="REPORT_PASSWORD").pages) == 3


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\ngarbage", b"%PDF-1.7\n" + bytes(1000)])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        opened(path)


def test_a_pdf_without_its_tail_is_repaired(make_pdf: MakePdf) -> None:
    path = make_pdf()
    path.write_bytes(path.read_bytes()[:-200])
    document = opened(path)
    assert document.is_repaired
    assert len(document.pages) == 3


def test_limits_name_the_setting(make_pdf: MakePdf) -> None:
    with pytest.raises(OversizedPage, match="LONGREAD_MAX_PAGES"):
        opened(make_pdf(), max_pages=2)


@pytest.mark.parametrize("dpi", [50, 72, 101.3, 144, 200, 400])
@pytest.mark.parametrize("crop", [None, Box(x0=0.103, y0=0.2, x1=0.731, y1=0.611)])
def test_images_are_exactly_as_large_as_planned(make_pdf: MakePdf, dpi: float, crop: Box | None) -> None:
    image, planned = drawn(make_pdf(), dpi, crop)
    assert image.size == planned


def test_a_crop_shows_what_the_page_shows_there(make_pdf: MakePdf) -> None:
    path = make_pdf(texts=("HELLO",))
    crop = Box(x0=0.1, y0=0.1, x1=0.3, y1=0.15)
    part, _ = drawn(path, 200, crop)
    whole, _ = drawn(path, 200)
    there = whole.crop((round(0.1 * whole.width), round(0.1 * whole.height), round(0.3 * whole.width), round(0.15 * whole.height)))
    assert part.convert("L").getextrema()[0] < 64
    difference = [abs(a - b) for a, b in zip(part.resize(there.size).convert("L").tobytes(), there.convert("L").tobytes(), strict=True)]
    assert sum(difference) / len(difference) < 12


def test_gray_pages_are_encoded_gray_and_coloured_ones_are_not(tmp_path: Path, make_pdf: MakePdf) -> None:
    assert drawn(make_pdf())[0].mode == "L"
    path = tmp_path / "colour.pdf"
    with pymupdf.open() as file:
        file.new_page().draw_rect((10, 10, 100, 100), fill=(1, 0, 0))
        file.save(path)
    assert drawn(path)[0].mode == "RGB"


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_words_and_pixels_of_a_turned_page_agree(tmp_path: Path, rotation: int) -> None:
    path = tmp_path / "turned.pdf"
    with pymupdf.open() as file:
        page = file.new_page(width=400, height=600)
        page.insert_text((60, 80), "HERE", fontsize=30)
        page.set_rotation(rotation)
        file.save(path)
    (word,) = layer_words(str(path), (1,))[1]
    image, _ = drawn(path, 72)
    ink = Image.eval(image.convert("L"), lambda value: 255 - value).getbbox()
    assert ink is not None
    middle = ((ink[0] + ink[2]) / 2 / image.width, (ink[1] + ink[3]) / 2 / image.height)
    assert word.x0 < middle[0] < word.x1
    assert word.y0 < middle[1] < word.y1


def test_images_are_documents_of_one_or_more_pages(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (300, 200), color) for color in ("white", "red")]
    frames[0].save(tmp_path / "scan.tiff", save_all=True, append_images=frames[1:])
    frames[1].save(tmp_path / "photo.jpg")
    assert len(opened(tmp_path / "scan.tiff").pages) == 2
    assert len(opened(tmp_path / "photo.jpg").pages) == 1
    assert drawn(tmp_path / "scan.tiff", page_no=2)[0].getpixel((5, 5)) == (255, 0, 0)


def test_small_print_is_surveyed_finer_than_large(make_pdf: MakePdf) -> None:
    document = opened(make_pdf())
    page = document.page(1)
    small = page.model_copy(update={"font_size_pt": 6.0})
    assert survey_dpi(page) < survey_dpi(small) < read_dpi(small)


def test_a_scan_is_not_drawn_finer_than_it_is(make_pdf: MakePdf) -> None:
    scan = opened(make_pdf()).page(1).model_copy(update={"font_size_pt": None, "text_layer_chars": 0, "image_dpi": 90.0})
    assert survey_dpi(scan) == read_dpi(scan) == 90


@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="poppler is not installed")
def test_poppler_draws_the_same_page(make_pdf: MakePdf) -> None:
    path = make_pdf(texts=("HELLO",))
    document = opened(path)
    image = page_image(document, document.page(1), 100, ImageLimits(), Box(x0=0.1, y0=0.1, x1=0.4, y1=0.2))
    first, second = (Image.open(io.BytesIO(rasterize(str(path), image, engine)[0])).convert("L") for engine in ("mupdf", "poppler"))
    assert first.size == second.size == (image.width, image.height)
    assert abs(first.getextrema()[0] - second.getextrema()[0]) < 100


def test_a_hidden_tiny_font_does_not_raise_the_resolution(tmp_path: Path) -> None:
    path = tmp_path / "hidden.pdf"
    with pymupdf.open() as file:
        page = file.new_page()
        page.insert_text((72, 100), "visible text", fontsize=10)
        page.insert_text((72, 200), "hidden " * 50, fontsize=0.7)
        file.save(path)
    assert opened(path).page(1).font_size_pt == 10


def test_corrupt_is_the_class_of_both_engines(tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7\ngarbage")
    with pytest.raises(CorruptPdf, match=r"poppler|pages"):
        opened(path)


def test_a_photograph_keeps_to_the_bytes_that_a_service_takes(tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.merge("RGB", [Image.effect_noise((560, 560), 80) for _ in range(3)]).save(path)
    image = PageImage(doc_id="d", page_no=1, width=560, height=560, tokens=400, dpi=72)
    whole, _ = rasterize(str(path), image, "mupdf")
    small, _ = rasterize(str(path), image, "mupdf", None, len(whole) // 2)
    assert len(small) <= len(whole) // 2
    assert Image.open(io.BytesIO(small)).size == (560, 560)
