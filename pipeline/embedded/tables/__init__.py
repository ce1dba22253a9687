"""Tables as the embedded reader sees them: where they are, their rows and columns, and what their rows mean."""

from pipeline.embedded.tables.reading import TablePart, read_table

__all__ = ["TablePart", "read_table"]
