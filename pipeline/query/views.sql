-- The views of a longread dataset, over <table>_all: every row of every live run. docs/data.md is made of the comments, a line each.

CREATE MACRO scale_in(unit) AS CASE regexp_extract(lower(unit), '\b(thousand|million|billion|trillion)s?\b', 1)
    WHEN 'thousand' THEN 1e3 WHEN 'million' THEN 1e6 WHEN 'billion' THEN 1e9 WHEN 'trillion' THEN 1e12 END;
CREATE MACRO unit_without_scale(unit) AS nullif(replace(replace(replace(
    trim(regexp_replace(unit, '\s*\b(in\s+)?(thousand|million|billion|trillion)s?\b', '', 'gi')), '$', 'USD'), '€', 'EUR'), '£', 'GBP'), '');
-- "Net revenue ($ millions)": charts whose axis states no unit often state it so.
CREATE MACRO unit_in_title(title) AS nullif(regexp_extract(title,
    '\(([^()]*(?:thousand|million|billion|%|\$|€|£|\bUSD\b|\bEUR\b|\bGBP\b)[^()]*)\)\s*$', 1), '');
-- What a table "in millions" prints as it is: amounts per share, and counts that are no money.
CREATE MACRO is_unscaled(label) AS regexp_matches(label, '\b(per (ordinary |common )?(share|unit|ads)|employees|headcount|number of)\b', 'i');
CREATE MACRO tasks_of(config_json) AS
    CASE WHEN json_valid(config_json) THEN json_extract_string(config_json, '$.tasks[*]') ELSE ['tables', 'charts'] END;
CREATE MACRO tables_of(tasks) AS ['documents', 'pages']
    || CASE WHEN list_contains(tasks, 'tables') THEN ['tables', 'table_fragments', 'table_cells'] ELSE [] END
    || CASE WHEN list_contains(tasks, 'charts') THEN ['charts', 'chart_points'] ELSE [] END;

-- Worked out once: what a connection sees does not change.
CREATE TABLE readings AS
SELECT DISTINCT d.doc_id, d.run_id, r.started_at, d.status <> 'failed' AS is_read, unnest(tables_of(tasks_of(r.config_json))) AS table_name
FROM documents_all AS d JOIN runs_all AS r USING (run_id);
CREATE TABLE latest AS
SELECT table_name, doc_id, max_by(run_id, (is_read, started_at, run_id)) AS run_id, max_by(started_at, (is_read, started_at, run_id)) AS started_at
FROM readings GROUP BY ALL;

CREATE VIEW v_latest AS FROM latest;
COMMENT ON VIEW v_latest IS 'the newest run that read a document, by table: a run that was not asked for charts does not hide older charts, nor does a failed one';
COMMENT ON COLUMN v_latest.table_name IS 'documents, pages, tables, table_fragments, table_cells, charts or chart_points';
COMMENT ON COLUMN v_latest.doc_id IS 'the document';
COMMENT ON COLUMN v_latest.run_id IS 'the run whose rows the table of that name shows';
COMMENT ON COLUMN v_latest.started_at IS 'when that run began';

CREATE VIEW runs AS FROM runs_all;
CREATE VIEW requests AS FROM requests_all;
CREATE VIEW failures AS FROM failures_all;
CREATE VIEW tool_calls AS FROM tool_calls_all;
CREATE VIEW documents AS FROM documents_all SEMI JOIN (FROM v_latest WHERE table_name = 'documents') USING (doc_id, run_id);
CREATE VIEW pages AS FROM pages_all SEMI JOIN (FROM v_latest WHERE table_name = 'pages') USING (doc_id, run_id);
CREATE VIEW tables AS FROM tables_all SEMI JOIN (FROM v_latest WHERE table_name = 'tables') USING (doc_id, run_id);
CREATE VIEW table_fragments AS FROM table_fragments_all SEMI JOIN (FROM v_latest WHERE table_name = 'table_fragments') USING (doc_id, run_id);
CREATE VIEW table_cells AS FROM table_cells_all SEMI JOIN (FROM v_latest WHERE table_name = 'table_cells') USING (doc_id, run_id);
CREATE VIEW charts AS FROM charts_all SEMI JOIN (FROM v_latest WHERE table_name = 'charts') USING (doc_id, run_id);
CREATE VIEW chart_points AS FROM chart_points_all SEMI JOIN (FROM v_latest WHERE table_name = 'chart_points') USING (doc_id, run_id);
CREATE VIEW answers AS FROM answers_all SEMI JOIN (
    SELECT answer_id, max_by(run_id, (r.started_at, run_id)) AS run_id
    FROM answers_all JOIN runs_all AS r USING (run_id) GROUP BY answer_id
) USING (answer_id, run_id);
CREATE VIEW evidence AS FROM evidence_all SEMI JOIN (SELECT answer_id AS target_id, run_id FROM answers) USING (target_id, run_id);

