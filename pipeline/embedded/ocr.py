"""Words and lines of an image: PP-OCRv6 from the rapidocr wheel, on OpenVINO. The only module that calls rapidocr."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from rapidocr import EngineType, RapidOCR

from pipeline.embedded.reading import Line, Rect, Word

# The angle classifier turns upright lines round (5 % of the characters of a clean page were lost to it), so it stays off.
_PARAMS = {
    "Global.log_level": "error",
    "Global.use_cls": False,
    "Global.max_side_len": 4000,
    "Det.engine_type": EngineType.OPENVINO,
    "Cls.engine_type": EngineType.OPENVINO,
    "Rec.engine_type": EngineType.OPENVINO,
    "EngineConfig.openvino.inference_num_threads": 1,
}


@cache
def _engine() -> RapidOCR:
    return RapidOCR(params=_PARAMS)


def read_lines(image: NDArray[np.uint8]) -> tuple[Line, ...]:
    """Return the lines of `image` (height, width, 3; RGB) from top to bottom, each with its words."""
    output = _engine()(np.ascontiguousarray(image[:, :, ::-1]), return_word_box=True)
    if not output.word_results or output.boxes is None:
        return ()
    lines = [_line(words) for words in output.word_results if words]
    return tuple(sorted((line for line in lines if line.words), key=lambda line: (line.rect.y0, line.rect.x0)))


def _line(words: tuple[tuple[str, float, list[list[float]]], ...]) -> Line:
    read = tuple(_word(text, score, corners) for text, score, corners in words if text.strip())
    return Line(read, _hull([word.rect for word in read]), min((word.score for word in read), default=0.0))


def _word(text: str, score: float, corners: list[list[float]]) -> Word:
    xs, ys = [float(x) for x, _ in corners], [float(y) for _, y in corners]
    rect = Rect(min(xs), min(ys), max(xs), max(ys))
    return Word(text, rect, float(score), is_vertical=len(text) > 1 and rect.y1 - rect.y0 > 2 * (rect.x1 - rect.x0))


def _hull(rects: list[Rect]) -> Rect:
    if not rects:
        return Rect(0, 0, 0, 0)
    return Rect(min(r.x0 for r in rects), min(r.y0 for r in rects), max(r.x1 for r in rects), max(r.y1 for r in rects))
