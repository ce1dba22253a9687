"""Chart images of the corpus through the embedded reader, as a run reads them: the data behind them, and short questions about them.

`python -m benchmarks.charts [--kept DIR]` prints Markdown. Reading takes some seconds an image; with `--kept` what was read is kept there.
Values count as printed where at least half of a chart's are among the numbers that were read on it.
"""

import argparse
import json
import pickle
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.corpus import CORPUS
from pipeline.embedded import worker
from pipeline.embedded.layout import survey
from pipeline.evaluate.charts import Chart, PointCount, Series, points, rms_f1
from pipeline.extract import CHART_MARGIN
from pipeline.open import open_document
from pipeline.plan import page_image, read_dpi, survey_images
from pipeline.rasterize import rasterize
from pipeline.settle import settle
from schemas.document import Box, Document, Source
from schemas.extraction import AnswerReading, ChartReading
from schemas.preset import ImageLimits

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
RELAXED = 0.05
"""Of the value, as ChartQA's relaxed accuracy allows."""
RESAMPLED = 2000
MOST_BYTES = 1 << 31


class Read(NamedTuple):
    """A page of one image: its packed reading, its charts as JSON, and what they took of one core."""

    page: bytes
    charts: tuple[str, ...]
    seconds: float


class Scored(NamedTuple):
    """One chart: of what kinds it is, its RMS-F1 and its points."""

    kinds: tuple[str, ...]
    rms_f1: float
    points: PointCount


def read_image(name: str) -> Read:
    """Read an image as a run does: survey, then each located chart from its crop."""
    began = time.process_time()
    document = _document(name)
    page = _page(document)
    charts = tuple(worker.read_chart(data, box).decode() for data, box in _crops(document, page))
    return Read(page, charts, time.process_time() - began)


def read_page(name: str) -> Read:
    """Read an image as the survey does: for a question nothing else is read by OCR."""
    began = time.process_time()
    page = _page(_document(name))
    return Read(page, (), time.process_time() - began)


def _document(name: str) -> Document:
    path = str(CORPUS / name)
    return open_document(Source(uri=path, filename=Path(path).name), path, MOST_BYTES, 1)


def _page(document: Document) -> bytes:
    data, _ = rasterize(document.path, survey_images(document, ImageLimits())[0], document.engine)
    return worker.read_page(data)


def _crops(document: Document, page: bytes) -> Iterator[tuple[bytes, tuple[int, ...]]]:
    for chart in survey(1, 1, pickle.loads(zlib.decompress(page))).charts:  # noqa: S301 - packed above
        x0, y0, x1, y1 = (side / 1000 for side in chart.box or (0, 0, 1000, 1000))
        place = Box(x0=x0, y0=y0, x1=x1, y1=y1)
        region = place.grown(*CHART_MARGIN)
        image = page_image(document, document.pages[0], read_dpi(document.pages[0]), ImageLimits(), region)
        inner = place.relative_to(region)
        yield rasterize(document.path, image, document.engine)[0], tuple(round(1000 * s) for s in (inner.x0, inner.y0, inner.x1, inner.y1))


def answered(question: str, name: str, page: bytes) -> tuple[AnswerReading, float]:
    """Answer a question from the page of an image as the embedded reader does; also return the seconds of one core."""
    began = time.process_time()
    document = _document(name)
    data, _ = rasterize(document.path, survey_images(document, ImageLimits())[0], document.engine)
    packed = worker.PackedPage(1, 1, Path(name).name, page, worker.read_charts(data, page))
    return settle(AnswerReading.model_validate_json(worker.answer(question, None, [packed]))), time.process_time() - began


def truth_of(row: Mapping[str, Any], page: bytes) -> Chart:
    """Return the truth of a line of `charts.jsonl`."""
    is_swapped = row["value_axis"] == "x" and row["points_are"].startswith("[x, y]")
    series = tuple(Series(_text(one["name"] or "", None), _points(one["points"], row, is_swapped=is_swapped)) for one in row["series"])
    printed = _numbers(page)
    values = [f"{abs(value):g}" for one in series for _, value in one.points]
    is_printed = sum(value in printed for value in values) >= 0.5 * len(values) and row["source"] == "chartqa-table"
    return Chart(row["chart_type"], series, None, is_printed)


def _points(pairs: Sequence[Sequence[Any]], row: Mapping[str, Any], *, is_swapped: bool) -> tuple[tuple[str, float], ...]:
    ordered = [(y, x) if is_swapped else (x, y) for x, y in pairs]
    return tuple((_text(x, row.get("x_time_unit")), float(y)) for x, y in ordered if isinstance(y, int | float))


def _text(x: Any, unit: str | None) -> str:  # noqa: ANN401 - JSON
    if isinstance(x, list):
        return "\u2013".join(f"{side:g}" for side in x)
    if unit == "month":
        return MONTHS[int(x[5:7]) - 1]
    return f"{x:g}" if isinstance(x, int | float) else str(x)


def _numbers(page: bytes) -> set[str]:
    lines = pickle.loads(zlib.decompress(page)).lines  # noqa: S301 - packed by read_page
    return {number for line in lines for number in re.findall(r"\d+(?:\.\d+)?", line.text)}


