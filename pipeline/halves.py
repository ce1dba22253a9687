"""Join what the two halves of a page show, pure: the last rung of a survey before a page is given up."""

from collections.abc import Sequence

from schemas.document import Box
from schemas.located import Located, SurveyedPage


def of_half(page: SurveyedPage, half: Box) -> SurveyedPage:
    """Return what was found on a half of a page, in parts of the whole page."""

    def placed(found: Sequence[Located]) -> tuple[Located, ...]:
        return tuple(place.model_copy(update={"box": place.box.within(half)}) for place in found)

    return page.model_copy(update={"tables": placed(page.tables), "charts": placed(page.charts)})


def joined(upper: SurveyedPage, lower: SurveyedPage) -> SurveyedPage:
    """Return the page of which two overlapping halves were seen: what both show, or goes on from one to the other, is one thing."""
    return upper.model_copy(
        update={
            "tables": _both(upper.tables, lower.tables),
            "charts": _both(upper.charts, lower.charts),
            "numbers": (*upper.numbers, *lower.numbers),
        }
    )


def _both(upper: Sequence[Located], lower: Sequence[Located]) -> tuple[Located, ...]:
    found = [*upper]
    for place in lower:
        for number, known in enumerate(found):
            if _meet(known.box, place.box):
                found[number] = known.model_copy(update={"box": _hull(known.box, place.box)})
                break
        else:
            found.append(place)
    return tuple(found)


def _meet(one: Box, other: Box) -> bool:
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


def _hull(one: Box, other: Box) -> Box:
    return Box(x0=min(one.x0, other.x0), y0=min(one.y0, other.y0), x1=max(one.x1, other.x1), y1=max(one.y1, other.y1))
