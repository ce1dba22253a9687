"""Words and lines of an image: PP-OCRv6 from the rapidocr wheel, on OpenVINO. The only module that calls rapidocr.

The recogniser places characters only roughly and sometimes leaves out a space. Both are mended with the ink: the gaps
between the printed strokes of a line tell where its words begin and end.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from openvino import Core
from rapidocr import EngineType, RapidOCR
from rapidocr.utils.output import RapidOCROutput

from pipeline.embedded.reading import Line, Rect, Word

# The angle classifier turns upright lines round (5 % of the characters of a clean page were lost to it), so it stays off.
# Recognising crops 160 pixels wide at least, not 320, changes no text and saves a quarter of the time on tables.
_PARAMS = {
    "Global.log_level": "error",
    "Global.use_cls": False,
    "Global.max_side_len": 4000,
    "Det.engine_type": EngineType.OPENVINO,
    "Det.max_candidates": 4000,
    "Cls.engine_type": EngineType.OPENVINO,
    "Rec.engine_type": EngineType.OPENVINO,
    "Rec.rec_img_shape": [3, 48, 160],
}
_OPENVINO = {"INFERENCE_NUM_THREADS": "1", "CPU_RUNTIME_CACHE_CAPACITY": "0"}
"""Kernels are not kept for every size of image that was seen: they save a twentieth of the time, and grow by 30 MB a page."""
_WORD_GAP = 0.18
"""Narrowest gap between words, in line heights: gaps inside words reach 0.17, spaces begin at 0.19 (measured on 10,000 gaps)."""
_NUMERIC = frozenset("0123456789.,$()%+-")
_NUMBER_GAP = 0.5
"""Narrowest gap between two numbers, in line heights: figures are all as wide as a 0, so that a 1 stands free."""
_INK_CONTRAST = 0.35
"""How far from the background ink is, as a share of the strongest contrast in the line."""

_DASHES = frozenset("一二ー―_")
"""What a dash alone on its line, perhaps above a rule, is taken for where the text is not Chinese or Japanese."""
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_STRAY_LETTER = re.compile(r"[^\W\d_aAI]")
"""A letter that is no word: wide-set type, not a missed space, split it off."""

_Character = tuple[str, float, list[list[int]] | None]


@cache
def _engine() -> RapidOCR:
    reader = RapidOCR(params=_PARAMS)
    # The version is pinned, and it passes nothing but its own options on to OpenVINO.
    for part in (reader._load_det_model(), reader._load_rec_model()):  # noqa: SLF001 - there is no public way to its models
        core = Core()
        core.set_property("CPU", _OPENVINO)
        part.session.session = core.compile_model(part.session.model, "CPU").create_infer_request()
    return reader


def read_lines(image: NDArray[np.uint8]) -> tuple[Line, ...]:
    """Return the lines of `image` (height, width, 3; RGB) from top to bottom, each with its words."""
    output = _engine()(np.ascontiguousarray(image[:, :, ::-1]), return_word_box=True, return_single_char_box=True)
    if not isinstance(output, RapidOCROutput) or output.boxes is None or not output.txts or not output.scores:
        return ()
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8)
    is_western = not any(_IDEOGRAPH.search(text) for text in output.txts if text not in _DASHES)
    texts = ("\u2014" if is_western and text in _DASHES else text for text in output.txts)
    found = zip(texts, output.scores, output.boxes, output.word_results, strict=True)
    lines = (
        _line(gray, text, float(score), _around(box), cast("Sequence[_Character]", characters)) for text, score, box, characters in found
    )
    return tuple(sorted((line for line in lines if line.words), key=lambda line: (line.rect.y0, line.rect.x0)))


def _line(gray: NDArray[np.uint8], text: str, score: float, rect: Rect, characters: Sequence[_Character]) -> Line:
    boxes = [_around(np.asarray(corners)) for _, _, corners in characters if corners]
    if rect.y1 - rect.y0 > 1.5 * (rect.x1 - rect.x0):
        words = _words(text, boxes, score, is_vertical=len(text.strip()) > 1)
    else:
        words = _snapped(_words(text, boxes, score, is_vertical=False), boxes, _blobs(gray, rect), rect)
    return Line(tuple(words), _hull([word.rect for word in words]), score)


def _words(text: str, boxes: Sequence[Rect], score: float, *, is_vertical: bool) -> list[Word]:
    words, start = [], 0
    for token in text.split():
        rects = boxes[start : start + len(token)]
        start += len(token)
        if rects:
            words.append(Word(token, _hull(rects), score, is_vertical=is_vertical))
    return words


def _blobs(gray: NDArray[np.uint8], rect: Rect) -> list[tuple[float, float]]:
    """Return the stretches of ink along a line that gaps as wide as a space separate."""
    x0, y0, x1, y1 = max(int(rect.x0), 0), max(int(rect.y0), 0), int(np.ceil(rect.x1)), int(np.ceil(rect.y1))
    crop = gray[y0:y1, x0:x1].astype(np.int16)
    contrast = np.abs(crop - np.median(crop)) if crop.size else np.zeros((1, 1))
    inked = np.flatnonzero((contrast > max(_INK_CONTRAST * contrast.max(), 1)).any(axis=0))
    if not len(inked):
        return []
    breaks = np.flatnonzero(np.diff(inked) - 1 >= _WORD_GAP * (y1 - y0))
    starts, ends = inked[[0, *(breaks + 1)]], inked[[*breaks, -1]]
    return [(float(x0 + start), float(x0 + end + 1)) for start, end in zip(starts, ends, strict=True)]


def _snapped(words: list[Word], boxes: Sequence[Rect], blobs: list[tuple[float, float]], rect: Rect) -> list[Word]:
    """Return `words` with the ink's left and right ends; where the ink shows more words than the text, split."""
    if len(words) == len(blobs):
        return [word._replace(rect=Rect(x0, rect.y0, x1, rect.y1)) for word, (x0, x1) in zip(words, blobs, strict=True)]
    if len(words) > len(blobs):
        return [word._replace(rect=Rect(word.rect.x0, rect.y0, word.rect.x1, rect.y1)) for word in words]
    split, start = [], 0
    for word in words:
        split.extend(_split(word, boxes[start : start + len(word.text)], blobs, rect))
        start += len(word.text)
    return split


