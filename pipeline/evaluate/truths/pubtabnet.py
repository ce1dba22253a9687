"""PubTabNet: JSON lines with `filename`, `split` and `html`, whose `structure.tokens` are tags and whose `cells` are texts.

The images lie in a folder of the split beside the file, or right beside it (Zhong et al. 2020, "Image-based table recognition").
Tags within a cell's tokens (`<b>`, `<sup>`) are no text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.evaluate.tables import Grid, Span
from pipeline.evaluate.truth import Truth, TruthTable
from pipeline.evaluate.truths.files import first, lines

SOURCE, KIND = "pubtabnet", "publisher-xml"
_TAG = re.compile(r"</?\w+>")
_SPAN = re.compile(r'(row|col)span="(\d+)"')


def is_here(path: Path) -> bool:
    """Whether the path is such a file."""
    html = first(path).get("html") if path.is_file() else None
    return isinstance(html, dict) and "structure" in html


def load(path: Path) -> Truth:
    """Return the truth of the file."""
    return Truth(tables=tuple(_table(path, row) for row in lines(path)))


def _table(path: Path, row: Mapping[str, Any]) -> TruthTable:
    in_split = path.parent / str(row.get("split", "")) / row["filename"]
    doc = in_split if in_split.is_file() else path.parent / row["filename"]
    # The one file has half a million tables; few have all of their images.
    grid = grid_of(row["html"]) if doc.is_file() else Grid(())
    return TruthTable(f"table {doc.stem}", SOURCE, KIND, doc, (1,), grid)


def grid_of(html: Mapping[str, Any]) -> Grid:
    """Return the table that the tokens describe; of the positions that a cell covers, the first has its text."""
    texts = iter([_text(cell.get("tokens", ())) for cell in html["cells"]])
    taken: set[tuple[int, int]] = set()
    cells: dict[tuple[int, int], str] = {}
    spans: list[Span] = []
    row = -1
    for tag in _tags(html["structure"]["tokens"]):
        if tag == "<tr>":
            row += 1
        elif tag.startswith("<td"):
            sizes = dict(_SPAN.findall(tag))
            row_span, col_span = int(sizes.get("row", 1)), int(sizes.get("col", 1))
            col = next(col for col in range(len(taken) + 1) if (row, col) not in taken)
            taken |= {(row + down, col + right) for down in range(row_span) for right in range(col_span)}
            cells[row, col] = next(texts, "")
            if row_span > 1 or col_span > 1:
                spans.append(Span(row, col, row_span, col_span))
    n_rows, n_cols = (1 + max((place[axis] for place in taken), default=-1) for axis in (0, 1))
    return Grid(tuple(tuple(cells.get((row, col), "") for col in range(n_cols)) for row in range(n_rows)), tuple(spans))


def _tags(tokens: Iterable[str]) -> Iterator[str]:
    """Yield whole tags: a cell with spans comes in parts, `<td`, ` colspan="2"` and `>`."""
    yield from re.findall(r"<[^>]*>", "".join(tokens))


def _text(tokens: Iterable[str]) -> str:
    return "".join(token for token in tokens if not _TAG.fullmatch(token)).strip()
