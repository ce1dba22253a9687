"""Turn completions into values, pure and tolerant: models wrap JSON in box markers, fences, thinking and restatements.

Here, and for cells in `merge`, the model's 0-to-1000 integers become boxes, and its document numbers become doc_ids.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import TypeVar

import json_repair
from pydantic import ValidationError
from pydantic_core import from_json

from schemas.document import Box, box_of_thousandths
from schemas.errors import Malformed, Repetition, ReplyFiltered, Truncated, Ungrounded
from schemas.extraction import CitedEvidence, LocatedChart, LocatedTable, Survey, SurveyPage, TableReading, TableReadings
from schemas.located import Located, SurveyedPage
from schemas.message import Completion
from schemas.result import Evidence
from schemas.value import Value

T = TypeVar("T")
V = TypeVar("V", bound=Value)

_BOX_MARKER = re.compile(r"<\|(?:begin|end)_of_box\|>")
_FENCE = re.compile(r"^\s*```[a-zA-Z]*\s*|\s*```\s*$")
_MOST_OBJECTS = 20
_WHOLE_PAGE = Box(x0=0, y0=0, x1=1, y1=1)


def read(completion: Completion, model: type[V]) -> V:
    """Return the value that a whole completion holds.

    Raises:
        CompletionError: the completion was cut, repeats itself, or does not follow the schema.
    """
    return _last_that_validates(whole(completion), partial(_validated, model=model))


def read_object(completion: Completion, names: Collection[str]) -> dict[str, object]:
    """Return the JSON object that a whole completion holds, which has some of the members `names`.

    Raises:
        CompletionError: as `read`.
    """
    return _last_that_validates(whole(completion), partial(_object, names=names))


def whole(completion: Completion) -> str:
    """Return the text of a completion that ended where the model ended it.

    Raises:
        CompletionError: it was cut, repeats itself, or was broken off.
    """
    match completion.finish_reason:
        case "repetition":
            msg = f"the reply repeats itself without end and was stopped after {len(completion.text):,} characters"
            raise Repetition(msg)
        case "length":
            msg = f"the reply ended at the token limit after {len(completion.text):,} characters"
            raise Truncated(msg)
        case "stop":
            return completion.text
        case "content_filter":
            msg = "the service filtered its reply to these pages; a server of your own does not"
            raise ReplyFiltered(msg)
        case reason:
            msg = f"the reply ended with {reason}"
            raise Malformed(msg)


def salvage_object(completion: Completion) -> dict[str, object]:
    """Return the JSON object that a cut reply began, as far as it goes."""
    return _partial(completion.text)


def salvage_survey(completion: Completion) -> Survey:
    """Return the pages that a cut reply reports completely: all but the last it began."""
    pages = _partial(completion.text).get("pages")
    return _validated({"pages": pages[:-1] if isinstance(pages, list) else []}, Survey)


def salvage_table(completion: Completion) -> TableReading:
    """Return the table with the rows that a cut reply holds completely: all but the last it began.

    Raises:
        CompletionError: it broke off before the first row was whole.
    """
    partial = _partial(completion.text)
    rows = partial.get("rows")
    if not isinstance(rows, list) or len(rows) < 2:
        msg = "the reply broke off before the first row of the table was whole"
        raise Truncated(msg)
    return _validated({**partial, "rows": rows[:-1]}, TableReading)


def salvage_tables(completion: Completion) -> TableReadings:
    """Return the tables that a cut reply holds completely: all but the last it began."""
    tables = _partial(completion.text).get("tables")
    return _validated({"tables": tables[:-1] if isinstance(tables, list) else []}, TableReadings)


def surveyed(survey: Survey, documents: Mapping[int, str], shown: Collection[tuple[str, int]]) -> tuple[SurveyedPage, ...]:
    """Return the pages in the documents' own terms.

    Raises:
        Ungrounded: the reply speaks of a page that was not shown.
    """
    pages = tuple(_surveyed_page(page, documents) for page in survey.pages)
    invented = [page for page in pages if (page.doc_id, page.page_no) not in shown]
    if invented:
        msg = f"the survey reports page {invented[0].page_no}, which was not among the images"
        raise Ungrounded(msg)
    return pages


def evidence(cited: CitedEvidence, documents: Mapping[int, str], shown: Collection[tuple[str, int]]) -> Evidence:
    """Return a citation in the documents' own terms.

    Raises:
        Ungrounded: it cites a page that was not shown.
    """
    doc_id = documents.get(cited.doc, "")
    if (doc_id, cited.page) not in shown:
        msg = f"the reply cites page {cited.page} of document {cited.doc}, which was not among the images"
        raise Ungrounded(msg)
    return Evidence(doc_id=doc_id, page_no=cited.page, box=box_of_thousandths(cited.box), quote=cited.quote, source_kind=cited.source_kind)


def _surveyed_page(page: SurveyPage, documents: Mapping[int, str]) -> SurveyedPage:
    return SurveyedPage(
        doc_id=documents.get(page.doc, ""),
        page_no=page.page,
        kind=page.kind,
        tables=tuple(_located_table(page.page, table) for table in page.tables),
        charts=tuple(_located(page.page, chart) for chart in page.charts),
        numbers=page.numbers,
    )


def _located_table(page_no: int, table: LocatedTable) -> Located:
    return _located(page_no, table).model_copy(update={"continues": table.continues, "adds_columns": table.adds_columns})


def _located(page_no: int, found: LocatedTable | LocatedChart) -> Located:
    # A box without area still says that there is something: then the whole page is looked at.
    box = box_of_thousandths(found.box) or _WHOLE_PAGE
    return Located(page_no=page_no, box=box, title=found.title)


def _last_that_validates(text: str, validated: Callable[[object], T]) -> T:
    """Return the value of the reply, or of its last object that is one: models restate an answer, or draft it in leaked thinking."""
    text = _unwrapped(text)
    if not text.strip():
        msg = "the reply is empty"
        raise Malformed(msg)
    for value in reversed(_objects(text)):
        with suppress(Malformed):
            return validated(value)
    return validated(_repaired(text))


def _objects(text: str) -> list[object]:
    """Return the whole JSON objects that stand in the text one after another."""
    found: list[object] = []
    start = text.find("{")
    while start >= 0 and len(found) < _MOST_OBJECTS:
        try:
            value, start = _DECODER.raw_decode(text, start)
            found.append(value)
        except (ValueError, RecursionError):
            break  # what is broken is repaired as a whole
        start = text.find("{", start)
    return found


def _finite(name: str) -> float:
    msg = f"{name} is no number of JSON"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(parse_constant=_finite)


def _repaired(text: str) -> object:
    try:
        return json_repair.loads(text)
    except ValueError as error:
        msg = f"the reply is not JSON: {error}"
        raise Malformed(msg) from error


def _partial(text: str) -> dict[str, object]:
    try:
        value = from_json(_unwrapped(text), allow_partial=True)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _unwrapped(text: str) -> str:
    text = text.rpartition("</think>")[2]
    text = _FENCE.sub("", _BOX_MARKER.sub("", text)).strip()
    return text[max(0, text.find("{")) :]


def _object(value: object, names: Collection[str]) -> dict[str, object]:
    if isinstance(value, dict) and any(name in value for name in names):
        return value
    msg = f"the reply has none of the fields {', '.join(names)}"
    raise Malformed(msg)


def _validated(value: object, model: type[V]) -> V:
    try:
        # A field that the schema does not know is no reason to lose the others.
        return model.model_validate(value, extra="ignore")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        msg = f"the reply does not follow the schema of {model.__name__}: {where or 'it'}: {first['msg']}"
        raise Malformed(msg) from error
