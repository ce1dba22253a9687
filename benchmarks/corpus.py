"""Where the documents are that nobody here wrote."""

import os
from pathlib import Path

CORPUS = Path(os.environ.get("LONGREAD_CORPUS", "../shared/corpus"))
