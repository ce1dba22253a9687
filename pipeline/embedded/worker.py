"""What runs in the reader's worker processes: encoded images in, JSON text or packed readings out.

The readers load models that take seconds and hundreds of megabytes. They are imported inside the functions, so that the
server's own process, which needs only the functions' names, stays small.
"""
# ruff: noqa: PLC0415 - see above

import io
import json
import pickle
import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.embedded.body import Asked
from pipeline.embedded.config import IMAGE_FORMATS
from schemas.extraction import AnswerKind, Findings, QuestionFindings, Transcript

if TYPE_CHECKING:
    from pipeline.embedded.answers import SeenPage
    from pipeline.embedded.reading import Reading, Rect

Box = tuple[int, ...]


class UndecodableImage(Exception):
    """The bytes are not a whole image of a known format. `index` counts the images that the task was given."""

    def __init__(self, reason: str, index: int = 0) -> None:
        super().__init__(reason, index)
        self.reason = reason
        self.index = index


class PackedPage(NamedTuple):
    """A page and its reading, which `read_page` has packed: only workers look into it."""

    doc: int
    page: int
    filename: str
    reading: bytes


def use_one_core() -> None:
    """Keep OpenCV to one thread in this process: there are as many processes as cores. OpenVINO's are set in `ocr`."""
    import cv2

    cv2.setNumThreads(1)


def read_page(data: bytes) -> bytes:
    """Return the packed reading of a page image.

    Raises:
        UndecodableImage: `data` cannot be decoded.
    """
    from pipeline.embedded.layout import read_page as read

    return zlib.compress(pickle.dumps(read(decode(data))), 1)


def survey_page(start: PackedPage | None, last: PackedPage | None, page: PackedPage) -> bytes:
    """Return the JSON text of the `SurveyPage` of `page`, which follows `last`; the last table on that began on the page `start`."""
    from pipeline.embedded.layout import Surveyed, survey

    before = Surveyed(last.doc, _unpacked(start.reading), _unpacked(last.reading)) if start and last else None
    return survey(page.doc, page.page, _unpacked(page.reading), before).model_dump_json().encode()


def answer(question: str, kind: AnswerKind | None, pages: Sequence[PackedPage]) -> bytes:
    """Return the JSON text of the `AnswerReading` of a question."""
    from pipeline.embedded.answers import answer as answered

    return answered(question, kind, _seen(pages)).model_dump_json().encode()


def findings(questions: Sequence[str], pages: Sequence[PackedPage]) -> bytes:
    """Return the JSON text of the `Findings` for some questions."""
    from pipeline.embedded.answers import findings as found

    seen = _seen(pages)
    told = (QuestionFindings(question=number, evidence=found(question, seen)) for number, question in enumerate(questions, start=1))
    return Findings(questions=tuple(told)).model_dump_json().encode()


def fields(asked: str, pages: Sequence[PackedPage]) -> bytes:
    """Return the JSON text of the fields that `asked`, the JSON text of an `Asked`, names."""
    from pipeline.embedded.fields import fill

    return json.dumps(fill(Asked.model_validate_json(asked), _seen(pages)), ensure_ascii=False).encode()


def read_table(parts: Sequence[tuple[bytes, Box]]) -> bytes:
    """Return the JSON text of the whole `TableReading` of a table from its crops.

    Each crop comes with the table's box in it, from 0 to 1000.

    Raises:
        UndecodableImage: a crop cannot be decoded.
    """
    from pipeline.embedded.tables import TablePart
    from pipeline.embedded.tables import read_table as read

    images = [(decode(data, index), box) for index, (data, box) in enumerate(parts)]
    return read([TablePart(image, _pixels(box, image)) for image, box in images]).model_dump_json().encode()


def read_chart(data: bytes, box: Box) -> bytes:
    """Return the JSON text of the `ChartReading` of a crop, `box` being the chart's region in it, from 0 to 1000.

    Raises:
        UndecodableImage: `data` cannot be decoded.
    """
    from pipeline.embedded.charts import read_chart as read

    image = decode(data)
    return read(image, _pixels(box, image)).model_dump_json().encode()


def read_text(data: bytes) -> bytes:
    """Return the JSON text of the `Transcript` of an image.

    Raises:
        UndecodableImage: `data` cannot be decoded.
    """
    from pipeline.embedded.ocr import read_lines

    return Transcript(lines=tuple(line.text for line in read_lines(decode(data)))).model_dump_json().encode()


def decode(data: bytes, index: int = 0) -> NDArray[np.uint8]:
    """Return the image (height, width, 3; RGB); transparent parts are white, as paper is.

    Raises:
        UndecodableImage: `data` cannot be decoded.
    """
    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            if image.has_transparency_data:
                paper = Image.new("RGBA", image.size, "white")
                return np.asarray(Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB"))
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, struct.error, zlib.error) as error:
        raise UndecodableImage(str(error), index) from error


def _pixels(box: Box, image: NDArray[np.uint8]) -> "Rect":
    from pipeline.embedded.reading import Rect

    height, width = image.shape[:2]
    x0, y0, x1, y1 = box
    return Rect(x0 * width / 1000, y0 * height / 1000, x1 * width / 1000, y1 * height / 1000)


def _seen(pages: Sequence[PackedPage]) -> "list[SeenPage]":
    from pipeline.embedded.answers import SeenPage

    return [SeenPage(page.doc, page.page, page.filename, _unpacked(page.reading)) for page in pages]


def _unpacked(packed: bytes) -> "Reading":
    reading: Reading = pickle.loads(zlib.decompress(packed))  # noqa: S301 - packed by read_page in a process of this pool
    return reading