CREATE VIEW v_documents AS
SELECT doc_id, min(filename) AS filename, min(collection) AS collection, any_value(title) AS document_title, any_value(n_pages) AS n_pages,
    any_value(status) AS status, any_value(has_text_layer) AS has_text_layer, list(DISTINCT uri ORDER BY uri) AS uris
FROM documents GROUP BY doc_id;
COMMENT ON VIEW v_documents IS 'one row for each document, under whatever names its file was read: join this one by doc_id';
COMMENT ON COLUMN v_documents.doc_id IS 'the document';
COMMENT ON COLUMN v_documents.filename IS 'name of its file; the first in the alphabet, if it has several';
COMMENT ON COLUMN v_documents.collection IS 'its collection, if the manifest gave one';
COMMENT ON COLUMN v_documents.document_title IS 'title in the metadata';
COMMENT ON COLUMN v_documents.n_pages IS 'number of pages';
COMMENT ON COLUMN v_documents.status IS 'ok, partial, failed or skipped';
COMMENT ON COLUMN v_documents.has_text_layer IS 'whether there is text that numbers can be checked against';
COMMENT ON COLUMN v_documents.uris IS 'everywhere it was read from';

CREATE VIEW v_tables AS
SELECT d.filename, t.title, t.page_first, t.page_last, t.n_rows, t.n_cols, t.n_fragments, t.currency, t.unit, t.scale, t.trust,
    t.numbers_checked, t.numbers_matched, d.collection, t.table_id, t.doc_id, t.run_id
FROM tables AS t LEFT JOIN v_documents AS d USING (doc_id) ORDER BY d.filename, t.ordinal;
COMMENT ON VIEW v_tables IS 'one row for each table, with its file: where to find the id for v_table_wide';
COMMENT ON COLUMN v_tables.filename IS 'name of the file';
COMMENT ON COLUMN v_tables.title IS 'title printed above it';
COMMENT ON COLUMN v_tables.page_first IS 'page on which it begins';
COMMENT ON COLUMN v_tables.page_last IS 'page on which it ends';
COMMENT ON COLUMN v_tables.n_rows IS 'rows, headings included';
COMMENT ON COLUMN v_tables.n_cols IS 'columns';
COMMENT ON COLUMN v_tables.n_fragments IS 'parts that it was joined of';
COMMENT ON COLUMN v_tables.currency IS 'currency that it states, as ISO code';
COMMENT ON COLUMN v_tables.unit IS 'unit that it states, currency aside';
COMMENT ON COLUMN v_tables.scale IS 'factor that it states: 1000 for "in thousands"';
COMMENT ON COLUMN v_tables.trust IS 'verified, mismatch or unverified';
COMMENT ON COLUMN v_tables.numbers_checked IS 'numbers compared with the text layer';
COMMENT ON COLUMN v_tables.numbers_matched IS 'numbers that agreed';
COMMENT ON COLUMN v_tables.collection IS 'collection of its document, if it has one';
COMMENT ON COLUMN v_tables.table_id IS 'the table';
COMMENT ON COLUMN v_tables.doc_id IS 'its document';
COMMENT ON COLUMN v_tables.run_id IS 'the run that read it';

CREATE VIEW v_charts AS
SELECT d.filename, c.title, c.page_no, c.chart_type, c.n_series, c.x_label, c.y_label, unit_without_scale(coalesce(c.y_unit, unit_in_title(c.title))) AS unit,
    c.has_printed_values, d.collection, c.x0, c.y0, c.x1, c.y1, c.chart_id, c.doc_id, c.run_id
