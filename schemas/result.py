"""Tables, charts and answers as read, merged and verified: what the rows are made of."""

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

from schemas.document import Box
from schemas.extraction import AnswerReading, ChartReading, SourceKind
from schemas.fields import Field, UserSchema
from schemas.settings import Question
from schemas.value import Value

CellKind = Literal["column_header", "row_header", "section", "total", "data"]
Check = Literal["match", "mismatch", "no_layer", "unchecked"]
Trust = Literal["verified", "unverified", "mismatch"]
VerifyMethod = Literal["text_layer", "reread", "none"]
VerifyStatus = Literal["match", "mismatch", "not_found", "unchecked"]


def content_id(*parts: object) -> str:
    """Return the hash of the parts: 32 hex digits."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


class Cell(Value):
    """One cell at its 0-based place in the logical table."""

    row: int
    col: int
    row_span: int
    col_span: int
    kind: CellKind
    text: str
    page_no: int
    box: Box | None = None
    row_path: str = ""
    col_path: str = ""
    check: Check = "unchecked"
    layer_text: str | None = None


class Fragment(Value):
    """The part of a table on one page; rows and columns half-open. A row that the page break cut is in both parts."""

    page_no: int
    box: Box
    row_start: int
    row_end: int
    col_start: int
    col_end: int
    has_repeated_header: bool = False


class Table(Value):
    """One logical table."""

    doc_id: str
    ordinal: int
    title: str | None
    caption: str | None
    footnotes: tuple[str, ...]
    unit: str | None
    scale: float | None
    currency: str | None
    n_rows: int
    n_cols: int
    n_header_rows: int
    cells: tuple[Cell, ...]
    fragments: tuple[Fragment, ...]
    merge_direction: Literal["none", "rows", "columns"] = "none"
    is_truncated: bool = False
    n_dropped_rows: int = 0
    """Rows left out because they print again what is there: headings, sections "(continued)", totals brought forward."""
    n_joined_rows: int = 0
    """Rows that were the rest of a row which a page break cut, and were joined to it."""
    n_dropped_cols: int = 0
    """Columns left out because they print the row labels again, beside further columns."""

    @property
    def table_id(self) -> str:
        """The document's table of that number."""
        return content_id("table", self.doc_id, self.ordinal)

    @property
    def numbers_checked(self) -> int:
        """How many numeric cells were compared with the text layer."""
        return sum(cell.check in {"match", "mismatch"} for cell in self.cells)

    @property
    def numbers_matched(self) -> int:
        """How many of them agreed."""
        return sum(cell.check == "match" for cell in self.cells)

    @property
    def trust(self) -> Trust:
        """Verified if every number was compared and agreed."""
        if self.numbers_matched < self.numbers_checked:
            return "mismatch"
        return "verified" if self.numbers_checked and not any(c.check == "no_layer" for c in self.cells) else "unverified"


class Chart(Value):
    """One chart with its data."""

    doc_id: str
    ordinal: int
    page_no: int
    box: Box
    reading: ChartReading
    trust: Trust = "unverified"

    @property
    def chart_id(self) -> str:
        """The document's chart of that number."""
        return content_id("chart", self.doc_id, self.ordinal)


class Evidence(Value):
    """Where an answer is printed, and whether that was found to be so."""

    doc_id: str
    page_no: int
    box: Box | None
    quote: str
    source_kind: SourceKind
    verify_method: VerifyMethod = "none"
    verify_status: VerifyStatus = "unchecked"


def answer_id(question: Question, doc_ids: Sequence[str]) -> str:
    """Return the id of the answer to a question asked of these documents."""
    return content_id("answer", question.id, question.question, question.answer_kind, *doc_ids)


class Answer(Value):
    """The answer to one question, or the value of one field of a user's schema."""

    question: Question
    doc_ids: tuple[str, ...]
    reading: AnswerReading
    evidence: tuple[Evidence, ...]
    field: Field | None = None

    @property
    def answer_id(self) -> str:
        """The question, or the field, asked of these documents."""
        if self.field:
            return content_id("field", self.field.schema_digest, self.field.path, *self.doc_ids)
        return answer_id(self.question, self.doc_ids)

    @property
    def scope(self) -> Literal["document", "collection"]:
        """Whether it was asked of one document, or of several jointly."""
        if self.field:
            return self.field.scope
        return "document" if len(self.doc_ids) == 1 else "collection"

    @property
    def evidence_status(self) -> Literal["verified", "partial", "unverified", "none"]:
        """Whether all, some or none of the evidence was found where the answer says it is."""
        matched = [item.verify_status == "match" for item in self.evidence]
        if not matched:
            return "none"
        return "verified" if all(matched) else "partial" if any(matched) else "unverified"


def record_id(schema: UserSchema, collection: str | None, doc_ids: Sequence[str]) -> str:
    """Return the id of what these documents say of a user's schema."""
    return content_id("record", schema.digest, collection, *doc_ids)


class Record(Value):
    """A user's schema filled in from its scope; the evidence of each value is in the answers."""

    user_schema: UserSchema
    doc_ids: tuple[str, ...]
    collection: str | None = None
    """The collection that was read jointly, if the schema's scope is a collection and it has a name."""
    value: dict[str, Any]
    """As the schema nests it; None where the pages do not say."""
    answers: tuple[Answer, ...]

    @property
    def record_id(self) -> str:
        """The schema asked of these documents."""
        return record_id(self.user_schema, self.collection, self.doc_ids)

    @property
    def doc_id(self) -> str | None:
        """The document; None for a collection."""
        return self.doc_ids[0] if self.user_schema.scope == "document" else None
