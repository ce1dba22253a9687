"""Tables of the corpus, read by longread from page images alone and by the field's tools from the text layer: one scorer for all.

    python -m benchmarks.table_tools measure longread pymupdf
    python -m benchmarks.table_tools report

The other tools go into an environment of their own; those that are not installed are named and left out:

    pip install "camelot-py>=2" "img2table>=2" "pdfplumber>=0.11" pymupdf apted numpy rapidfuzz scipy python-dateutil
    python -m benchmarks.table_tools measure pdfplumber camelot-lattice camelot-stream camelot-hybrid img2table

Truth: the pages of 34 PDFs of ICDAR 2013 that have tables, and PubTabNet images. Every figure but detection is the mean over the true
tables; one that was not found counts 0. Numbers are those of the truth found as the same number at the same row and column. The intervals
are the middle 95 % of a bootstrap over documents. longread surveys each page at the resolution of a run, reads the located tables from
crops at reading resolution, and is then compared with the text layer as a run does, which is the row of its own.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.corpus import CORPUS
from pipeline.evaluate.tables import Grid, Span, adjacency, cells, compact, numeric_cells, paired, teds

RESULTS = Path("out/table_tools")
SETS = {"icdar2013": "ICDAR 2013", "pubtabnet": "PubTabNet"}
Found = dict[str, list[Grid]]
"""The tables of a page by the name of the reading: most tools have one."""


class Truth(NamedTuple):
    """The true tables of one page."""

    source: str
    document: str
    page_no: int
    tables: tuple[Grid, ...]


def truths(only: Sequence[str]) -> Iterator[Truth]:
    """Yield the pages of the corpus that have true tables."""
    pages: dict[tuple[str, str, int], list[Grid]] = defaultdict(list)
    for line in (CORPUS / "tables" / "tables.jsonl").read_text().splitlines():
        table = json.loads(line)
        if table["source"] in only:
            spans = (Span(span["row"], span["col"], span["rowspan"], span["colspan"]) for span in table["spans"])
            pages[table["source"], table["doc"], table["page"]].append(grid_of(table["rows"], spans))
    return (Truth(*page, tuple(tables)) for page, tables in pages.items())


def grid_of(rows: Iterable[Iterable[object]], spans: Iterable[Span] = ()) -> Grid:
    """Return the grid of rows of any length; None is an empty cell."""
    texts = [["" if text is None else str(text) for text in row] for row in rows]
    width = max(map(len, texts), default=0)
    return Grid(tuple(tuple(row + [""] * (width - len(row))) for row in texts), tuple(spans))


def with_longread(path: Path, page_no: int) -> Found:
    """Return what longread reads from images of the page, and the same with the numbers of the text layer where it differs."""
    from benchmarks.read_tables import read  # noqa: PLC0415 - it takes longread's own dependencies

    return read(path, page_no)


def with_pymupdf(path: Path, page_no: int) -> Found:
    """Return what PyMuPDF 2 finds with its layout model, as pymupdf4llm calls it."""
    import pymupdf.layout  # noqa: PLC0415 - only where it is measured

    with pymupdf.open(path) as file:
        found = file[page_no - 1].find_tables(union=True, refine=True)
        return {"pymupdf": [_placed(table) for table in found.tables]}


def _placed(table: Any) -> Grid:  # noqa: ANN401 - PyMuPDF ships no types
    texts, spans = list[list[object]](), list[Span]()
    taken: set[tuple[int, int]] = set()
    for row, placements in enumerate(table.placements or []):
        texts.append([None] * 200)
        col = 0
        for cell in placements:
            while (row, col) in taken:
                col += 1
            taken.update((row + down, col + right) for down in range(cell.rowspan) for right in range(cell.colspan))
            texts[row][col] = getattr(cell, "text", "")
            spans.append(Span(row, col, cell.rowspan, cell.colspan))
    width = max((col + 1 for _, col in taken), default=0)
    return grid_of([row[:width] for row in texts], (span for span in spans if span.row_span * span.col_span > 1))


def with_pymupdf_default(path: Path, page_no: int) -> Found:
    """Return what PyMuPDF finds as most people call it."""
    import pymupdf  # noqa: PLC0415 - only where it is measured

    with pymupdf.open(path) as file:
        return {"pymupdf-default": [grid_of(table.extract()) for table in file[page_no - 1].find_tables().tables]}


def with_pdfplumber(path: Path, page_no: int) -> Found:
    """Return what pdfplumber extracts."""
    import pdfplumber  # noqa: PLC0415 - only where it is measured

    with pdfplumber.open(path) as file:
        return {"pdfplumber": [grid_of(table) for table in file.pages[page_no - 1].extract_tables()]}


def with_camelot(flavor: str) -> Callable[[Path, int], Found]:
    """Return a reader of one of camelot's parsers."""

    def read(path: Path, page_no: int) -> Found:
        import camelot  # noqa: PLC0415 - only where it is measured

        tables = camelot.read_pdf(str(path), pages=str(page_no), flavor=flavor, suppress_stdout=True)
        return {f"camelot-{flavor}": [grid_of(table.df.to_numpy().tolist()) for table in tables]}

    return read


def with_img2table(path: Path, page_no: int) -> Found:
    """Return what img2table finds, ruled or not, with the texts of the text layer."""
    from img2table.document import PDF  # noqa: PLC0415 - only where it is measured

    found = PDF(str(path), pages=[page_no - 1]).extract_tables(borderless_tables=True, implicit_rows=True)
    return {"img2table": [grid_of(table.df.to_numpy().tolist()) for tables in found.values() for table in tables]}