FROM charts AS c LEFT JOIN v_documents AS d USING (doc_id) ORDER BY d.filename, c.ordinal;
COMMENT ON VIEW v_charts IS 'one row for each chart, with its file: where to find the id for v_chart_wide';
COMMENT ON COLUMN v_charts.filename IS 'name of the file';
COMMENT ON COLUMN v_charts.title IS 'its title';
COMMENT ON COLUMN v_charts.page_no IS 'the page, from 1';
COMMENT ON COLUMN v_charts.chart_type IS 'bar, stacked_bar, line, area, pie, scatter, histogram, box or other';
COMMENT ON COLUMN v_charts.n_series IS 'number of series';
COMMENT ON COLUMN v_charts.x_label IS 'title of the independent axis';
COMMENT ON COLUMN v_charts.y_label IS 'title of the value axis';
COMMENT ON COLUMN v_charts.unit IS 'unit of the values, without words such as million';
COMMENT ON COLUMN v_charts.has_printed_values IS 'whether any value is printed at its mark';
COMMENT ON COLUMN v_charts.collection IS 'collection of its document, if it has one';
COMMENT ON COLUMN v_charts.x0 IS 'left edge of the chart, 0 to 1 of the upright page';
COMMENT ON COLUMN v_charts.y0 IS 'upper edge';
COMMENT ON COLUMN v_charts.x1 IS 'right edge';
COMMENT ON COLUMN v_charts.y1 IS 'lower edge';
COMMENT ON COLUMN v_charts.chart_id IS 'the chart';
COMMENT ON COLUMN v_charts.doc_id IS 'its document';
COMMENT ON COLUMN v_charts.run_id IS 'the run that read it';

CREATE VIEW v_numbers AS
WITH signed AS (
    SELECT table_id, any_value(unit) AS unit FROM table_cells WHERE value_kind = 'currency' GROUP BY table_id HAVING count(DISTINCT unit) = 1
)
SELECT 'table' AS source, c.doc_id, d.filename, d.collection, c.page_no, c.table_id AS item_id, t.title, c.row_path, c.col_path, c."row", c.col,
    c.text, c.value_num * CASE WHEN is_unscaled(concat_ws(' ', c.row_path, c.col_path)) THEN 1 ELSE coalesce(c.scale, 1) END AS value,
    coalesce(unit_without_scale(c.unit), CASE WHEN c.value_kind = 'number' AND t.scale > 1
        AND NOT is_unscaled(concat_ws(' ', c.row_path, c.col_path)) THEN coalesce(t.currency, s.unit) END) AS unit, c.value_kind, c.value_num, c.scale,
    false AS is_estimated, NULL::DOUBLE AS est_error, c."check", c.layer_text, c.x0, c.y0, c.x1, c.y1, c.run_id
FROM table_cells AS c JOIN tables AS t USING (table_id) LEFT JOIN v_documents AS d ON d.doc_id = c.doc_id
    LEFT JOIN signed AS s ON s.table_id = c.table_id
WHERE c.value_num IS NOT NULL AND c.kind IN ('data', 'total')
UNION ALL BY NAME
SELECT 'chart' AS source, p.doc_id, d.filename, d.collection, c.page_no, p.chart_id AS item_id, c.title, p.x_text AS row_path, p.series AS col_path,
    p.point_no AS "row", p.series_no AS col, p.y_text AS text, p.y_num * coalesce(p.scale, scale_in(unit_in_title(c.title)), 1) AS value,
    unit_without_scale(coalesce(p.unit, unit_in_title(c.title))) AS unit,
    CASE WHEN coalesce(p.unit, unit_in_title(c.title)) LIKE '%\%%' ESCAPE '\' THEN 'percent' ELSE 'number' END AS value_kind, p.y_num AS value_num,
    coalesce(p.scale, scale_in(unit_in_title(c.title))) AS scale,
    p.value_source = 'estimated' AS is_estimated, p.est_error * coalesce(p.scale, scale_in(unit_in_title(c.title)), 1) AS est_error,
    'unchecked' AS "check", NULL::VARCHAR AS layer_text, c.x0, c.y0, c.x1, c.y1, p.run_id
