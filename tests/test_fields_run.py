"""The fields of a user's schema against a real HTTP server: typed rows, proved or null, each once, and no work done twice."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
import pymupdf
import pytest

from pipeline.run import run
from pipeline.schema_files import load_schemas
from schemas.fields import Scope
from schemas.outcome import Report
from schemas.settings import Job, Settings
from tests.scripted import ScriptedServer

MakePdf = Callable[..., Path]
Json = dict[str, Any]
SCHEMA: Json = {
    "type": "object",
    "required": ["total"],
    "properties": {
        "total": {"type": "number", "description": "What is due"},
        "due": {"type": "string", "format": "date"},
        "state": {"enum": ["open", "paid"]},
        "seller": {"type": "object", "properties": {"name": {"type": "string"}}},
        "items": {"type": "array", "items": {"type": "object", "properties": {"text": {"type": "string"}, "amount": {"type": "integer"}}}},
    },
}


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "invoice.json"
    path.write_text(json.dumps(SCHEMA))
    return path


def read(server: ScriptedServer, out: Path, schema: Path, *sources: Path, scope: Scope = "document", **options: Any) -> Report:
    job = Job(
        sources=tuple(map(str, sources)),
        out=out,
        backend=server.url,
        tasks=("answers",),
        user_schemas=load_schemas([str(schema)], scope),
        **options,
    )
    return asyncio.run(run(job, Settings(attempts=2)))


def rows(out: Path, table: str) -> list[Json]:
    found = ds.dataset(out / table, partitioning="hive").to_table().to_pylist()
    return [{key: value for key, value in row.items() if key not in {"run_id", "run_date"}} for row in found]


def said(value: object, page: int, quote: str | None = None) -> Json:
    return {"value": value, "evidence": [{"doc": 1, "page": page, "quote": quote or str(value)}]}


def one_item_a_page(pages: Sequence[int]) -> Json:
    items = [{"text": said(f"page {page}", page), "amount": said(page, page)} for page in pages]
    total = said("$1.5", 1) if 1 in pages else {"value": None, "evidence": []}
    return {"total": total, "items": items}


def failures(report: Report) -> set[tuple[str, str]]:
    return {(failure.category, failure.message.partition(": ")[2].partition(": ")[0]) for failure in report.outcome.failures}


def pages_of(number: int) -> tuple[str, ...]:
    return tuple(f"page {page} $1.5" for page in range(1, number + 1))


def test_fields_become_typed_rows_with_the_answers_and_evidence_behind_them(
    scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path
) -> None:
    scripted.script.fields = lambda pages: (
        one_item_a_page(pages)
        | {
            "due": said("1 May 2024", 2),
            "state": said("PAID", 1, "nowhere to be found"),
            "seller": {"name": said("page", 3)},
        }
    )
    report = read(scripted, tmp_path / "out", schema, make_pdf(texts=pages_of(3)))
    assert not report.outcome.failures
    (row,) = rows(tmp_path / "out", "schema_invoice")
    assert {name: str(row[name]) for name in ("total", "due", "state", "seller_name")} == {
        "total": "1.5",
        "due": "2024-05-01",
        "state": "paid",
        "seller_name": "page",
    }
    items = rows(tmp_path / "out", "schema_invoice_items")
    assert [(item["item_no"], item["text"], item["amount"]) for item in items] == [(n, f"page {n + 1}", n + 1) for n in range(3)]
    assert {item["record_id"] for item in items} == {row["record_id"]}
    answers = {answer["field_path"]: answer for answer in rows(tmp_path / "out", "answers")}
    assert answers["items[2].amount"]["value_num"] == 3
    assert (answers["total"]["question"], answers["total"]["schema_name"]) == ("What is due", "invoice")
    assert (answers["total"]["evidence_status"], answers["state"]["evidence_status"]) == ("verified", "unverified")
    assert {evidence["target_id"] for evidence in rows(tmp_path / "out", "evidence")} == {
        answer["answer_id"] for answer in answers.values()
    }


def test_the_schema_goes_with_the_request_and_the_pages_stay_first(
    scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path
) -> None:
    read(scripted, tmp_path / "out", schema, make_pdf())
    survey, fields = (scripted.bodies[scripted.kinds.index(kind)] for kind in ("survey", "fields"))
    asked = fields["response_format"]["json_schema"]["schema"]
    total = asked["properties"]["total"]["properties"]
    assert asked["properties"]["total"]["description"] == "What is due"
    assert total["value"]["type"] == ["number", "null"]
    assert total["evidence"]["items"] == {"$ref": "#/$defs/CitedEvidence"}
    assert survey["messages"][1]["content"][:-1] == fields["messages"][1]["content"][:-1]
    assert json.dumps(asked, separators=(",", ":")) in fields["messages"][1]["content"][-1]["text"]


def test_what_breaks_its_type_is_missing_or_is_not_proved_is_null_and_recorded(
    scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path
) -> None:
    scripted.script.fields = lambda _: {
        "total": {"value": None, "evidence": []},
        "due": said("soon", 1),
        "state": {"value": "paid", "evidence": []},
        "seller": {"name": said("page", 77)},
        "items": [{"text": said("page 1", 1), "amount": said(1.5, 1)}],
    }
    report = read(scripted, tmp_path / "out", schema, make_pdf(texts=pages_of(2)))
    assert failures(report) >= {
        ("not_found", "total"),
        ("malformed", "due"),
        ("ungrounded", "state"),
        ("ungrounded", "seller.name"),
        ("malformed", "items[0].amount"),
    }
    (row,) = rows(tmp_path / "out", "schema_invoice")
    assert [row[name] for name in ("total", "due", "state", "seller_name")] == [None] * 4
    assert [item["amount"] for item in rows(tmp_path / "out", "schema_invoice_items")] == [None]
    assert any("cites page 77" in failure.message for failure in report.outcome.failures)
    assert {document.status for document in report.outcome.documents} == {"ok"}


def test_an_item_that_two_windows_show_is_one_item_and_single_values_are_read_jointly(
    scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path
) -> None:
    scripted.script.max_model_len = 14_000
    scripted.script.fields = one_item_a_page
    report = read(scripted, tmp_path / "out", schema, make_pdf(texts=pages_of(40)))
    assert not report.outcome.failures
    items = rows(tmp_path / "out", "schema_invoice_items")
    assert [item["amount"] for item in items] == [*range(1, 41)]
    asked = [
        body["response_format"]["json_schema"]["schema"]["properties"]
        for body in scripted.bodies
        if "fields" in json.dumps(body["response_format"])
    ]
    assert len(asked) > 2
    assert [list(properties) for properties in asked if "items" not in properties] == [["total", "due", "state", "seller"]]
    (row,) = rows(tmp_path / "out", "schema_invoice")
    assert row["total"] == 1.5


@pytest.mark.parametrize("n_pages", [8, 1])
def test_a_reply_that_was_cut_is_asked_for_in_smaller_pieces(
    scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path, n_pages: int
) -> None:
    scripted.script.fields = one_item_a_page
    scripted.script.faults = ["", "cut"]
    report = read(scripted, tmp_path / "out", schema, make_pdf(texts=pages_of(n_pages)))
    assert not report.outcome.failures
    assert [item["amount"] for item in rows(tmp_path / "out", "schema_invoice_items")] == [*range(1, n_pages + 1)]
    assert scripted.kinds.count("fields") == 4


def test_what_stays_cut_is_kept_and_recorded(scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path) -> None:
    scripted.script.fields = lambda pages: one_item_a_page([*pages, *pages, *pages])
    scripted.script.faults = ["", *["cut"] * 3]
    report = read(scripted, tmp_path / "out", schema, make_pdf(texts=pages_of(1)))
    cut = [failure.message for failure in report.outcome.failures if failure.category == "length"]
    assert sorted(message.partition(" was not")[0] for message in cut) == ["the lower half of page 1", "the upper half of page 1"]
    assert rows(tmp_path / "out", "schema_invoice_items")


@pytest.mark.parametrize("fault", ["garbage", "wrapped", "loop", "context", "500", "429", "reset"])
def test_one_fault_loses_no_field(scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path, fault: str) -> None:
    scripted.script.fields = one_item_a_page
    scripted.script.faults = ["", fault]
    report = read(scripted, tmp_path / "out", schema, make_pdf(texts=pages_of(4)))
    assert not report.outcome.failures
    assert [item["amount"] for item in rows(tmp_path / "out", "schema_invoice_items")] == [1, 2, 3, 4]


def test_the_same_command_does_nothing_and_a_changed_schema_reads_only_the_fields(
    scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path
) -> None:
    scripted.script.fields = one_item_a_page
    source, out = make_pdf(texts=pages_of(3)), tmp_path / "out"
    read(scripted, out, schema, source)
    asked = len(scripted.bodies)
    again = read(scripted, out, schema, source)
    assert len(scripted.bodies) == asked
    assert (again.outcome.records, again.outcome.requests) == ((), ())
    assert len(rows(out, "schema_invoice")) == 1
    schema.write_text(json.dumps(SCHEMA | {"properties": {"total": {"type": "number", "description": "What was paid"}}}))
    changed = read(scripted, out, schema, source)
    assert scripted.kinds[asked:] == ["fields"]
    assert not changed.outcome.documents
    assert len(rows(out, "schema_invoice")) == 2
    assert len({row["schema_digest"] for row in rows(out, "schema_invoice")}) == 2


def test_a_run_that_failed_to_read_the_fields_is_made_good_by_the_next(
    scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path
) -> None:
    scripted.script.fields = one_item_a_page
    scripted.script.faults = ["", *["400"] * 20]
    source = make_pdf(texts=pages_of(2))
    report = read(scripted, tmp_path / "out", schema, source)
    assert "rejected" in {failure.category for failure in report.outcome.failures}
    assert not report.outcome.records
    scripted.script.faults = []
    asked = len(scripted.bodies)
    assert len(read(scripted, tmp_path / "out", schema, source).outcome.records) == 1
    assert scripted.kinds[asked:] == ["fields"]


def test_a_collection_is_one_record_over_all_its_documents(
    scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path
) -> None:
    scripted.script.fields = lambda _: {"total": {"value": 3, "evidence": [{"doc": 2, "page": 1, "quote": "page 1"}]}}
    names = [str(make_pdf(f"{name}.pdf", texts=(f"page 1 of {name}",))) for name in ("a", "b", "c")]
    manifest = tmp_path / "all.csv"
    manifest.write_text("uri,collection\n" + "".join(f"{name},{where}\n" for name, where in zip(names, ("x", "x", "y"), strict=True)))
    report = read(scripted, tmp_path / "out", schema, manifest, scope="collection")
    found = {row["collection"]: row for row in rows(tmp_path / "out", "schema_invoice")}
    assert {name: len(row["doc_ids"]) for name, row in found.items()} == {"x": 2, "y": 1}
    assert found["x"]["doc_id"] is None
    assert (found["x"]["total"], found["y"]["total"]) == (3, None)  # the second names a document that was not shown
    assert {answer.scope for answer in report.outcome.answers} == {"collection"}


def test_the_readme_join_of_items_and_their_proof_works_in_sql(
    scripted: ScriptedServer, make_pdf: MakePdf, schema: Path, tmp_path: Path
) -> None:
    scripted.script.fields = one_item_a_page
    read(scripted, tmp_path / "out", schema, make_pdf(texts=pages_of(3)))
    found = duckdb.sql(f"""
        SELECT i.amount, e.page_no, e.verify_status
        FROM '{tmp_path}/out/schema_invoice_items/**/*.parquet' i
        JOIN '{tmp_path}/out/answers/**/*.parquet' a ON list_contains(a.doc_ids, i.doc_id) AND a.schema_name = 'invoice'
            AND a.field_path = 'items[' || i.item_no || '].amount'
        JOIN '{tmp_path}/out/evidence/**/*.parquet' e ON e.target_id = a.answer_id
        ORDER BY i.item_no""").fetchall()
    assert found == [(1, 1, "match"), (2, 2, "match"), (3, 3, "match")]


def test_the_embedded_reader_fills_in_the_sample_schema_from_page_images(samples: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.pdf"
    with pymupdf.open(samples / "northwind-annual-report-2022.pdf") as file:
        file.select([4, 5])
        file.save(short)
    schema = samples / "schemas" / "annual_report.json"
    job = Job(sources=(str(short),), out=tmp_path / "out", tasks=("answers",), user_schemas=load_schemas([str(schema)], "document"))
    report = asyncio.run(run(job, Settings()))
    (row,) = rows(tmp_path / "out", "schema_annual_report")
    assert row["company_name"] == "Northwind Instruments, Inc."
    segments = rows(tmp_path / "out", "schema_annual_report_segments")
    assert [segment["revenue"] for segment in segments] == [431_906, 262_180, 179_455, 114_037]
    revenue = [answer for answer in report.outcome.answers if answer.field and answer.field.path.endswith(".revenue")]
    assert {answer.evidence_status for answer in revenue} == {"verified"}
