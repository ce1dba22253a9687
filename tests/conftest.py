"""What many tests start from: the corpus if it is there, small PDFs made on the spot, a scripted server."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pymupdf
import pytest
from hypothesis import settings

from tests.scripted import ScriptedServer

# A busy machine is no failure: time is measured by benchmarks.
settings.register_profile("longread", deadline=None)
settings.load_profile("longread")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def samples() -> Path:
    return ROOT / "data" / "samples"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real documents and measured facts; tests that need it are skipped elsewhere."""
    corpus = Path(os.environ.get("LONGREAD_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not corpus.is_dir():
        pytest.skip(f"the real documents are not at {corpus}; LONGREAD_CORPUS says where they are")
    return corpus.parent


@pytest.fixture
def make_pdf(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of PDFs with one line of text a page."""

    def make(name: str = "sample.pdf", texts: tuple[str, ...] = ("one", "two", "three"), **save: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with pymupdf.open() as file:
            for text in texts:
                page = file.new_page(width=612, height=792)
                if text:
                    page.insert_text((72, 100), text, fontsize=12)
            file.save(path, **save)
        return path

    return make


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A real HTTP server that answers by script: see `tests/scripted.py`."""
    with ScriptedServer() as server:
        yield server