FROM chart_points AS p JOIN charts AS c USING (chart_id) LEFT JOIN v_documents AS d ON d.doc_id = p.doc_id
WHERE p.y_num IS NOT NULL;
COMMENT ON VIEW v_numbers IS 'every number of every table and chart, scale applied, with what it is and where it stands; headings and row labels are no numbers here';
COMMENT ON COLUMN v_numbers.source IS 'table or chart';
COMMENT ON COLUMN v_numbers.doc_id IS 'the document';
COMMENT ON COLUMN v_numbers.filename IS 'name of its file';
COMMENT ON COLUMN v_numbers.collection IS 'its collection, if it has one';
COMMENT ON COLUMN v_numbers.page_no IS 'the page, from 1';
COMMENT ON COLUMN v_numbers.item_id IS 'the table_id or chart_id';
COMMENT ON COLUMN v_numbers.title IS 'title of the table or chart';
COMMENT ON COLUMN v_numbers.row_path IS 'section and row label; of a chart the category or x value';
COMMENT ON COLUMN v_numbers.col_path IS 'column headings; of a chart the series';
COMMENT ON COLUMN v_numbers."row" IS 'row of the grid from 0; of a chart the number of the point';
COMMENT ON COLUMN v_numbers.col IS 'column of the grid from 0; of a chart the number of the series';
COMMENT ON COLUMN v_numbers.text IS 'what is printed; null for a value read off an axis';
COMMENT ON COLUMN v_numbers.value IS 'the number times its scale: "987.6" in millions is 987600000; a percentage stays as printed, 6.8 for "6.8%"; so does what its label says is per share, or a number of employees or other things';
COMMENT ON COLUMN v_numbers.unit IS 'unit or currency, without words such as million; where a table states a scale, numbers without a sign have the currency that it states or prints elsewhere';
COMMENT ON COLUMN v_numbers.value_kind IS 'number, percent or currency';
COMMENT ON COLUMN v_numbers.value_num IS 'the number as printed';
COMMENT ON COLUMN v_numbers.scale IS 'the factor that the table, the axis or the chart''s title states; null for 1';
COMMENT ON COLUMN v_numbers.is_estimated IS 'whether it was read off an axis';
COMMENT ON COLUMN v_numbers.est_error IS 'how far off an estimated value may be, scale applied';
COMMENT ON COLUMN v_numbers."check" IS 'match, mismatch, no_layer or unchecked against the text layer';
COMMENT ON COLUMN v_numbers.layer_text IS 'what the text layer says there';
COMMENT ON COLUMN v_numbers.x0 IS 'left edge of the cell or chart, 0 to 1 of the upright page';
COMMENT ON COLUMN v_numbers.y0 IS 'upper edge';
COMMENT ON COLUMN v_numbers.x1 IS 'right edge';
COMMENT ON COLUMN v_numbers.y1 IS 'lower edge';
COMMENT ON COLUMN v_numbers.run_id IS 'the run that read it';

CREATE VIEW v_answer_evidence AS
SELECT a.question_id, a.question, a.answer_text, e.evidence_no, d.filename, e.doc_id, e.page_no, e.quote, e.source_kind, e.verify_method, e.verify_status,
    e.x0, e.y0, e.x1, e.y1, a.answer_id, a.run_id
FROM answers AS a JOIN evidence AS e ON e.target_id = a.answer_id LEFT JOIN v_documents AS d ON d.doc_id = e.doc_id;
COMMENT ON VIEW v_answer_evidence IS 'one row for each place that an answer rests on';
COMMENT ON COLUMN v_answer_evidence.question_id IS 'id in the question file';
COMMENT ON COLUMN v_answer_evidence.question IS 'the question';
COMMENT ON COLUMN v_answer_evidence.answer_text IS 'the answer';
COMMENT ON COLUMN v_answer_evidence.evidence_no IS 'number of the place, from 0';
COMMENT ON COLUMN v_answer_evidence.filename IS 'name of the file';
COMMENT ON COLUMN v_answer_evidence.doc_id IS 'the document';
COMMENT ON COLUMN v_answer_evidence.page_no IS 'the page, from 1';
COMMENT ON COLUMN v_answer_evidence.quote IS 'the words or numbers there';
COMMENT ON COLUMN v_answer_evidence.source_kind IS 'text, table, chart or figure';
COMMENT ON COLUMN v_answer_evidence.verify_method IS 'text_layer, reread or none';
COMMENT ON COLUMN v_answer_evidence.verify_status IS 'match, mismatch, not_found or unchecked';
COMMENT ON COLUMN v_answer_evidence.x0 IS 'left edge of the place, 0 to 1 of the upright page';
COMMENT ON COLUMN v_answer_evidence.y0 IS 'upper edge';
COMMENT ON COLUMN v_answer_evidence.x1 IS 'right edge';
COMMENT ON COLUMN v_answer_evidence.y1 IS 'lower edge';
COMMENT ON COLUMN v_answer_evidence.answer_id IS 'the answer';
COMMENT ON COLUMN v_answer_evidence.run_id IS 'the run that answered';

