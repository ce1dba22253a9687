"""The output contract: every table's columns, types and meanings. A change here is a new `SCHEMA_VERSION` and a line in the changelog.

Every table also has `run_id` and `run_date`, which stand in the path (`run_date=…/run_id=…/`) and, as Hive partitioning wants it, not in
the files: pandas, DuckDB, Polars, pyarrow and Spark add them when they read the folder, and some refuse files that repeat them.

`docs/data.md` is made of this module: `python -m pipeline.query.dictionary > docs/data.md`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pyarrow as pa

EVALUATION = "evaluation"
"""The folder of a dataset in which `longread evaluate` keeps scores of its rows, and pictures of its pages; no table."""

_TYPES: dict[str, pa.DataType] = {
    "str": pa.string(),
    "i16": pa.int16(),
    "i32": pa.int32(),
    "i64": pa.int64(),
    "f32": pa.float32(),
    "f64": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "time": pa.timestamp("us", tz="UTC"),
    "strs": pa.list_(pa.string()),
}

PARTITIONS: Mapping[str, str] = MappingProxyType(
    {
        "run_date": "UTC day on which the run started; from the path",
        "run_id": "the run that read or wrote it, a row of `runs`; from the path",
    }
)
"""The columns that every table has from its path, with their meanings."""

# By table: what a row is, then a line for each column: name, type ("?": may be null) and meaning.
_CONTRACT: dict[str, str] = {
    "runs": """one committed run: configuration, model, counts, tokens
        flow_run_id str?: id of the Prefect flow run, if Prefect started it
        deployment str?: the Prefect deployment, if there was one
        started_at time: when the run began
        ended_at time: when its last row was known
        status str: ok, partial (some failures) or failed (no document could be opened)
        longread_version str: version of the program
        schema_version i32: version of this contract that the run's files follow
        config_digest str: hash of `config_json`; runs of the same digest, model and prompts do nothing twice
        config_json str: everything that was set and decides what comes out, as JSON
        backend str: `embedded`, or the address of the server
        model str: the served model's name
        prompt_version str: version of the prompts
        n_documents i32: documents read by the run, refused ones included
        n_pages i32: their pages, whatever became of them
        n_tables i32: tables written
        n_charts i32: charts written
        n_answers i32: answers written, values of a user's schema included
        n_failures i32: rows in `failures`
        prompt_tokens i64: tokens sent and paid for in this run; stored completions cost nothing again
        image_tokens i64: of these, tokens of page images
        cached_tokens i64: of these, tokens that the server took from its prefix cache
        completion_tokens i64: tokens that the model wrote
        replaces strs: runs whose rows this one took over when files were compacted; they no longer count""",
    "documents": """one file, and whether it was read; the same bytes under two names are two rows of one `doc_id`
        doc_id str: first 32 hex digits of the SHA-256 of the file's bytes
        uri str: where the file was read from
        filename str: its name
        collection str?: the collection that the manifest puts it in
        bytes i64: size of the file
        n_pages i32: pages of the file; 0 if it did not open
        title str?: title in the PDF's metadata
        has_text_layer bool: whether any page has text that numbers can be checked against
        is_repaired bool: whether the file was damaged and repaired on opening
        status str: ok, partial (something of it failed), failed or skipped (all pages blank)
        pages_read i32: pages that were read
        pages_failed i32: pages that could not be read""",
    "pages": """one page: size, resolution, tokens, read, failed or skipped, and why
        doc_id str: the document
        page_no i32: physical number of the page, from 1
        page_label str?: what is printed as the page's number, if the PDF says
        width_pt f32: width of the upright page in points (1/72 inch)
        height_pt f32: height of the upright page in points
        rotation i16: degrees by which the PDF turns the page
        dpi f32: resolution at which the page was surveyed; 0 if it was not
        image_width i32: width of that image in pixels
        image_height i32: height of that image in pixels
        image_tokens i32: tokens of that image
        text_layer_chars i32: characters in the page's text layer
        is_blank bool: whether nothing is on it
        status str: read, failed or skipped
        reason str?: why it was skipped or failed, or which engine drew it
        batch_ids strs: the survey batches that showed it
        text_recall f32?: share of the text layer's words inside the page's tables that the cells hold; null without text or tables""",
    "tables": """one logical table, however many pages it crosses, with `trust`
        table_id str: hash of document and ordinal
        doc_id str: the document
        ordinal i32: number of the table in its document, from 0
        title str?: title printed above it
        caption str?: caption, where it differs from the title
        footnotes strs: notes printed below it
        n_rows i32: rows of the grid, headings included
        n_cols i32: columns of the grid
        n_header_rows i32: how many of the first rows are headings
        page_first i32: page on which it begins
        page_last i32: page on which it ends
        n_fragments i32: parts that it was joined of
        merge_direction str: how they were joined: none, rows (below one another) or columns (side by side)
        unit str?: unit that the table states for its numbers; not the currency
        scale f64?: factor that the table states: 1000 for "in thousands"
        currency str?: currency that the table states, as ISO code
        html str: the table as HTML
        is_truncated bool: whether fewer rows were read than the table was said to have
        numbers_checked i32: numeric cells that were compared with the text layer
        numbers_matched i32: numeric cells that agreed
        trust str: verified (all numbers compared and equal), mismatch (some differ) or unverified (no text layer to compare)""",
    "table_fragments": """the part of a table on one page, with its box and rows
        table_id str: the table
        doc_id str: the document
        fragment_no i32: number of the part, from 0
        page_no i32: the page
        x0 f32: left edge of the part, 0 to 1 of the upright page
        y0 f32: upper edge
        x1 f32: right edge
        y1 f32: lower edge
        row_start i32: first row of the table that stands here
        row_end i32: the row after the last; a row cut by the page break is in both parts
        col_start i32: first column that stands here
        col_end i32: the column after the last
        has_repeated_header bool: whether headings printed again here were dropped""",
    "table_cells": """one cell: verbatim text, typed value, unit, scale, row and column path, page, box, check against the text layer
        table_id str: the table
        doc_id str: the document
        row i32: row of the grid, from 0, headings included
        col i32: column of the grid, from 0
        row_span i32: rows that the cell covers
        col_span i32: columns that the cell covers
        kind str: column_header, row_header, section (a heading inside the table), total or data
        text str: what is printed, verbatim
        value_num f64?: the number as printed: (1,234) is -1234; not multiplied by `scale`
        value_date date?: the date, if the text is one
        value_kind str: number, percent, currency, date, text or empty
        unit str?: unit or currency of the number
        scale f64?: factor to multiply the number by; null for 1 and for percentages
        row_path str: section and row label that lead to the cell, joined by " › "
        col_path str: column headings that lead to the cell, joined by " › "
        page_no i32: page on which the cell stands
        x0 f32?: left edge of the cell, 0 to 1 of the upright page
        y0 f32?: upper edge
        x1 f32?: right edge
        y1 f32?: lower edge
        check str: match, mismatch, no_layer (a page without text) or unchecked (no number)
        layer_text str?: what the text layer says there""",
    "charts": """one chart: type, axes, units
        chart_id str: hash of document and ordinal
        doc_id str: the document
        ordinal i32: number of the chart in its document, from 0
        page_no i32: the page
        x0 f32: left edge of the chart, 0 to 1 of the upright page
        y0 f32: upper edge
        x1 f32: right edge
        y1 f32: lower edge
        chart_type str: bar, stacked_bar, line, area, pie, scatter, histogram, box or other
        orientation str: vertical, horizontal (bars that grow to the right) or none (pies)
        title str?: the title
        caption str?: caption or source note
        x_label str?: title of the independent axis, whichever way it is drawn
        x_unit str?: its unit
        x_kind str: category, number, date or log
        y_label str?: title of the value axis
        y_unit str?: its unit
        y_kind str: category, number, date or log
        y2_label str?: title of the second value axis
        y2_unit str?: its unit
        n_series i32: number of series
        has_printed_values bool: whether any value is printed at its mark
        trust str: verified, mismatch or unverified, of the printed values""",
    "chart_points": """one data point, printed or estimated
        chart_id str: the chart
        doc_id str: the document
        series_no i32: number of the series, from 0
        series str: its name in the legend; empty if there is none
        point_no i32: number of the point in its series, from 0
        x_text str?: category, time or x value as the axis prints it
        x_num f64?: as a number, if it is one
        x_date date?: as a date, if it is one
        y_text str?: the value as printed at the mark; null if it was read off the axis
        y_num f64?: the value as printed or estimated; not multiplied by `scale`
        y_low f64?: lower end of an error bar or range
        y_high f64?: upper end of an error bar or range
        size_num f64?: third value of a bubble
        axis str: y or y2
        unit str?: unit of the value, as the axis or the label states it
        scale f64?: factor to multiply the value by; null for 1
        value_source str: printed or estimated
        est_error f32?: how far off an estimated value may be, in the unit of the axis""",
    "answers": """one answer to one question, or the statement that the documents do not hold it; also each value of a user's schema
        answer_id str: hash of the question, or the field, and its documents
        question_id str: id in the question file
        question str: the question
        scope str: document, or collection if several were asked jointly
        doc_ids strs: the documents asked
        schema_name str?: the user's schema, if it is a field's value
        field_path str?: the field's place in it
        answer_text str?: the answer in few words; null if there is none
        answer_kind str: number, percent, currency, date, text, list, boolean or none
        value_num f64?: the number, as printed: its scale is in `unit`
        value_list strs?: the items of a list
        unit str?: unit of the number with its scale, such as "USD million"
        is_answerable bool: false if the documents do not hold the answer
        confidence f32?: the model's own, 0 to 1
        rationale str?: how the evidence gives the answer; the formula, where it was computed
        evidence_status str: whether all (verified), some (partial) or none (unverified) of its evidence was found; none: it has none""",
    "evidence": """one place an answer rests on: document, page, box, quote, and whether the quote was found there
        target_kind str: what it is evidence of: answer
        target_id str: its id
        evidence_no i32: number, from 0
        doc_id str: the document
        page_no i32: the page
        x0 f32?: left edge of the place, 0 to 1 of the upright page
        y0 f32?: upper edge
        x1 f32?: right edge
        y1 f32?: lower edge
        quote str?: the words or numbers there
        source_kind str: text, table, chart or figure
        ref_id str?: the table or chart, if known
        verify_method str: text_layer, reread (a second look at a crop) or none
        verify_status str: match, mismatch, not_found or unchecked""",
    "failures": """one thing that was asked for and is not there, and why
        failure_id str: hash of what failed and how
        doc_id str?: the document, if it is about one
        page_no i32?: the page, if it is about one
        batch_id str?: the survey batch, if it is about one
        stage str: open, plan, rasterize, complete, parse, merge, verify, write or check
        category str: kind of error, such as encrypted, timeout or malformed
        message str: what happened and what to do
        finish_reason str?: why the model stopped, if it answered
        attempts i32: tries
        retryable bool: whether trying again may help
        resolved bool: whether the run got it by another way""",
    "requests": """one request to the model: tokens predicted and counted, time, finish reason
        request_id str: hash of everything that the completion depends on
        batch_id str?: the survey batch
        kind str: survey, table, tables, chart, answer, finding, fields or verify
        doc_ids strs: the documents shown
        n_pages i32: page images and crops shown
        attempt i32: the try that succeeded
        model str: the served model's name
        expected_prompt_tokens i64: tokens predicted: images exactly, text at most
        prompt_tokens i64: tokens that the server counted
        image_tokens i64?: of these, tokens of images, if the server says
        cached_tokens i64?: of these, tokens from its prefix cache, if the server says
        completion_tokens i64: tokens written
        latency_ms f64: time from sending to the last token
        finish_reason str: stop, length, tool_calls, content_filter, abort, repetition or error
        from_store bool: whether the completion was there from before, and cost nothing
        loop_detected bool: whether it was cut because it repeated itself""",
    "tool_calls": """one tool call (none yet)
        call_id str: the call
        request_id str: the request that made it
        turn i32: turn of the conversation
        tool str: name of the tool
        arguments_json str: its arguments
        decision str: allowed, denied or needs_approval
        rule str: the rule of the policy that decided
        result_kind str: kind of result
        doc_id str?: the document it looked at
        page_no i32?: the page it looked at
        latency_ms f64: time it took""",
}


class Column(NamedTuple):
    """One column of the contract."""

    name: str
    field: "pa.Field[pa.DataType]"
    meaning: str


class Contract(NamedTuple):
    """One table of the contract: what a row is, and its columns."""

    row: str
    columns: tuple[Column, ...]


def _column(line: str) -> Column:
    declared, meaning = line.strip().split(": ", 1)
    name, kind = declared.split()
    return Column(name, pa.field(name, _TYPES[kind.rstrip("?")], nullable=kind.endswith("?")), meaning)


def _contract(text: str) -> Contract:
    row, *columns = text.split("\n")
    return Contract(row, tuple(map(_column, columns)))


CONTRACT: Mapping[str, Contract] = MappingProxyType({name: _contract(text) for name, text in _CONTRACT.items()})
"""Every table of the dataset with the meaning of its rows and columns, by name."""

TABLES: dict[str, pa.Schema] = {name: pa.schema([column.field for column in contract.columns]) for name, contract in CONTRACT.items()}
"""Schema of every table of the dataset, by name."""
