"""What analysts do with the dataset: views, search, wide tables, workbooks; and what keeps it small: compacting and forgetting.

from pipeline.query import connect
connect("out").sql("SELECT * FROM v_numbers").df()
"""

from pipeline.query.connect import connect, run_sql
from pipeline.query.search import search

__all__ = ["connect", "run_sql", "search"]