CREATE VIEW v_answers AS
WITH places AS (
    SELECT answer_id, count(*) AS n_evidence, first(filename ORDER BY evidence_no) AS filename, first(page_no ORDER BY evidence_no) AS page_no,
        first(quote ORDER BY evidence_no) AS quote,
        string_agg(format('{} p. {} ({})', coalesce(filename, doc_id), page_no, replace(verify_status, '_', ' ')), '; ' ORDER BY evidence_no) AS evidence
    FROM v_answer_evidence GROUP BY answer_id
)
SELECT a.question_id, a.question, a.schema_name, a.field_path, a.is_answerable, a.answer_text, a.answer_kind,
    a.value_num * coalesce(scale_in(a.unit), 1) AS value, unit_without_scale(a.unit) AS unit, a.value_list, p.filename, p.page_no, p.quote,
    coalesce(p.n_evidence, 0) AS n_evidence, p.evidence, a.evidence_status, a.confidence, a.rationale, a.answer_id, a.run_id
FROM answers AS a LEFT JOIN places AS p USING (answer_id);
COMMENT ON VIEW v_answers IS 'the newest answer to each question, in a row with its evidence; also the fields of users'' schemas';
COMMENT ON COLUMN v_answers.question_id IS 'id in the question file';
COMMENT ON COLUMN v_answers.question IS 'the question';
COMMENT ON COLUMN v_answers.schema_name IS 'the user''s schema, if it is a field''s value';
COMMENT ON COLUMN v_answers.field_path IS 'the field''s place in it';
COMMENT ON COLUMN v_answers.is_answerable IS 'false if the documents do not hold the answer';
COMMENT ON COLUMN v_answers.answer_text IS 'the answer; null if there is none';
COMMENT ON COLUMN v_answers.answer_kind IS 'number, percent, currency, date, text, list, boolean or none';
COMMENT ON COLUMN v_answers.value IS 'the number times the scale that its unit names; a percentage as printed';
COMMENT ON COLUMN v_answers.unit IS 'unit or currency, without words such as million';
COMMENT ON COLUMN v_answers.value_list IS 'the items of a list';
COMMENT ON COLUMN v_answers.filename IS 'file of the first place it rests on';
COMMENT ON COLUMN v_answers.page_no IS 'page of the first place it rests on';
COMMENT ON COLUMN v_answers.quote IS 'what is printed there';
COMMENT ON COLUMN v_answers.n_evidence IS 'number of places; v_answer_evidence has each in a row';
COMMENT ON COLUMN v_answers.evidence IS 'all places in words: file, page, and whether it was found there';
COMMENT ON COLUMN v_answers.evidence_status IS 'verified, partial, unverified or none';
COMMENT ON COLUMN v_answers.confidence IS 'the model''s own, 0 to 1';
COMMENT ON COLUMN v_answers.rationale IS 'how the evidence gives the answer; the formula, where it was computed';
COMMENT ON COLUMN v_answers.answer_id IS 'the answer';
COMMENT ON COLUMN v_answers.run_id IS 'the run that answered';

CREATE VIEW v_failures AS
WITH newest AS (
    SELECT f.failure_id, arg_max(f, (r.started_at, f.run_id)) AS f, max(r.started_at) AS started_at, count(*) AS n_runs
    FROM failures AS f JOIN runs AS r USING (run_id) GROUP BY failure_id
), made_good AS (
    SELECT d.doc_id, max(r.started_at) AS started_at
    FROM documents_all AS d JOIN runs_all AS r USING (run_id) WHERE d.status IN ('ok', 'skipped') GROUP BY d.doc_id
)
SELECT NOT n.f.resolved AND (m.started_at IS NULL OR m.started_at <= n.started_at) AS is_open, n.started_at, d.filename, n.f.doc_id AS doc_id,
    n.f.page_no AS page_no, n.f.stage AS stage, n.f.category AS category, n.f.message AS message, n.f.retryable AS retryable, n.f.attempts AS attempts,
    n.n_runs, n.failure_id, n.f.run_id AS run_id