def kinds_of(row: Mapping[str, Any], truth: Chart) -> tuple[str, ...]:
    """Return the groups that a chart is counted in."""
    kind = str(row["chart_type"])
    if kind == "bar":
        drawn = "stacked bars" if row["stacked"] else "grouped bars" if len(row["series"]) > 1 else "single bars"
        lying = "horizontal" if row["orientation"] == "horizontal" else "vertical"
        return "all", "values printed" if truth.is_printed else "values not printed", "bar", f"bar: {drawn}, {lying}"
    return "all", "values printed" if truth.is_printed else "values not printed", kind


def scored(row: Mapping[str, Any], read: Read) -> Scored:
    """Score the best chart of an image; the points of any other count as invented."""
    truth = truth_of(row, read.page)
    readings = [ChartReading.model_validate_json(text) for text in read.charts]
    charts = [Chart(one.chart_type, _series(one)) for one in readings] or [Chart("other", ())]
    best = max(range(len(charts)), key=lambda at: rms_f1(truth, charts[at]).f1)
    counted = points(truth, charts[best])
    extra = sum(len(one.points) for at, chart in enumerate(charts) if at != best for one in chart.series)
    counted = counted._replace(n_found=counted.n_found + extra, n_invented=counted.n_invented + extra)
    return Scored(kinds_of(row, truth), rms_f1(truth, charts[best]).f1, counted)


def _series(reading: ChartReading) -> tuple[Series, ...]:
    return tuple(Series(one.name, tuple((point.x, point.y) for point in one.points if point.y is not None)) for one in reading.series)


def is_right(expected: str, kind: str, given: AnswerReading) -> bool:
    """Tell whether an answer is right: a number within 5 % of itself, a text word for word."""
    if kind != "number":
        return (given.text or "").strip().casefold() == expected.strip().casefold()
    wanted = float(expected.replace(",", ""))
    return given.number is not None and abs(given.number - wanted) <= RELAXED * abs(wanted)


def interval(values: Sequence[float]) -> str:
    """Return the mean with its 95 % interval: percentiles of resampled means."""
    drawn = np.random.default_rng(0).choice(np.asarray(values, float), (RESAMPLED, len(values))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{np.mean(values):.3f} ({low:.2f} to {high:.2f})"


def charts_table(scores: Sequence[Scored]) -> Iterator[str]:
    """Yield the rows of the charts' table."""
    yield "| | charts | RMS-F1 (95 %) | points right | wrong or invented, of those given | nothing given |\n|---|---|---|---|---|---|"
    for kind in dict.fromkeys(kind for one in scores for kind in sorted(one.kinds)):
        group = [one for one in scores if kind in one.kinds]
        total = PointCount(*(sum(counts) for counts in zip(*(one.points for one in group), strict=True)))
        right = f"{total.n_right / total.n_truth:.1%} of {total.n_truth}"
        silent = f"{total.silent:.1%} of {total.n_found}"
        n_abstained = sum(one.points.is_abstention for one in group)
        yield f"| {kind} | {len(group)} | {interval([one.rms_f1 for one in group])} | {right} | {silent} | {n_abstained} |"


def answers_table(rows: Sequence[Mapping[str, Any]], answers: Sequence[AnswerReading]) -> Iterator[str]:
    """Yield the rows of the questions' table."""
    yield "| | questions | right (95 %) | abstained | right of the given |\n|---|---|---|---|---|"
    pairs = [(row, answer) for row, answer in zip(rows, answers, strict=True)]
    for kind in ("all", *dict.fromkeys(row["answer_format"] for row in rows)):
        group = [pair for pair in pairs if kind in {"all", pair[0]["answer_format"]}]
        rights = [float(is_right(row["answer"], row["answer_format"], answer)) for row, answer in group]
        n_given = sum(answer.is_answerable for _, answer in group)
        yield f"| {kind} | {len(group)} | {interval(rights)} | {len(group) - n_given} | {sum(rights) / max(1, n_given):.1%} |"


def _kept(folder: Path | None, name: str, read: Callable[[str], Read]) -> Read:
    file = folder / f"{Path(name).stem}.pickle" if folder else None
    if file and file.exists():
        kept: Read = pickle.loads(file.read_bytes())  # noqa: S301 - written below
        return kept
    result = read(name)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(result))
    return result


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / "charts" / name).read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Read, score, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.charts", description=__doc__)
    parser.add_argument("--kept", type=Path, help="folder that keeps what was read")
    kept = parser.parse_args().kept
    rows = _lines("charts.jsonl")
    reads = [_kept(kept, row["image"], read_image) for row in rows]
    print("\n".join(charts_table([scored(row, read) for row, read in zip(rows, reads, strict=True)])))
    asked = [row for row in _lines("chartqa.jsonl") if not row["answer_format"].startswith("open")]
    replies = [answered(row["question"], row["image"], _kept(kept, row["image"], read_page).page) for row in asked]
    print("\n" + "\n".join(answers_table(asked, [answer for answer, _ in replies])))
    seconds = [np.mean([read.seconds for read in reads]), np.mean([spent for _, spent in replies])]
    print(f"\nCPU-seconds: {seconds[0]:.1f} an image (survey and chart), {seconds[1]:.1f} an answer more.")


if __name__ == "__main__":
    main()
