"""A user's schema is filled in on the sample reports as their truth says, and on pages that say nothing of it stays empty."""

import base64
import io
import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from PIL import Image

from pipeline.embedded.answers import SeenPage
from pipeline.embedded.body import Asked
from pipeline.embedded.config import EmbeddedConfig
from pipeline.embedded.fields import fill
from pipeline.embedded.protocol import BadRequest, parse
from pipeline.embedded.reading import Line, Reading, Rect, Word
from pipeline.schema_files import load_schema
from pipeline.user_schema import reply_schema, resolved, tree

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
Json = dict[str, Any]


@cache
def pages_of(name: str) -> tuple[SeenPage, ...]:
    """The pages of a sample with the words of its text layer in the place of an OCR's."""
    with pymupdf.open(SAMPLES / name) as file:
        return tuple(SeenPage(1, page.number + 1, name, reading(page)) for page in file)


def reading(page: pymupdf.Page) -> Reading:
    lines: dict[tuple[int, int], list[Word]] = {}
    for x0, y0, x1, y1, text, block, line, _ in page.get_text("words"):
        lines.setdefault((block, line), []).append(Word(text, Rect(x0, y0, x1, y1), 1.0))
    found = [
        Line(tuple(words), Rect(words[0].rect.x0, words[0].rect.y0, words[-1].rect.x1, words[0].rect.y1), 1.0) for words in lines.values()
    ]
    return Reading(int(page.rect.width), int(page.rect.height), tuple(found))


def filled(schema: Json, name: str) -> Json:
    return fill(Asked.model_validate(reply_schema(tree(json.dumps(resolved(schema))))), pages_of(name))


def report_of(year: int) -> Json:
    schema = load_schema(str(SAMPLES / "schemas" / "annual_report.json"), "document")
    return fill(Asked.model_validate(reply_schema(tree(schema.text))), pages_of(f"northwind-annual-report-{year}.pdf"))


def truth(year: int, title: str) -> list[list[str]]:
    tables = json.loads((SAMPLES / "truth" / f"northwind-annual-report-{year}.json").read_text())["tables"]
    return next((table["rows"] for table in tables if table["title"].startswith(title)), [])


def number(text: str) -> float:
    return float(text.strip("$").replace(",", ""))


def value(rows: list[list[str]], label: str) -> float:
    return next(number(row[1]) for row in rows if row[0] == label)


@pytest.mark.parametrize("year", [2022, 2023])
def test_single_values_are_those_of_the_truth(year: int) -> None:
    found = {name: told["value"] for name, told in report_of(year).items() if isinstance(told, dict)}
    income = truth(year, "Consolidated Statements of Income")
    assert found == {
        "company_name": "Northwind Instruments, Inc.",
        "fiscal_year": year,
        "year_end": date(year, 12, 31).isoformat(),
        "net_revenue": value(income, "Total net revenue"),
        "operating_income": value(income, "Operating income"),
        "employees": value(truth(year, "Financial highlights"), "Employees at year end"),
    }


@pytest.mark.parametrize("year", [2022, 2023])
def test_items_are_the_rows_of_the_table_they_are_in(year: int) -> None:
    segments = truth(year, "Segment results")[2:6]
    told = [(item["name"]["value"], item["revenue"]["value"]) for item in report_of(year)["segments"]]
    assert told == [(row[0], number(row[1])) for row in segments]


def test_a_table_over_two_pages_gives_all_its_items_and_no_total() -> None:
    rows = [row for row in truth(2023, "Principal properties")[1:] if row[0] != "Total" and row[4]]
    told = report_of(2023)["properties"]
    assert [[item[name]["value"] for name in ("location", "area", "owned")] for item in told] == [
        [row[0], number(row[3]), row[4] == "Owned"] for row in rows
    ]
    assert {item["area"]["evidence"][0]["page"] for item in told} == {7, 8}
    assert report_of(2022)["properties"] == []


def test_every_value_cites_its_page_and_the_quote_is_printed_there() -> None:
    for told in report_of(2023)["segments"]:
        (cited,) = told["revenue"]["evidence"]
        words = " ".join(line.text for line in pages_of("northwind-annual-report-2023.pdf")[cited["page"] - 1].reading.lines)
        assert all(word in words for word in cited["quote"].split())


def test_what_the_pages_do_not_say_stays_empty() -> None:
    schema = {
        "type": "object",
        "properties": {
            "blood_type": {"enum": ["A", "B", "AB", "0"]},
            "shipping_address": {"type": "object", "properties": {"postal_code": {"type": "string"}}},
            "orbital_period": {"type": "number"},
            "planets": {
                "type": "array",
                "items": {"type": "object", "properties": {"moon": {"type": "string"}, "mass": {"type": "number"}}},
            },
            "passengers": {"type": "array", "items": {"type": "string"}},
        },
    }
    found = filled(schema, "northwind-annual-report-2022.pdf")
    assert found["orbital_period"]["value"] is None
    assert found["blood_type"]["value"] is None
    assert (found["planets"], found["passengers"]) == ([], [])


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "object"}, "asks for no fields"),
        ({"properties": {"x": 3}}, "is no schema of fields"),
        ({"properties": ["x"]}, "is no schema of fields"),
    ],
)
def test_a_request_without_fields_is_refused(schema: Json, says: str) -> None:
    png = io.BytesIO()
    Image.new("RGB", (56, 56), "white").save(png, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
    parts = [{"type": "text", "text": "[doc 1 · page 1]"}, {"type": "image_url", "image_url": {"url": url}}]
    body = {
        "messages": [{"role": "user", "content": parts}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "fields", "schema": schema}},
    }
    with pytest.raises(BadRequest, match=says):
        parse(json.dumps(body).encode(), EmbeddedConfig())