FROM newest AS n LEFT JOIN v_documents AS d ON d.doc_id = n.f.doc_id LEFT JOIN made_good AS m ON m.doc_id = n.f.doc_id;
COMMENT ON VIEW v_failures IS 'everything that was asked for and not got, each failure once, and whether a later run got it';
COMMENT ON COLUMN v_failures.is_open IS 'whether it is still missing: no later run read the document without failures';
COMMENT ON COLUMN v_failures.started_at IS 'start of the last run that failed so';
COMMENT ON COLUMN v_failures.filename IS 'name of the file, if it is about one';
COMMENT ON COLUMN v_failures.doc_id IS 'the document, if it is about one';
COMMENT ON COLUMN v_failures.page_no IS 'the page, if it is about one';
COMMENT ON COLUMN v_failures.stage IS 'open, plan, rasterize, complete, parse, merge, verify, write or check';
COMMENT ON COLUMN v_failures.category IS 'kind of error';
COMMENT ON COLUMN v_failures.message IS 'what happened and what to do';
COMMENT ON COLUMN v_failures.retryable IS 'whether trying again may help';
COMMENT ON COLUMN v_failures.attempts IS 'tries';
COMMENT ON COLUMN v_failures.n_runs IS 'in how many runs it failed so';
COMMENT ON COLUMN v_failures.failure_id IS 'the failure';
COMMENT ON COLUMN v_failures.run_id IS 'the last run that failed so';

CREATE VIEW v_coverage AS
WITH p AS (
    SELECT doc_id, count(*) AS n, count(*) FILTER (status = 'read') AS n_read, count(*) FILTER (status = 'failed') AS n_failed,
        count(*) FILTER (status = 'skipped') AS n_skipped
    FROM pages GROUP BY doc_id
), t AS (
    SELECT doc_id, count(*) AS n_tables, sum(numbers_checked)::BIGINT AS n_checked, sum(numbers_matched)::BIGINT AS n_matched FROM tables GROUP BY doc_id
), c AS (SELECT doc_id, count(*) AS n_charts FROM charts GROUP BY doc_id),
f AS (SELECT doc_id, count(*) AS n_open FROM v_failures WHERE is_open GROUP BY doc_id)
SELECT d.filename, d.doc_id, d.status, d.n_pages, coalesce(p.n_read, 0) AS pages_read, coalesce(p.n_skipped, 0) AS pages_skipped,
    coalesce(p.n_failed, 0) AS pages_failed, d.n_pages - coalesce(p.n, 0) AS pages_missing, coalesce(t.n_tables, 0) AS n_tables,
    coalesce(c.n_charts, 0) AS n_charts, coalesce(t.n_checked, 0) AS numbers_checked, t.n_matched / nullif(t.n_checked, 0) AS share_matched,
    coalesce(f.n_open, 0) AS open_failures
FROM v_documents AS d LEFT JOIN p USING (doc_id) LEFT JOIN t USING (doc_id) LEFT JOIN c USING (doc_id) LEFT JOIN f USING (doc_id);
COMMENT ON VIEW v_coverage IS 'what became of each document: every page is read, skipped, failed or, which should not be, missing';
COMMENT ON COLUMN v_coverage.filename IS 'name of the file';
COMMENT ON COLUMN v_coverage.doc_id IS 'the document';
COMMENT ON COLUMN v_coverage.status IS 'ok, partial, failed or skipped';
COMMENT ON COLUMN v_coverage.n_pages IS 'number of pages';
COMMENT ON COLUMN v_coverage.pages_read IS 'pages that were read';
COMMENT ON COLUMN v_coverage.pages_skipped IS 'pages with nothing on them';
COMMENT ON COLUMN v_coverage.pages_failed IS 'pages that could not be read';
COMMENT ON COLUMN v_coverage.pages_missing IS 'pages that no row accounts for: 0, or longread has a fault';
COMMENT ON COLUMN v_coverage.n_tables IS 'tables found';
COMMENT ON COLUMN v_coverage.n_charts IS 'charts found';
COMMENT ON COLUMN v_coverage.numbers_checked IS 'numbers in tables that were compared with the text layer';
COMMENT ON COLUMN v_coverage.share_matched IS 'share of them that agreed; null if none was compared';
COMMENT ON COLUMN v_coverage.open_failures IS 'failures that no later run made good';

