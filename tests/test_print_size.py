"""How small a page is printed: text that can be seen counts, and a scan tells by its strokes."""

import io
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from pipeline.open import open_document
from pipeline.plan import read_dpi, survey_dpi
from schemas.document import Page, Source

WORDS = "The quick brown fox jumps over the lazy dog near the quiet river bank and rests. "


def page_of(path: Path) -> Page:
    return open_document(Source(uri=str(path), filename=path.name), str(path), 10**8, 100).page(1)


def written(path: Path, size: float, **text: object) -> Path:
    with pymupdf.open() as file:
        page = file.new_page(width=612, height=792)
        for line in range(20):
            page.insert_text((50, 60 + line * 1.5 * size), WORDS, fontsize=size, **text)
        file.save(path)
    return path


def scanned(path: Path, tmp_path: Path, dpi: int, hidden: str = "") -> Path:
    with pymupdf.open(path) as file:
        pixmap = file[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    drawn = io.BytesIO()
    Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples).save(drawn, "JPEG", quality=70)
    target = tmp_path / "scan.pdf"
    with pymupdf.open() as file:
        page = file.new_page(width=612, height=792)
        page.insert_image(page.rect, stream=drawn.getvalue())
        if hidden:
            page.insert_text((50, 60), hidden, fontsize=5, render_mode=3)
        file.save(target)
    return target


@pytest.mark.parametrize("size", [6, 8, 11, 16])
@pytest.mark.parametrize("dpi", [150, 200])
def test_the_print_of_a_scan_is_told_by_its_strokes(tmp_path: Path, size: float, dpi: int) -> None:
    page = page_of(scanned(written(tmp_path / "page.pdf", size), tmp_path, dpi))
    assert page.font_size_pt == pytest.approx(size, rel=0.25)
    assert page.image_dpi == pytest.approx(dpi, rel=0.02)


def test_the_hidden_text_of_an_ocr_says_nothing_of_the_size(tmp_path: Path) -> None:
    page = page_of(scanned(written(tmp_path / "page.pdf", 12), tmp_path, 150, hidden="1,234 5,678"))
    assert page.text_layer_chars
    assert page.font_size_pt == pytest.approx(12, rel=0.25)


def test_small_print_asks_for_a_finer_page_and_a_scan_for_no_more_than_it_has(tmp_path: Path) -> None:
    small, large = page_of(written(tmp_path / "small.pdf", 6)), page_of(written(tmp_path / "large.pdf", 14))
    assert survey_dpi(small) > survey_dpi(large)
    coarse = page_of(scanned(written(tmp_path / "page.pdf", 6), tmp_path, 90))
    assert survey_dpi(coarse) <= 90.5
    assert read_dpi(coarse) <= 90.5


def test_a_page_of_invisible_text_alone_is_not_blank(tmp_path: Path) -> None:
    page = page_of(written(tmp_path / "hidden.pdf", 9, render_mode=3))
    assert not page.is_blank
    assert page.font_size_pt is None
