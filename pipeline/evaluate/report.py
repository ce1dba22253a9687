"""Write an evaluation as one HTML file that needs nothing else: the figures, the calibration drawn, and the worst cases with pictures.

Everything that comes out of a document is escaped by jinja2, and the page's policy lets a browser load nothing but the pictures in it.
"""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined

from pipeline.evaluate.bootstrap import told
from pipeline.evaluate.cases import Case, Mark, Picture, Sizes, worst
from pipeline.evaluate.claims import Calibration
from pipeline.evaluate.evaluation import Evaluation
from pipeline.evaluate.summary import ALL
from pipeline.rasterize import rasterize
from pipeline.workers import Workers
from schemas.batch import PageImage
from schemas.document import Box
from schemas.errors import RasterizeError, SourceError, WriteError
from schemas.rows import EVALUATION
from schemas.settings import Settings

NAME = "report.html"
CASES = 15
"""Of each kind."""
DPI = 110
MOST_PIXELS = 1000
MOST_BYTES = 250_000


class Drawn(NamedTuple):
    """A picture as a data URI; empty if the page could not be drawn."""

    caption: str
    uri: str
    marks: tuple[Mark, ...] = ()


class Shown(NamedTuple):
    """A case with its pictures."""

    case: Case
    pictures: tuple[Drawn, ...]


async def write_report(root: Path, done: Evaluation, doc_ids: Mapping[Path, str], sizes: Sizes, settings: Settings) -> Path:
    """Write `evaluation/report.html` under `root` and return its path.

    Raises:
        WriteError: the folder cannot be written.
    """
    paths = {doc_id: doc for doc, doc_id in doc_ids.items()}
    async with Workers(settings) as workers:
        sections = {
            name: await asyncio.gather(*(_shown(workers, settings, case, paths, sizes) for case in cases))
            for name, cases in worst(done, doc_ids, sizes, CASES).items()
        }
    path = root / EVALUATION / NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(done, sections), encoding="utf-8")
    except OSError as error:
        msg = f"{path} cannot be written ({error}): free some space or choose another --out"
        raise WriteError(msg) from error
    return path


def render(done: Evaluation, sections: Mapping[str, Sequence[Shown]]) -> str:
    """Return the page."""
    source = files("pipeline.evaluate").joinpath("report.html.jinja").read_text(encoding="utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(source)
    return template.render(
        told=told,
        makers=done.makers,
        summaries=[one for one in done.summaries if one.group == ALL],
        groups=[one for one in done.summaries if one.group != ALL],
        signals=_by_signal(done.calibrations),
        sections=sections,
    )


def _by_signal(levels: Sequence[Calibration]) -> dict[str, list[Calibration]]:
    signals: dict[str, list[Calibration]] = {}
    for level in levels:
        signals.setdefault(level.signal, []).append(level)
    return signals


async def _shown(workers: Workers, settings: Settings, case: Case, paths: Mapping[str, Path], sizes: Sizes) -> Shown:
    return Shown(case, tuple([await _drawn(workers, settings, picture, paths[picture.doc_id], sizes) for picture in case.pictures]))


async def _drawn(workers: Workers, settings: Settings, picture: Picture, path: Path, sizes: Sizes) -> Drawn:
    size = sizes.get((picture.doc_id, picture.page_no))
    if size is None:
        return Drawn(f"{picture.caption} (not read)", "")
    try:
        png, _ = await workers.call(
            settings.page_deadline_s,
            f"page {picture.page_no} of {path.name}",
            rasterize,
            str(path),
            _image(picture, *size),
            "mupdf",
            None,
            MOST_BYTES,
        )
    except (RasterizeError, SourceError) as error:
        return Drawn(f"{picture.caption} ({error})", "")
    return Drawn(picture.caption, f"data:image/png;base64,{base64.b64encode(png).decode()}", picture.marks)


def _image(picture: Picture, width_pt: float, height_pt: float) -> PageImage:
    x0, y0, x1, y1 = picture.crop
    width, height = (x1 - x0) * width_pt, (y1 - y0) * height_pt
    dpi = min(float(DPI), MOST_PIXELS * 72 / max(width, height))
    return PageImage(
        doc_id=picture.doc_id,
        page_no=picture.page_no,
        width=max(1, round(width * dpi / 72)),
        height=max(1, round(height * dpi / 72)),
        tokens=0,
        dpi=dpi,
        crop=Box(x0=x0, y0=y0, x1=x1, y1=y1),
    )
