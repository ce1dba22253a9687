"""A dataset of the samples as they are, written once."""

from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection

from pipeline.query import connect
from tests.query.truth_dataset import write_samples


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_samples(tmp_path_factory.mktemp("samples") / "out")


@pytest.fixture(scope="session")
def samples_db(dataset: Path) -> DuckDBPyConnection:
    return connect(dataset)