CREATE VIEW v_low_trust AS
WITH doubts AS (
    SELECT 1 AS priority, 'failure' AS kind, message AS why, NULL AS what, doc_id, page_no, NULL::FLOAT AS x0, NULL::FLOAT AS y0, NULL::FLOAT AS x1,
        NULL::FLOAT AS y1, failure_id AS item_id
    FROM v_failures WHERE is_open
    UNION ALL BY NAME
    SELECT 2 AS priority, 'table' AS kind, 'fewer rows were read than the table was said to have' AS why, title AS what, doc_id, page_last AS page_no, table_id AS item_id
    FROM tables WHERE is_truncated
    UNION ALL BY NAME
    SELECT 2 AS priority, 'number' AS kind, format('read "{}"; the text layer has {}', text, coalesce('"' || layer_text || '"', 'something else')) AS why,
        concat_ws(' / ', nullif(row_path, ''), nullif(col_path, '')) AS what, doc_id, page_no, x0, y0, x1, y1, table_id AS item_id
    FROM table_cells WHERE "check" = 'mismatch'
    UNION ALL BY NAME
    SELECT 2 AS priority, 'answer' AS kind, format('not found on the page: "{}"', coalesce(quote, '')) AS why, question || ' ' || coalesce(answer_text, '') AS what, doc_id, page_no,
        x0, y0, x1, y1, answer_id AS item_id
    FROM v_answer_evidence WHERE verify_status IN ('mismatch', 'not_found')
    UNION ALL BY NAME
    SELECT 3 AS priority, 'answer' AS kind, format('the model''s own confidence is {:.2f}', confidence) AS why, question || ' ' || coalesce(answer_text, '') AS what,
        first(doc_id ORDER BY evidence_no) AS doc_id, first(page_no ORDER BY evidence_no) AS page_no, answer_id AS item_id
    FROM answers AS a LEFT JOIN (FROM evidence) AS e ON e.target_id = a.answer_id WHERE is_answerable AND confidence < 0.5 GROUP BY answer_id, question, answer_text, confidence
    UNION ALL BY NAME
    SELECT 3 AS priority, 'page' AS kind, format('the tables hold {:.0f} % of the words that the text layer has in them', 100 * text_recall) AS why, doc_id, page_no
    FROM pages WHERE text_recall < 0.8
    UNION ALL BY NAME
    SELECT 4 AS priority, 'chart' AS kind, format('{} of {} values were read off the axis', count(*) FILTER (value_source = 'estimated'), count(*))
        || coalesce(format(', up to {:.3g} off', max(est_error)), '') AS why,
        any_value(c.title) AS what, c.doc_id, any_value(c.page_no) AS page_no, any_value(c.x0) AS x0, any_value(c.y0) AS y0, any_value(c.x1) AS x1,
        any_value(c.y1) AS y1, chart_id AS item_id
    FROM charts AS c JOIN chart_points AS p USING (chart_id) GROUP BY chart_id, c.doc_id HAVING count(*) FILTER (value_source = 'estimated') > 0
    UNION ALL BY NAME
    SELECT 4 AS priority, 'table' AS kind, 'there is no text layer to check its numbers against' AS why, title AS what, doc_id, page_first AS page_no, table_id AS item_id
    FROM tables WHERE trust = 'unverified'
        AND table_id IN (SELECT table_id FROM table_cells WHERE "check" = 'no_layer')
)
SELECT priority, kind, why, what, d.filename, page_no, x0, y0, x1, y1, doc_id, item_id
FROM doubts LEFT JOIN v_documents AS d USING (doc_id) ORDER BY priority, filename, page_no, y0, x0;
COMMENT ON VIEW v_low_trust IS 'what a person should look at, the most urgent first, and why';
COMMENT ON COLUMN v_low_trust.priority IS '1 it is missing; 2 it contradicts the page; 3 it looks doubtful; 4 nothing could check it';
COMMENT ON COLUMN v_low_trust.kind IS 'failure, number, table, chart, page or answer';
COMMENT ON COLUMN v_low_trust.why IS 'the reason';
COMMENT ON COLUMN v_low_trust.what IS 'what it is: row and column path, title, or question and answer';
COMMENT ON COLUMN v_low_trust.filename IS 'name of the file, if it is about one';
COMMENT ON COLUMN v_low_trust.page_no IS 'the page, from 1';
COMMENT ON COLUMN v_low_trust.x0 IS 'left edge of the place, 0 to 1 of the upright page, if known';
COMMENT ON COLUMN v_low_trust.y0 IS 'upper edge';
COMMENT ON COLUMN v_low_trust.x1 IS 'right edge';
COMMENT ON COLUMN v_low_trust.y1 IS 'lower edge';
COMMENT ON COLUMN v_low_trust.doc_id IS 'the document';
COMMENT ON COLUMN v_low_trust.item_id IS 'the table_id, chart_id, answer_id or failure_id';

CREATE VIEW v_runs AS
SELECT run_id, started_at, epoch(ended_at - started_at) AS seconds, status, backend, model, n_documents, n_pages, n_tables, n_charts, n_answers, n_failures,
    prompt_tokens, cached_tokens, completion_tokens, list_aggregate(tasks_of(config_json), 'string_agg', ', ') AS tasks, longread_version, prompt_version,
    config_digest, schema_version, len(replaces) AS n_replaced
