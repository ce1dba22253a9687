"""Page images and the batches they are packed into."""

from schemas.document import Box
from schemas.value import Value


class PageImage(Value):
    """A page, or a crop of one, at the size in pixels at which it will be rasterized; no pixels yet."""

    doc_id: str
    page_no: int
    width: int
    height: int
    """Multiples of 28, so that the server's own resize changes nothing."""
    tokens: int
    """What the model's image processor makes of this size."""
    dpi: float
    crop: Box | None = None
    """The region of the page; None for the whole page."""


class Segment(Value):
    """Consecutive pages of one document in a batch."""

    doc_id: str
    filename: str
    images: tuple[PageImage, ...]
    n_context: int = 0
    """How many of the first images belong to another batch and are shown again only for context."""

    @property
    def owned(self) -> tuple[PageImage, ...]:
        """The images that this batch answers for."""
        return self.images[self.n_context :]

    @property
    def tokens(self) -> int:
        """Image tokens of all images."""
        return sum(image.tokens for image in self.images)


class Batch(Value):
    """What goes into one request: whole documents or windows of long ones."""

    batch_id: str
    segments: tuple[Segment, ...]

    @property
    def images(self) -> tuple[PageImage, ...]:
        """All images in order."""
        return tuple(image for segment in self.segments for image in segment.images)

    @property
    def doc_ids(self) -> tuple[str, ...]:
        """The documents in order."""
        return tuple(segment.doc_id for segment in self.segments)

    @property
    def tokens(self) -> int:
        """Image tokens of all images."""
        return sum(segment.tokens for segment in self.segments)