class Tool(NamedTuple):
    """How a tool reads a page, the distribution that tells its version, and the sets that it can read."""

    read: Callable[[Path, int], Found]
    distribution: str
    sets: tuple[str, ...] = ("icdar2013",)


TOOLS = {
    "longread": Tool(with_longread, "pymupdf", ("icdar2013", "pubtabnet")),
    "pymupdf": Tool(with_pymupdf, "pymupdf"),
    "pymupdf-default": Tool(with_pymupdf_default, "pymupdf"),
    "pdfplumber": Tool(with_pdfplumber, "pdfplumber"),
    "camelot-lattice": Tool(with_camelot("lattice"), "camelot-py"),
    "camelot-stream": Tool(with_camelot("stream"), "camelot-py"),
    "camelot-hybrid": Tool(with_camelot("hybrid"), "camelot-py"),
    "img2table": Tool(with_img2table, "img2table"),
}
COLUMNS = ("tool", "found", "false", "detection F1", "adjacency F1", "cells F1", "TEDS", "numbers, per table", "pooled", "CPU-s/page")
MEASURES = ("adjacency", "cells", "teds", "numbers")


def measure(name: str) -> None:
    """Write how one tool does on each true table, a file for each of its readings."""
    tool = TOOLS[name]
    scores: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for truth in truths(tool.sets):
        began = time.process_time()
        found = tool.read(CORPUS / truth.document, truth.page_no)
        seconds = time.process_time() - began
        for reading, tables in found.items():
            scores[reading].append({"set": truth.source, "document": truth.document, "seconds": seconds, **_scored(truth.tables, tables)})
    RESULTS.mkdir(parents=True, exist_ok=True)
    for reading, pages in scores.items():
        content = {"tool": reading, "version": metadata.version(tool.distribution), "pages": pages}
        (RESULTS / f"{reading}.json").write_text(json.dumps(content))


def _scored(true: Sequence[Grid], found: Sequence[Grid]) -> dict[str, Any]:
    pairs = dict(paired(true, found))
    tables = []
    for number, truth in enumerate(true):
        table = found[pairs[number]] if number in pairs else Grid(())
        numbers = numeric_cells(truth, table)
        tables.append(
            {
                "found": number in pairs,
                "adjacency": adjacency(truth, table).f1,
                "cells": cells(truth, table).f1,
                "teds": teds(truth, table) if number in pairs else 0.0,
                "numbers": numbers.recall if numbers.n_truth else None,
                "n_numbers": [numbers.n_truth, numbers.n_right],
            }
        )
    return {"tables": tables, "n_false": sum(bool(compact(table).rows) for table in found) - len(pairs)}


def report() -> str:
    """Return the figures of all tools measured so far as Markdown."""
    lines = []
    for source, title in SETS.items():
        lines += [
            f"\n## {title}\n",
            "| tool | found | false | detection F1 | adjacency F1 | cells F1 | TEDS | numbers, per table | pooled | CPU-s/page |",
        ]
        lines.append("|---|---|---|---|---|---|---|---|---|---|")
        for file in sorted(RESULTS.glob("*.json")):
            content = json.loads(file.read_text())
            if pages := [page for page in content["pages"] if page["set"] == source]:
                lines.append(_row(content["tool"], pages))
    return "\n".join(lines)


def _row(tool: str, pages: Sequence[Mapping[str, Any]]) -> str:
    by_document: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for page in pages:
        by_document[page["document"]].append(page)
    groups = list(by_document.values())
    drawn = np.random.default_rng(0).integers(len(groups), size=(2000, len(groups)))
    samples = [_figures([page for group in row for page in groups[group]]) for row in drawn]
    figures = _figures(pages)
    spans = np.percentile(np.array([[sample[key] for key in ("detection", *MEASURES)] for sample in samples]), [2.5, 97.5], axis=0)
    shown = [f"{figures[key]:.3f} ({spans[0][i]:.2f}–{spans[1][i]:.2f})" for i, key in enumerate(("detection", *MEASURES))]
    found = f"{figures['n_found']:.0f} of {figures['n_true']:.0f}"
    cost = f"{figures['seconds']:.2f}"
    return f"| {tool} | {found} | {figures['n_false']:.0f} | {' | '.join(shown)} | {figures['pooled']:.3f} | {cost} |"


def _figures(pages: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    tables = [table for page in pages for table in page["tables"]]
    n_found, n_false = sum(table["found"] for table in tables), sum(page["n_false"] for page in pages)
    numbers = [table["numbers"] for table in tables if table["numbers"] is not None]
    n_numbers = np.sum([table["n_numbers"] for table in tables], axis=0)
    means = {key: float(np.mean([table[key] for table in tables])) for key in ("adjacency", "cells", "teds")}
    return {
        **means,
        "numbers": float(np.mean(numbers)) if numbers else 0.0,
        "pooled": float(n_numbers[1] / max(n_numbers[0], 1)),
        "n_true": len(tables),
        "n_found": n_found,
        "n_false": n_false,
        "detection": 2 * n_found / (len(tables) + n_found + n_false),
        "seconds": float(np.mean([page["seconds"] for page in pages])),
    }


def main() -> None:
    """Measure the tools named, or print the report."""
    options = argparse.ArgumentParser()
    options.add_argument("what", choices=["measure", "report"])
    options.add_argument("tools", nargs="*", metavar="TOOL", help=", ".join(TOOLS))
    asked = options.parse_args()
    for name in asked.tools:
        try:
            metadata.version(TOOLS[name].distribution)
        except metadata.PackageNotFoundError:
            print(f"{name}: {TOOLS[name].distribution} is not installed here")
            continue
        measure(name)
    if asked.what == "report":
        print(report())


if __name__ == "__main__":
    main()