FROM runs ORDER BY started_at;
COMMENT ON VIEW v_runs IS 'the live runs in a nutshell, oldest first';
COMMENT ON COLUMN v_runs.run_id IS 'the run';
COMMENT ON COLUMN v_runs.started_at IS 'when it began';
COMMENT ON COLUMN v_runs.seconds IS 'how long it took; of compacted runs from the start of the first to the end of the last';
COMMENT ON COLUMN v_runs.status IS 'ok, partial or failed';
COMMENT ON COLUMN v_runs.backend IS 'embedded, or the address of the server';
COMMENT ON COLUMN v_runs.model IS 'the served model';
COMMENT ON COLUMN v_runs.n_documents IS 'documents, refused ones included';
COMMENT ON COLUMN v_runs.n_pages IS 'their pages';
COMMENT ON COLUMN v_runs.n_tables IS 'tables';
COMMENT ON COLUMN v_runs.n_charts IS 'charts';
COMMENT ON COLUMN v_runs.n_answers IS 'answers';
COMMENT ON COLUMN v_runs.n_failures IS 'failures';
COMMENT ON COLUMN v_runs.prompt_tokens IS 'tokens sent and paid for';
COMMENT ON COLUMN v_runs.cached_tokens IS 'of these, from the prefix cache';
COMMENT ON COLUMN v_runs.completion_tokens IS 'tokens written';
COMMENT ON COLUMN v_runs.tasks IS 'what was extracted';
COMMENT ON COLUMN v_runs.longread_version IS 'version of the program';
COMMENT ON COLUMN v_runs.prompt_version IS 'version of the prompts';
COMMENT ON COLUMN v_runs.config_digest IS 'hash of the configuration';
COMMENT ON COLUMN v_runs.schema_version IS 'version of the contract that its files follow';
COMMENT ON COLUMN v_runs.n_replaced IS 'runs that were compacted into it';

CREATE VIEW v_cost_by_document AS
WITH shown AS (
    SELECT run_id, request_id, unnest(doc_ids) AS doc_id, prompt_tokens, image_tokens, cached_tokens, completion_tokens, latency_ms
    FROM requests WHERE NOT from_store
), weighted AS (
    SELECT s.*, d.filename, d.n_pages, coalesce(d.n_pages, 1) / sum(coalesce(d.n_pages, 1)) OVER (PARTITION BY s.run_id, s.request_id) AS share
    FROM shown AS s LEFT JOIN v_documents AS d USING (doc_id)
)
SELECT any_value(filename) AS filename, doc_id, any_value(n_pages) AS n_pages, count(*) AS n_requests, sum(share * prompt_tokens) AS prompt_tokens,
    sum(share * coalesce(image_tokens, 0)) AS image_tokens, sum(share * coalesce(cached_tokens, 0)) AS cached_tokens,
    sum(share * completion_tokens) AS completion_tokens, sum(share * latency_ms) / 1000 AS seconds,
    sum(share * (prompt_tokens + completion_tokens)) / any_value(n_pages) AS tokens_per_page
FROM weighted GROUP BY doc_id;
COMMENT ON VIEW v_cost_by_document IS 'tokens paid for each document over all live runs; a request that shows several is shared out by their pages';
COMMENT ON COLUMN v_cost_by_document.filename IS 'name of the file';
COMMENT ON COLUMN v_cost_by_document.doc_id IS 'the document';
COMMENT ON COLUMN v_cost_by_document.n_pages IS 'number of pages';
COMMENT ON COLUMN v_cost_by_document.n_requests IS 'requests that showed it';
COMMENT ON COLUMN v_cost_by_document.prompt_tokens IS 'its share of the tokens sent';
COMMENT ON COLUMN v_cost_by_document.image_tokens IS 'of these, tokens of images';
COMMENT ON COLUMN v_cost_by_document.cached_tokens IS 'of these, tokens from the prefix cache';
COMMENT ON COLUMN v_cost_by_document.completion_tokens IS 'its share of the tokens written';
COMMENT ON COLUMN v_cost_by_document.seconds IS 'its share of the time that requests took; many run at a time';
COMMENT ON COLUMN v_cost_by_document.tokens_per_page IS 'tokens sent and written by page';

CREATE MACRO v_table_wide(table_id) AS TABLE FROM query_table('v_table_wide_' || table_id);
CREATE MACRO v_chart_wide(chart_id) AS TABLE FROM query_table('v_chart_wide_' || chart_id);
