"""Find tables, charts and answers by words, each hit with its document, page and box.

BM25 (Robertson and Zaragoza 2009, as bm25s computes it) over one text for each table row, chart series and answer. The index is kept beside
the dataset until its runs change; where the folder cannot be written it is made anew each time.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import bm25s
import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.query.connect import changed, opened, unchanged
from pipeline.query.live import Snapshot, snapshot
from schemas.result import content_id

INDEX = ".search"
VERSION = 1
"""Of the texts that are indexed."""
_HITS = "hits.parquet"

_ENTRIES = """
SELECT 'table' AS kind, d.filename, c.page_no, t.title, c.row_path AS what,
    string_agg(concat_ws(': ', nullif(c.col_path, ''), c.text), '; ' ORDER BY c.col)
        FILTER (c.kind IN ('data', 'total') AND c.text <> '') AS says,
    min(c.x0) AS x0, min(c.y0) AS y0, max(c.x1) AS x1, max(c.y1) AS y1, c.doc_id, c.table_id AS item_id, c."row"
FROM table_cells AS c JOIN tables AS t USING (table_id) JOIN v_documents AS d ON d.doc_id = c.doc_id
WHERE c."row" >= t.n_header_rows GROUP BY ALL HAVING says IS NOT NULL
UNION ALL BY NAME
SELECT 'chart' AS kind, d.filename, c.page_no, c.title, p.series AS what,
    string_agg(concat_ws(': ', p.x_text, coalesce(p.y_text, format('~{:.4g}', p.y_num))), '; ' ORDER BY p.point_no) AS says,
    c.x0, c.y0, c.x1, c.y1, c.doc_id, c.chart_id AS item_id, p.series_no AS "row"
FROM charts AS c JOIN chart_points AS p USING (chart_id) JOIN v_documents AS d ON d.doc_id = c.doc_id GROUP BY ALL
UNION ALL BY NAME
SELECT 'answer' AS kind, e.filename, e.page_no, NULL AS title, a.question AS what, a.answer_text AS says,
    e.x0, e.y0, e.x1, e.y1, e.doc_id, a.answer_id AS item_id, NULL::INTEGER AS "row"
FROM answers AS a LEFT JOIN (FROM v_answer_evidence WHERE evidence_no = 0) AS e USING (answer_id) WHERE a.is_answerable
ORDER BY kind, filename, page_no, item_id, "row"
"""


def search(root: Path | str, words: str, limit: int = 20) -> pa.Table:
    """Return the best hits for some words, best first: score, kind, file, page, title, row label or question, what it says, box and ids.

    Raises:
        SettingsError: there is no dataset.
    """
    entries, index = unchanged(lambda: _index(snapshot(Path(root))))
    tokens = _tokens([words])
    if not entries.num_rows or not tokens[0]:
        return entries.slice(0, 0).add_column(0, "score", pa.array([], pa.float32()))
    found, scores = index.retrieve(tokens, k=min(limit, entries.num_rows), show_progress=False)
    hits = entries.take(pa.array(found[0], pa.int64())).add_column(0, "score", pa.array(scores[0], pa.float32()))
    return hits.filter(pc.field("score") > 0)


def _index(seen: Snapshot) -> tuple[pa.Table, bm25s.BM25]:
    folder = seen.root / INDEX / content_id(VERSION, *(commit.run_id for commit in seen.commits))
    if (folder / _HITS).is_file():
        return pq.read_table(folder / _HITS), bm25s.BM25.load(folder)
    try:
        entries = opened(seen).sql(_ENTRIES).to_arrow_table()
    except duckdb.IOException as error:
        raise changed(error) from error
    index = bm25s.BM25()
    if entries.num_rows:
        index.index(_tokens(_texts(entries)), show_progress=False)
        with suppress(OSError):
            _keep(folder, entries, index)
    return entries, index


def _keep(folder: Path, entries: pa.Table, index: bm25s.BM25) -> None:
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    index.save(folder, show_progress=False)
    # Last, because it is what says that the index is whole.
    pq.write_table(entries, folder / "whole", compression="zstd")
    (folder / "whole").rename(folder / _HITS)


def _texts(entries: pa.Table) -> list[str]:
    """Return what is indexed of each entry: what it is counts twice, and a heading over ten columns once."""
    columns = (entries.column(name).to_pylist() for name in ("filename", "title", "what", "what", "says"))
    return [" ".join([*filter(None, words), *dict.fromkeys((says or "").split())]) for *words, says in zip(*columns, strict=True)]


def _tokens(texts: Sequence[str]) -> list[list[str]]:
    found: list[list[str]] = bm25s.tokenize(
        [text.replace("_", " ") for text in texts], stopwords="en", stemmer=_singular, return_ids=False, show_progress=False
    )
    return found


def _singular(words: Sequence[str]) -> list[str]:
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in words]
