"""What the first row of a page is to the last row of the page before."""

import re

from pipeline.embedded.tables.meaning import is_carried, is_value, says_continued
from schemas.extraction import ReadRow, RowKind

_UNFINISHED = re.compile(r".*(?:[,&(–-]|\b(?:and|or|of|for|the|to|in|on|by|with|from|at|a|an|as))\s*", re.IGNORECASE)


def kind_after_break(row: ReadRow, before: ReadRow) -> RowKind:
    """Return the kind of the first row below the headings of a later part, given the last row of the part before.

    A running total and a section that say so are printed again. The row continues the one before if its text begins in the middle of a
    sentence, no column holds a number where the other row holds something, and whatever else goes on does so in lower case.
    """
    label = next((cell.text for cell in row.cells if cell.text), "")
    if is_carried(label) or (row.kind == "section" and says_continued(label)):
        return "repeated"
    return "continued" if row.kind != "total" and _is_rest(row, before) else row.kind


def _is_rest(row: ReadRow, before: ReadRow) -> bool:
    if before.kind in {"header", "repeated_header", "total"}:
        return False
    words, old = (next((cell.text for cell in one.cells if cell.text and not is_value(cell.text)), "") for one in (row, before))
    begins_within = words[:1].islower() or (bool(words) and bool(_UNFINISHED.fullmatch(_last_words(before))))
    both = [new.text for new, known in zip(row.cells, before.cells, strict=False) if new.text and known.text]
    # Every text that the break cut goes on in lower case, not only the first.
    return bool(old) and begins_within and not any(map(is_value, both)) and all(text[:1].islower() for text in both[1:])


def _last_words(row: ReadRow) -> str:
    return next((cell.text for cell in reversed(row.cells) if cell.text and not is_value(cell.text)), "")