def _split(word: Word, boxes: Sequence[Rect], blobs: list[tuple[float, float]], rect: Rect) -> list[Word]:
    owners = np.maximum.accumulate([_nearest(blobs, (box.x0 + box.x1) / 2) for box in boxes]).tolist()
    starts = [
        0,
        *(i for i in range(1, len(owners)) if _is_break(word.text, i, blobs, owners, rect.y1 - rect.y0)),
        len(owners),
    ]
    spans = list(pairwise(starts))
    if any(_STRAY_LETTER.fullmatch(word.text[start:end]) for start, end in spans):
        spans = [(0, len(owners))]
    return [
        word._replace(text=word.text[start:end], rect=Rect(blobs[owners[start]][0], rect.y0, blobs[owners[end - 1]][1], rect.y1))
        for start, end in spans
    ]


def _is_break(text: str, i: int, blobs: list[tuple[float, float]], owners: list[int], height: float) -> bool:
    gap = blobs[owners[i]][0] - blobs[owners[i - 1]][1]
    inside_number = text[i - 1] in _NUMERIC and text[i] in _NUMERIC
    return owners[i] != owners[i - 1] and gap >= (_NUMBER_GAP if inside_number else _WORD_GAP) * height


def _nearest(blobs: list[tuple[float, float]], x: float) -> int:
    return min(range(len(blobs)), key=lambda i: max(blobs[i][0] - x, x - blobs[i][1], 0.0))


def _around(corners: NDArray[np.generic]) -> Rect:
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return Rect(float(x0), float(y0), float(x1), float(y1))


def _hull(rects: Sequence[Rect]) -> Rect:
    if not rects:
        return Rect(0, 0, 0, 0)
    return Rect(min(r.x0 for r in rects), min(r.y0 for r in rects), max(r.x1 for r in rects), max(r.y1 for r in rects))
