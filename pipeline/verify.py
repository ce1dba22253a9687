"""Compare what was read with the PDF's text layer, pure. The outcome is a column; nothing is corrected.

A number is looked for where its cell is, or, if the reader gave no box, in its fragment; a quote is looked for on its page.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz.fuzz import partial_ratio

from pipeline.values import number_of
from schemas.document import Box, LayerWord
from schemas.extraction import ReadPoint
from schemas.result import Cell, Chart, Evidence, Fragment, Table, Trust, VerifyMethod, VerifyStatus

Words = Sequence[LayerWord]
# Boxes are read off pixels: half a line of tolerance on a Letter page.
MARGIN = 0.008
_DIGITS = re.compile(r"\d[\d.,]*\d")
# A quote is found if 9 of 10 characters agree; its digits must agree exactly.
QUOTE_RATIO = 90.0


def verify_table(table: Table, layers: Mapping[int, Words]) -> Table:
    """Return the table with every numeric cell compared with the words of its page (by 1-based number)."""
    fragments = {fragment.page_no: fragment for fragment in table.fragments}
    cells = tuple(_verify_cell(cell, layers.get(cell.page_no, ()), fragments.get(cell.page_no)) for cell in table.cells)
    return table.model_copy(update={"cells": cells})


def verify_table_again(table: Table, lines: Mapping[int, Sequence[str]]) -> Table:
    """Return the table with the numbers that have no text layer compared with a second reading of their page's lines."""
    there = {
        page_no: {number_of(" ".join(word.text for word in run)) for run in _runs(words_of(texts))} for page_no, texts in lines.items()
    }
    cells = tuple(
        cell.model_copy(update={"check": "match" if number_of(cell.text) in there[cell.page_no] else "mismatch"})
        if cell.check == "no_layer" and cell.page_no in there
        else cell
        for cell in table.cells
    )
    return table.model_copy(update={"cells": cells})


def verify_chart(chart: Chart, words: Words) -> Chart:
    """Return the chart with its trust: whether every printed value stands in the text layer of its region."""
    printed = [point for series in chart.reading.series for point in series.points if point.y_text]
    around = _inside(words, chart.box)
    if not printed or not around:
        return chart
    return chart.model_copy(update={"trust": _trust(printed, around)})


def words_of(lines: Iterable[str]) -> Words:
    """Return the words of lines that were read again; where they stand is not known."""
    return [LayerWord(word, 0.0, 0.0, 1.0, 1.0) for line in lines for word in line.split()]


def verify_evidence(evidence: Evidence, words: Words, method: VerifyMethod = "text_layer") -> Evidence:
    """Return the evidence with the outcome of looking for its quote among the words of its page, or of its crop read again."""
    if not words:
        return evidence
    near = _inside(words, evidence.box) if evidence.box else words
    return evidence.model_copy(update={"verify_method": method, "verify_status": _status(evidence.quote, near, words)})


def verify_reread(evidence: Evidence, lines: Iterable[str]) -> Evidence:
    """Return the evidence with the outcome of looking for its quote among the lines that a second look at its box has read."""
    seen = verify_evidence(evidence.model_copy(update={"box": None}), words_of(lines), "reread")
    return seen.model_copy(update={"box": evidence.box})


def _status(quote: str, near: Words, words: Words) -> VerifyStatus:
    if _has_quote(quote, near) or _has_quote(quote, words):
        return "match"
    return "mismatch" if near and _share_of_words(quote, near) >= 0.5 else "not_found"


def share_legible(numbers: Iterable[str], words: Words) -> float | None:
    """Return the share of the numbers, as read on a page, that its text layer has; None if there is nothing to compare."""
    read = _digits(numbers)
    return (read & _digits(word.text for word in words)).total() / read.total() if read and words else None


def quotes(quote: str, text: str) -> bool:
    """Tell whether a quote holds a number, whatever its sign: "Dividends (41,200) (38,500)" holds "38,500", and not "500"."""
    number = number_of(text)
    if number is None:
        return _squashed(text) in _squashed(quote)
    words = words_of([" ".join(word.strip(".,;:") for word in quote.split())])
    return any(_says(run, number) or _says(run, -number) for run in _runs(words))


def text_recall(words: Words, fragments: Iterable[Fragment], cells: Iterable[Cell]) -> float | None:
    """Return the share of the numbers that the text layer has inside the fragments that were read; None if it has none there."""
    printed = Counter(word.text for fragment in fragments for word in _inside(words, fragment.box) if _has_digit(word.text))
    if not printed:
        return None
    read = Counter(word for cell in cells for word in cell.text.split())
    return (printed & read).total() / printed.total()


def _verify_cell(cell: Cell, words: Words, fragment: Fragment | None) -> Cell:
    number = number_of(cell.text)
    if number is None:
        return cell
    if not words:
        return cell.model_copy(update={"check": "no_layer"})
    there = _inside(words, cell.box) if cell.box else ()
    if _says(there, number):
        return cell.model_copy(update={"check": "match"})
    row = _beside(words, cell, fragment)
    if any(_says(part, number) for part in _runs(row)):
        return cell.model_copy(update={"check": "match"})
    return cell.model_copy(update={"check": "mismatch", "layer_text": " ".join(word.text for word in there)})


def _says(words: Words, number: float) -> bool:
    return number_of(" ".join(word.text for word in words)) == number


def _runs(words: Words) -> Iterable[Words]:
    """Every run of up to three words: a number may be printed as "$", "(1,234" and ")"."""
    return (words[start : start + length] for length in (1, 2, 3) for start in range(len(words) - length + 1))


def _beside(words: Words, cell: Cell, fragment: Fragment | None) -> Words:
    """Return the words of the cell's row in its fragment; all of the fragment's if the cell has no box."""
    area = fragment.box if fragment else Box(x0=0, y0=0, x1=1, y1=1)
    inside = _inside(words, area)
    if not cell.box:
        return inside
    top, bottom = cell.box.y0 - MARGIN, cell.box.y1 + MARGIN
    return [word for word in inside if top <= (word.y0 + word.y1) / 2 <= bottom]


def _inside(words: Words, box: Box) -> Words:
    return [
        word
        for word in words
        if box.x0 - MARGIN <= (word.x0 + word.x1) / 2 <= box.x1 + MARGIN and box.y0 - MARGIN <= (word.y0 + word.y1) / 2 <= box.y1 + MARGIN
    ]


def _trust(printed: Iterable[ReadPoint], around: Words) -> Trust:
    there = {number_of(" ".join(word.text for word in run)) for run in _runs(around)}
    return "verified" if all(number_of(point.y_text or "") in there for point in printed) else "mismatch"


def _has_quote(quote: str, words: Words) -> bool:
    text = _squashed(" ".join(word.text for word in words))
    wanted = _squashed(quote)
    if not wanted or wanted in text:
        return bool(wanted)
    numbers = {token for token in quote.split() if _has_digit(token)}
    available = {word.text.strip(".,;:") for word in words}
    return partial_ratio(wanted, text) >= QUOTE_RATIO and all(number.strip(".,;:") in available for number in numbers)


def _share_of_words(quote: str, words: Words) -> float:
    there = {word.text.casefold() for word in words}
    tokens = quote.casefold().split()
    return sum(token in there for token in tokens) / len(tokens) if tokens else 0.0


def _squashed(text: str) -> str:
    return "".join(text.split()).casefold()


def _digits(texts: Iterable[str]) -> "Counter[str]":
    """Return the runs of two digits or more, with the separators inside them: "$1,234.5)" has "1,234.5"."""
    return Counter(number for text in texts for number in _DIGITS.findall(text))


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)
