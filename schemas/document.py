"""Sources, documents, pages and boxes."""

from typing import Literal, NamedTuple, Self

from pydantic import model_validator

from schemas.value import Value

Engine = Literal["mupdf", "poppler"]
PageKind = Literal["text", "numbers", "picture"]
"""What the text layer shows a page to be: prose, mostly numbers, or next to no text (scans, drawings, blank pages)."""


class Box(Value):
    """A region of the upright page, each edge from 0 to 1, origin top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if not (0 <= self.x0 < self.x1 <= 1 and 0 <= self.y0 < self.y1 <= 1):
            msg = f"not a box inside the page: {self.x0}, {self.y0}, {self.x1}, {self.y1}"
            raise ValueError(msg)
        return self

    def within(self, outer: "Box") -> "Box":
        """Return this box, given in parts of `outer`, in parts of the page that `outer` is a region of."""
        width, height = outer.x1 - outer.x0, outer.y1 - outer.y0
        return Box(
            x0=outer.x0 + self.x0 * width,
            y0=outer.y0 + self.y0 * height,
            x1=min(1.0, outer.x0 + self.x1 * width),
            y1=min(1.0, outer.y0 + self.y1 * height),
        )

    def relative_to(self, outer: "Box") -> "Box":
        """Return this box of the page in parts of `outer`, cut at its edges."""
        width, height = outer.x1 - outer.x0, outer.y1 - outer.y0
        return Box(
            x0=max(0.0, (self.x0 - outer.x0) / width),
            y0=max(0.0, (self.y0 - outer.y0) / height),
            x1=min(1.0, (self.x1 - outer.x0) / width),
            y1=min(1.0, (self.y1 - outer.y0) / height),
        )

    def grown(self, dx: float, dy: float) -> "Box":
        """Return the box with a margin of `dx` and `dy` (parts of the page), cut at the page's edges."""
        return Box(x0=max(0.0, self.x0 - dx), y0=max(0.0, self.y0 - dy), x1=min(1.0, self.x1 + dx), y1=min(1.0, self.y1 + dy))


class LayerWord(NamedTuple):
    """One word of a PDF's text layer; edges in parts of the upright page."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


class NumberBand(NamedTuple):
    """A part of the upright page, from y0 to y1, in which rows of numbers follow each other; and how many cells they have."""

    y0: float
    y1: float
    n_cells: int


class Source(Value):
    """One file to read, as the user named it."""

    uri: str
    filename: str
    collection: str | None = None
    password_env: str | None = None
    """The environment variable that holds the PDF's password."""


class Page(Value):
    """One page as planning sees it: no pixels."""

    page_no: int
    """1-based and physical."""
    page_label: str | None = None
    """What is printed on the page, if the PDF says."""
    width_pt: float
    height_pt: float
    """Size of the upright page in points (1/72 inch)."""
    rotation: int = 0
    text_layer_chars: int = 0
    font_size_pt: float | None = None
    """Size of the smaller print: the 10th percentile of the visible text's font sizes by character, those under 3 pt ignored; of a scan
    as its strokes tell; None if nothing tells."""
    image_dpi: float | None = None
    """Resolution of the image that covers a page without visible text: a scan."""
    number_bands: tuple[NumberBand, ...] = ()
    """Where the text layer has rows of numbers: the only sign of tables and charts before the survey."""
    is_blank: bool = False
    kind: PageKind = "picture"
    opens_section: bool = False
    """Whether an entry of the PDF's outline points to the page, or its first line is a heading."""
    table_goes_on: bool = False
    """Whether the text layer shows the page's last table to go on at the top of the next page."""


class Document(Value):
    """One file's content. The same bytes under two names are one document with two sources."""

    doc_id: str
    path: str
    sources: tuple[Source, ...]
    bytes: int
    title: str | None = None
    is_repaired: bool = False
    engine: Engine = "mupdf"
    pages: tuple[Page, ...]

    @property
    def filename(self) -> str:
        """The name of the first source."""
        return self.sources[0].filename

    @property
    def has_text_layer(self) -> bool:
        """Whether any page has text."""
        return any(page.text_layer_chars for page in self.pages)

    @property
    def blank_pages(self) -> frozenset[int]:
        """The numbers of the pages on which nothing is."""
        return frozenset(page.page_no for page in self.pages if page.is_blank)

    def page(self, page_no: int) -> Page:
        """Return the page of that 1-based number."""
        return self.pages[page_no - 1]


def box_of_thousandths(edges: tuple[int, ...] | None) -> Box | None:
    """Return the box that a model wrote as x0, y0, x1, y1 from 0 to 1000; None if there is none or it has no area.

    Edges in the wrong order are put right, and edges outside are cut: models do both.
    """
    if not edges or len(edges) != 4:
        return None
    x0, x1 = sorted(min(1000, max(0, edge)) / 1000 for edge in edges[0::2])
    y0, y1 = sorted(min(1000, max(0, edge)) / 1000 for edge in edges[1::2])
    return Box(x0=x0, y0=y0, x1=x1, y1=y1) if x0 < x1 and y0 < y1 else None
