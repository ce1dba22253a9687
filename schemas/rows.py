"""The output contract: every table's columns as pyarrow schemas. A change here is a new `SCHEMA_VERSION` and a line in the changelog.

Every table also has `run_id` and `run_date`, which stand in the path (`run_date=…/run_id=…/`) and, as Hive partitioning wants it, not in
the files: pandas, DuckDB, Polars, pyarrow and Spark add them when they read the folder, and some refuse files that repeat them.
"""

import pyarrow as pa

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

# Column types by table; "?" marks a column that may be null.
_COLUMNS: dict[str, str] = {
    "runs": """flow_run_id str?, deployment str?, started_at time, ended_at time, status str, longread_version str, schema_version i32,
        config_digest str, config_json str, backend str, model str, prompt_version str, n_documents i32, n_pages i32, n_tables i32,
        n_charts i32, n_answers i32, n_failures i32, prompt_tokens i64, image_tokens i64, cached_tokens i64, completion_tokens i64""",
    "documents": """doc_id str, uri str, filename str, collection str?, bytes i64, n_pages i32, title str?, has_text_layer bool,
        is_repaired bool, status str, pages_read i32, pages_failed i32""",
    "pages": """doc_id str, page_no i32, page_label str?, width_pt f32, height_pt f32, rotation i16, dpi f32, image_width i32,
        image_height i32, image_tokens i32, text_layer_chars i32, is_blank bool, status str, reason str?, batch_ids strs,
        text_recall f32?""",
    "tables": """table_id str, doc_id str, ordinal i32, title str?, caption str?, footnotes strs, n_rows i32, n_cols i32,
        n_header_rows i32, page_first i32, page_last i32, n_fragments i32, merge_direction str, unit str?, scale f64?, currency str?,
        html str, is_truncated bool, numbers_checked i32, numbers_matched i32, trust str""",
    "table_fragments": """table_id str, doc_id str, fragment_no i32, page_no i32, x0 f32, y0 f32, x1 f32, y1 f32, row_start i32,
        row_end i32, col_start i32, col_end i32, has_repeated_header bool""",
    "table_cells": """table_id str, doc_id str, row i32, col i32, row_span i32, col_span i32, kind str, text str, value_num f64?,
        value_date date?, value_kind str, unit str?, scale f64?, row_path str, col_path str, page_no i32, x0 f32?, y0 f32?, x1 f32?,
        y1 f32?, check str, layer_text str?""",
    "charts": """chart_id str, doc_id str, ordinal i32, page_no i32, x0 f32, y0 f32, x1 f32, y1 f32, chart_type str, orientation str,
        title str?, caption str?, x_label str?, x_unit str?, x_kind str, y_label str?, y_unit str?, y_kind str, y2_label str?,
        y2_unit str?, n_series i32, has_printed_values bool, trust str""",
    "chart_points": """chart_id str, doc_id str, series_no i32, series str, point_no i32, x_text str?, x_num f64?, x_date date?,
        y_text str?, y_num f64?, y_low f64?, y_high f64?, size_num f64?, axis str, unit str?, scale f64?, value_source str,
        est_error f32?""",
    "answers": """answer_id str, question_id str, question str, scope str, doc_ids strs, schema_name str?, field_path str?,
        answer_text str?, answer_kind str, value_num f64?, value_list strs?, unit str?, is_answerable bool, confidence f32?,
        rationale str?, evidence_status str""",
    "evidence": """target_kind str, target_id str, evidence_no i32, doc_id str, page_no i32, x0 f32?, y0 f32?, x1 f32?, y1 f32?,
        quote str?, source_kind str, ref_id str?, verify_method str, verify_status str""",
    "failures": """failure_id str, doc_id str?, page_no i32?, batch_id str?, stage str, category str, message str, finish_reason str?,
        attempts i32, retryable bool, resolved bool""",
    "requests": """request_id str, batch_id str?, kind str, doc_ids strs, n_pages i32, attempt i32, model str,
        expected_prompt_tokens i64, prompt_tokens i64, image_tokens i64?, cached_tokens i64?, completion_tokens i64, latency_ms f64,
        finish_reason str, from_store bool, loop_detected bool""",
    "tool_calls": """call_id str, request_id str, turn i32, tool str, arguments_json str, decision str, rule str, result_kind str,
        doc_id str?, page_no i32?, latency_ms f64""",
}


def _schema(columns: str) -> pa.Schema:
    fields = []
    for column in columns.split(","):
        name, kind = column.split()
        fields.append(pa.field(name, _TYPES[kind.rstrip("?")], nullable=kind.endswith("?")))
    return pa.schema(fields)


TABLES: dict[str, pa.Schema] = {name: _schema(columns) for name, columns in _COLUMNS.items()}
"""Schema of every table of the dataset, by name."""
