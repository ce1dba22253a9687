"""How well boxes on a page agree, pure.

IoA(a, b) is the share of a's area that lies in b. A found box passes if IoA(truth, found) is at least .5 and IoA(found, truth) at least
.2, as in the element pass rate of ParseBench (arXiv 2604.08538): half of the thing is in the box, and the box is not the whole page.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipeline.evaluate.found import Location
from pipeline.evaluate.score import Metric
from pipeline.evaluate.truth import Edges, Region

LEAST_OF_TRUTH = 0.5
LEAST_OF_FOUND = 0.2


def area(box: Edges) -> float:
    """Return the area, in parts of the page."""
    x0, y0, x1, y1 = box
    return max(0.0, x1 - x0) * max(0.0, y1 - y0)


def ioa(box: Edges, other: Edges) -> float:
    """Return the share of the first box that lies in the second, 0 to 1; 0 of a box without area."""
    x0, y0, x1, y1 = box
    u0, v0, u1, v1 = other
    overlap = area((max(x0, u0), max(y0, v0), min(x1, u1), min(y1, v1)))
    return overlap / area(box) if area(box) else 0.0


def passes(truth: Edges, found: Edges) -> bool:
    """Whether the found box shows the thing and not much else."""
    return ioa(truth, found) >= LEAST_OF_TRUTH and ioa(found, truth) >= LEAST_OF_FOUND


def box_metrics(regions: Sequence[Region], found: Iterable[Location], sizes: Mapping[int, tuple[float, float]]) -> Iterator[Metric]:
    """Yield how many of an item's regions a box passes for, and the mean IoA both ways of the best box on the page.

    Args:
        regions: where the item is.
        found: where it was found to be.
        sizes: width and height of the pages in points.
    """
    best = [_best(region.on_page(*sizes.get(region.page_no, (1.0, 1.0))), region.page_no, found := [*found]) for region in regions]
    yield "box_pass", sum(passes(truth, box) for truth, box in best), len(best)
    yield "box_covers", sum(ioa(truth, box) for truth, box in best), len(best)
    yield "box_fits", sum(ioa(box, truth) for truth, box in best), len(best)


def _best(truth: Edges, page_no: int, found: Iterable[Location]) -> tuple[Edges, Edges]:
    on_page = [location.edges for location in found if location.page_no == page_no]
    return truth, max(on_page, key=lambda box: ioa(truth, box) * ioa(box, truth), default=(0.0, 0.0, 0.0, 0.0))
