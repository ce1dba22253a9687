"""Turns the text of a document into ReportLab flowables.

The text is plain paragraphs, parted by empty lines, with a few marks at their start: `# ` and `## ` are headings, `#! ` a
heading on a new page, `> ` a small note, `! ` a centered line. `@table KEY` and `@chart KEY KEY` (side by side) stand for
tables and charts, `@contents` for the table of contents; `@page` and `@frame` go to the next page or frame, `@need POINTS`
to the next page unless so much is left, `@space POINTS` leaves room, `@template NAME` is the kind of the next page. `{name}`
is replaced by a fact.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    FrameBreak,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    Paragraph,
    Spacer,
    Table,
)

from data.generator.charts import ChartSpec
from data.generator.flowables import ACCENT, INK, Fonts, PlacedGap, Placements, draw_table
from data.generator.tables import TableSpec

TEXTS = Path(__file__).parent / "texts"
INCH = 72.0
MOST_ROWS_KEPT_TOGETHER = 14
LEAST_START_OF_TABLE = 150.0


class Design(NamedTuple):
    """The faces and sizes of a document, in points."""

    text: Fonts
    headings: Fonts
    size: float = 10.0
    heading_size: float = 16.0
    is_justified: bool = False


class Heading(NamedTuple):
    """A heading and the page it was drawn on."""

    text: str
    level: int
    page: int


class Script(NamedTuple):
    """A document to be laid out: its text, the facts for its placeholders, its tables and charts by key."""

    text: str
    facts: Mapping[str, str]
    tables: Mapping[str, TableSpec]
    charts: Mapping[str, ChartSpec]
    design: Design


class Notes(NamedTuple):
    """What is noted while a document is drawn."""

    placements: Placements
    headings: list[Heading]


def new_notes() -> Notes:
    """Notes with nothing in them."""
    return Notes(defaultdict(list), [])


def read_text(name: str) -> str:
    """The text of `texts/<name>`."""
    return (TEXTS / name).read_text(encoding="utf-8")


class HeadingLine(Paragraph):
    """A heading that notes its page."""

    noted: list[Heading] | None = None
    level = 1

    def draw(self) -> None:
        """Draw the heading and note the page."""
        if self.noted is not None:
            self.noted.append(Heading(self.getPlainText(), self.level, self.canv.getPageNumber()))
        super().draw()


class ContentsLine(Flowable):
    """A line of the table of contents: a title, dots and a page number."""

    def __init__(self, heading: Heading, fonts: Fonts) -> None:
        """Take the heading and the page it is on."""
        super().__init__()
        self.heading = heading
        self.fonts = fonts

    def wrap(self, availWidth: float, availHeight: float) -> tuple[float, float]:  # noqa: ARG002, N803 - ReportLab's
        """Take the whole width and one line."""
        self.width = availWidth
        return availWidth, 19.0 if self.heading.level == 1 else 15.0

    def draw(self) -> None:
        """Draw the title at the left, the number at the right and dots between them."""
        font = self.fonts.bold if self.heading.level == 1 else self.fonts.regular
        indent = 14.0 * (self.heading.level - 1)
        self.canv.setFillColor(INK)
        self.canv.setFont(font, 10)
        self.canv.drawString(indent, 4, self.heading.text)
        self.canv.drawRightString(self.width, 4, str(self.heading.page))
        start = indent + self.canv.stringWidth(self.heading.text, font, 10) + 6
        self.canv.setDash(0.6, 3)
        self.canv.line(start, 5.5, self.width - 22, 5.5)
        self.canv.setDash()


def blocks(text: str) -> Iterator[str]:
    """The paragraphs and marks of a script, each as one line."""
    for block in text.split("\n\n"):
        if block.strip():
            yield " ".join(block.split())


def flowables(script: Script, notes: Notes, contents: tuple[Heading, ...]) -> list[Any]:
    """The flowables of a whole document; `contents` are the headings of an earlier run, for the page numbers."""
    story: list[Any] = []
    heading: list[Any] = []
    for block in blocks(script.text.format_map(script.facts)):
        if block.startswith("@table "):
            story += _table(script.tables[block.split()[1]], script.design, notes, heading)
            heading = []
            continue
        story += heading
        heading = _heading(block, script.design, notes) if block.startswith("## ") else []
        story += [] if heading else _block(block, script, notes, contents)
    return story


def _block(block: str, script: Script, notes: Notes, contents: tuple[Heading, ...]) -> list[Any]:
    if block.startswith("@"):
        return _command(block[1:].split(), script, notes, contents)
    if block.startswith("#"):
        return _heading(block, script.design, notes)
    for mark, make in (("> ", _note), ("! ", _centered)):
        if block.startswith(mark):
            return [make(block.removeprefix(mark), script.design)]
    return [Paragraph(block, _body(script.design))]


def _command(words: list[str], script: Script, notes: Notes, contents: tuple[Heading, ...]) -> list[Any]:
    match words:
        case ["chart", *keys]:
            return [_charts([script.charts[key] for key in keys], notes), Spacer(1, 8)]
        case ["contents"]:
            return [ContentsLine(heading, script.design.headings) for heading in contents]
        case [word, *values]:
            return [_step(word, *values)]
        case _:
            message = "a line of a script holds only @"
            raise ValueError(message)


def _step(word: str, value: str = "") -> Flowable:
    """What moves on the page or to the next one."""
    steps: Mapping[str, Callable[[], Flowable]] = {
        "space": lambda: Spacer(1, float(value)),
        "need": lambda: CondPageBreak(float(value)),
        "template": lambda: NextPageTemplate(value),
        "frame": FrameBreak,
        "page": PageBreak,
    }
    return steps[word]()


def _table(spec: TableSpec, design: Design, notes: Notes, heading: list[Any]) -> list[Any]:
    """A table with its title and notes; `heading` is the heading right above it, which must not be left behind."""
    title = ParagraphStyle("title", fontName=design.headings.bold, fontSize=9.5, leading=12, textColor=INK)
    small = ParagraphStyle("small", fontName=design.headings.italic, fontSize=8, leading=10, textColor=INK)
    above = [*heading, Spacer(1, 6), Paragraph(spec.title, title)]
    if spec.subtitle:
        above.append(Paragraph(spec.subtitle, small))
    table = draw_table(spec, design.headings, notes.placements)
    below = [Spacer(1, 3), *(_note(footnote, design) for footnote in spec.footnotes)]
    whole = [*above, Spacer(1, 3), table, *below]
    if len(spec.rows) <= MOST_ROWS_KEPT_TOGETHER:
        return [KeepTogether(whole), Spacer(1, 8)]
    return [CondPageBreak(LEAST_START_OF_TABLE), *whole, Spacer(1, 8)]


def _charts(specs: list[ChartSpec], notes: Notes) -> Flowable:
    """One gap, or several side by side."""
    gaps = [PlacedGap(spec.key, spec.size[0] * INCH, spec.size[1] * INCH, notes.placements) for spec in specs]
    if len(gaps) == 1:
        return gaps[0]
    return Table([gaps], style=[("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 8)], hAlign="LEFT")


def _heading(block: str, design: Design, notes: Notes) -> list[Any]:
    mark, text = block.split(" ", 1)
    level = mark.count("#")
    size = design.heading_size if level == 1 else design.size + 1.5
    style = ParagraphStyle(
        f"heading{level}",
        fontName=design.headings.bold,
        fontSize=size,
        leading=size * 1.2,
        spaceBefore=size * 0.6,
        spaceAfter=size * 0.4,
        textColor=ACCENT if level == 1 else INK,
        keepWithNext=1,
    )
    line = HeadingLine(text, style)
    line.noted, line.level = notes.headings, level
    return [PageBreak(), line] if mark.endswith("!") else [line]


def _body(design: Design) -> ParagraphStyle:
    return ParagraphStyle(
        "body",
        fontName=design.text.regular,
        fontSize=design.size,
        leading=design.size * 1.32,
        spaceAfter=design.size * 0.6,
        alignment=TA_JUSTIFY if design.is_justified else 0,
        textColor=INK,
    )


def _note(text: str, design: Design) -> Paragraph:
    return Paragraph(text, ParagraphStyle("note", parent=_body(design), fontSize=7.5, leading=9.2, spaceAfter=1.5))


def _centered(text: str, design: Design) -> Paragraph:
    return Paragraph(text, ParagraphStyle("centered", parent=_body(design), alignment=TA_CENTER))
