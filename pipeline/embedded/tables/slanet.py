"""The grid of a table as SLANet+ sees it: a network that writes a table as HTML and tells where each cell is. Its only caller.

SLANet is of PaddleOCR (Li et al. 2022, "PP-StructureV2"); where its weights come from stands in docs/models.md. It was trained on crops
without a page around them, where PyMuPDF's layout model is weak. Without the weights, if the installation could not fetch them, it sees
nothing, and the other ways to a grid remain.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pipeline.embedded.reading import Rect
from pipeline.embedded.tables.grid import Grid, GridCell

_WEIGHTS = Path(__file__).parent / "slanet-plus.onnx"
_SIDE = 488
"""Pixels of the square into which the longer side of a crop is fitted."""
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the channels, blue first, as PaddleOCR trained it."""
_SPAN = re.compile(r' (row|col)span="(\d+)"')


def read_structure(image: NDArray[np.uint8], table: Rect) -> Grid:
    """Return the empty grid of the `table` (pixels) in `image` (height, width, 3; RGB)."""
    x0, y0 = max(int(table.x0), 0), max(int(table.y0), 0)
    crop = image[y0 : int(table.y1) + 1, x0 : int(table.x1) + 1]
    if not (crop.size and is_installed()):
        return Grid(0, 0, ())
    boxes, scores = _session().run(None, {"x": _squared(crop)})
    corners = boxes[0].reshape(-1, 4, 2) * max(crop.shape[:2]) + (x0, y0)  # the boxes are parts of the square
    edges = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    return _grid([_vocabulary()[index] for index in scores[0].argmax(axis=1)], edges)


@cache
def is_installed() -> bool:
    """Whether the weights are there: the build fetches them (`hatch_build.py`)."""
    return _WEIGHTS.exists()


@cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(_WEIGHTS, options, providers=["CPUExecutionProvider"])


@cache
def _vocabulary() -> tuple[str, ...]:
    written = _session().get_modelmeta().custom_metadata_map["character"].splitlines()
    return ("sos", *(tag for tag in written if tag != "<td>"), "eos")


def _squared(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the crop as the network takes it: (1, 3, side, side), blue first, its corner at the top left of zeros."""
    height, width = crop.shape[:2]
    ratio = _SIDE / max(height, width)
    small = cv2.resize(crop[:, :, ::-1], (max(int(width * ratio), 1), max(int(height * ratio), 1)))
    square = np.zeros((_SIDE, _SIDE, 3), np.float32)
    square[: small.shape[0], : small.shape[1]] = (small / 255 - _MEAN) / _DEVIATION
    return square.transpose(2, 0, 1)[None]


def _grid(tags: Sequence[str], edges: NDArray[np.floating]) -> Grid:
    taken: set[tuple[int, int]] = set()
    cells, row, col = list[GridCell](), -1, 0
    for tag, place, spans in _read(tags):
        if tag == "<tr>":
            row, col = row + 1, 0
            continue
        while (row, col) in taken:
            col += 1
        rows, cols = spans.get("row", 1), spans.get("col", 1)
        taken.update((row + down, col + right) for down in range(rows) for right in range(cols))
        cells.append(GridCell(max(row, 0), col, rows, cols, Rect(*map(float, edges[place])), ""))
    n_rows = max((at + 1 for at, _ in taken), default=0)
    return Grid(n_rows, max((at + 1 for _, at in taken), default=0), tuple(cells))


def _read(tags: Sequence[str]) -> Iterator[tuple[str, int, dict[str, int]]]:
    """Yield the beginnings of rows and the cells, with their place in the output and their spans."""
    for place, tag in enumerate(tags):
        if tag == "eos" and place:
            return
        if tag in {"<tr>", "<td></td>"}:
            yield tag, place, {}
        elif tag == "<td":
            spans = (_SPAN.fullmatch(word) for word in tags[place + 1 : place + 3])
            yield tag, place, {found[1]: int(found[2]) for found in spans if found}
